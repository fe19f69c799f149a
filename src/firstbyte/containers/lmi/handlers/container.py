"""The container of a model that is a handler: DJL Serving's routes in front, the processes of user code behind.

Each request is one call of the handler; each item of an answer that streams is one HTTP chunk.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.connection import ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.errors import BodyTooLarge, ContainerError
from firstbyte.containers.exchange import Answer, Head, Headers, Request
from firstbyte.containers.generation import Admission
from firstbyte.containers.lmi.front_end import FrontEnd, front_end_refusal, is_ping, properties_of
from firstbyte.containers.lmi.handlers.frames import Frame
from firstbyte.containers.lmi.handlers.process import invocation
from firstbyte.containers.lmi.handlers.workers import Workers

logger = logging.getLogger(__name__)
FRAMING = frozenset(("content-length", "transfer-encoding", "connection"))
"""Headers that are the server's business."""


class HandlerStreamBroke(Exception):
    """Raised out of the application on purpose: the server then breaks the connection off, as DJL Serving does."""


@dataclass(frozen=True, slots=True)
class HandlerLimits:
    """What a model that is a handler takes."""

    max_body_bytes: int = 64 * 1024 * 1024
    max_calls: int = 1001
    """Calls under way or waiting: `job_queue_size` and the processes."""


class HandlerContainer:
    """The ASGI application."""

    def __init__(self, front_end: FrontEnd, workers: Workers, shared: Mapping[str, Any], limits: HandlerLimits) -> None:
        self._front_end = front_end
        self._workers = workers
        self._shared = dict(shared)
        """Properties of every call, beside the request's own."""
        self._limits = limits
        self._admission = Admission(limits.max_calls)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; the handler is told to stop when the client leaves."""
        connection = Connection(receive, send)
        try:
            request = await connection.read_request(scope, self._limits.max_body_bytes)
        except BodyTooLarge as error:
            return await connection.answer(self._refuse(error, self._front_end.headers(None)))
        except ClientLeft:
            return None
        await connection.while_connected(self._answer(request, connection))
        return None

    async def close(self) -> None:
        """End the processes."""
        await self._workers.close()

    async def _answer(self, request: Request, connection: Connection) -> None:
        if is_ping(request):
            return await connection.answer(self._front_end.health(self._workers.status))
        if (answer := self._front_end.answer(request)) is not None:
            return await connection.answer(answer)
        headers = self._front_end.headers(request)
        content = (("data", request.body),)
        call = invocation(properties_of(request) | self._shared, content)
        reply = _Reply(connection, headers)
        try:
            async with self._admission.admit(1), aclosing(self._workers.exchange(call)) as frames:
                await reply.give(frames)
        except ContainerError as error:
            if reply.is_started:
                raise HandlerStreamBroke(str(error)) from error
            await connection.answer(self._refuse(error, headers))
        return None

    def _refuse(self, error: ContainerError, headers: Headers) -> Answer:
        logger.warning("refused: %s", error)
        return front_end_refusal(error, self._front_end.model_name, headers)


@dataclass(slots=True)
class _Reply:
    """The answer to one call, while it goes out."""

    connection: Connection
    headers: Headers
    is_started: bool = False

    async def give(self, frames: AsyncGenerator[Frame, None]) -> None:
        """Send what a process says, whole or as it comes."""
        head = (await anext(frames)).members
        status = head["code"] if 200 <= head["code"] < 600 else 500
        headers = answer_headers(head["properties"], self.headers)
        if not head["is_stream"]:
            body = b"".join([frame.body async for frame in frames])
            return await self.connection.answer(Answer(status, headers, body))
        self.is_started = True
        await self.connection.start(Head(status, headers))
        async for frame in frames:
            # What ended a stream too early is its last chunk.
            chunk = (frame.members.get("error") or "").encode() if frame.kind == "end" else frame.body
            if chunk:
                await self.connection.send_chunk(chunk)
        return await self.connection.end_stream()


def answer_headers(properties: Mapping[str, str], front_end: Headers) -> Headers:
    """The handler's properties as headers, made fit for HTTP, in place of the front end's of the same name."""
    own = {
        name.strip().lower(): " ".join(value.split()).encode("latin-1", "replace").decode("latin-1")
        for name, value in properties.items()
        if name.strip().isascii() and name.strip().replace("-", "").replace("_", "").isalnum()
    }
    kept = tuple((name, value) for name, value in own.items() if name not in FRAMING)
    return (*kept, *((name, value) for name, value in front_end if name not in own))
