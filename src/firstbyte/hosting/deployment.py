"""How an update goes from the old fleet to the new one (`DeploymentConfig`). Pure: the planner and the relay ask.

Theory
------
A *fleet* is the instances of one generation. Blue/green: the new fleet comes up whole beside the old one; once it is
healthy its share of the traffic grows with time alone (at once, by a canary, or in steps), so that the share needs no
bookkeeping but the moment it began. After the last step the new fleet bakes for WaitIntervalInSeconds and the old one
stays for TerminationWaitInSeconds; until then everything can be undone. Rolling: batch by batch, a batch of new
instances comes up and bakes, then as many old ones end; the share is that of the new instances.

Only counts and weights change (UpdateEndpointWeightsAndCapacities) when the update is of the old fleet's generation:
what is missing comes up, and what is over ends with the update.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.records import DeployedVariant, EndpointGoal, Instance, Update, VariantKey, Workload

Counts = Mapping[VariantKey, int]
"""How many instances of each variant of each fleet there should be."""


SIZE_LIMITS = {"CanarySize": (1, 50), "LinearStepSize": (10, 50), "MaximumBatchSize": (5, 50)}
"""Per cent that a `CapacitySize` may have (API reference, BlueGreenUpdatePolicy and RollingUpdatePolicy)."""


def wanted(workload: Workload) -> Counts:
    """How many instances there should be just now."""
    update = workload.update if workload.goal is EndpointGoal.UPDATE else None
    old = {deployed.key: deployed.num_instances for deployed in workload.variants}
    if update is None:
        return old
    new = {deployed.key: deployed.num_instances for deployed in update.variants}
    if rolling := update.deployment.get("RollingUpdatePolicy"):
        batch = rolling["MaximumBatchSize"]
        done = update.num_batches
        old = {key: max(0, num - done * batch_len(batch, num)) for key, num in old.items()}
        new = {key: min(num, (done + 1) * batch_len(batch, num)) for key, num in new.items()}
    # Of one generation: nothing ends before the update is done.
    return old | {key: max(num, old.get(key, 0)) for key, num in new.items()}


def batch_len(size: Members, num_instances: int) -> int:
    """Instances (or copies) of a `CapacitySize` of a fleet of so many; at least one."""
    value = int(size["Value"])
    return (
        value if size["Type"] in ("INSTANCE_COUNT", "COPY_COUNT") else max(1, math.floor(num_instances * value / 100))
    )


def advance_update(update: Update, now: datetime) -> Update | None:
    """The update a step further, now that all instances of its present step are healthy; None once it is done."""
    if update.step_at is None:
        return replace(update, step_at=now)
    if rolling := update.deployment.get("RollingUpdatePolicy"):
        if now < update.step_at + timedelta(seconds=rolling["WaitIntervalInSeconds"]):
            return update
        following = replace(update, num_batches=update.num_batches + 1, step_at=None)
        return following if _has_batches_left(following, rolling["MaximumBatchSize"]) else None
    return None if now >= update.step_at + _shifting_time(update) else update


def _has_batches_left(update: Update, batch: Members) -> bool:
    nums = [deployed.variant.initial_instance_count for deployed in update.variants]
    return any(update.num_batches * batch_len(batch, num) < num for num in nums)


def _shifting_time(update: Update) -> timedelta:
    """From the first shift of a blue/green update until the old fleet may go."""
    policy = update.deployment.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    num_waits = 1 + sum(1 for _ in _later_shares(update))
    seconds = num_waits * routing.get("WaitIntervalInSeconds", 0) + policy.get("TerminationWaitInSeconds", 0)
    return timedelta(seconds=seconds)


def new_fleet_share(workload: Workload, healthy: Sequence[Instance], now: datetime) -> float | None:
    """The share of the requests that the new fleet takes, 0 to 1; None where there is one fleet only."""
    update = workload.update
    if update is None or workload.goal is not EndpointGoal.UPDATE or _generation(update) == fleet_generation(workload):
        return None
    if "RollingUpdatePolicy" in update.deployment:
        production = {deployed.key for deployed in (*workload.variants, *update.variants) if not deployed.is_shadow}
        num_of = Counter(instance.generation for instance in healthy if instance.key in production)
        return num_of[_generation(update)] / max(1, num_of.total())
    if update.step_at is None:
        return 0.0
    shares = [_first_share(update), *_later_shares(update)]
    routing = update.deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    wait_s = routing.get("WaitIntervalInSeconds", 0)
    elapsed_s = (now - update.step_at).total_seconds()
    num_steps = math.floor(elapsed_s / wait_s) if wait_s else len(shares)
    return shares[min(num_steps, len(shares) - 1)]


def _first_share(update: Update) -> float:
    """The share with which the traffic begins to shift."""
    routing = update.deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    size = routing.get("CanarySize") or routing.get("LinearStepSize")
    if size is None or routing["Type"] == "ALL_AT_ONCE":
        return 1.0
    production = [deployed.variant for deployed in update.variants if not deployed.is_shadow]
    num_instances = sum(variant.initial_instance_count for variant in production)
    value: float = size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else num_instances)
    return min(1.0, value)


def _later_shares(update: Update) -> Iterator[float]:
    """The shares after the first, one for each wait; the last is 1."""
    first = share = _first_share(update)
    routing = update.deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    while share < 1:
        share = min(1.0, share + first) if routing["Type"] == "LINEAR" else 1.0
        yield 1.0 if math.isclose(share, 1.0) else share
        if math.isclose(share, 1.0):
            return


def overdue(update: Update, now: datetime) -> str | None:
    """Why an update has had its time (`MaximumExecutionTimeoutInSeconds`)."""
    policies = (update.deployment.get(name, {}) for name in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"))
    for policy in policies:
        limit_s = policy.get("MaximumExecutionTimeoutInSeconds")
        if limit_s is not None and now >= update.started_at + timedelta(seconds=limit_s):
            return f"The deployment did not complete within the maximum execution timeout of {limit_s} seconds."
    return None


def fleet_generation(workload: Workload) -> int:
    """The generation of a workload's fleet."""
    return workload.variants[0].generation


