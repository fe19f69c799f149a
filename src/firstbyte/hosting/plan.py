"""What must be done, from what is wanted and what is: `plan(desired, observed) -> actions`. Pure; the controller acts.

Every round plans anew from the whole state, so that nothing depends on what an earlier round meant to do. Doing the
actions and planning again comes to rest: no actions are left once every endpoint is in service, failed, or gone (a test
holds this for arbitrary crashes).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstbyte.hosting.lifecycle import INSTANCE_TABLE, EndpointEvent, InstanceEvent, can_advance
from firstbyte.hosting.reasons import no_longer_answers, ping_failure
from firstbyte.hosting.records import DeployedVariant, Endpoint, EndpointGoal, Instance, InstanceStatus
from firstbyte.hosting.settings import HostingSettings


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start one more instance of a variant."""

    endpoint_name: str
    variant_name: str


@dataclass(frozen=True, slots=True)
class RestartInstance:
    """Start an instance again that crashed or was refused."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class EndInstance:
    """End the container of an instance that does not answer: from now on it counts as crashed."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Stop an instance for good."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class AdvanceEndpoint:
    """Move an endpoint's goal."""

    endpoint_name: str
    event: EndpointEvent
    reason: str | None = None
    instance_id: str | None = None
    """The instance that gave the reason; its log belongs to it."""


Action = StartInstance | RestartInstance | EndInstance | StopInstance | AdvanceEndpoint


@dataclass(frozen=True, slots=True)
class Observed:
    """What is: the instances, and the time."""

    instances: tuple[Instance, ...]
    now: datetime

    def of(self, endpoint_name: str) -> tuple[Instance, ...]:
        """The instances of one endpoint."""
        return tuple(instance for instance in self.instances if instance.endpoint_name == endpoint_name)


def plan(desired: Sequence[Endpoint], observed: Observed, settings: HostingSettings) -> tuple[Action, ...]:
    """Everything that must be done now."""
    names = {endpoint.name for endpoint in desired}
    orphans = tuple(instance for instance in observed.instances if instance.endpoint_name not in names)
    actions: list[Action] = list(_stop(orphans))
    for endpoint in desired:
        instances = observed.of(endpoint.name)
        match endpoint.goal:
            case EndpointGoal.CREATE:
                actions += _create(endpoint, instances, observed.now, settings)
            case EndpointGoal.SERVE:
                actions += _serve(endpoint, instances, observed.now, settings)
            case EndpointGoal.FAIL:
                actions += _stop(tuple(instance for instance in instances if not _is_down(instance)))
            case EndpointGoal.DELETE:
                actions += _delete(endpoint, instances)
    return tuple(actions)


def _create(
    endpoint: Endpoint, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Bring everything up; give up at the first instance that cannot come up."""
    for instance in instances:
        timed_out = _timed_out(endpoint, instance, now, settings)
        is_spent = instance.status is InstanceStatus.CRASHED and instance.num_starts >= settings.max_start_attempts
        if timed_out or is_spent or instance.status is InstanceStatus.REFUSED:
            reason = timed_out or instance.failure_reason
            yield AdvanceEndpoint(endpoint.name, EndpointEvent.INSTANCE_GAVE_UP, reason, instance.id)
            return
    if _is_complete(endpoint, instances):
        yield AdvanceEndpoint(endpoint.name, EndpointEvent.ALL_HEALTHY)
        return
    yield from _start_missing(endpoint, instances)
    for instance in instances:
        if instance.status is InstanceStatus.CRASHED:
            yield RestartInstance(instance.id)


def _serve(
    endpoint: Endpoint, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Keep everything up, for ever; what keeps crashing is tried at longer and longer intervals."""
    yield from _start_missing(endpoint, instances)
    for instance in instances:
        if reason := _timed_out(endpoint, instance, now, settings):
            yield EndInstance(instance.id, reason)
        elif _is_down(instance) and now >= instance.since + backoff(instance.num_starts, settings):
            yield RestartInstance(instance.id)


def _delete(endpoint: Endpoint, instances: Sequence[Instance]) -> Iterator[Action]:
    if not instances:
        yield AdvanceEndpoint(endpoint.name, EndpointEvent.ALL_GONE)
    yield from _stop(instances)


def _stop(instances: Sequence[Instance]) -> Iterator[Action]:
    for instance in instances:
        if can_advance(INSTANCE_TABLE, instance.status, InstanceEvent.STOP_REQUESTED):
            yield StopInstance(instance.id)


def _start_missing(endpoint: Endpoint, instances: Sequence[Instance]) -> Iterator[Action]:
    for deployed in endpoint.variants:
        num_missing = deployed.variant.initial_instance_count - len(_of_variant(deployed, instances))
        for _ in range(num_missing):
            yield StartInstance(endpoint.name, deployed.name)


def _of_variant(deployed: DeployedVariant, instances: Sequence[Instance]) -> list[Instance]:
    return [
        instance
        for instance in instances
        if instance.variant_name == deployed.name and instance.status is not InstanceStatus.STOPPING
    ]


def _is_complete(endpoint: Endpoint, instances: Sequence[Instance]) -> bool:
    return all(
        sum(instance.status is InstanceStatus.HEALTHY for instance in _of_variant(deployed, instances))
        >= deployed.variant.initial_instance_count
        for deployed in endpoint.variants
    )


def _is_down(instance: Instance) -> bool:
    return instance.status in (InstanceStatus.CRASHED, InstanceStatus.REFUSED)


def _timed_out(endpoint: Endpoint, instance: Instance, now: datetime, settings: HostingSettings) -> str | None:
    """Why an instance has had its time: never healthy within the health check's window, or silent for too long."""
    if instance.status is InstanceStatus.HEALTHY and instance.num_missed_pings >= settings.max_missed_pings:
        return no_longer_answers(instance.variant_name)
    # Until it is launched, fetching the model data has a limit of its own.
    if instance.status is not InstanceStatus.STARTING or instance.url is None:
        return None
    deployed = endpoint.variant(instance.variant_name)
    own_limit_s = deployed.variant.container_startup_health_check_timeout_s if deployed else None
    limit = timedelta(seconds=own_limit_s or settings.health_check_timeout_s)
    container_name = deployed.container.name if deployed else "primary"
    return ping_failure(container_name, instance.variant_name) if now >= instance.since + limit else None


def next_look_s(desired: Sequence[Endpoint], observed: Observed, settings: HostingSettings) -> float:
    """How long the controller may sleep, in seconds, if nothing wakes it."""
    if any(instance.status is InstanceStatus.STARTING for instance in observed.instances):
        return settings.busy_poll_s
    serving = {endpoint.name for endpoint in desired if endpoint.goal is EndpointGoal.SERVE}
    due_s = [
        (instance.since + backoff(instance.num_starts, settings) - observed.now).total_seconds()
        for instance in observed.instances
        if _is_down(instance) and instance.endpoint_name in serving
    ]
    return max(min([settings.idle_poll_s, *due_s]), settings.busy_poll_s)


def backoff(num_starts: int, settings: HostingSettings) -> timedelta:
    """How long a crashed instance rests before start number `num_starts` + 1."""
    # The exponent is capped only so that a large count cannot overflow; the maximum is reached long before.
    seconds = settings.restart_backoff_s * 2.0 ** min(num_starts - 1, 32)
    return timedelta(seconds=min(seconds, settings.max_restart_backoff_s))
