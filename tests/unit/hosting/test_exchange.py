"""A request's way through several containers: what each is sent, what comes back, and whose fault it is."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.data_capture import Captures
from firstbyte.hosting.errors import ModelFailed, ModelTimedOut, StreamFailed, ValidationFailed
from firstbyte.hosting.facts import ContainerAsked, InvocationFinished, InvocationStarted
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.ports import InstanceCall

CALL = Invocation("e", b"in", content_type="text/plain", accept="image/png", custom_attributes="a=1", inference_id="i")
STREAM = replace(CALL, streaming=True)
PAIR = ({"ContainerHostname": "first"}, {"ContainerHostname": "second"})


async def serve(host: FakeHost, mode: str = "Serial") -> tuple[Script, Script]:
    """Have an endpoint of two containers in service; gives what each of them does."""
    host.deploy("e", containers=PAIR, mode=mode)
    assert await host.settle() == "InService"
    (instance,) = host.fleet.of("e")
    first, second = (host.client.scripts.setdefault(url, Script()) for url in instance.urls)
    return first, second


def outcomes(host: FakeHost) -> list[tuple[str, int | None]]:
    return [(one.outcome, one.container_status) for one in host.facts if isinstance(one, InvocationFinished)]


async def test_the_answer_of_one_is_the_request_of_the_next(host: FakeHost) -> None:
    first, second = await serve(host)
    first.chunks, first.headers = (b"be", b"tween"), {"content-type": "text/csv"}
    second.chunks = (b"out",)
    answer = await host.invoker.invoke(CALL)

    assert (answer.body, answer.content_type) == (b"out", "text/plain")
    common = {"X-Amzn-SageMaker-Custom-Attributes": "a=1", "X-Amzn-SageMaker-Inference-Id": "i"}
    assert [sent for _, sent in first.calls] == [InstanceCall({"Content-Type": "text/plain", **common}, b"in")]
    headers = {"Content-Type": "text/csv", "Accept": "image/png", **common}
    assert [sent for _, sent in second.calls] == [InstanceCall(headers, b"between")]
    assert first.is_closed
    assert outcomes(host) == [("ok", None)]
    assert sum(isinstance(fact, InvocationStarted) for fact in host.facts) == 1, "a request counts once"
    asked = [fact.container_name for fact in host.facts if isinstance(fact, ContainerAsked)]
    assert asked == ["first", "second"]
    assert not host.fleet.num_outstanding


async def test_a_stream_comes_from_the_last(host: FakeHost) -> None:
    first, second = await serve(host)
    first.chunks, second.chunks = (b"a", b"b"), (b"c", b"d")
    answer = await host.invoker.invoke(STREAM)
    assert [chunk async for chunk in answer.chunks()] == [b"c", b"d"]
    assert [sent.body for _, sent in second.calls] == [b"ab"]


@pytest.mark.parametrize("call", [CALL, STREAM])
async def test_a_refusal_ends_the_row_and_names_its_container(host: FakeHost, call: Invocation) -> None:
    first, second = await serve(host)
    first.status, first.chunks = 422, (b"no",)
    with pytest.raises(ModelFailed, match=r'client error \(422\) from first with message "no"') as failure:
        await host.invoker.invoke(call)
    assert (failure.value.original_status, failure.value.original_message) == (422, "no")
    assert second.calls == []

    first.status, second.status, second.chunks = 200, 500, (b"broken",)
    with pytest.raises(ModelFailed, match=r'server error \(500\) from second with message "broken"'):
        await host.invoker.invoke(call)
    assert outcomes(host) == [("model_error", 422), ("model_error", 500)]


async def test_what_breaks_off_between_two_is_the_firsts_fault(host: FakeHost) -> None:
    first, second = await serve(host)
    first.ending = "break"
    with pytest.raises(ModelFailed, match=r"from first and could not load the entire response body"):
        await host.invoker.invoke(CALL)
    assert (second.calls, first.is_closed) == ([], True)
    assert outcomes(host) == [("stream_broken", None)]
    assert host.num_notified > 0


async def test_what_is_too_long_between_two_is_not_handed_on(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_body_bytes=8)
    first, second = await serve(host)
    first.chunks = (b"12345", b"6789")
    with pytest.raises(ModelFailed, match=r"from first and could not load"):
        await host.invoker.invoke(CALL)
    assert second.calls == []
    host.store.close()


@pytest.mark.parametrize("start", ["break", "refuse"])
async def test_a_second_container_that_is_gone_is_not_made_up_for_elsewhere(host: FakeHost, start: str) -> None:
    """Another instance would have the first container do its work again."""
    first, second = await serve(host)
    second.start = start
    with pytest.raises(ModelFailed, match=r"server error \(0\) from second"):
        await host.invoker.invoke(CALL)
    assert len(first.calls) == 1


async def test_the_limit_is_for_all_of_them(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, invoke_timeout_s=0.01)
    first, _ = await serve(host)
    first.ending = "hang"
    with pytest.raises(ModelTimedOut, match="waiting for a response from container first"):
        await host.invoker.invoke(CALL)
    assert first.is_closed
    host.store.close()


@pytest.mark.parametrize("number", [0, 1])
async def test_a_client_that_leaves_in_between_leaves_nothing_under_way(host: FakeHost, number: int) -> None:
    scripts = await serve(host)
    scripts[number].ending = "hang"
    asked = asyncio.create_task(host.invoker.invoke(CALL))
    for _ in range(20):
        await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    assert asked.cancelled()
    assert [script.is_closed for script in scripts] == [True, number == 1]
    assert outcomes(host) == [("client_gone", None)]
    assert not host.fleet.num_outstanding


async def test_a_stream_that_breaks_names_the_last(host: FakeHost) -> None:
    _, second = await serve(host)
    second.ending = "break"
    answer = await host.invoker.invoke(STREAM)
    with pytest.raises(StreamFailed, match="Your model second broke off"):
        assert [chunk async for chunk in answer.chunks()] == []


async def test_a_container_is_invoked_by_its_hostname(host: FakeHost) -> None:
    first, second = await serve(host, "Direct")
    second.chunks = (b"2",)
    answer = await host.invoker.invoke(replace(CALL, target_container_hostname="second"))
    assert answer.body == b"2"
    assert (len(first.calls), [sent.headers["Accept"] for _, sent in second.calls]) == (0, ["image/png"])

    first.status = 400
    with pytest.raises(ModelFailed, match=r"\(400\) from first"):
        await host.invoker.invoke(replace(STREAM, target_container_hostname="first"))
    for hostname, words in ((None, "requires target container hostname"), ("third", "Container third of endpoint e")):
        with pytest.raises(ValidationFailed, match=words):
            await host.invoker.invoke(replace(CALL, target_container_hostname=hostname))


async def test_a_session_is_held_by_all_containers_of_an_instance(host: FakeHost) -> None:
    host.deploy("e", containers=PAIR, mode="Direct", variants=({"InitialInstanceCount": 3},))
    assert await host.settle() == "InService"
    scripts = {url: host.client.scripts.setdefault(url, Script()) for one in host.fleet.of("e") for url in one.urls}
    for script in scripts.values():
        script.headers = {"x-amzn-sagemaker-new-session-id": "s1"}
    await host.invoker.invoke(replace(CALL, session_id="NEW_SESSION", target_container_hostname="first"))
    for _ in range(5):
        await host.invoker.invoke(replace(CALL, session_id="s1", target_container_hostname="second"))
    (opened,) = (url for url, script in scripts.items() if len(script.calls) == 1)
    (asked,) = (url for url, script in scripts.items() if len(script.calls) == 5)
    assert opened.partition("/first")[0] == asked.partition("/second")[0]


async def test_the_least_busy_instance_is_asked_whole(host: FakeHost) -> None:
    routing = {"RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}, "InitialInstanceCount": 2}
    host.deploy("e", containers=PAIR, variants=(routing,))
    assert await host.settle() == "InService"
    answers = [await host.invoker.invoke(STREAM) for _ in range(4)]
    started = [fact.instance_id for fact in host.facts if isinstance(fact, InvocationStarted)]
    assert sorted(started.count(instance.id) for instance in host.fleet.of("e")) == [2, 2]
    for answer in answers:
        await answer.close()
    assert not host.fleet.num_outstanding


async def test_what_is_captured_is_what_went_in_and_what_came_out(host: FakeHost) -> None:
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://capture/data",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/plain"]},
    }
    host.deploy("e", containers=PAIR, config={"DataCaptureConfig": capture})
    assert await host.settle() == "InService"
    captures = Captures(host.invoker, host.ports, host.settings)
    await captures.invoke(CALL)
    await captures.flush()
    (event,) = (json.loads(body) for body in host.objects.written.values())
    data = event["captureData"]
    assert (data["endpointInput"]["data"], data["endpointOutput"]["data"]) == ("in", "onetwo")
