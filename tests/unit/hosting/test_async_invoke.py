"""The queue of asynchronous invocations: answered in S3, no more at a time than allowed, never lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.async_inference import AsyncRequest
from firstbyte.hosting.async_invoke import AsyncInvoker
from firstbyte.hosting.errors import NotFound, ValidationFailed
from firstbyte.hosting.facts import AsyncInvocationFinished, BacklogChanged
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.store.async_queue import AsyncQueue
from firstbyte.hosting.store.database import Store

OUTPUT = {"S3OutputPath": "s3://out/o", "S3FailurePath": "s3://out/f"}
REQUEST = AsyncRequest("e", body=b"hello", content_type="text/plain", accept="text/x", custom_attributes="c=1")


def async_config(most: int = 2) -> Any:
    return {
        "AsyncInferenceConfig": {
            "OutputConfig": OUTPUT,
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": most},
        }
    }


def make_invoker(host: FakeHost) -> AsyncInvoker:
    return AsyncInvoker(host.store, host.fleet, host.ports, host.settings, host.invoker)


@pytest.fixture
async def serving(host: FakeHost) -> FakeHost:
    host.deploy("e", config=async_config())
    assert await host.settle() == "InService"
    return host


@pytest.fixture
def queue(serving: FakeHost) -> AsyncInvoker:
    return make_invoker(serving)


async def work(queue: AsyncInvoker) -> None:
    """One round, and what it began to its end."""
    queue.step()
    await queue.rest()


async def let_run() -> None:
    """Let every task go as far as it can by itself."""
    for _ in range(100):
        await asyncio.sleep(0)


def outcomes(host: FakeHost) -> list[str]:
    return [fact.outcome for fact in host.facts if isinstance(fact, AsyncInvocationFinished)]


async def test_the_answer_lies_where_it_was_promised(serving: FakeHost, queue: AsyncInvoker) -> None:
    serving.client.script = Script(chunks=(b"the ", b"answer"), headers={"content-type": "text/x"})

    ticket = queue.submit(REQUEST)
    assert ticket.output_location not in serving.objects.written
    await work(queue)

    assert serving.objects.written == {ticket.output_location: b"the answer"}
    assert serving.objects.content_types[ticket.output_location] == "text/x"
    ((_, call),) = serving.client.script.calls
    assert call.body == b"hello"
    assert call.headers == {
        "Content-Type": "text/plain",
        "Accept": "text/x",
        "X-Amzn-SageMaker-Custom-Attributes": "c=1",
        "X-Amzn-SageMaker-Inference-Id": ticket.inference_id,
    }
    assert outcomes(serving) == ["ok"]
    assert list(AsyncQueue(serving.store).all()) == []


async def test_the_input_is_read_from_s3(serving: FakeHost, queue: AsyncInvoker) -> None:
    serving.objects.written["s3://in/a"] = b"from s3"

    queue.submit(AsyncRequest("e", input_location="s3://in/a"))
    await work(queue)

    assert serving.client.script.calls[0][1].body == b"from s3"


async def test_an_input_that_is_not_there_is_a_failure_object(serving: FakeHost, queue: AsyncInvoker) -> None:
    ticket = queue.submit(AsyncRequest("e", input_location="s3://in/none"))
    await work(queue)

    assert ticket.failure_location is not None
    assert serving.objects.written == {ticket.failure_location: b"s3://in/none could not be read."}
    assert outcomes(serving) == ["download_failed"]


async def test_a_container_s_error_is_a_failure_object(serving: FakeHost, queue: AsyncInvoker) -> None:
    serving.client.script = Script(status=400, chunks=(b"bad prompt",))

    ticket = queue.submit(REQUEST)
    await work(queue)

    assert ticket.failure_location is not None
    told = serving.objects.written[ticket.failure_location].decode()
    assert told.startswith('Received client error (400) from primary with message "bad prompt".')
    assert outcomes(serving) == ["invocation_failed"]


async def test_an_answer_that_cannot_be_written_is_a_failure(serving: FakeHost, queue: AsyncInvoker) -> None:
    ticket = queue.submit(REQUEST)
    serving.objects.lost.add(ticket.output_location)
    await work(queue)

    assert list(serving.objects.written) == [ticket.failure_location]
    assert outcomes(serving) == ["upload_failed"]


async def test_no_more_than_allowed_are_under_way_and_the_rest_is_the_backlog(
    serving: FakeHost, queue: AsyncInvoker
) -> None:
    serving.objects.gate = asyncio.Event()
    serving.objects.written["s3://in/a"] = b"x"
    for _ in range(5):
        queue.submit(AsyncRequest("e", input_location="s3://in/a"))

    queue.step()
    assert queue.backlog_size("e") == 3
    queue.step()
    assert queue.backlog_size("e") == 3

    serving.objects.gate.set()
    await queue.rest()
    while queue.backlog_size("e"):
        await work(queue)
    told = [fact.num_waiting for fact in serving.facts if isinstance(fact, BacklogChanged)]
    assert told == [1, 2, 3, 4, 5, 4, 3, 2, 1, 0]
    assert outcomes(serving) == ["ok"] * 5


async def test_instances_share_and_none_has_more_than_it_may(host: FakeHost) -> None:
    host.deploy("e", variants=({"InitialInstanceCount": 2},), config=async_config(most=2))
    await host.settle()
    host.client.script = Script(start="hang")
    queue = make_invoker(host)
    for _ in range(5):
        queue.submit(REQUEST)

    queue.step()
    await let_run()

    assert sorted(host.fleet.num_outstanding.values()) == [2, 2]
    assert queue.backlog_size("e") == 1
    await queue.close()


async def test_a_request_that_waited_too_long_is_not_processed(serving: FakeHost, queue: AsyncInvoker) -> None:
    ticket = queue.submit(AsyncRequest("e", body=b"x", ttl_s=60))
    serving.clock.pass_time(61)
    await work(queue)

    assert serving.client.script.calls == []
    assert ticket.failure_location is not None
    assert serving.objects.written[ticket.failure_location] == b"The request was not processed within 60 seconds."
    (fact,) = [fact for fact in serving.facts if isinstance(fact, AsyncInvocationFinished)]
    assert (fact.outcome, fact.waited_s) == ("expired", 61)


async def test_a_request_that_meets_no_instance_waits_its_turn(serving: FakeHost, queue: AsyncInvoker) -> None:
    serving.client.script = Script(start="refuse")
    first = queue.submit(REQUEST)
    await work(queue)
    assert queue.backlog_size("e") == 1
    queue.submit(REQUEST)

    serving.client.script = Script()
    await work(queue)

    assert next(iter(serving.objects.written)) == first.output_location
    assert outcomes(serving) == ["ok", "ok"]


async def test_a_request_s_own_time_limit_counts(
    serving: FakeHost, queue: AsyncInvoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    now_s = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now_s)
    serving.client.script = Script(start="hang")
    ticket = queue.submit(AsyncRequest("e", body=b"x", timeout_s=2))
    queue.step()
    await let_run()
    now_s += 3

    await queue.rest()

    assert ticket.failure_location is not None
    assert b"timed out" in serving.objects.written[ticket.failure_location]


async def test_the_queue_outlives_the_host(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    before = FakeHost(tmp_path / "instances", store=Store(file))
    before.deploy("e", config=async_config())
    await before.settle()
    before.client.script = Script(start="hang")
    stopped = make_invoker(before)
    tickets = [stopped.submit(REQUEST) for _ in range(3)]
    stopped.step()
    await stopped.close()
    await before.controller.close()
    before.store.close()

    after = FakeHost(tmp_path / "instances", store=Store(file))
    queue = make_invoker(after)
    await after.settle()
    assert queue.backlog_size("e") == 3
    while queue.backlog_size("e"):
        await work(queue)
    await after.controller.close()

    assert list(after.objects.written) == [ticket.output_location for ticket in tickets]
    assert after.client.script.calls[0][1].body == b"hello"


async def test_a_deleted_endpoint_s_requests_are_not_its_successor_s(serving: FakeHost, queue: AsyncInvoker) -> None:
    queue.submit(REQUEST)
    serving.api.delete_endpoint({"EndpointName": "e"})
    queue.step()

    assert queue.backlog_size("e") == 0
    await serving.settle()
    assert list(AsyncQueue(serving.store).all()) == []


async def test_the_loop_answers_what_is_submitted_while_it_runs(serving: FakeHost, queue: AsyncInvoker) -> None:
    running = asyncio.create_task(queue.run())
    queue.submit(REQUEST)
    await let_run()
    await queue.close()
    await running

    assert outcomes(serving) == ["ok"]


async def test_who_cannot_be_asked_that_way(host: FakeHost) -> None:
    host.deploy("real-time")
    await host.settle("real-time")
    queue = make_invoker(host)

    with pytest.raises(NotFound, match="Endpoint nobody of account 123456789012 not found"):
        queue.submit(AsyncRequest("nobody", body=b"x"))
    with pytest.raises(ValidationFailed, match="is not asynchronous"):
        queue.submit(AsyncRequest("real-time", body=b"x"))


async def test_an_asynchronous_endpoint_answers_in_no_other_way(serving: FakeHost) -> None:
    for streaming in (False, True):
        with pytest.raises(ValidationFailed, match="invoke it with InvokeEndpointAsync"):
            await serving.invoker.invoke(Invocation("e", b"", streaming=streaming))


async def test_describe_endpoint_shows_it_and_an_update_may_take_it_away(serving: FakeHost) -> None:
    shown = serving.api.describe_endpoint({"EndpointName": "e"})
    assert shown["AsyncInferenceConfig"] == async_config()["AsyncInferenceConfig"]

    spec = {"VariantName": "AllTraffic", "ModelName": "e", "InitialInstanceCount": 1}
    serving.api.create_endpoint_config({"EndpointConfigName": "plain", "ProductionVariants": [spec]})
    serving.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "plain"})
    assert await serving.settle() == "InService"

    assert "AsyncInferenceConfig" not in serving.api.describe_endpoint({"EndpointName": "e"})
