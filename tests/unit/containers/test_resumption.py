"""Streams taken up again, on a real server: the client leaves, comes back and misses nothing."""

import asyncio
import json
from typing import Any

import pytest

from fakes.containers import get, lmi, play_on, post, tgi
from fakes.engine import FakeEngine
from fakes.sockets import RawClient, listening
from firstbyte.containers.dialect import Dialect
from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.exchange import Answer, Request
from firstbyte.containers.resumption import ATTRIBUTES_HEADER, StreamLog, StreamShelf, Wish, read_wish
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

BODY = {"inputs": "hi", "parameters": {"return_full_text": False}, "stream": True}
TEXTS = ["a", "b", "c", "d"]


def asking(attributes: str, body: Any = BODY) -> Request:
    return post("/invocations", body, **{ATTRIBUTES_HEADER: attributes})


def id_of(headers: dict[str, str]) -> str:
    return headers[ATTRIBUTES_HEADER].removeprefix("firstbyte-stream=")


async def begin(client: RawClient, attributes: str = "firstbyte-resumable=true") -> None:
    body = json.dumps(BODY).encode()
    lines = ["POST /invocations HTTP/1.1", "host: h", "content-type: application/json"]
    lines += [f"{ATTRIBUTES_HEADER}: {attributes}", f"content-length: {len(body)}", "", ""]
    client.writer.write("\r\n".join(lines).encode() + body)


@pytest.mark.parametrize("dialect", [tgi(), tgi("3.3.6"), lmi(), lmi("0.36.0")], ids=["tgi2", "tgi3", "lmi28", "lmi36"])
async def test_a_client_that_comes_back_misses_nothing(dialect: Dialect) -> None:
    engine = FakeEngine(TEXTS, pause_at=2)
    server = ContainerServer(dialect, engine, shelf=StreamShelf())
    async with listening(server) as (port, _):
        first = await RawClient.connect(port)
        await begin(first)
        _, headers = await first.read_head()
        received = [await first.read_chunk(), await first.read_chunk()]
        await first.close()
        engine.resume.set()
        again = await play_on(server, asking(f"firstbyte-resume={id_of(headers)}:2"))
    whole = await play_on(ContainerServer(dialect, FakeEngine(TEXTS)), post("/invocations", BODY))
    assert [*received, *again.chunks] == whole.chunks
    assert again.is_whole
    assert again.headers.pop(ATTRIBUTES_HEADER) == headers[ATTRIBUTES_HEADER]
    assert (again.status, again.headers.keys()) == (whole.status, whole.headers.keys())
    assert len(engine.requests) == 1, "it was generated once"


async def test_the_end_can_be_asked_for_again() -> None:
    server = ContainerServer(tgi(), FakeEngine(TEXTS), shelf=StreamShelf())
    whole = await play_on(server, asking("accept_eula=true;firstbyte-resumable=true"))
    for num_received in range(len(whole.chunks) + 1):
        again = await play_on(server, asking(f"firstbyte-resume={id_of(whole.headers)}:{num_received}"))
        assert again.chunks == whole.chunks[num_received:]


async def test_whoever_does_not_ask_is_served_as_ever() -> None:
    """No header in the answer, and leaving ends the generation."""
    engine = FakeEngine(TEXTS, pause_at=1)
    async with listening(ContainerServer(tgi(), engine, shelf=StreamShelf())) as (port, _):
        client = await RawClient.connect(port)
        await begin(client, "accept_eula=true")
        _, headers = await client.read_head()
        assert ATTRIBUTES_HEADER not in headers
        await client.close()
        await engine.closed.wait()
        assert not engine.resume.is_set()


async def test_a_stream_that_nobody_comes_back_to_is_ended() -> None:
    engine = FakeEngine(TEXTS, pause_at=1)
    shelf = StreamShelf(window_s=0.01)
    server = ContainerServer(tgi(), engine, shelf=shelf)
    async with listening(server) as (port, _):
        client = await RawClient.connect(port)
        await begin(client)
        _, headers = await client.read_head()
        await client.read_chunk()
        await client.close()
        await engine.closed.wait()
        refused = await play_on(server, asking(f"firstbyte-resume={id_of(headers)}:1"))
    assert refused.status == 422
    assert refused.json["error"].endswith("is not kept here: one waits 0.01 s for a reader")
    assert shelf.num_bytes == 0
    assert 'tgi_request_failure{err="dropped"} 1\n' in (await play_on(server, get("/metrics"))).body.decode()


async def test_where_it_is_switched_off_a_stream_is_an_ordinary_one() -> None:
    answer = await play_on(ContainerServer(tgi(), FakeEngine()), asking("firstbyte-resumable=true"))
    assert (answer.status, ATTRIBUTES_HEADER in answer.headers) == (200, False)


async def test_where_there_is_no_room_a_stream_is_an_ordinary_one() -> None:
    server = ContainerServer(tgi(), FakeEngine(TEXTS), shelf=StreamShelf(max_streams=0))
    answer = await play_on(server, asking("firstbyte-resumable=true"))
    assert (len(answer.chunks), ATTRIBUTES_HEADER in answer.headers) == (5, False)


