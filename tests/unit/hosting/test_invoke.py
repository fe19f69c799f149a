"""The relay: one item per chunk, the client leaving, breaks, limits, and every refusal's words."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.errors import (
    ModelFailed,
    ModelTimedOut,
    NotFound,
    StreamFailed,
    Unavailable,
    ValidationFailed,
)
from firstbyte.hosting.facts import InvocationFinished, InvocationStarted
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.messages import COMPONENT_NAME_NOT_ALLOWED
from firstbyte.hosting.ports import InstancePhase, InstanceState

SEE = (
    "See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
    "/aws/sagemaker/Endpoints/e in account 123456789012 for more information."
)
STREAM = Invocation("e", b"{}", streaming=True)
CALL = Invocation("e", b"{}")


@pytest.fixture
async def serving(host: FakeHost) -> FakeHost:
    """A host with the endpoint e in service."""
    host.deploy("e")
    assert await host.settle() == "InService"
    return host


class LoopClock:
    """The event loop's own clock, moved by hand: timers fire when it is told that time passed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now_s = loop.time()
        monkeypatch.setattr(loop, "time", lambda: self._now_s)

    def pass_time(self, seconds: float) -> None:
        self._now_s += seconds


def finished(host: FakeHost) -> list[InvocationFinished]:
    return [fact for fact in host.facts if isinstance(fact, InvocationFinished)]


async def test_a_stream_hands_on_each_chunk_as_it_is(serving: FakeHost) -> None:
    serving.client.script = Script(chunks=(b"a", b"bc", b"\xc3"), headers={"content-type": "text/event-stream"})
    answer = await serving.invoker.invoke(STREAM)

    assert (answer.status, answer.content_type, answer.invoked_production_variant) == (
        200,
        "text/event-stream",
        "AllTraffic",
    )
    assert [chunk async for chunk in answer.chunks()] == [b"a", b"bc", b"\xc3"]
    (fact,) = finished(serving)
    assert (fact.outcome, fact.num_chunks, fact.body_bytes, fact.streaming) == ("ok", 3, 4, True)
    assert fact.first_chunk_s is not None
    assert fact.first_chunk_s <= fact.duration_s


async def test_a_chunk_is_handed_on_before_the_next_is_written(serving: FakeHost) -> None:
    serving.client.script = Script(chunks=(b"a",), ending="hang")
    answer = await serving.invoker.invoke(STREAM)
    assert await anext(aiter(answer.chunks())) == b"a"
    await answer.close()


async def test_a_regular_answer_is_whole(serving: FakeHost) -> None:
    headers = {
        "content-type": "application/json",
        "x-amzn-sagemaker-custom-attributes": "trace=1",
        "x-amzn-sagemaker-new-session-id": "s; Expires=2026-01-01T00:00:00Z",
    }
    serving.client.script = Script(chunks=(b"[", b"]"), headers=headers)
    answer = await serving.invoker.invoke(CALL)

    assert answer.body == b"[]"
    assert answer.custom_attributes == "trace=1"
    assert answer.new_session_id == "s; Expires=2026-01-01T00:00:00Z"
    assert answer.closed_session_id is None
    assert serving.client.script.is_closed
    assert [fact.outcome for fact in finished(serving)] == ["ok"]


async def test_the_container_gets_the_members_as_headers(serving: FakeHost) -> None:
    call = Invocation(
        "e",
        b"body",
        content_type="application/json",
        accept="text/plain",
        custom_attributes="accept_eula=true",
        inference_id="i",
        session_id="NEW_SESSION",
    )
    await serving.invoker.invoke(call)

    ((_, sent),) = serving.client.script.calls
    assert sent.body == b"body"
    assert sent.headers == {
        "Content-Type": "application/json",
        "Accept": "text/plain",
        "X-Amzn-SageMaker-Custom-Attributes": "accept_eula=true",
        "X-Amzn-SageMaker-Inference-Id": "i",
        "X-Amzn-SageMaker-Session-Id": "NEW_SESSION",
    }


async def test_when_the_client_leaves_the_instances_connection_is_closed(serving: FakeHost) -> None:
    serving.client.script = Script(chunks=(b"a",), ending="hang")
    answer = await serving.invoker.invoke(STREAM)
    chunks = answer.chunks()
    await anext(chunks)
    waiting = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert serving.client.script.is_closed
    assert [fact.outcome for fact in finished(serving)] == ["client_gone"]


async def test_an_answer_closed_unread_gives_the_instance_back(serving: FakeHost) -> None:
    answer = await serving.invoker.invoke(STREAM)
    await answer.close()
    await answer.close()

    assert serving.client.script.is_closed
    assert [fact.outcome for fact in finished(serving)] == ["client_gone"]


async def test_a_call_cancelled_before_its_answer_is_over(serving: FakeHost) -> None:
    serving.client.script = Script(start="hang")
    waiting = asyncio.ensure_future(serving.invoker.invoke(STREAM))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [fact.outcome for fact in finished(serving)] == ["client_gone"]


