"""The container as an ASGI application: one token is one `send` is one HTTP chunk; a leaving client is noticed at once.

Nothing is compressed or merged; uvicorn's event loops set TCP_NODELAY on every connection. Run by `__main__`.
"""

import asyncio
import time

from firstbyte.containers.connection import KEEP_ALIVE_S, ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.dialect import Call, Dialect, StreamCall, WholeCall
from firstbyte.containers.errors import BodyTooLarge, ContainerError
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
        if self._dialect.is_health_route(request):
            return await connection.answer(self._dialect.render_health(await self._generator.is_healthy()))
        started_at_s = time.perf_counter()
        call = await self._parse(request)
        if isinstance(call, Answer):
            return await connection.answer(call)
        try:
            await self._serve(call, connection, time.perf_counter() - started_at_s)
        except ContainerError as error:
            await connection.answer(self._dialect.render_error(error))
        return None

    async def _parse(self, request: Request) -> Call | Answer:
        if len(request.body) > LARGE_BODY_BYTES:
            return await asyncio.to_thread(self._dialect.parse, request)
        return self._dialect.parse(request)

    async def _serve(self, call: Call, connection: Connection, validation_s: float) -> None:
        if isinstance(call, WholeCall):
            async with self._admission.admit(len(call.requests)):
                answer = await run_whole(self._generator, call, validation_s)
            await connection.answer(answer)
        else:
            await self._stream(call, connection)

    async def _stream(self, call: StreamCall, connection: Connection) -> None:
        """A stream whose head comes first reports everything inside itself, a lack of slots too."""
        chunks = Chunks(call.reply, connection.start_stream, connection.send_chunk)
        try:
            async with self._admission.admit(1):
                await run_stream(self._generator, call.request, chunks)
        except ContainerError as error:
            if not call.reply.is_head_early:
                return await connection.answer(call.reply.refuse(error))
            await chunks.put(call.reply.render_error(error))
        return await connection.end_stream()
