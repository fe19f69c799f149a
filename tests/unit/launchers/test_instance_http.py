"""What only the HTTP client does: which headers it sends, and that the container sees the client leave."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from firstbyte.hosting.errors import InstanceUnreachable, StreamBroken
from firstbyte.hosting.ports import InstanceCall
from firstbyte.launchers.instance_http import HttpInstanceClient, is_passed_on


class Container:
    """Answers every request with one chunk and then nothing, until the client leaves."""

    def __init__(self) -> None:
        self.head = b""
        self.body = b""
        self.client_left = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = await reader.readuntil(b"\r\n\r\n")
        self.body = await reader.readexactly(int(self.head.lower().partition(b"content-length:")[2].split()[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        writer.close()
        self.client_left.set()


@pytest.fixture
async def container() -> AsyncIterator[Container]:
    container = Container()
    server = await asyncio.start_server(container.serve, "127.0.0.1", 0)
    container.url = "http://{}:{}".format(*server.sockets[0].getsockname())
    yield container
    server.close()
    await container.client_left.wait()


@pytest.fixture
async def client() -> AsyncIterator[HttpInstanceClient]:
    client = HttpInstanceClient()
    yield client
    await client.close()


async def test_the_container_gets_these_headers_and_no_others(client: HttpInstanceClient, container: Container) -> None:
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/plain",
        "X-Amzn-SageMaker-Custom-Attributes": "accept_eula=true",
        "Authorization": "AWS4-HMAC-SHA256 …",
        "Accept-Encoding": "gzip",
    }
    answer = await client.invoke(container.url, InstanceCall(headers, b"{}"))
    await answer.close()

    request_line, *lines = container.head.decode().strip().split("\r\n")
    assert request_line == "POST /invocations HTTP/1.1"
    assert sorted(line.lower() for line in lines if not line.lower().startswith("host:")) == [
        "accept: text/plain",
        "connection: close",
        "content-length: 2",
        "content-type: application/json",
        "x-amzn-sagemaker-custom-attributes: accept_eula=true",
    ]


async def test_closing_closes_the_connection_at_once(client: HttpInstanceClient, container: Container) -> None:
    answer = await client.invoke(container.url, InstanceCall({}, b""))
    assert await anext(aiter(answer.chunks())) == b"a"

    await answer.close()
    async with asyncio.timeout(10):
        await container.client_left.wait()


async def test_a_call_that_is_cancelled_closes_the_connection_at_once(
    client: HttpInstanceClient, container: Container
) -> None:
    answer = await client.invoke(container.url, InstanceCall({}, b""))
    chunks = aiter(answer.chunks())
    await anext(chunks)
    waiting = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0)
    waiting.cancel()
    await answer.close()
    async with asyncio.timeout(10):
        await container.client_left.wait()


async def test_a_container_that_takes_no_more_connections_is_unreachable_and_has_seen_nothing() -> None:
    """A call that was never sent may go to another instance; one that was sent and not answered may not."""
    client = HttpInstanceClient(connect_timeout_s=0.05)
    with contextlib.ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        for _ in range(8):  # more than its queue holds, which nobody empties
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        with pytest.raises(InstanceUnreachable, match="does not accept connections"):
            await client.invoke("http://{}:{}".format(*full.getsockname()), InstanceCall({}, b"{}"))
    await client.close()


async def test_a_container_that_is_not_there_is_unreachable(client: HttpInstanceClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with pytest.raises(InstanceUnreachable):
        await client.invoke("http://{}:{}".format(*address), InstanceCall({}, b"{}"))


async def test_a_connection_that_is_closed_without_an_answer_is_no_call_to_repeat(client: HttpInstanceClient) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    with pytest.raises(StreamBroken, match="without an answer"):
        await client.invoke("http://{}:{}".format(*server.sockets[0].getsockname()), InstanceCall({}, b"{}"))
    server.close()


async def test_a_large_body_arrives_whole(client: HttpInstanceClient, container: Container) -> None:
    body = bytes(range(256)) * 16_384
    answer = await client.invoke(container.url, InstanceCall({}, body))
    await answer.close()
    assert container.body == body


def test_what_sagemaker_passes_on() -> None:
    assert is_passed_on("ACCEPT")
    assert is_passed_on("x-amzn-sagemaker-inference-id")
    assert not is_passed_on("x-amz-date")
    assert not is_passed_on("user-agent")
