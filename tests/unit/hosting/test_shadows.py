"""Shadow variants: the sample, what becomes of copies, and that nothing of it reaches the client."""

import asyncio
from typing import Any

import pytest

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.facts import InvocationFinished, ShadowSkipped
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.records import InstanceStatus

CALL = Invocation("e", b"body", content_type="text/plain", custom_attributes="a=1")


class Fixed:
    """Draws the same number every time."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


def shadow(**members: Any) -> dict[str, Any]:
    return {"VariantName": "Shadow", "ModelName": "e", "InitialInstanceCount": 1, **members}


async def serve(host: FakeHost, **members: Any) -> Script:
    """The endpoint e with a shadow variant in service; gives the script of the shadow's container."""
    host.deploy("e", config={"ShadowProductionVariants": [shadow(**members)]})
    assert await host.settle() == "InService"
    (instance,) = (one for one in host.fleet.of("e") if one.variant_name == "Shadow")
    assert instance.urls
    return host.client.scripts.setdefault(instance.urls[0], Script())


def outcomes(host: FakeHost) -> list[tuple[str, str, bool]]:
    facts = [fact for fact in host.facts if isinstance(fact, InvocationFinished)]
    return [(fact.variant_name, fact.outcome, fact.streaming) for fact in facts]


async def test_a_copy_goes_to_the_shadow_and_its_answer_is_dropped(host: FakeHost) -> None:
    script = await serve(host)
    script.chunks = (b"another", b"answer")
    answer = await host.invoker.invoke(CALL)
    await host.invoker.shadows.wait()

    assert (answer.body, answer.invoked_production_variant) == (b"onetwo", "AllTraffic")
    ((_, copy),), ((_, call),) = script.calls, host.client.script.calls
    assert copy == call
    assert outcomes(host) == [("AllTraffic", "ok", False), ("Shadow", "ok", False)]
    assert script.is_closed


async def test_a_stream_is_copied_once_it_has_begun(host: FakeHost) -> None:
    script = await serve(host)
    answer = await host.invoker.invoke(Invocation("e", b"{}", streaming=True))
    await host.invoker.shadows.wait()
    assert len(script.calls) == 1
    assert [chunk async for chunk in answer.chunks()] == [b"one", b"two"]
    assert outcomes(host) == [("Shadow", "ok", True), ("AllTraffic", "ok", True)]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (Script(start="refuse"), "unavailable"),
        (Script(start="break"), "stream_broken"),
        (Script(ending="break"), "stream_broken"),
        (Script(status=500), "model_error"),
    ],
)
async def test_what_becomes_of_a_copy_is_no_concern_of_the_client(host: FakeHost, script: Script, outcome: str) -> None:
    await serve(host)
    (url,) = host.client.scripts
    host.client.scripts[url] = script
    assert (await host.invoker.invoke(CALL)).body == b"onetwo"
    await host.invoker.shadows.wait()
    assert outcomes(host) == [("AllTraffic", "ok", False), ("Shadow", outcome, False)]


@pytest.mark.parametrize(("weight", "point", "is_copied"), [(0.5, 0.4, True), (0.5, 0.6, False), (3, 0.99, True)])
async def test_the_weights_say_how_many_are_copied(
    host: FakeHost, weight: float, point: float, is_copied: bool
) -> None:
    script = await serve(host, InitialVariantWeight=weight)
    host.invoker.shadows.random = Fixed(point)
    await host.invoker.invoke(CALL)
    await host.invoker.shadows.wait()
    assert len(script.calls) == is_copied


async def test_copies_that_cannot_be_made_are_told(host: FakeHost) -> None:
    script = await serve(host)
    script.start = "hang"
    host.invoker.shadows._max_copies = 1
    await host.invoker.invoke(CALL)
    await host.invoker.invoke(CALL)
    (skipped,) = (fact for fact in host.facts if isinstance(fact, ShadowSkipped))
    assert skipped == ShadowSkipped("e", "Shadow", "too many copies are under way")
    await asyncio.sleep(0)
    await host.invoker.shadows.close()
    assert outcomes(host)[-1] == ("Shadow", "client_gone", False)
    assert not host.fleet.num_outstanding


