"""The proxy: Amazon's names lead to the host, others to where they want to go."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from firstbyte.edge.certificates import Authority
from firstbyte.edge.proxy import TlsProxy


class Listener:
    """A server on loopback that answers a line with its own name and that line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self._server: Any = None

    async def __aenter__(self) -> "Listener":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(f"{self.name} heard ".encode() + line)
            await writer.drain()
        writer.close()


@pytest.fixture
async def host() -> AsyncIterator[Listener]:
    async with Listener("host") as listener:
        yield listener


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path)


async def connect(url: str, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """Ask for a tunnel; give its two ends and the proxy's status line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head.partition(b"\r\n")[0].decode()


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    await writer.drain()
    return await reader.readline()


async def test_amazon_s_names_lead_to_the_host(host: Listener, authority: Authority) -> None:
    proxy = TlsProxy(authority, f"http://127.0.0.1:{host.port}")
    reader, writer, status = await connect(await proxy.start(), "sts.us-east-1.amazonaws.com:443")
    assert status == "HTTP/1.1 200 Connection established"

    await writer.start_tls(
        ssl.create_default_context(cadata=authority.pem()), server_hostname="sts.us-east-1.amazonaws.com"
    )
    assert await say(reader, writer, b"hello\n") == b"host heard hello\n"
    assert await say(reader, writer, b"x" * 60_000 + b"\n") == b"host heard " + b"x" * 60_000 + b"\n"

    writer.close()
    await proxy.close()


async def test_other_names_are_tunnelled_untouched(host: Listener, authority: Authority) -> None:
    proxy = TlsProxy(authority, f"http://127.0.0.1:{host.port}")
    async with Listener("elsewhere") as elsewhere:
        reader, writer, _ = await connect(await proxy.start(), f"127.0.0.1:{elsewhere.port}")
        assert await say(reader, writer, b"not even TLS\n") == b"elsewhere heard not even TLS\n"
        writer.close()
        await proxy.close()


async def test_by_way_of_the_user_s_own_proxy(host: Listener, authority: Authority) -> None:
    theirs = TlsProxy(authority, f"http://127.0.0.1:{host.port}")
    proxy = TlsProxy(authority, "http://127.0.0.1:9", upstream_url=await theirs.start())
    async with Listener("elsewhere") as elsewhere:
        reader, writer, _ = await connect(await proxy.start(), f"127.0.0.1:{elsewhere.port}")
        assert await say(reader, writer, b"hello\n") == b"elsewhere heard hello\n"
        writer.close()
        await proxy.close()
        await theirs.close()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET http://example.com/ HTTP/1.1", "405 Only CONNECT is served"),
        ("CONNECT nowhere HTTP/1.1", "400 A host and a port are needed"),
        ("CONNECT nowhere:99999 HTTP/1.1", "400 A host and a port are needed"),
        ("CONNECT 127.0.0.1:1 HTTP/1.1", "502 The host cannot be reached"),
    ],
)
async def test_what_cannot_be_had_is_refused(authority: Authority, request_line: str, status: str) -> None:
    proxy = TlsProxy(authority, "http://127.0.0.1:9")
    url = await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))

    writer.write(f"{request_line}\r\n\r\n".encode())

    assert (await reader.readline()).decode().strip() == f"HTTP/1.1 {status}"
    await reader.read()
    writer.close()
    await proxy.close()


async def test_closing_ends_what_is_open(host: Listener, authority: Authority) -> None:
    proxy = TlsProxy(authority, f"http://127.0.0.1:{host.port}")
    async with Listener("elsewhere") as elsewhere:
        reader, writer, _ = await connect(await proxy.start(), f"127.0.0.1:{elsewhere.port}")

        await proxy.close()

        assert await reader.read() == b""
        writer.close()
