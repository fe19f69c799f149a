"""One HTTP exchange over ASGI: read the request, send an answer or a stream of chunks, notice that the client left."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from firstbyte.containers.dialect import StreamReply
from firstbyte.containers.errors import BodyTooLarge
from firstbyte.containers.exchange import Answer, Head, Headers, Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


KEEP_ALIVE_S = 15.0
"""Silence after which a stream is kept alive by a comment (axum's `KeepAlive::default`)."""


class ClientLeft(Exception):
    """The connection is gone; there is nobody to answer."""


def read_head(scope: Message) -> Request:
    """The request without its body."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], headers, query=scope.get("query_string", b"").decode("latin-1"))


class Sink(Protocol):
    """What an answer is written to: a connection, or a log that connections read."""

    async def answer(self, answer: Answer) -> None:
        """Take a whole answer."""

    async def start_stream(self, reply: StreamReply) -> None:
        """Take the head of a stream."""

    async def send_chunk(self, chunk: bytes) -> None:
        """Take one HTTP chunk."""

    async def end_stream(self) -> None:
        """Take the end of a stream."""


class Connection:
    """The server's end of one request. A stream on it is kept alive by comments, if its dialect has any."""

    def __init__(self, receive: Receive, send: Send, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._receive = receive
        self._send = send
        self._keep_alive_s = keep_alive_s
        self.shared_headers: Headers = ()
        """Headers of every answer on it."""
        self.status: int | None = None
        """Of the answer, once its head has gone out."""
        self._sent_at_s = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def read_request(self, scope: Message, max_body_bytes: int) -> Request:
        """Read the whole request.

        Raises:
            BodyTooLarge: its body is over the limit; the rest of it is not read.
            ClientLeft: the client left while sending.
        """
        head = read_head(scope)
        declared = head.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > max_body_bytes:
            raise BodyTooLarge(f"the body has {declared} bytes, at most {max_body_bytes}")
        parts: list[bytes] = []
        num_bytes = 0
        has_more = True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            parts.append(message.get("body", b""))
            num_bytes += len(parts[-1])
            has_more = message.get("more_body", False)
            if num_bytes > max_body_bytes:
                raise BodyTooLarge(f"the body has more than {max_body_bytes} bytes")
        return replace(head, body=b"".join(parts))

    async def while_connected(self, answering: Coroutine[Any, Any, None]) -> bool:
        """Run `answering`, and cancel it as soon as the client leaves. True when it ran to its end."""
        task = asyncio.create_task(answering)
        leaving = asyncio.create_task(self._wait_until_left())
        try:
            await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop(leaving)
            await self._stop_beating()
            is_done = task.done()
            await _stop(task)
        if is_done:
            task.result()
        return is_done

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        length: Headers = () if answer.is_chunked else (("content-length", str(len(answer.body))),)
        await self._send_head(answer.status, (*answer.headers, *length))
        if answer.is_chunked:
            for chunk in (answer.body, *answer.rest):
                await self.send_chunk(chunk)
            await self.end_stream()
        else:
            await self._send({"type": "http.response.body", "body": answer.body})

    async def start_stream(self, reply: StreamReply) -> None:
        """Send the head of a stream, and from then on its keep-alive comments."""
        await self.start(reply.head)
        if reply.keep_alive:
            self._beating = asyncio.create_task(self._beat(reply.keep_alive))

    async def start(self, head: Head) -> None:
        """Send the head of a chunked answer."""
        await self._send_head(head.status, head.headers)

    async def send_chunk(self, chunk: bytes) -> None:
        """Send one HTTP chunk, in one write."""
        self._sent_at_s = time.monotonic()  # cheaper than the loop's clock, and asked for at every token
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end_stream(self) -> None:
        """Send the chunk of length 0."""
        await self._stop_beating()
        await self._send({"type": "http.response.body", "body": b""})

    async def _send_head(self, status: int, headers: Headers) -> None:
        encoded = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in (*headers, *self.shared_headers)
        ]
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def _wait_until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _beat(self, comment: bytes) -> None:
        self._sent_at_s = time.monotonic()
        while True:
            silent_s = time.monotonic() - self._sent_at_s
            if silent_s >= self._keep_alive_s:
                await self.send_chunk(comment)
            else:
                await asyncio.sleep(self._keep_alive_s - silent_s)

    async def _stop_beating(self) -> None:
        if self._beating is not None:
            await _stop(self._beating)


async def _stop(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended; its own error stays in it."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