@pytest.mark.parametrize("resume", ["", "id", "id:", ":3", "id:-1", "id:x", "id:" + "9" * 5000])
async def test_what_cannot_be_read_is_refused(resume: str) -> None:
    server = ContainerServer(tgi(), FakeEngine(), shelf=StreamShelf())
    answer = await play_on(server, asking(f"firstbyte-resume={resume}"))
    assert (answer.status, answer.json["error_type"]) == (422, "validation")
    assert "must be ID:N" in answer.json["error"]


async def test_more_than_was_sent_is_refused() -> None:
    server = ContainerServer(tgi(), FakeEngine(TEXTS), shelf=StreamShelf())
    whole = await play_on(server, asking("firstbyte-resumable=true"))
    answer = await play_on(server, asking(f"firstbyte-resume={id_of(whole.headers)}:6"))
    assert answer.json["error"].endswith("can be resumed after 0 to 5 events, not after 6")


async def test_the_key_is_asked_for_again() -> None:
    server = ContainerServer(tgi(API_KEY="secret"), FakeEngine(), shelf=StreamShelf())
    assert (await play_on(server, asking("firstbyte-resume=x:0"))).status == 401


async def test_a_failure_is_kept_as_any_event() -> None:
    engine = FakeEngine(TEXTS, fail_at=1)
    engine.failure = GenerationFailed("broken")
    server = ContainerServer(tgi(), engine, shelf=StreamShelf())
    first = await play_on(server, asking("firstbyte-resumable=true"))
    again = await play_on(server, asking(f"firstbyte-resume={id_of(first.headers)}:1"))
    assert again.chunks == first.chunks[1:]
    assert b"broken" in again.body


async def test_a_refusal_before_the_stream_is_answered_as_ever() -> None:
    engine = FakeEngine(TEXTS, fail_at=0)
    engine.failure = GenerationFailed("broken")
    answer = await play_on(ContainerServer(lmi(), engine, shelf=StreamShelf()), asking("firstbyte-resumable=true"))
    plain = await play_on(ContainerServer(lmi(), engine), post("/invocations", BODY))
    assert (answer.status, answer.body) == (plain.status, plain.body)


async def fill(shelf: StreamShelf, num_events: int) -> StreamLog:
    """A log of so many events of 52 bytes each, at its end and without a reader."""

    async def write(log: StreamLog) -> None:
        await log.answer(Answer(200))
        for _ in range(num_events):
            await log.send_chunk(b"1234")

    log = shelf.open(write)
    assert log is not None
    assert log.writing is not None
    await asyncio.wait([log.writing])
    return log


async def test_memory_is_bounded_and_the_oldest_is_forgotten_first() -> None:
    shelf = StreamShelf(max_bytes=520)
    old, young, newest = await fill(shelf, 5), await fill(shelf, 4), await fill(shelf, 3)
    assert shelf.num_bytes == 52 * 7
    assert shelf.find(young.stream_id, 4) is young
    assert shelf.find(newest.stream_id, 0) is newest
    with pytest.raises(RequestRejected, match="not kept here"):
        shelf.find(old.stream_id, 0)


async def test_a_reader_is_left_what_it_has_not_read() -> None:
    shelf = StreamShelf(max_bytes=52 * 3)
    numbers: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def write(log: StreamLog) -> None:
        while number := await numbers.get():
            await log.send_chunk(number)

    log = shelf.open(write)
    assert log is not None
    with shelf.reading(log, 0) as reader:
        follower = log.follow(reader)
        for number in range(10):
            numbers.put_nowait(b"%04d" % number)
            assert await anext(follower) == b"%04d" % number
            assert shelf.num_bytes <= 52 * 3
        with pytest.raises(RequestRejected, match="not after 0"):
            log.check(0)
        log.check(10)
        numbers.put_nowait(None)
        await log.end_stream()
        assert [chunk async for chunk in follower] == []


async def test_a_writer_without_a_reader_that_outgrows_the_memory_is_ended() -> None:
    shelf = StreamShelf(max_bytes=100)

    async def write(log: StreamLog) -> None:
        while True:
            await log.send_chunk(b"x" * 50)
            await asyncio.sleep(0)

    log = shelf.open(write)
    assert log is not None
    assert log.writing is not None
    await asyncio.wait([log.writing])
    assert log.writing.cancelled()
    assert shelf.num_bytes == 0


async def test_a_reader_is_told_when_the_writer_breaks() -> None:
    engine = FakeEngine(TEXTS)
    server = ContainerServer(tgi(), engine, shelf=StreamShelf())
    whole = await play_on(server, asking("firstbyte-resumable=true"))
    shelf = StreamShelf()

    async def write(log: StreamLog) -> None:
        await log.send_chunk(whole.chunks[0])

    log = shelf.open(write)
    assert log is not None
    with shelf.reading(log, 0) as reader:
        follower = log.follow(reader)
        assert await anext(follower) == whole.chunks[0]
        with pytest.raises(Exception, match="the stream stopped"):
            await anext(follower)


def test_attributes_of_others_are_left_alone() -> None:
    assert read_wish(asking("accept_eula=true; x ;firstbyte-other=1")) == Wish()
    assert read_wish(asking("a=b;firstbyte-resume=id:12;firstbyte-resumable=TRUE")) == Wish(True, "id", 12)
