"""A client that sees HTTP/1.1 as it is on the wire: which bytes came in which chunk."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from firstbyte.containers.listening import SignalledServer, bind, make_server


@asynccontextmanager
async def listening(application: Any) -> AsyncIterator[tuple[int, SignalledServer]]:
    """Serve `application` on a port of its own. The port listens at once, so that nobody has to wait for it."""
    bound = bind("127.0.0.1", 0)
    bound.listen()
    server = make_server(application)
    running = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield bound.getsockname()[1], server
    finally:
        server.should_exit = True
        await running


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, value: Any) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    async def get(self, path: str) -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nhost: h\r\n\r\n".encode())
        await self.writer.drain()

    async def read_head(self) -> tuple[int, dict[str, str]]:
        status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines if line)
        return int(status.split(" ")[1]), {name.lower(): value for name, value in pairs}

    async def read_chunk(self) -> bytes:
        """One HTTP chunk; empty for the last."""
        size = int(await self.reader.readline(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def read_chunks(self) -> list[bytes]:
        chunks = []
        while chunk := await self.read_chunk():
            chunks.append(chunk)
        return chunks

    async def read_body(self, headers: dict[str, str]) -> bytes:
        return await self.reader.readexactly(int(headers["content-length"]))

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
