"""What every InstanceClient does: the fake that other tests rely on, and the one that speaks HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from fakes.instance_client import FakeInstanceClient, Script
from firstbyte.hosting.errors import InstanceUnreachable, StreamBroken
from firstbyte.hosting.ports import InstanceCall, InstanceClient
from firstbyte.launchers.instance_http import HttpInstanceClient

CALL = InstanceCall(
    {"Content-Type": "application/json", "X-Amzn-SageMaker-Custom-Attributes": "a=b"}, b'{"inputs": ""}'
)


class ScriptedServer:
    """An HTTP server that writes what a script says, all of its chunks in one packet."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.is_idle = asyncio.Event()
        self.is_idle.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_idle.clear()
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        if self.script.start == "answer":
            writer.write(self._answer())
            await writer.drain()
        if "break" not in (self.script.start, self.script.ending):
            await reader.read()  # until the client leaves
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.is_idle.set()

    def _answer(self) -> bytes:
        lines = [f"HTTP/1.1 {self.script.status} X", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in self.script.headers.items()]
        chunks = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in self.script.chunks]
        end = b"0\r\n\r\n" if self.script.ending == "complete" else b""
        return "\r\n".join([*lines, "", ""]).encode() + b"".join(chunks) + end


Serving = Callable[[Script], AbstractAsyncContextManager[tuple[InstanceClient, str]]]


@pytest.fixture(params=["fake", "http"])
def serving(request: pytest.FixtureRequest) -> Serving:
    """A client, and the URL of an instance that follows a script."""

    @asynccontextmanager
    async def serve(script: Script) -> AsyncIterator[tuple[InstanceClient, str]]:
        if request.param == "fake":
            fake = FakeInstanceClient()
            fake.script = script
            yield fake, "http://instance"
            return
        scripted = ScriptedServer(script)
        server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        if script.start == "refuse":
            server.close()
        client = HttpInstanceClient()
        yield client, f"http://{host}:{port}"
        await client.close()
        server.close()
        await scripted.is_idle.wait()

    return serve


async def test_one_item_per_chunk_the_container_wrote_though_they_come_together(serving: Serving) -> None:
    chunks = (b"data: 1\n\n", b"data: 2\n\n", "é".encode(), b"x" * 300_000)
    async with serving(Script(chunks=chunks, headers={"Content-Type": "text/event-stream"})) as (client, url):
        answer = await client.invoke(url, CALL)

        assert answer.status == 200
        assert {name.lower(): value for name, value in answer.headers.items()}["content-type"] == "text/event-stream"
        assert tuple([chunk async for chunk in answer.chunks()]) == chunks
        await answer.close()


async def test_an_error_is_an_answer_like_any_other(serving: Serving) -> None:
    async with serving(Script(status=422, chunks=(b"no",))) as (client, url):
        answer = await client.invoke(url, CALL)

        assert answer.status == 422
        assert [chunk async for chunk in answer.chunks()] == [b"no"]
        await answer.close()


async def test_a_connection_that_breaks_after_some_chunks_hands_those_over_first(serving: Serving) -> None:
    async with serving(Script(chunks=(b"1", b"2"), ending="break")) as (client, url):
        answer = await client.invoke(url, CALL)
        chunks = aiter(answer.chunks())

        assert [await anext(chunks), await anext(chunks)] == [b"1", b"2"]
        with pytest.raises(StreamBroken):
            await anext(chunks)
        await answer.close()


async def test_a_container_that_takes_no_connection_is_unreachable(serving: Serving) -> None:
    async with serving(Script(start="refuse")) as (client, url):
        with pytest.raises(InstanceUnreachable):
            await client.invoke(url, CALL)


async def test_a_container_that_hangs_up_without_an_answer_broke_the_stream(serving: Serving) -> None:
    async with serving(Script(start="break")) as (client, url):
        with pytest.raises(StreamBroken):
            await client.invoke(url, CALL)


async def test_closing_twice_is_fine(serving: Serving) -> None:
    async with serving(Script(ending="hang")) as (client, url):
        answer = await client.invoke(url, CALL)
        await answer.close()
        await answer.close()
