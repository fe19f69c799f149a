"""An HTTP proxy that leads `*.amazonaws.com` to the host and everything else to where it wants to go.

The SageMaker SDK and others build some clients with Amazon's own address, which no endpoint variable overrides.
Programs that `firstbyte exec` runs are told of this proxy; for Amazon's names it ends TLS with a certificate of our own
authority and hands the plain bytes to the host, which verifies their signatures as ever. Other names are tunnelled
untouched, by way of the user's own proxy if there is one.
"""

import asyncio
import base64
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import unquote, urlsplit

from firstbyte.edge.certificates import DOMAIN, Authority

HEAD_LIMIT = 64 * 1024
"""Bytes of a request's head."""
HEAD_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 30.0
PIECE_BYTES = 64 * 1024
STOP_TIMEOUT_S = 5.0

Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ProxyRefused(Exception):
    """The tunnel cannot be had; the message is the status line's end."""


class TlsProxy:
    """Answers CONNECT on a loopback port."""

    def __init__(self, authority: Authority, host_url: str, upstream_url: str | None = None) -> None:
        """`host_url`: where Amazon's names lead; `upstream_url`: the proxy by which all others are reached."""
        self._authority = authority
        self._host = _address(host_url)
        self._upstream_url = upstream_url
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen, and return the proxy's URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """End every tunnel."""
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio serves every connection in a task"
        self._serving.add(task)
        try:
            await self._tunnel(reader, writer)
        except (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # one of the two went away or did not speak TLS; the other sees its connection end
        except asyncio.CancelledError:
            pass  # `close` ends it
        finally:
            self._serving.discard(task)
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            name, port = await self._read_connect(reader)
            is_amazon = name == DOMAIN or name.endswith(f".{DOMAIN}")
            other = await (self._reach_host() if is_amazon else self._reach(name, port))
        except ProxyRefused as refusal:
            writer.write(f"HTTP/1.1 {refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            if is_amazon:
                await writer.start_tls(self._authority.context_for(name))
            await _exchange((reader, writer), other)
        finally:
            other[1].close()

    async def _read_connect(self, reader: asyncio.StreamReader) -> tuple[str, int]:
        """Where a client wants to be connected to. Raises ProxyRefused."""
        async with asyncio.timeout(HEAD_TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        words = head.partition(b"\r\n")[0].decode("latin-1").split()
        if len(words) != 3 or words[0] != "CONNECT":
            raise ProxyRefused("405 Only CONNECT is served")
        name, _, port = words[1].rpartition(":")
        if not name or not port.isdecimal() or int(port) > 65535:
            raise ProxyRefused("400 A host and a port are needed")
        return name.lower().strip("[]").rstrip("."), int(port)

    async def _reach_host(self) -> Stream:
        return await _connect(*self._host)

    async def _reach(self, name: str, port: int) -> Stream:
        if self._upstream_url is None:
            return await _connect(name, port)
        return await _connect_through(self._upstream_url, name, port)


class ProxyThread:
    """Runs a proxy beside a caller that blocks."""

    def __init__(self, proxy: TlsProxy) -> None:
        self._proxy = proxy
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = self._run(self._proxy.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._proxy.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_TIMEOUT_S)
            self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(STOP_TIMEOUT_S)


async def _exchange(one: Stream, other: Stream) -> None:
    """Pass bytes both ways until either side has ended."""
    ways = [asyncio.create_task(_pass_on(one[0], other[1])), asyncio.create_task(_pass_on(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()


async def _connect(name: str, port: int) -> Stream:
    connecting: Callable[..., Awaitable[Stream]] = asyncio.open_connection
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await connecting(name, port, limit=HEAD_LIMIT)
    except TimeoutError:
        raise ProxyRefused("504 The host did not answer in time") from None
    except OSError:
        raise ProxyRefused("502 The host cannot be reached") from None


async def _connect_through(proxy_url: str, name: str, port: int) -> Stream:
    """Connect by way of another proxy. Raises ProxyRefused with what that one said."""
    target = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    request = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
    parts = urlsplit(proxy_url)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request += f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
    reader, writer = await _connect(*_address(proxy_url))
    try:
        writer.write(f"{request}\r\n".encode())
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        status = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")[2]
        if not status.startswith("2"):
            raise ProxyRefused(status or "502 The next proxy gave no answer")
    except BaseException:
        writer.close()
        raise
    return reader, writer


def _address(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
