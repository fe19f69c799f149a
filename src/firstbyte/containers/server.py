"""The container as an ASGI application: one token is one `send` is one HTTP chunk; a leaving client is noticed at once.

Nothing is compressed or merged; uvicorn's event loops set TCP_NODELAY on every connection. Run by `__main__`.
"""

import asyncio
import time
from collections import Counter

from firstbyte.containers.connection import KEEP_ALIVE_S, ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.dialect import (
    Call,
    Dialect,
    HealthInquiry,
    Parsed,
    StreamCall,
    Tally,
    TallyInquiry,
    WholeCall,
)
from firstbyte.containers.errors import BodyTooLarge, ContainerError, Overloaded
from firstbyte.containers.exchange import Answer, Request
from firstbyte.containers.generation import Admission, Chunks, Engine, Generator, run_stream, run_whole

LARGE_BODY_BYTES = 64 * 1024
"""Bodies over this are read and tokenised in a thread, so that other streams do not wait for it."""


class ContainerServer:
    """Serves one loaded engine in one dialect."""

    def __init__(self, dialect: Dialect, engine: Engine, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._dialect = dialect
        self._generator = Generator(engine)
        self._admission = Admission(dialect.max_concurrent_requests)
        self._keep_alive_s = keep_alive_s
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; ends early, without an error, when the client leaves."""
        assert scope["type"] == "http", "uvicorn runs this with websockets and lifespan switched off"
        connection = Connection(receive, send, self._keep_alive_s)
        try:
            request = await connection.read_request(scope, self._dialect.max_body_bytes)
        except BodyTooLarge as error:
            return await connection.answer(self._dialect.render_error(error))
        except ClientLeft:
            return None
        await connection.while_connected(self._answer(request, connection))
        return None

    async def _answer(self, request: Request, connection: Connection) -> None:
        started_at_s = time.perf_counter()
        parsed = await self._parse(request)
        match parsed:
            case Answer():
                await connection.answer(parsed)
            case HealthInquiry():
                await connection.answer(parsed.render(await self._generator.is_healthy()))
            case TallyInquiry():
                await connection.answer(parsed.render(self._tally()))
            case _:
                await self._serve(parsed, connection, time.perf_counter() - started_at_s)

    async def _parse(self, request: Request) -> Parsed:
        if len(request.body) > LARGE_BODY_BYTES:
            return await asyncio.to_thread(self._dialect.parse, request)
        return self._dialect.parse(request)

    async def _serve(self, call: Call, connection: Connection, validation_s: float) -> None:
        """Run one call and count how it ended."""
        self._counts["received"] += 1
        outcome = "left"  # unless it comes to its end, for then the task is not cancelled
        try:
            if isinstance(call, WholeCall):
                outcome = await self._give_whole(call, connection, validation_s)
            else:
                outcome = await self._stream(call, connection)
        finally:
            self._counts[outcome] += 1

    async def _give_whole(self, call: WholeCall, connection: Connection, validation_s: float) -> str:
        try:
            async with self._admission.admit(len(call.requests)):
                answer = await run_whole(self._generator, call, validation_s)
        except ContainerError as error:
            await connection.answer(self._dialect.render_error(error))
            return _outcome(error)
        await connection.answer(answer)
        return "succeeded"

    async def _stream(self, call: StreamCall, connection: Connection) -> str:
        """A stream whose head comes first reports everything inside itself, a lack of slots too."""
        chunks = Chunks(call.reply, connection.start_stream, connection.send_chunk)
        outcome = "succeeded"
        try:
            async with self._admission.admit(1):
                await run_stream(self._generator, call.request, chunks)
        except ContainerError as error:
            outcome = _outcome(error)
            if not chunks.is_started and not call.reply.is_head_early:
                await connection.answer(call.reply.refuse(error))
                return outcome
            await chunks.put(call.reply.render_error(error))
        await connection.end_stream()
        return outcome

    def _tally(self) -> Tally:
        counts = self._counts
        ended = counts["succeeded"] + counts["overloaded"] + counts["failed"] + counts["left"]
        return Tally(
            num_received=counts["received"],
            num_succeeded=counts["succeeded"],
            num_overloaded=counts["overloaded"],
            num_failed=counts["failed"],
            num_left=counts["left"],
            num_under_way=counts["received"] - ended,
        )


def _outcome(error: ContainerError) -> str:
    return "overloaded" if isinstance(error, Overloaded) else "failed"
