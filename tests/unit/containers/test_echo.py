from collections.abc import AsyncIterator
from typing import Any

import pytest

from fakes.containers import Transcript, get, play_on, post
from fakes.sockets import RawClient, listening
from firstbyte.containers.echo import EchoContainer, Script, read_script
from firstbyte.containers.errors import StartupFailed


async def play_script(script: Any, container: EchoContainer | None = None) -> Transcript:
    return await play_on(container or EchoContainer(), post("/invocations", script))


@pytest.mark.parametrize("body", [b"hello", b"\xff\x00", b'{"inputs": "x"}', b'{"chunks": ["a"], "more": 1}', b"[]"])
async def test_gives_bodies_back(body: bytes) -> None:
    answer = await play_script(body)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, body, "application/json")


async def test_streams_the_chunks_it_is_given() -> None:
    answer = await play_script(
        {"chunks": ["a", "bé", "c"], "status": 201, "content_type": "text/x", "headers": {"x-a": "1"}}
    )
    assert answer.chunks == [b"a", "bé".encode(), b"c"]
    assert (answer.status, answer.headers["content-type"], answer.headers["x-a"]) == (201, "text/x", "1")


async def test_answers_with_a_status_and_a_body() -> None:
    answer = await play_script({"status": 507, "body": "full"})
    assert (answer.status, answer.body, answer.headers["content-length"]) == (507, b"full", "4")


@pytest.mark.parametrize(
    "body",
    [b'{"chunks": "ab"}', b'{"chunks": [1]}', b'{"status": "500"}', b'{"die_after": "x"}', b'{"headers": []}'],
)
async def test_script_of_wrong_types_is_no_script(body: bytes) -> None:
    assert read_script(body) is None


def test_script_members() -> None:
    assert read_script(b'{"chunks": ["a"], "stall_after": 1}') == Script(chunks=("a",), stall_after=1)


async def test_ping_may_be_refused() -> None:
    assert (await play_on(EchoContainer(), get("/ping"))).status == 200
    refusing = EchoContainer.configured({"ECHO_PING_STATUS": "503"})
    assert (await play_on(refusing, get("/ping"))).status == 503


@pytest.mark.parametrize("environment", [{"ECHO_EXIT_MESSAGE": "no"}, {"ECHO_PING_STATUS": "no"}])
def test_start_may_fail(environment: dict[str, str]) -> None:
    with pytest.raises(StartupFailed, match="no"):
        EchoContainer.configured(environment)


async def test_gate_lets_one_chunk_through_at_a_time() -> None:
    container = EchoContainer()
    async with listening(container) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", {"chunks": ["a", "b"], "gate": "g"})
        await client.read_head()
        for text in (b"a", b"b"):
            assert (await play_script({"open": "g"}, container)).body == b"{}"
            assert await client.read_chunk() == text
        assert await client.read_chunk() == b""
        await client.close()


async def polled_facts(container: EchoContainer) -> AsyncIterator[dict[str, int]]:
    """The facts again and again; asking lets the event loop go on."""
    while True:
        yield (await play_on(container, get("/facts"))).json


async def test_stalls_until_the_client_leaves_and_counts_it() -> None:
    container = EchoContainer()
    async with listening(container) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", {"chunks": ["a", "b"], "stall_after": 1})
        await client.read_head()
        assert await client.read_chunk() == b"a"
        await client.close()
        async for facts in polled_facts(container):
            if facts["num_left"]:
                break
        assert facts == {"num_requests": 1, "num_left": 1}


async def test_breaks_the_connection_off(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(EchoContainer()) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", {"chunks": ["a", "b"], "break_after": 1})
        await client.read_head()
        assert await client.read_chunk() == b"a"
        assert await client.reader.read() == b""
        await client.close()
    assert "ConnectionBroken" in caplog.text


async def test_unknown_path() -> None:
    assert (await play_on(EchoContainer(), get("/other"))).status == 404
