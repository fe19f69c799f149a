"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities as transcripts, and what they refuse."""

from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost
from firstbyte.hosting.deployment import new_fleet_share
from firstbyte.hosting.errors import ClientError, InProgress, NotFound, QuotaExceeded, ValidationFailed
from firstbyte.hosting.records import InstanceStatus

PERCENT, COUNT = "CAPACITY_PERCENT", "INSTANCE_COUNT"


def configure(host: FakeHost, name: str, *variants: dict[str, Any], **container: Any) -> None:
    """Make a model and a config called `name`."""
    host.api.create_model({"ModelName": name, "PrimaryContainer": {"Image": ECHO, **container}})
    spec = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    host.api.create_endpoint_config(
        {"EndpointConfigName": name, "ProductionVariants": [spec | variant for variant in variants or ({},)]}
    )


def update(host: FakeHost, config_name: str, **members: Any) -> None:
    host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": config_name, **members})


def described(host: FakeHost) -> dict[str, Any]:
    return host.api.describe_endpoint({"EndpointName": "e"})


def share(host: FakeHost) -> float | None:
    endpoint = host.store.endpoints.get("e")
    assert endpoint is not None
    healthy = [one for one in host.fleet.of("e") if one.status is InstanceStatus.HEALTHY]
    return new_fleet_share(endpoint, healthy, host.clock.now())


async def go_on(host: FakeHost, seconds: float) -> str:
    """Let time pass and everything happen that follows; a step of an update says nothing, so once more."""
    host.clock.pass_time(seconds)
    await host.settle()
    return await host.settle()


def generations(host: FakeHost) -> list[int]:
    return sorted(one.generation for one in host.fleet.of("e") if one.status is InstanceStatus.HEALTHY)


def blue_green(kind: str, wait_s: int = 60, **policy: Any) -> dict[str, Any]:
    size = policy.pop("size", None)
    name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    routing = {"Type": kind, "WaitIntervalInSeconds": wait_s} | ({name: size} if name else {})
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **policy}}


@pytest.fixture
async def updatable(host: FakeHost) -> FakeHost:
    """An endpoint in service, and a config to bring it to."""
    host.deploy("e")
    assert await host.settle() == "InService"
    configure(host, "new")
    return host


async def test_all_at_once_is_the_default(updatable: FakeHost) -> None:
    host = updatable
    update(host, "new")

    assert described(host)["EndpointStatus"] == "Updating"
    assert described(host)["EndpointConfigName"] == "e"
    pending = described(host)["PendingDeploymentSummary"]
    assert (pending["EndpointConfigName"], pending["ProductionVariants"][0]["VariantStatus"]) == (
        "new",
        [{"Status": "Creating"}],
    )
    assert await host.round() == ["e: update requested -> update", "e/AllTraffic #2: started -> starting"]
    assert await host.round() == ["e/AllTraffic #2: ping passed -> healthy"]
    assert generations(host) == [0, 1], "the old fleet is there until the new one has the traffic"
    assert await host.round() == ["e: update done -> serve"]
    assert await host.round() == ["e/AllTraffic #1: stop requested -> stopping", "e/AllTraffic #1: stopped -> stopped"]
    assert await host.round() == []
    assert described(host)["EndpointStatus"] == "InService"
    assert described(host)["EndpointConfigName"] == "new"
    assert "PendingDeploymentSummary" not in described(host)


@pytest.mark.parametrize("on_start", ["exit 1", "hang"])
async def test_a_new_fleet_that_fails_leaves_the_old_one_as_it_was(updatable: FakeHost, on_start: str) -> None:
    host = updatable
    configure(host, "bad", Environment={"ON_START": on_start})
    update(host, "bad")
    await host.settle()
    assert await go_on(host, 300) == "InService"
    assert described(host)["EndpointConfigName"] == "e"
    assert described(host)["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not"
    )
    assert generations(host) == [0]
    assert len(host.launcher.states) == 1

    update(host, "new")
    assert await host.settle() == "InService"
    assert "FailureReason" not in described(host), "a failure is forgotten once an update succeeds"


