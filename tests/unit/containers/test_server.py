"""The server on a real socket."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable

import pytest
import uvloop

from fakes.containers import get, lmi, play_on, post, tgi
from fakes.engine import FakeEngine
from fakes.sockets import RawClient, listening
from firstbyte.containers.dialect import Dialect
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

STREAM = {"inputs": "hi", "parameters": {"return_full_text": False}, "stream": True}


async def test_each_token_is_one_chunk_and_leaves_at_once() -> None:
    """The engine waits after the first token, and the client has that token already."""
    engine = FakeEngine(["a", "b", "c"], pause_at=1)
    async with listening(ContainerServer(tgi(), engine)) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", STREAM)
        status, headers = await client.read_head()
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        assert "content-encoding" not in headers
        assert b'"text":"a"' in await client.read_chunk()
        assert not engine.resume.is_set()
        engine.resume.set()
        chunks = await client.read_chunks()
        assert [json.loads(chunk.removeprefix(b"data:"))["token"]["text"] for chunk in chunks] == ["b", "c", "</s>"]
        await client.close()


async def test_head_of_tgi_goes_out_before_the_first_token() -> None:
    engine = FakeEngine(pause_at=0)
    async with listening(ContainerServer(tgi(), engine)) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", STREAM)
        assert (await client.read_head())[0] == 200
        engine.resume.set()
        assert len(await client.read_chunks()) == 3
        await client.close()


@pytest.mark.parametrize("dialect", [tgi(), lmi()], ids=["tgi", "lmi"])
async def test_client_that_leaves_ends_the_generation(dialect: Dialect) -> None:
    engine = FakeEngine(["a", "b"], pause_at=1)
    async with listening(ContainerServer(dialect, engine)) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", STREAM)
        await client.read_head()
        await client.read_chunk()
        await engine.paused.wait()
        assert not engine.closed.is_set()
        await client.close()
        await engine.closed.wait()
        assert not engine.resume.is_set()


async def test_client_that_leaves_before_a_whole_answer_ends_the_generation() -> None:
    engine = FakeEngine(["a", "b"], pause_at=1)
    server = ContainerServer(tgi(), engine)
    async with listening(server) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/generate", {"inputs": "hi"})
        await engine.paused.wait()
        await client.close()
        await engine.closed.wait()
    assert 'tgi_request_failure{err="dropped"} 1\n' in (await play_on(server, get("/metrics"))).body.decode()


async def test_silence_is_kept_alive_by_comments() -> None:
    engine = FakeEngine(["a"], pause_at=1)
    async with listening(ContainerServer(tgi(), engine, keep_alive_s=0.001)) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", STREAM)
        await client.read_head()
        await client.read_chunk()
        assert [await client.read_chunk() for _ in range(3)] == [b":\n\n"] * 3
        engine.resume.set()
        chunks = await client.read_chunks()
        assert b'"text":"</s>"' in next(chunk for chunk in chunks if chunk != b":\n\n")
        await client.close()


async def test_connection_serves_one_request_after_the_other() -> None:
    async with listening(ContainerServer(lmi(), FakeEngine())) as (port, _):
        client = await RawClient.connect(port)
        for _ in range(2):
            await client.post("/invocations", {"inputs": "hi"})
            await client.read_head()
            assert b"".join(await client.read_chunks()) == b'{"generated_text": " a b"}'
        await client.get("/ping")
        status, headers = await client.read_head()
        assert (status, json.loads(await client.read_body(headers))["model"]["status"]) == (200, "Healthy")
        await client.close()


@pytest.mark.parametrize("new_event_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_packets_are_not_held_back(new_event_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """TCP_NODELAY is set on the server's end of every connection."""

    async def read_options() -> list[int]:
        async with listening(ContainerServer(tgi(), FakeEngine())) as (port, server):
            client = await RawClient.connect(port)
            await client.get("/ping")
            await client.read_head()
            ends = [connection.transport.get_extra_info("socket") for connection in server.server_state.connections]
            options = [end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for end in ends]
            await client.close()
            return options

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert [option != 0 for option in runner.run(read_options())] == [True]


async def connect_for_ever(port: int) -> None:
    """Until it is refused: uvicorn looks at the wish to finish by itself, now and then."""
    while True:
        await (await RawClient.connect(port)).close()


async def test_sigterm_finishes_streams_and_takes_no_new_ones() -> None:
    engine = FakeEngine(["a", "b"], pause_at=1)
    async with listening(ContainerServer(tgi(), engine)) as (port, _):
        client = await RawClient.connect(port)
        await client.post("/invocations", STREAM)
        await client.read_head()
        await client.read_chunk()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(ConnectionError):
            await connect_for_ever(port)
        engine.resume.set()
        assert len(await client.read_chunks()) == 2
        await client.close()


async def test_slots_are_taken_and_given_back() -> None:
    engine = FakeEngine(["a", "b"], pause_at=1)
    server = ContainerServer(tgi(MAX_CONCURRENT_REQUESTS="1"), engine)
    async with listening(server) as (port, _):
        first = await RawClient.connect(port)
        await first.post("/invocations", STREAM)
        await engine.paused.wait()
        refused = await play_on(server, post("/generate", {"inputs": "hi"}))
        assert (refused.status, refused.json["error_type"]) == (429, "overloaded")
        in_stream = await play_on(server, post("/invocations", STREAM))
        assert (in_stream.status, in_stream.chunks) == (
            200,
            [b'data:{"error":"Model is overloaded","error_type":"overloaded"}\n\n'],
        )
        engine.resume.set()
        await first.read_head()
        await first.read_chunks()
        assert (await play_on(server, post("/generate", {"inputs": "hi"}))).status == 200
        await first.close()


async def test_best_of_needs_a_slot_for_each_sequence() -> None:
    body = {"inputs": "hi", "parameters": {"best_of": 2, "do_sample": True}}
    server = ContainerServer(tgi(MAX_CONCURRENT_REQUESTS="1"), FakeEngine())
    assert (await play_on(server, post("/generate", body))).status == 429


async def test_best_of_that_fails_is_one_error() -> None:
    engine = FakeEngine(fail_at=1)
    engine.failure = GenerationFailed("broken")
    body = {"inputs": "hi", "parameters": {"best_of": 2, "do_sample": True}}
    assert (await play_on(ContainerServer(tgi(), engine), post("/generate", body))).status == 424


async def test_large_body_is_read_beside_the_loop_and_answered_the_same() -> None:
    body = {"inputs": "a" * 100_000, "parameters": {"max_new_tokens": 1, "truncate": 5}}
    answer = await play_on(ContainerServer(tgi(), FakeEngine()), post("/generate", body))
    assert answer.json == {"generated_text": " a"}


async def test_health_is_tried_after_a_failure() -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = GenerationFailed("broken")
    server = ContainerServer(tgi(), engine)
    assert (await play_on(server, get("/ping"))).status == 200
    await play_on(server, post("/generate", {"inputs": "hi"}))
    answer = await play_on(server, get("/ping"))
    assert (answer.status, answer.body) == (503, b'{"error":"unhealthy","error_type":"healthcheck"}')
    engine.fail_at = -1
    assert (await play_on(server, get("/ping"))).status == 200
