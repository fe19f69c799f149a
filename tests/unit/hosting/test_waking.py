"""A component at zero copies gets one back by the first request, once, however many ask, and is at zero if not."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost
from firstbyte.hosting.answers import InvocationAnswer
from firstbyte.hosting.errors import ClientError, NotReady, Unavailable, ValidationFailed
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.messages import NO_CAPACITY
from firstbyte.hosting.store.database import Store

CALL = Invocation("e", b"body", inference_component_name="c", overhead_s=0.0)


async def serve(host: FakeHost, *more: str, **environment: str) -> None:
    """The endpoint e with the component c, and `more`, at zero copies."""
    variant = {"VariantName": "AllTraffic", "InitialInstanceCount": 1}
    members = {"EndpointConfigName": "e", "ProductionVariants": [variant], "ExecutionRoleArn": "arn:role"}
    host.api.create_endpoint_config(members)
    host.api.create_endpoint({"EndpointName": "e", "EndpointConfigName": "e"})
    await host.settle()
    for name in ("c", *more):
        host.api.create_inference_component(
            {
                "InferenceComponentName": name,
                "EndpointName": "e",
                "VariantName": "AllTraffic",
                "Specification": {"Container": {"Image": ECHO, "Environment": environment}},
                "RuntimeConfig": {"CopyCount": 0},
            }
        )
    await settle(host)
    assert counts(host) == (0, 0)


async def settle(host: FakeHost) -> None:
    for _ in range(3):  # the first round of an update that starts nothing tells nothing
        await host.round()
        await host.settle()
        host.clock.pass_time(1)  # a copy that crashed rests before it is started again


def describe(host: FakeHost) -> Any:
    return host.api.describe_inference_component({"InferenceComponentName": "c"})


def counts(host: FakeHost) -> tuple[int, int]:
    shown = describe(host)["RuntimeConfig"]
    return shown["DesiredCopyCount"], shown["CurrentCopyCount"]


async def ask(host: FakeHost, num: int = 1) -> list[asyncio.Task[InvocationAnswer]]:
    """Requests, each as far as it gets by itself."""
    asked = [asyncio.create_task(host.invoker.invoke(CALL)) for _ in range(num)]
    await asyncio.sleep(0)
    return asked


async def test_the_first_requests_bring_one_copy_back_and_are_all_answered(host: FakeHost) -> None:
    await serve(host)
    asked = await ask(host, 5)
    assert describe(host)["InferenceComponentStatus"] == "Updating"
    assert counts(host) == (1, 0)
    await settle(host)

    assert [answer.body for answer in await asyncio.gather(*asked)] == [b"onetwo"] * 5
    assert host.launcher.num_starts == 1
    assert describe(host)["InferenceComponentStatus"] == "InService"
    assert counts(host) == (1, 1)
    assert (await host.invoker.invoke(CALL)).body == b"onetwo"


async def test_it_goes_to_zero_and_back_again_and_again(host: FakeHost) -> None:
    await serve(host)
    for number in range(1, 4):
        asked = await ask(host)
        await settle(host)
        await asyncio.gather(*asked)
        runtime = {"CopyCount": 0}
        host.api.update_inference_component_runtime_config(
            {"InferenceComponentName": "c", "DesiredRuntimeConfig": runtime}
        )
        await settle(host)
        assert (counts(host), host.fleet.all(), host.launcher.states) == ((0, 0), (), {})
        assert host.launcher.num_starts == number


async def test_a_request_waits_for_copies_that_somebody_else_asked_for(host: FakeHost) -> None:
    await serve(host)
    runtime = {"CopyCount": 2}
    host.api.update_inference_component_runtime_config({"InferenceComponentName": "c", "DesiredRuntimeConfig": runtime})
    asked = await ask(host, 2)
    await settle(host)

    assert [answer.body for answer in await asyncio.gather(*asked)] == [b"onetwo"] * 2
    assert counts(host) == (2, 2)


async def test_a_copy_that_cannot_come_up_is_the_clients_news_and_leaves_zero(host: FakeHost) -> None:
    await serve(host, ON_START="exit 1")
    asked = await ask(host, 3)
    await settle(host)

    for error in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(error, ValidationFailed)
        assert error.message.startswith(f"{NO_CAPACITY} Its last start failed: The primary container for")
    assert host.launcher.num_starts == host.settings.max_start_attempts, "one try for all three"
    assert describe(host)["InferenceComponentStatus"] == "InService"
    assert (counts(host), host.fleet.all()) == ((0, 0), ())

    (late,) = await ask(host)
    assert counts(host) == (1, 0), "the next request tries again"
    await settle(host)
    with pytest.raises(ValidationFailed):
        await late


@pytest.mark.parametrize(("streaming", "kind"), [(False, NotReady), (True, Unavailable)])
async def test_the_wait_ends_with_the_limit_and_the_copy_still_comes(
    tmp_path: Path, streaming: bool, kind: type[Exception]
) -> None:
    host = FakeHost(tmp_path, invoke_timeout_s=0.0, stream_timeout_s=0.0)
    await serve(host)
    with pytest.raises(kind, match="Inference component c is still starting"):
        await host.invoker.invoke(Invocation("e", b"", streaming=streaming, inference_component_name="c"))
    await settle(host)
    assert counts(host) == (1, 1)


async def test_a_client_that_leaves_leaves_the_copy_to_the_others(host: FakeHost) -> None:
    await serve(host)
    first, second = await ask(host, 2)
    first.cancel()
    await settle(host)
    assert (await second).body == b"onetwo"


async def test_a_strict_host_refuses_as_aws_does(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, strict=True)
    await serve(host)
    with pytest.raises(ValidationFailed) as refusal:
        await host.invoker.invoke(CALL)
    assert refusal.value.message == NO_CAPACITY
    await settle(host)
    assert counts(host) == (0, 0)


async def test_no_copy_comes_back_beyond_the_quota(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_instances=0)
    await serve(host)
    with pytest.raises(ValidationFailed, match="The account-level service limit"):
        await host.invoker.invoke(CALL)
    assert counts(host) == (0, 0)


async def test_a_copy_on_its_way_back_counts_for_the_quota(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_instances=1)
    await serve(host, "d")
    asked = await ask(host)
    with pytest.raises(ValidationFailed, match="is 1 Instances, with current utilization of 1 Instances"):
        await host.invoker.invoke(replace(CALL, inference_component_name="d"))
    await settle(host)
    assert [answer.body for answer in await asyncio.gather(*asked)] == [b"onetwo"]
    assert host.launcher.num_starts == 1


async def test_a_component_deleted_meanwhile_is_no_reason_to_wait(host: FakeHost) -> None:
    await serve(host, ON_START="hang")
    (asked,) = await ask(host)
    await host.round()
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    await settle(host)
    with pytest.raises(ClientError):
        await asked


async def test_zero_outlives_the_host_and_so_does_the_way_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    first = FakeHost(tmp_path / "first", store=store)
    await serve(first)
    await first.controller.close()
    second = FakeHost(tmp_path / "second", store=store)
    await settle(second)
    assert (counts(second), second.fleet.all()) == ((0, 0), ())

    asked = await ask(second)
    await settle(second)
    assert [answer.body for answer in await asyncio.gather(*asked)] == [b"onetwo"]
    await second.controller.close()
    store.close()
