"""Shadow variants: who gets copies, how many, and that nothing of it reaches the caller."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.errors import ModelFailed, ValidationFailed
from firstbyte.hosting.facts import CopyLost, InvocationFinished
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.shadowing import Shadows

CALL = Invocation("e", b"question", content_type="text/plain", custom_attributes="a")
STREAM = Invocation("e", b"question", streaming=True)


class Draws:
    """Random numbers that were agreed upon."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = list(numbers)

    def random(self) -> float:
        return self._numbers.pop(0) if len(self._numbers) > 1 else self._numbers[0]


def deploy(host: FakeHost, **shadow: Any) -> None:
    """An endpoint e with the variant AllTraffic and its shadow."""
    spec = {"VariantName": "Shadow", "ModelName": "new", "InitialInstanceCount": 1, **shadow}
    host.api.create_model({"ModelName": "new", "PrimaryContainer": {"Image": ECHO}})
    host.deploy("e", config={"ShadowProductionVariants": [spec]})


def url_of(host: FakeHost, variant: str) -> str:
    return next(str(one.url) for one in host.fleet.of("e") if one.variant_name == variant)


@pytest.fixture
async def serving(host: FakeHost) -> FakeHost:
    deploy(host)
    assert await host.settle() == "InService"
    host.client.scripts = {url_of(host, "Shadow"): Script(chunks=(b"never ", b"seen"))}
    host.client.script = Script(chunks=(b"answer",))
    return host


@pytest.fixture
async def shadows(serving: FakeHost) -> AsyncIterator[Shadows]:
    shadows = Shadows(serving.invoker, serving.fleet, serving.ports, serving.settings)
    yield shadows
    await shadows.close()
    assert not serving.fleet.num_outstanding, "no copy stays at an instance"


def copies(host: FakeHost) -> Any:
    return host.client.scripts[url_of(host, "Shadow")].calls


async def wait_for_copies(host: FakeHost, num_copies: int) -> list[InvocationFinished]:
    """Let the event loop turn until so many copies are over."""
    while True:
        over = [one for one in host.facts if isinstance(one, InvocationFinished) and one.variant_name == "Shadow"]
        if len(over) >= num_copies:
            return over
        await asyncio.sleep(0)


async def test_the_shadow_gets_the_request_and_the_caller_the_answer_of_production(
    serving: FakeHost, shadows: Shadows
) -> None:
    answer = await shadows.invoke(CALL)

    assert (answer.body, answer.invoked_production_variant) == (b"answer", "AllTraffic")
    (over,) = await wait_for_copies(serving, 1)
    (url, copy), (_, original) = copies(serving)[0], serving.client.script.calls[0]
    assert (copy.headers, copy.body) == (original.headers, original.body)
    assert (over.outcome, over.body_bytes, over.streaming) == ("ok", len(b"never seen"), False)
    assert url == url_of(serving, "Shadow")


async def test_a_stream_is_copied_as_a_stream(serving: FakeHost, shadows: Shadows) -> None:
    answer = await shadows.invoke(STREAM)

    assert [chunk async for chunk in answer.chunks()] == [b"answer"]
    (over,) = await wait_for_copies(serving, 1)
    assert (over.outcome, over.num_chunks, over.streaming) == ("ok", 2, True)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (Script(status=500, chunks=(b"broken",)), "model_error"),
        (Script(start="refuse"), "unavailable"),
        (Script(chunks=(b"half",), ending="break"), "stream_broken"),
    ],
)
async def test_what_becomes_of_a_copy_is_not_the_callers_business(
    serving: FakeHost, shadows: Shadows, script: Script, outcome: str
) -> None:
    serving.client.scripts = {url_of(serving, "Shadow"): script}

    assert (await shadows.invoke(CALL)).body == b"answer"

    (over,) = await wait_for_copies(serving, 1)
    assert over.outcome == outcome


async def test_what_production_refuses_is_not_copied(serving: FakeHost, shadows: Shadows) -> None:
    serving.client.script = Script(status=400, chunks=(b"no",))

    with pytest.raises(ModelFailed):
        await shadows.invoke(CALL)
    assert copies(serving) == []


@pytest.mark.parametrize(("weight", "draw", "is_copied"), [(0.25, 0.24, True), (0.25, 0.26, False), (3.0, 0.99, True)])
async def test_the_weights_say_how_many_are_copied(host: FakeHost, weight: float, draw: float, is_copied: bool) -> None:
    deploy(host, InitialVariantWeight=weight)
    await host.settle()
    host.client.scripts = {url_of(host, "Shadow"): Script()}
    shadows = Shadows(host.invoker, host.fleet, host.ports, host.settings)
    shadows.random = Draws(draw)

    await shadows.invoke(CALL)
    if is_copied:
        await wait_for_copies(host, 1)

    assert len(copies(host)) == is_copied
    await shadows.close()


async def test_a_shadow_that_is_behind_gets_no_more(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_shadow_copies=1)
    deploy(host)
    await host.settle()
    host.client.scripts = {url_of(host, "Shadow"): Script(start="hang")}
    shadows = Shadows(host.invoker, host.fleet, host.ports, host.settings)

    for _ in range(3):
        await shadows.invoke(CALL)

    lost = [fact for fact in host.facts if isinstance(fact, CopyLost)]
    assert lost == [CopyLost("e", "Shadow", "too many are under way")] * 2
    await asyncio.sleep(0)  # the copy reaches the shadow
    await shadows.close()
    assert [over.outcome for over in await wait_for_copies(host, 1)] == ["client_gone"]
    await host.controller.close()


async def test_a_dead_shadow_takes_nothing_from_the_endpoint(serving: FakeHost, shadows: Shadows) -> None:
    (shadow,) = [one for one in serving.fleet.of("e") if one.variant_name == "Shadow"]
    serving.launcher.states[shadow.id] = InstanceState(InstancePhase.EXITED, 1)
    serving.clock.pass_time(serving.settings.idle_poll_s)
    await serving.round()

    assert serving.status() == "InService"
    assert (await shadows.invoke(CALL)).body == b"answer"
    assert CopyLost("e", "Shadow", "no instance can take it") in serving.facts


async def test_a_shadow_is_not_to_be_invoked_by_name(serving: FakeHost, shadows: Shadows) -> None:
    with pytest.raises(ValidationFailed, match="Variant Shadow of endpoint e not found"):
        await shadows.invoke(Invocation("e", b"", target_variant="Shadow"))


async def test_an_endpoint_is_described_with_its_shadow(serving: FakeHost) -> None:
    shown = serving.api.describe_endpoint({"EndpointName": "e"})

    assert [variant["VariantName"] for variant in shown["ProductionVariants"]] == ["AllTraffic"]
    (shadow,) = shown["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["CurrentInstanceCount"], shadow["CurrentWeight"]) == ("Shadow", 1, 1.0)
    config = serving.api.describe_endpoint_config({"EndpointConfigName": "e"})
    assert config["ShadowProductionVariants"][0]["InitialVariantWeight"] == 1.0


async def test_a_shadow_s_weight_can_be_changed(serving: FakeHost, shadows: Shadows) -> None:
    wish = {"VariantName": "Shadow", "DesiredWeight": 0.0}
    serving.api.update_endpoint_weights_and_capacities({"EndpointName": "e", "DesiredWeightsAndCapacities": [wish]})
    assert await serving.settle() == "InService"

    await shadows.invoke(CALL)

    assert copies(serving) == []
