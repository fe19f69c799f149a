"""A small HTTP server before an engine that has none: POST token ids, one server-sent event for each token as it comes.

Runs in the engine's own environment, with the standard library only. It has no thread of its own: some engines hold
Python's lock for a whole step, and then no other thread could take a request or hand a token on in time. The engine's
loop asks the door for what has arrived, between its steps, and tokens are written where they come out.
"""

import json
import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"
_CHUNK_BYTES = 1 << 16
_READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Asked:
    """One request whose answer has not been written to its end."""

    prompt_ids: list[int]
    num_new: int
    _connection: socket.socket
    _num_sent: int = 0

    def emit(self, token_id: int) -> None:
        """Write one token; ends the answer after the last one."""
        if self._num_sent == self.num_new:
            return
        self._num_sent += 1
        try:
            self._connection.sendall(b'data: {"token": %d}\n\n' % token_id)
        except ConnectionError as gone:
            print(f"a client went away: {gone}", flush=True)
            self._num_sent = self.num_new
        if self._num_sent == self.num_new:
            self._connection.close()


@dataclass(slots=True)
class Door:
    """Takes requests on a port."""

    port: int
    _listener: socket.socket = field(init=False)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _read: dict[socket.socket, bytes] = field(default_factory=dict)
    """Of each connection whose request is not whole yet."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self._selector.register(self._listener, selectors.EVENT_READ)
        print("listening", flush=True)

    def arrivals(self, wait: bool) -> Iterator[Asked]:
        """All requests that are whole by now; with `wait`, at least one."""
        num_arrived = 0
        while ready := self._selector.select(None if wait and not num_arrived else 0):
            for key, _ in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif asked := self._receive(key.fileobj):  # type: ignore[arg-type]  # only sockets are registered
                    num_arrived += 1
                    yield asked

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> Asked | None:
        received = connection.recv(_CHUNK_BYTES)
        self._read[connection] += received
        head, found, body = self._read[connection].partition(_HEAD_END)
        if received and (not found or len(body) < _content_len(head)):
            return None
        del self._read[connection]
        self._selector.unregister(connection)
        if not received or head.startswith(b"GET "):
            if received:
                connection.sendall(_READY)
            connection.close()
            return None
        connection.sendall(_STREAM)
        wanted = json.loads(body)
        return Asked(wanted["prompt"], wanted["max_tokens"], connection)


def _content_len(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