def _generation(update: Update) -> int:
    return update.variants[0].generation


def with_counts(
    deployed: DeployedVariant, *, num_instances: int | None, weight: float | None, generation: int
) -> DeployedVariant:
    """A variant with another count, weight or fleet; None leaves as it is."""
    given = {"InitialInstanceCount": num_instances, "InitialVariantWeight": weight}
    spec = {**deployed.variant.spec, **{name: value for name, value in given.items() if value is not None}}
    return replace(deployed, variant=deployed.variant.of(spec), generation=generation)


def check_deployment(deployment: Members) -> None:
    """Refuse a DeploymentConfig that cannot be, or that this host cannot carry out."""
    if deployment.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise ValidationFailed(
            "CloudWatch alarms are not hosted here: AutoRollbackConfiguration.Alarms must be empty. An update whose "
            "instances do not stay healthy is rolled back in any case."
        )
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise ValidationFailed("At most one of BlueGreenUpdatePolicy and RollingUpdatePolicy may be given.")
    if rolling:
        _check_size("MaximumBatchSize", rolling["MaximumBatchSize"])
    if blue_green:
        routing = blue_green["TrafficRoutingConfiguration"]
        for kind, name in (("CANARY", "CanarySize"), ("LINEAR", "LinearStepSize")):
            if (routing["Type"] == kind) != (name in routing):
                raise ValidationFailed(f"{name} must be given for traffic routing of type {kind}, and for no other.")
            if name in routing:
                _check_size(name, routing[name])


def _check_size(name: str, size: Members) -> None:
    least, most = SIZE_LIMITS[name]
    if size["Type"] == "CAPACITY_PERCENT" and not least <= size["Value"] <= most:
        raise ValidationFailed(f"{name} must be from {least} to {most} percent.")
    if size["Value"] < 1:
        raise ValidationFailed(f"{name} must be at least 1.")
