"""The container as an ASGI application: one token is one `send` is one HTTP chunk; a leaving client is noticed at once.

Nothing is compressed or merged; uvicorn's event loops set TCP_NODELAY on every connection. Run by `__main__`.
"""

import asyncio
import time

from firstbyte.containers.connection import KEEP_ALIVE_S, ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.dialect import (
    Call,
    Dialect,
    HealthInquiry,
    Parsed,
    Refusal,
    StreamCall,
    TallyInquiry,
    WholeCall,
)
from firstbyte.containers.errors import BodyTooLarge, ContainerError, Overloaded, RequestRejected
from firstbyte.containers.exchange import Answer, Request
from firstbyte.containers.generation import Admission, Chunks, Engine, Generator, Run, run_stream, run_whole
from firstbyte.containers.metering import Meter

LARGE_BODY_BYTES = 64 * 1024
"""Bodies over this are read and tokenised in a thread, so that other streams do not wait for it."""


class ContainerServer:
    """Serves one loaded engine in one dialect."""

    def __init__(self, dialect: Dialect, engine: Engine, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._dialect = dialect
        self._engine = engine
        self._meter = Meter()
        self._generator = Generator(engine, dialect.first_token_timeout_s, self._meter.steps)
        self._admission = Admission(dialect.max_concurrent_requests)
        self._keep_alive_s = keep_alive_s

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
        connection.shared_headers = self._dialect.shared_headers(request)
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
                await connection.answer(parsed.render(self._meter.tally(self._engine.stats())))
            case Refusal():
                await self._refuse(parsed, connection)
            case _:
                await self._serve(parsed, connection, time.perf_counter() - started_at_s)

    async def _parse(self, request: Request) -> Parsed:
        if len(request.body) > LARGE_BODY_BYTES:
            return await asyncio.to_thread(self._dialect.parse, request)
        return self._dialect.parse(request)

    async def _refuse(self, refusal: Refusal, connection: Connection) -> None:
        self._meter.count("received")
        is_full = self._admission.is_full
        self._meter.count("overloaded" if is_full else refusal.outcome)
        await connection.answer(refusal.overloaded if is_full else refusal.answer)

    async def _serve(self, call: Call, connection: Connection, validation_s: float) -> None:
        """Run one call and count how it ended."""
        self._meter.count("received")
        run = Run(self._generator, self._meter, validation_s)
        outcome = "left"  # unless it comes to its end, for then the task is not cancelled
        try:
            if isinstance(call, WholeCall):
                outcome = await self._give_whole(call, connection, run)
            else:
                outcome = await self._stream(call, connection, run)
        finally:
            self._meter.count(outcome)

    async def _give_whole(self, call: WholeCall, connection: Connection, run: Run) -> str:
        try:
            async with self._admission.admit(len(call.requests)):
                answer = await run_whole(run, call)
        except ContainerError as error:
            await connection.answer(call.reply.refuse(error))
            return _outcome(error)
        await connection.answer(answer)
        return "succeeded"

    async def _stream(self, call: StreamCall, connection: Connection, run: Run) -> str:
        """A stream whose head comes first reports everything inside itself, a lack of slots too."""
        chunks = Chunks(call.reply, connection.start_stream, connection.send_chunk)
        outcome = "succeeded"
        try:
            async with self._admission.admit(1 + len(call.beside)):
                await run_stream(run, call, chunks)
        except ContainerError as error:
            outcome = _outcome(error)
            if not chunks.is_started and not call.reply.is_head_early:
                await connection.answer(call.reply.refuse(error))
                return outcome
            await chunks.put(*call.reply.render_error(error))
        await connection.end_stream()
        return outcome


def _outcome(error: ContainerError) -> str:
    if isinstance(error, Overloaded):
        return "overloaded"
    return "validation" if isinstance(error, RequestRejected) else "generation"