async def test_a_canary_takes_its_share_then_everything(updatable: FakeHost) -> None:
    host = updatable
    size = {"Type": PERCENT, "Value": 25}
    update(host, "new", DeploymentConfig=blue_green("CANARY", size=size, TerminationWaitInSeconds=30))
    await host.settle()

    seen = []
    for _ in range(6):
        seen.append((share(host), generations(host)))
        await go_on(host, 30)
    assert seen == [(0.25, [0, 1])] * 2 + [(1.0, [0, 1])] * 3 + [(None, [1])]
    assert described(host)["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 30


async def test_linear_goes_step_by_step(updatable: FakeHost) -> None:
    host = updatable
    configure(host, "four", {"InitialInstanceCount": 4})
    update(host, "four", DeploymentConfig=blue_green("LINEAR", size={"Type": COUNT, "Value": 1}))
    await host.settle()

    shares = []
    while (found := share(host)) is not None:
        shares.append(found)
        await go_on(host, 60)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert generations(host) == [1] * 4


async def test_rolling_goes_batch_by_batch(host: FakeHost) -> None:
    host.deploy("e", variants=({"InitialInstanceCount": 4},))
    await host.settle()
    configure(host, "new", {"InitialInstanceCount": 4})
    batch = {"Type": PERCENT, "Value": 25}
    update(
        host, "new", DeploymentConfig={"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 60}}
    )
    await host.settle()

    seen = []
    while described(host)["EndpointStatus"] == "Updating":
        seen.append((generations(host).count(0), generations(host).count(1), share(host)))
        await go_on(host, 60)
    assert seen == [(4, 1, 0.2), (3, 2, 0.4), (2, 3, 0.6), (1, 4, 0.8)]
    assert generations(host) == [1] * 4


async def test_a_rolling_update_that_fails_half_way_restores_the_old_fleet(host: FakeHost) -> None:
    host.deploy("e", variants=({"InitialInstanceCount": 2},))
    await host.settle()
    configure(host, "new", {"InitialInstanceCount": 2})
    policy = {"MaximumBatchSize": {"Type": COUNT, "Value": 1}, "WaitIntervalInSeconds": 60}
    update(host, "new", DeploymentConfig={"RollingUpdatePolicy": policy | {"MaximumExecutionTimeoutInSeconds": 100}})
    await host.settle()
    await go_on(host, 60)
    assert generations(host) == [0, 1, 1]
    assert await go_on(host, 45) == "InService"
    assert generations(host) == [0, 0]
    assert described(host)["FailureReason"] == (
        "The deployment did not complete within the maximum execution timeout of 100 seconds."
    )


async def test_weights_and_counts_change_without_another_fleet(host: FakeHost) -> None:
    host.deploy("e", variants=({"VariantName": "a", "InitialInstanceCount": 2}, {"VariantName": "b"}))
    await host.settle()
    wishes = [
        {"VariantName": "a", "DesiredInstanceCount": 1, "DesiredWeight": 0.0},
        {"VariantName": "b", "DesiredInstanceCount": 3, "DesiredWeight": 5.0},
    ]
    host.api.update_endpoint_weights_and_capacities({"EndpointName": "e", "DesiredWeightsAndCapacities": wishes})
    assert described(host)["EndpointStatus"] == "Updating"

    assert await host.settle() == "InService"
    shown = {one["VariantName"]: one for one in described(host)["ProductionVariants"]}
    assert [(shown[name]["CurrentInstanceCount"], shown[name]["CurrentWeight"]) for name in "ab"] == [
        (1, 0.0),
        (3, 5.0),
    ]
    assert host.launcher.num_starts == 5, "what ran on was not started again"


async def test_properties_are_retained_but_for_those_excluded(host: FakeHost) -> None:
    host.deploy("e")
    await host.settle()
    wish = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}
    host.api.update_endpoint_weights_and_capacities({"EndpointName": "e", "DesiredWeightsAndCapacities": [wish]})
    await host.settle()
    configure(host, "new", {"InitialVariantWeight": 7.0})
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    update(host, "new", RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
    await host.settle()

    shown = described(host)["ProductionVariants"][0]
    assert (shown["DesiredInstanceCount"], shown["DesiredWeight"]) == (2, 7.0)


async def test_the_last_deployment_config_is_retained_on_demand(updatable: FakeHost) -> None:
    host = updatable
    update(host, "new", DeploymentConfig=blue_green("ALL_AT_ONCE", wait_s=0))
    await host.settle()
    update(host, "e", RetainDeploymentConfig=True)

    endpoint = host.store.endpoints.get("e")
    assert endpoint is not None
    assert endpoint.update is not None
    assert endpoint.update.deployment == blue_green("ALL_AT_ONCE", wait_s=0)


async def test_an_old_instance_answers_what_it_was_asked_before_it_ends(updatable: FakeHost) -> None:
    host = updatable
    (old,) = host.fleet.of("e")
    host.fleet.num_outstanding[old.id] += 1
    update(host, "new")
    for _ in range(4):
        await host.controller.step()
        await host.controller._jobs.wait(0.05)
    assert host.status() == "InService"
    assert old.id in host.launcher.states, "it still streams"

    host.fleet.num_outstanding[old.id] -= 1
    await host.settle()
    assert old.id not in host.launcher.states


async def test_an_update_goes_on_after_a_new_start(updatable: FakeHost) -> None:
    update(updatable, "new", DeploymentConfig=blue_green("CANARY", size={"Type": PERCENT, "Value": 25}))
    before = updatable.store.endpoints.get("e")
    assert before is not None
    updatable.store.endpoints.put(before)

    assert updatable.store.endpoints.get("e") == before


async def test_a_busy_endpoint_is_not_updated_but_may_be_deleted(updatable: FakeHost) -> None:
    host = updatable
    update(host, "new")
    with pytest.raises(InProgress, match="Cannot update in-progress endpoint"):
        update(host, "new")
    host.api.delete_endpoint({"EndpointName": "e"})
    assert await host.settle() == "gone"


TOO_MUCH = blue_green("CANARY", size={"Type": PERCENT, "Value": 51})
NO_SIZE = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "LINEAR", "WaitIntervalInSeconds": 0}}}
ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}
ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": COUNT, "Value": 1}, "WaitIntervalInSeconds": 0}}


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        ({"EndpointName": "nowhere"}, NotFound, "Could not find endpoint "),
        ({"EndpointConfigName": "nowhere"}, NotFound, "Could not find endpoint configuration "),
        ({"DeploymentConfig": TOO_MUCH}, ValidationFailed, "CanarySize must be from 1 to 50 percent"),
        ({"DeploymentConfig": ALARMS}, ValidationFailed, "CloudWatch alarms are not hosted here"),
        ({"DeploymentConfig": ROLLING | blue_green("ALL_AT_ONCE")}, ValidationFailed, "At most one of"),
        ({"DeploymentConfig": NO_SIZE}, ValidationFailed, "LinearStepSize must be given"),
        ({"DeploymentConfig": ROLLING, "RetainDeploymentConfig": True}, ValidationFailed, "RetainDeploymentConfig"),
        ({"EndpointConfigName": "many"}, QuotaExceeded, "current utilization of 1 Instances"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    updatable: FakeHost, members: dict[str, Any], error: type[ClientError], words: str
) -> None:
    configure(updatable, "many", {"InitialInstanceCount": 100})
    with pytest.raises(error, match=words):
        updatable.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "new", **members})
    assert updatable.status() == "InService"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"VariantName": "x"}, "Variant x of endpoint e not found"),
        ({"VariantName": "AllTraffic", "DesiredInstanceCount": 0}, "at least 1"),
        ({"VariantName": "AllTraffic", "DesiredWeight": 0.0}, "greater than 0"),
        ({"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 1}}, "not serverless"),
    ],
)
async def test_wishes_that_cannot_be_are_refused(updatable: FakeHost, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationFailed, match=words):
        updatable.api.update_endpoint_weights_and_capacities(
            {"EndpointName": "e", "DesiredWeightsAndCapacities": [wish]}
        )
