"""Streams that outlive a connection: a client that lost it asks for the rest, and misses nothing.

A client opts in, request by request, in SageMaker's own header for what a container and its client tell each other,
`X-Amzn-SageMaker-Custom-Attributes` (`CustomAttributes` in boto3), members apart by `;`:

    firstbyte-resumable=true     in a request that streams: keep this stream for me
    firstbyte-stream=ID          in the answer's head, where it is kept
    firstbyte-resume=ID:N        in the same request sent again: go on after the first N events of stream ID

An event is a chunk that brings a token or an end; keep-alive comments are none. Whoever does not ask is served as ever,
and leaving the connection is still how a generation is ended: it goes on without a reader only where that was asked
for, and only for `WINDOW_S`. So long a stream also stays after its end, for a client that did not see it.

Memory is bounded: all logs together hold `MAX_BYTES`. Beyond them the oldest ended streams are forgotten, then of the
growing one what its reader has; a stream without a reader is ended. What is forgotten is refused, never skipped.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from firstbyte.containers.dialect import StreamReply
from firstbyte.containers.errors import GenerationBroke, RequestRejected
from firstbyte.containers.exchange import Answer, Headers, Request

ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"
WINDOW_S = 60.0
"""How long a stream waits for a reader."""
MAX_BYTES = 64 * 1024 * 1024
MAX_STREAMS = 1024
LONGEST_NUMBER = 18
"""Digits of a number of events; Python refuses to read one of thousands."""
_CHUNK_OVERHEAD_BYTES = 48
"""Of a bytes object and its place in the log."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request says of resuming."""

    is_resumable: bool = False
    stream_id: str | None = None
    """The stream that it wants the rest of."""
    num_received: int = 0
    """Events of it that the client has."""


