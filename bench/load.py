"""Loads a server with streams and notes when each token arrives.

One thread with one selector: at 64 streams the client runs on the cores it measures, so it does nothing for a token but
count the ends of server-sent events in what was received. All peers' servers send one such event for one token.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

_EVENT_END = b"\n\n"
_CHUNK_BYTES = 1 << 16


class LoadFailed(Exception):
    """A server answered with something else than the tokens that were asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """One stream: when to start it, what to send, how many tokens must come."""

    body: bytes
    num_new: int
    at_s: float = 0.0
    """After the first request's start."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream's times in seconds of one clock."""

    sent_at_s: float
    token_times_s: tuple[float, ...]

    @property
    def ttft_s(self) -> float:
        """From sending to the first token."""
        return self.token_times_s[0] - self.sent_at_s

    @property
    def itl_s(self) -> tuple[float, ...]:
        """Between neighbouring tokens."""
        return tuple(b - a for a, b in zip(self.token_times_s, self.token_times_s[1:], strict=False))


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send."""

    port: int
    path: str
    host: str = "127.0.0.1"


def run_load(target: Target, requests: Sequence[Request], timeout_s: float = 900.0) -> list[Stream]:
    """Send all requests at their times and read their streams to the end; in order of time. Raises `LoadFailed`."""
    started_at_s = time.perf_counter()
    waiting = sorted((_Connection(target, request) for request in requests), key=lambda each: each.request.at_s)
    connections = list(waiting)
    with selectors.DefaultSelector() as selector:
        while waiting or selector.get_map():
            now_s = time.perf_counter() - started_at_s
            if now_s > timeout_s:
                raise LoadFailed(f"streams were not finished after {timeout_s:.0f} s")
            while waiting and waiting[0].request.at_s <= now_s:
                connection = waiting.pop(0)
                selector.register(connection.open(), selectors.EVENT_READ, connection)
            next_s = waiting[0].request.at_s - now_s if waiting else 1.0
            for key, _ in selector.select(max(0.0, min(1.0, next_s))):
                if key.data.receive():
                    selector.unregister(key.fileobj)
                    key.data.close()
    return [connection.finish() for connection in connections]


@dataclass(slots=True)
class _Connection:
    target: Target
    request: Request
    sent_at_s: float = 0.0
    times_s: list[float] = field(default_factory=list)
    _socket: socket.socket | None = None
    _tail: bytes = b""
    """The last bytes, in which an event's end may have begun."""
    _start: bytes = b""

    def open(self) -> socket.socket:
        head = (
            f"POST {self.target.path} HTTP/1.1\r\nHost: {self.target.host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self.request.body)}\r\nConnection: close\r\n\r\n"
        )
        self._socket = socket.create_connection((self.target.host, self.target.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at_s = time.perf_counter()
        self._socket.sendall(head.encode() + self.request.body)
        return self._socket

    def receive(self) -> bool:
        """Take what is there; True when the stream has ended or has all its tokens and its end."""
        assert self._socket is not None, "an open connection has a socket"
        received = self._socket.recv(_CHUNK_BYTES)
        now_s = time.perf_counter()
        if len(self._start) < 512:
            self._start += received[:512]
        data = self._tail + received
        self.times_s += [now_s] * data.count(_EVENT_END)
        self._tail = data[-1:] if data[-2:] != _EVENT_END else b""
        return not received

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def finish(self) -> Stream:
        wanted = self.request.num_new
        if len(self.times_s) < wanted:
            status = self._start.partition(b"\r\n")[0].decode(errors="replace")
            raise LoadFailed(f"{len(self.times_s)} events came, not {wanted} tokens, after {status!r}")
        return Stream(self.sent_at_s, tuple(self.times_s[:wanted]))


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round says."""

    ttft_s: float
    """Median over the streams."""
    decode_tokens_per_s: float
    """All streams together, while all of them decode: from the last one's first token to the first one's last."""
    tokens_per_s: float
    """All tokens over the time from the first request to the last token."""
    itl_median_s: float
    itl_p99_s: float


def figures_of(streams: Sequence[Stream]) -> Figures:
    """The figures of streams that were started together."""
    begin_s = max(stream.token_times_s[0] for stream in streams)
    end_s = min(stream.token_times_s[-1] for stream in streams)
    num_common = sum(begin_s < time_s <= end_s for stream in streams for time_s in stream.token_times_s)
    sent_s = min(stream.sent_at_s for stream in streams)
    last_s = max(stream.token_times_s[-1] for stream in streams)
    itl_s = [gap for stream in streams for gap in stream.itl_s]
    return Figures(
        ttft_s=float(np.median([stream.ttft_s for stream in streams])),
        decode_tokens_per_s=num_common / (end_s - begin_s) if end_s > begin_s else 0.0,
        tokens_per_s=sum(len(stream.token_times_s) for stream in streams) / (last_s - sent_s),
        itl_median_s=float(np.median(itl_s)) if itl_s else 0.0,
        itl_p99_s=float(np.percentile(itl_s, 99)) if itl_s else 0.0,
    )