async def test_a_container_that_dies_mid_stream(serving: FakeHost) -> None:
    serving.client.script = Script(chunks=(b"a",), ending="break")
    serving.num_notified = 0
    answer = await serving.invoker.invoke(STREAM)
    chunks = answer.chunks()

    assert await anext(chunks) == b"a"
    with pytest.raises(StreamFailed) as failure:
        await anext(chunks)
    assert failure.value.error_code == "StreamBroken"
    assert failure.value.message == "Your model primary broke off sending the inference response."
    assert [fact.outcome for fact in finished(serving)] == ["stream_broken"]
    assert serving.num_notified == 1, "the controller looks at once"


async def test_a_stream_that_takes_too_long(serving: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    time = LoopClock(monkeypatch)
    serving.client.script = Script(chunks=(b"a",), ending="hang")
    answer = await serving.invoker.invoke(STREAM)
    chunks = answer.chunks()
    assert await anext(chunks) == b"a"
    time.pass_time(480)

    with pytest.raises(StreamFailed) as failure:
        await anext(chunks)
    assert failure.value.error_code == "ModelInvocationTimeExceeded"
    assert failure.value.message == (
        "Your model primary did not complete sending the inference response in the allotted time."
    )
    assert serving.client.script.is_closed


async def test_a_stream_without_a_status_line_times_out_before_its_first_byte(
    serving: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = LoopClock(monkeypatch)
    serving.client.script = Script(start="hang")
    waiting = asyncio.ensure_future(serving.invoker.invoke(STREAM))
    await asyncio.sleep(0)
    time.pass_time(480)
    with pytest.raises(ModelTimedOut):
        await waiting


@pytest.mark.parametrize("script", [Script(start="hang"), Script(ending="hang")], ids=["head", "body"])
async def test_a_regular_call_that_takes_too_long(
    serving: FakeHost, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    time = LoopClock(monkeypatch)
    serving.client.script = script
    waiting = asyncio.ensure_future(serving.invoker.invoke(CALL))
    for _ in range(5):
        await asyncio.sleep(0)
    time.pass_time(59.9)
    await asyncio.sleep(0)
    assert not waiting.done()
    time.pass_time(0.2)

    with pytest.raises(ModelTimedOut) as failure:
        await waiting
    assert failure.value.message == (
        'Received server error (0) from primary with message "Your invocation timed out while waiting for a response '
        "from container primary. Review the latency metrics for each container in Amazon CloudWatch, resolve the "
        'issue, and try again."'
    )
    assert failure.value.original_status == 0
    assert [fact.outcome for fact in finished(serving)] == ["timed_out"]


@pytest.mark.parametrize(
    ("status", "side", "error_code"),
    [
        (404, "client", "CLIENT_ERROR_FROM_MODEL"),
        (424, "client", "CLIENT_ERROR_FROM_MODEL"),
        (500, "server", "INTERNAL_FAILURE_FROM_MODEL"),
        (302, "server", "INTERNAL_FAILURE_FROM_MODEL"),
    ],
)
@pytest.mark.parametrize("call", [CALL, STREAM], ids=["regular", "stream"])
async def test_what_is_not_2xx_is_the_models_error(
    serving: FakeHost, call: Invocation, status: int, side: str, error_code: str
) -> None:
    serving.client.script = Script(status=status, chunks=(b'{"error":', b' "x"}'))
    with pytest.raises(ModelFailed) as failure:
        await serving.invoker.invoke(call)

    error = failure.value
    assert error.message == f'Received {side} error ({status}) from primary with message "{{"error": "x"}}". {SEE}'
    assert (error.original_status, error.original_message, error.error_code) == (status, '{"error": "x"}', error_code)
    assert error.log_stream_arn == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/e"
    assert serving.client.script.is_closed
    assert [fact.outcome for fact in finished(serving)] == ["model_error"]


@pytest.mark.parametrize("ending", ["break", "complete"])
async def test_an_error_is_quoted_as_far_as_it_came_and_no_longer_than_is_useful(
    serving: FakeHost, ending: str
) -> None:
    serving.client.script = Script(status=500, chunks=(b"x" * 10_000,) * (1 if ending == "break" else 9), ending=ending)
    with pytest.raises(ModelFailed) as failure:
        await serving.invoker.invoke(CALL)
    assert failure.value.original_message == "x" * (10_000 if ending == "break" else 16 * 1024)


async def test_a_container_name_of_its_own_is_in_the_message(host: FakeHost) -> None:
    host.deploy("e", ContainerHostname="llama")
    await host.settle()
    host.client.script = Script(status=400, chunks=(b"no",))
    with pytest.raises(ModelFailed, match=r"Received client error \(400\) from llama with message"):
        await host.invoker.invoke(CALL)


async def test_a_connection_closed_without_an_answer_is_the_models_error(serving: FakeHost) -> None:
    serving.client.script = Script(start="break")
    with pytest.raises(ModelFailed) as failure:
        await serving.invoker.invoke(CALL)
    assert failure.value.original_status == 0
    assert failure.value.original_message == "The container closed the connection without an answer."


@pytest.mark.parametrize("ending", ["break", "complete"])
async def test_a_body_that_breaks_off_or_is_too_long_cannot_be_loaded(tmp_path: Path, ending: str) -> None:
    host = FakeHost(tmp_path, max_body_bytes=4)
    host.deploy("e")
    await host.settle()
    host.client.script = Script(chunks=(b"abc",) * (1 if ending == "break" else 2), ending=ending)
    with pytest.raises(ModelFailed) as failure:
        await host.invoker.invoke(CALL)
    words = "Received server error (500) from primary and could not load the entire response body."
    assert failure.value.message == f"{words} {SEE}"
    await host.controller.close()


async def test_a_request_body_over_the_limit(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_body_bytes=4)
    with pytest.raises(ValidationFailed) as failure:
        await host.invoker.invoke(Invocation("e", b"12345"))
    assert failure.value.message == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        "Member must have length less than or equal to 4"
    )


async def test_an_endpoint_that_is_not_there_or_not_in_service(host: FakeHost) -> None:
    host.deploy("creating", Environment={"ON_START": "hang"})
    host.deploy("failed", Image="example/unknown")
    host.deploy("deleting")
    await host.settle()
    host.api.delete_endpoint({"EndpointName": "deleting"})
    for name in ("none", "creating", "failed", "deleting", "Deleting"):
        with pytest.raises(NotFound) as failure:
            await host.invoker.invoke(Invocation(name, b""))
        assert failure.value.message == f"Endpoint {name} of account 123456789012 not found."


async def test_an_endpoint_in_service_without_an_instance_just_now(serving: FakeHost) -> None:
    (instance_id,) = serving.launcher.states
    serving.launcher.states[instance_id] = InstanceState(InstancePhase.EXITED, 1)
    serving.clock.pass_time(serving.settings.idle_poll_s)
    await serving.round()
    with pytest.raises(Unavailable, match="No instance of endpoint e can take requests"):
        await serving.invoker.invoke(CALL)


async def test_an_unreachable_instance_is_passed_over_and_the_controller_told(host: FakeHost) -> None:
    host.deploy("e", variants=({"InitialInstanceCount": 2},))
    await host.settle()
    dead, alive = (instance.urls[0] for instance in host.fleet.of("e"))
    assert dead is not None
    host.client.scripts[dead] = Script(start="refuse")
    host.num_notified = 0
    for _ in range(20):
        assert (await host.invoker.invoke(CALL)).body == b"onetwo"
    assert {url for url, _ in host.client.script.calls} == {alive}
    assert host.num_notified == len(host.client.scripts[dead].calls) > 0


async def test_when_every_instance_is_unreachable(serving: FakeHost) -> None:
    serving.client.script = Script(start="refuse")
    with pytest.raises(Unavailable):
        await serving.invoker.invoke(CALL)
    assert [fact.outcome for fact in finished(serving)] == ["unavailable"]


async def test_requests_go_where_fewest_are_under_way(host: FakeHost) -> None:
    routing = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    host.deploy("e", variants=({"InitialInstanceCount": 3, "RoutingConfig": routing},))
    await host.settle()
    answers = [await host.invoker.invoke(STREAM) for _ in range(6)]
    started = [fact.instance_id for fact in host.facts if isinstance(fact, InvocationStarted)]
    assert sorted(Counter(started).values()) == [2, 2, 2]

    for answer in answers:
        await answer.close()
    first = await host.invoker.invoke(STREAM)
    await first.close()
    assert not host.fleet.num_outstanding, "every request was given back"


async def test_a_target_variant_is_taken_whatever_its_weight(host: FakeHost) -> None:
    host.deploy("e", variants=({"VariantName": "a"}, {"VariantName": "b", "InitialVariantWeight": 0.0}))
    await host.settle()
    for _ in range(20):
        assert (await host.invoker.invoke(CALL)).invoked_production_variant == "a"
    answer = await host.invoker.invoke(Invocation("e", b"", target_variant="b"))
    assert answer.invoked_production_variant == "b"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("target_variant", "Variant x of endpoint e not found."),
        ("target_model", "Endpoint e is not a multi-model endpoint and does not support target model header."),
        ("inference_component_name", COMPONENT_NAME_NOT_ALLOWED),
        (
            "target_container_hostname",
            "Endpoint e is not configured for direct invocation of its containers and does not support target "
            "container hostname header.",
        ),
    ],
)
async def test_members_that_this_endpoint_does_not_know(serving: FakeHost, member: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        await serving.invoker.invoke(Invocation("e", b"", **{member: "x"}))  # type: ignore[arg-type]
    assert failure.value.message == message