def read_wish(request: Request) -> Wish:
    """Read the custom attributes; those of others are left alone.

    Raises:
        RequestRejected: what it wants to resume cannot be read.
    """
    members = (member.partition("=") for member in request.headers.get(ATTRIBUTES_HEADER, "").split(";"))
    attributes = {name.strip(): value.strip() for name, _, value in members}
    is_resumable = attributes.get("firstbyte-resumable", "").lower() == "true"
    resume = attributes.get("firstbyte-resume")
    if resume is None:
        return Wish(is_resumable)
    stream_id, _, number = resume.partition(":")
    if not (stream_id and number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        raise RequestRejected(f"firstbyte-resume must be ID:N, a stream and a number of events, not {resume!r}")
    return Wish(is_resumable, stream_id, int(number))


class StreamLog:
    """One stream as it is written, for readers who come and go. Takes what a connection takes."""

    def __init__(self, grow: Callable[["StreamLog", int], None]) -> None:
        self.stream_id = secrets.token_urlsafe(16)
        self.is_ended = False
        self.num_bytes = 0
        self.writing: asyncio.Task[None] | None = None
        self.reply: StreamReply | None = None
        """Known when the stream has begun."""
        self.refusal: Answer | None = None
        """Given in the stream's place, where there is none."""
        self._grow = grow
        self._chunks: list[bytes] = []
        self._num_dropped = 0
        self._positions: dict[object, int] = {}
        self._changed = asyncio.Event()

    @property
    def headers(self) -> Headers:
        """What tells the client how to come back."""
        return ((ATTRIBUTES_HEADER, f"firstbyte-stream={self.stream_id}"),)

    @property
    def has_reader(self) -> bool:
        """Whether anybody is following."""
        return bool(self._positions)

    @property
    def num_events(self) -> int:
        """Events written so far."""
        return self._num_dropped + len(self._chunks)

    async def start_stream(self, reply: StreamReply) -> None:
        """Take the head."""
        self.reply = reply
        self._wake()

    async def send_chunk(self, chunk: bytes) -> None:
        """Take one event."""
        self._chunks.append(chunk)
        self._wake()
        self._grow(self, len(chunk) + _CHUNK_OVERHEAD_BYTES)

    async def answer(self, answer: Answer) -> None:
        """Take an answer in the place of a stream."""
        self.refusal, self.is_ended = answer, True
        self._wake()

    async def end_stream(self) -> None:
        """Take the end."""
        self.is_ended = True
        self._wake()

    def check(self, num_received: int) -> None:
        """Whether a client that has so many events can go on.

        Raises:
            RequestRejected: it cannot.
        """
        if not self._num_dropped <= num_received <= self.num_events:
            raise RequestRejected(
                f"stream {self.stream_id} can be resumed after {self._num_dropped} to {self.num_events} events, "
                f"not after {num_received}"
            )

    async def beginning(self) -> StreamReply | Answer:
        """Wait for the head, or for what is answered instead."""
        while self.reply is None and self.refusal is None:
            await self._news()
        found = self.refusal or self.reply
        assert found is not None, "the loop ends when there is one"
        return found

    @contextmanager
    def read_from(self, num_received: int) -> Iterator[object]:
        """Be a reader who has the first `num_received` events: what comes after them is kept meanwhile."""
        reader = object()
        self._positions[reader] = num_received
        try:
            yield reader
        finally:
            del self._positions[reader]

    async def follow(self, reader: object) -> AsyncGenerator[bytes, None]:
        """Give a reader the events that it does not have, until the end.

        Raises:
            GenerationBroke: the stream stopped without an end.
        """
        while True:
            while (position := self._positions[reader]) < self.num_events:
                yield self._chunks[position - self._num_dropped]
                self._positions[reader] = position + 1
            if self.is_ended:
                return
            await self._news()

    def drop_read(self) -> int:
        """Forget the events that every reader has; how many bytes that frees."""
        num_read = min(self._positions.values(), default=self._num_dropped) - self._num_dropped
        read, self._chunks = self._chunks[:num_read], self._chunks[num_read:]
        self._num_dropped += num_read
        num_bytes = sum(len(chunk) + _CHUNK_OVERHEAD_BYTES for chunk in read)
        self.num_bytes -= num_bytes
        return num_bytes

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _news(self) -> None:
        if self.writing is not None and self.writing.done():
            raise GenerationBroke("the stream stopped")
        await self._changed.wait()

    def stop(self) -> None:
        """Let readers notice that nobody writes any more."""
        self._wake()


class StreamShelf:
    """Keeps the logs of a container; used on its event loop only."""

    def __init__(self, window_s: float = WINDOW_S, max_bytes: int = MAX_BYTES, max_streams: int = MAX_STREAMS) -> None:
        self._window_s = window_s
        self._max_bytes = max_bytes
        self._max_streams = max_streams
        self._num_bytes = 0
        self._logs: dict[str, StreamLog] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def num_bytes(self) -> int:
        """Bytes that all logs hold."""
        return self._num_bytes

    def open(self, write: Callable[[StreamLog], Awaitable[None]]) -> StreamLog | None:
        """Begin a log that `write` fills, reader or not; None where there is no room for another."""
        if len(self._logs) >= self._max_streams and not self._forget_one():
            return None
        log = StreamLog(self._account)
        self._logs[log.stream_id] = log

        async def run() -> None:
            await write(log)

        log.writing = asyncio.create_task(run())
        log.writing.add_done_callback(lambda _: log.stop())
        return log

    def find(self, stream_id: str, num_received: int) -> StreamLog:
        """The log to go on with.

        Raises:
            RequestRejected: it is not known any more, or does not have that place.
        """
        log = self._logs.get(stream_id)
        if log is None:
            raise RequestRejected(f"stream {stream_id} is not kept here: one waits {self._window_s:g} s for a reader")
        log.check(num_received)
        return log

    @contextmanager
    def reading(self, log: StreamLog, num_received: int) -> Iterator[object]:
        """Be a reader who has the first `num_received` events; the log is kept for the window after the last reader."""
        if timer := self._timers.pop(log.stream_id, None):
            timer.cancel()
        try:
            with log.read_from(num_received) as reader:
                yield reader
        finally:
            if log.stream_id in self._logs and not log.has_reader and log.stream_id not in self._timers:
                loop = asyncio.get_running_loop()
                self._timers[log.stream_id] = loop.call_later(self._window_s, self._forget, log)

    def _forget(self, log: StreamLog) -> None:
        """Drop a log; a generation that still writes it is ended."""
        self._logs.pop(log.stream_id, None)
        if timer := self._timers.pop(log.stream_id, None):
            timer.cancel()
        self._num_bytes -= log.num_bytes
        log.num_bytes = 0
        if log.writing is not None:
            log.writing.cancel()

    def _forget_one(self) -> bool:
        """Forget the oldest stream that has ended and that nobody reads; whether there was one."""
        for log in self._logs.values():
            if log.is_ended and not log.has_reader:
                self._forget(log)
                return True
        return False

    def _account(self, log: StreamLog, num_bytes: int) -> None:
        """Note that a log has grown, and make room."""
        if log.stream_id not in self._logs:
            return
        log.num_bytes += num_bytes
        self._num_bytes += num_bytes
        while self._num_bytes > self._max_bytes and self._forget_one():
            pass
        if self._num_bytes > self._max_bytes:
            if log.has_reader:
                self._num_bytes -= log.drop_read()
            else:
                self._forget(log)
