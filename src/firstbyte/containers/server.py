"""The container as an ASGI application: one token is one `send` is one HTTP chunk; a leaving client is noticed at once.

Nothing is compressed or merged; uvicorn's event loops set TCP_NODELAY on every connection. Run by `__main__`.
"""

import asyncio
import time
from contextlib import aclosing

from firstbyte.containers.connection import (
    KEEP_ALIVE_S,
    ClientLeft,
    Connection,
    Message,
    Receive,
    Send,
    Sink,
    read_head,
)
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
from firstbyte.containers.errors import BodyTooLarge, ContainerError, GenerationBroke, Overloaded, RequestRejected
from firstbyte.containers.exchange import Answer, Request
from firstbyte.containers.generation import Admission, Chunks, Engine, Generator, Run, run_stream, run_whole
from firstbyte.containers.metering import Meter
from firstbyte.containers.resumption import ATTRIBUTES_HEADER, StreamLog, StreamShelf, read_wish

LARGE_BODY_BYTES = 64 * 1024
"""Bodies over this are read and tokenised in a thread, so that other streams do not wait for it."""


class ContainerServer:
    """Serves one loaded engine in one dialect."""

    def __init__(
        self,
        dialect: Dialect,
        engine: Engine,
        keep_alive_s: float = KEEP_ALIVE_S,
        shelf: StreamShelf | None = None,
    ) -> None:
        self._dialect = dialect
        self._engine = engine
        self._meter = Meter()
        self._generator = Generator(engine, dialect.first_token_timeout_s, self._meter.steps)
        self._admission = Admission(dialect.max_concurrent_requests)
        self._keep_alive_s = keep_alive_s
        self._shelf = shelf

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; ends early, without an error, when the client leaves."""
        assert scope["type"] == "http", "uvicorn runs this with websockets and lifespan switched off"
        connection = Connection(receive, send, self._keep_alive_s)
        await self._exchange(scope, connection)
        if scope["method"] == "POST" and connection.status is not None:
            self._meter.respond(connection.status)

    async def _exchange(self, scope: Message, connection: Connection) -> None:
        connection.shared_headers = self._dialect.shared_headers(read_head(scope))
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
                await connection.answer(parsed.render(self._meter.tally(self._engine.stats())))
            case Refusal():
                await self._refuse(parsed, connection)
            case StreamCall() if ATTRIBUTES_HEADER in request.headers and self._shelf is not None:
                await self._stream_resumably(parsed, request, connection, time.perf_counter() - started_at_s)
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

    async def _stream_resumably(
        self, call: StreamCall, request: Request, connection: Connection, validation_s: float
    ) -> None:
        """Begin or take up a stream that outlives its connection, where that is asked for; see `resumption`."""
        assert self._shelf is not None, "asked only where streams are kept"
        try:
            wish = read_wish(request)
            log: StreamLog | None = None
            if wish.stream_id is not None:
                log = self._shelf.find(wish.stream_id, wish.num_received)
            elif wish.is_resumable:
                log = self._shelf.open(lambda log: self._serve(call, log, validation_s))
            if log is None:
                return await self._serve(call, connection, validation_s)
            with self._shelf.reading(log, wish.num_received) as reader:
                return await _follow(log, reader, connection)
        except (RequestRejected, GenerationBroke) as error:  # nothing has gone out yet
            return await connection.answer(self._dialect.render_error(error))

    async def _serve(self, call: Call, connection: Sink, validation_s: float) -> None:
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

    async def _give_whole(self, call: WholeCall, connection: Sink, run: Run) -> str:
        try:
            async with self._admission.admit(len(call.requests)):
                answer = await run_whole(run, call)
        except ContainerError as error:
            await connection.answer(call.reply.refuse(error))
            return _outcome(error)
        await connection.answer(answer)
        return "succeeded"

    async def _stream(self, call: StreamCall, connection: Sink, run: Run) -> str:
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


async def _follow(log: StreamLog, reader: object, connection: Connection) -> None:
    """Send what a log has and what comes.

    Raises:
        GenerationBroke: the stream stopped before it began.
    """
    connection.shared_headers = (*connection.shared_headers, *log.headers)
    beginning = await log.beginning()
    if isinstance(beginning, Answer):
        return await connection.answer(beginning)
    await connection.start_stream(beginning)
    try:
        async with aclosing(log.follow(reader)) as chunks:
            async for chunk in chunks:
                await connection.send_chunk(chunk)
    except GenerationBroke as error:
        for chunk in beginning.render_error(error):
            await connection.send_chunk(chunk)
    return await connection.end_stream()


def _outcome(error: ContainerError) -> str:
    if isinstance(error, Overloaded):
        return "overloaded"
    return "validation" if isinstance(error, RequestRejected) else "generation"