async def test_an_endpoint_whose_shadow_is_down_is_in_service(host: FakeHost) -> None:
    await serve(host)
    (instance,) = (one for one in host.fleet.of("e") if one.variant_name == "Shadow")
    host.launcher.states[instance.id] = InstanceState(InstancePhase.EXITED, 1)
    host.controller.notify()
    await host.round()
    assert host.fleet[instance.id].status is not InstanceStatus.HEALTHY
    assert host.status() == "InService"
    assert (await host.invoker.invoke(CALL)).body == b"onetwo"
    assert ShadowSkipped("e", "Shadow", "no instance is healthy") in host.facts


async def test_it_is_shown_apart_and_cannot_be_named(host: FakeHost) -> None:
    await serve(host, InitialVariantWeight=0.5)
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert [one["VariantName"] for one in described["ProductionVariants"]] == ["AllTraffic"]
    (shown,) = described["ShadowProductionVariants"]
    assert (shown["VariantName"], shown["CurrentWeight"], shown["CurrentInstanceCount"]) == ("Shadow", 0.5, 1)
    config = host.api.describe_endpoint_config({"EndpointConfigName": "e"})
    assert config["ShadowProductionVariants"][0]["InitialVariantWeight"] == 0.5
    with pytest.raises(ValidationFailed, match="Variant Shadow of endpoint e not found"):
        await host.invoker.invoke(Invocation("e", b"", target_variant="Shadow"))


async def test_a_copy_goes_to_the_shadow_of_the_fleet_that_answers(host: FakeHost) -> None:
    await serve(host)
    host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "e"})
    assert await host.settle() == "InService"
    await host.invoker.invoke(CALL)
    await host.invoker.shadows.wait()
    assert [variant for variant, _, _ in outcomes(host)] == ["AllTraffic", "Shadow"]
    assert {one.generation for one in host.fleet.of("e")} == {1}


@pytest.mark.parametrize(
    ("variants", "config", "words"),
    [
        (({}, {"VariantName": "Second"}), {"ShadowProductionVariants": [shadow()]}, "must be one ProductionVariant"),
        (({},), {"ShadowProductionVariants": [shadow(), shadow(VariantName="Two")]}, "one shadow of it"),
        (({},), {"ShadowProductionVariants": [shadow(VariantName="AllTraffic")]}, "names .* must differ"),
        (
            ({},),
            {
                "ShadowProductionVariants": [shadow()],
                "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/o"}},
            },
            "has no shadow variants",
        ),
    ],
)
def test_what_cannot_be_shadowed_is_refused(
    host: FakeHost, variants: tuple[dict[str, Any], ...], config: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationFailed, match=words):
        host.deploy("e", variants=variants, config=config)


async def test_a_copy_goes_to_the_container_of_the_same_name_if_the_shadow_has_it(host: FakeHost) -> None:
    names = ("first", "second")
    several = [{"Image": "firstbyte/echo", "ContainerHostname": name} for name in names]
    host.api.create_model({"ModelName": "one", "PrimaryContainer": {"Image": "firstbyte/echo"}})
    host.api.create_model({"ModelName": "s", "Containers": several, "InferenceExecutionConfig": {"Mode": "Direct"}})
    hosts = [{"ContainerHostname": name} for name in names]
    host.deploy("e", containers=hosts, mode="Direct", config={"ShadowProductionVariants": [shadow(ModelName="s")]})
    host.deploy("f", containers=hosts, mode="Direct", config={"ShadowProductionVariants": [shadow(ModelName="one")]})
    assert (await host.settle("e"), await host.settle("f")) == ("InService", "InService")

    (copier,) = (one for one in host.fleet.of("e") if one.variant_name == "Shadow")
    second = host.client.scripts.setdefault(copier.urls[1], Script())
    await host.invoker.invoke(Invocation("e", b"", target_container_hostname="second"))
    await host.invoker.shadows.wait()
    assert len(second.calls) == 1
    await host.invoker.invoke(Invocation("f", b"", target_container_hostname="second"))
    skipped = [fact for fact in host.facts if isinstance(fact, ShadowSkipped)]
    assert [(one.endpoint_name, one.reason) for one in skipped] == [("f", "it has not what the request is for")]
