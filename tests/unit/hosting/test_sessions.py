"""Sessions: opened and closed by the container, held by one instance, over when they expire."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.clock import FakeClock
from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.sessions import MAX_SESSIONS, Sessions

NEW = "x-amzn-sagemaker-new-session-id"
CLOSED = "x-amzn-sagemaker-closed-session-id"


@pytest.fixture
def sessions() -> Any:
    return Sessions(FakeClock())


def test_a_session_is_where_it_was_opened_until_it_is_closed(sessions: Sessions) -> None:
    sessions.open("e", "s1", "i-1")

    assert sessions.find("e", "s1") == "i-1"
    assert sessions.find("other", "s1") is None
    sessions.close("e", "s1")
    assert sessions.find("e", "s1") is None
    sessions.close("e", "s1")


@pytest.mark.parametrize("text", ["2026-01-01T00:10:00Z", "2026-01-01T00:10:00", "2026-01-01T01:10:00+01:00"])
def test_a_session_expires_when_its_container_said(text: str) -> None:
    clock = FakeClock()
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    sessions = Sessions(clock)
    sessions.open("e", f"s1; Expires={text}", "i-1")

    clock.pass_time(599)
    assert sessions.find("e", "s1") == "i-1"
    clock.pass_time(1)
    assert sessions.find("e", "s1") is None


@pytest.mark.parametrize("opened", ["s1", "s1; Expires=soon", "s1;Secure", " s1 ; "])
def test_an_end_that_cannot_be_read_is_none(sessions: Sessions, opened: str) -> None:
    sessions.open("e", opened, "i-1")

    assert sessions.find("e", "s1") == "i-1"


def test_the_memory_is_bounded(sessions: Sessions) -> None:
    for number in range(MAX_SESSIONS + 1):
        sessions.open("e", str(number), "i-1")

    assert sessions.find("e", "0") is None
    assert sessions.find("e", "1") == "i-1"


async def serve(host: FakeHost, **answer: str) -> Script:
    host.deploy("e", variants=({"InitialInstanceCount": 4},))
    assert await host.settle() == "InService"
    host.client.script = Script(headers=answer)
    return host.client.script


def asking(session_id: str, **members: Any) -> Invocation:
    return Invocation("e", b"{}", session_id=session_id, **members)


async def test_every_request_of_a_session_goes_to_the_instance_that_opened_it(host: FakeHost) -> None:
    script = await serve(host, **{NEW: "s1; Expires=2026-01-01T01:00:00Z"})
    answer = await host.invoker.invoke(asking("NEW_SESSION"))
    assert answer.new_session_id == "s1; Expires=2026-01-01T01:00:00Z"
    host.client.script = later = Script()

    for _ in range(20):
        await host.invoker.invoke(asking("s1"))
    streamed = await host.invoker.invoke(asking("s1", streaming=True))
    await streamed.close()

    ((opened_at, opening),) = script.calls
    assert opening.headers["X-Amzn-SageMaker-Session-Id"] == "NEW_SESSION"
    assert {url for url, _ in later.calls} == {opened_at}
    assert {call.headers["X-Amzn-SageMaker-Session-Id"] for _, call in later.calls} == {"s1"}


async def test_a_closed_session_is_not_found(host: FakeHost) -> None:
    await serve(host, **{NEW: "s1"})
    await host.invoker.invoke(asking("NEW_SESSION"))
    host.client.script = Script(headers={CLOSED: "s1"})

    answer = await host.invoker.invoke(asking("s1"))

    assert answer.closed_session_id == "s1"
    with pytest.raises(ValidationFailed, match="Session s1 of endpoint e not found"):
        await host.invoker.invoke(asking("s1"))


async def test_a_session_ends_with_its_instance(host: FakeHost) -> None:
    await serve(host, **{NEW: "s1"})
    await host.invoker.invoke(asking("NEW_SESSION"))
    host.client.script = Script(start="refuse")

    with pytest.raises(ValidationFailed, match="Session s1 of endpoint e not found"):
        await host.invoker.invoke(asking("s1"))
    assert len(host.client.script.calls) == 1, "no other instance has the session's state"


async def test_a_session_cannot_be_asked_for_in_another_variant(host: FakeHost) -> None:
    host.deploy("e", variants=({"VariantName": "a"}, {"VariantName": "b"}))
    await host.settle()
    host.client.script = Script(headers={NEW: "s1"})
    await host.invoker.invoke(asking("NEW_SESSION", target_variant="a"))

    assert (await host.invoker.invoke(asking("s1", target_variant="a"))).invoked_production_variant == "a"
    with pytest.raises(ValidationFailed, match="not found"):
        await host.invoker.invoke(asking("s1", target_variant="b"))


async def test_a_stream_cannot_open_a_session(host: FakeHost) -> None:
    await serve(host)

    with pytest.raises(ValidationFailed, match="SessionId NEW_SESSION is not allowed with a response stream"):
        await host.invoker.invoke(asking("NEW_SESSION", streaming=True))
