"""What must be done, from what is wanted and what is: `plan(desired, observed) -> actions`. Pure; the controller acts.

Every round plans anew from the whole state, so that nothing depends on what an earlier round meant to do. Doing the
actions and planning again comes to rest: no actions are left once every endpoint is in service, failed, or gone (a test
holds this for arbitrary crashes).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstbyte.hosting.deployment import Counts, advance_update, overdue, wanted
from firstbyte.hosting.lifecycle import INSTANCE_TABLE, EndpointEvent, InstanceEvent, can_advance
from firstbyte.hosting.reasons import no_longer_answers, ping_failure
from firstbyte.hosting.records import EndpointGoal, Instance, InstanceStatus, Update, Workload
from firstbyte.hosting.settings import HostingSettings


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start one more instance of a variant."""

    endpoint_name: str
    variant_name: str
    generation: int = 0
    component_name: str | None = None
    """The inference component that it is to be a copy of."""


@dataclass(frozen=True, slots=True)
class RestartInstance:
    """Start an instance again that crashed or was refused."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class EndInstance:
    """End the containers of an instance that does not answer: from now on it counts as crashed."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Stop an instance for good."""

    instance_id: str
    drains: bool = False
    """Whether it first answers what it was asked: its endpoint lives on without it."""


@dataclass(frozen=True, slots=True)
class StepUpdate:
    """Note that a workload's update has come a step further."""

    endpoint_name: str
    update: Update
    component_name: str | None = None


@dataclass(frozen=True, slots=True)
class AdvanceEndpoint:
    """Move the goal of an endpoint, or of an inference component on it."""

    endpoint_name: str
    event: EndpointEvent
    reason: str | None = None
    container_id: str | None = None
    """The container that gave the reason; its log belongs to it."""
    component_name: str | None = None


Action = StartInstance | RestartInstance | EndInstance | StopInstance | StepUpdate | AdvanceEndpoint


@dataclass(frozen=True, slots=True)
class Observed:
    """What is: the instances, and the time."""

    instances: tuple[Instance, ...]
    now: datetime

    def of(self, workload: Workload) -> tuple[Instance, ...]:
        """The instances of one workload."""
        return tuple(instance for instance in self.instances if instance.place == workload.place)


def plan(desired: Sequence[Workload], observed: Observed, settings: HostingSettings) -> tuple[Action, ...]:
    """Everything that must be done now."""
    places = {workload.place for workload in desired}
    orphans = tuple(instance for instance in observed.instances if instance.place not in places)
    actions: list[Action] = list(_stop(orphans))
    for workload in desired:
        instances = observed.of(workload)
        match workload.goal:
            case EndpointGoal.CREATE:
                actions += _create(workload, instances, observed.now, settings)
            case EndpointGoal.SERVE:
                actions += _keep(workload, wanted(workload), instances, observed.now, settings)
            case EndpointGoal.UPDATE:
                actions += _update(workload, instances, observed.now, settings)
            case EndpointGoal.ROLL_BACK:
                actions += _roll_back(workload, instances, observed.now, settings)
            case EndpointGoal.FAIL:
                actions += _stop(tuple(instance for instance in instances if not _is_down(instance)))
            case EndpointGoal.DELETE:
                actions += _delete(workload, instances)
    return tuple(actions)


def _create(
    workload: Workload, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Bring everything up; give up at the first instance that cannot come up."""
    for instance in instances:
        timed_out = _timed_out(workload, instance, now, settings)
        is_spent = instance.status is InstanceStatus.CRASHED and instance.num_starts >= settings.max_start_attempts
        if timed_out or is_spent or instance.status is InstanceStatus.REFUSED:
            reason = timed_out or instance.failure_reason
            yield _advance(workload, EndpointEvent.INSTANCE_GAVE_UP, reason, instance)
            return
    if _is_complete(wanted(workload), instances):
        yield _advance(workload, EndpointEvent.ALL_HEALTHY)
        return
    yield from _start_missing(workload, wanted(workload), instances)
    for instance in instances:
        if instance.status is InstanceStatus.CRASHED:
            yield RestartInstance(instance.id)


def _keep(
    workload: Workload, counts: Counts, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Keep so many up, for ever; what keeps crashing is tried at longer and longer intervals, what is over ends."""
    yield from _start_missing(workload, counts, instances)
    surplus = _surplus(counts, instances)
    for instance in instances:
        if instance in surplus:
            yield StopInstance(instance.id, drains=True)
        elif reason := _timed_out(workload, instance, now, settings):
            yield EndInstance(instance.id, reason)
        elif _is_down(instance) and now >= instance.since + backoff(instance.num_starts, settings):
            yield RestartInstance(instance.id)


def _update(
    workload: Workload, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Bring the new fleet up and go from step to step; roll back at the first instance that cannot come up."""
    update, (endpoint_name, component_name) = workload.update, workload.place
    assert update is not None, "a workload that is updated has something to be updated to"
    new = {deployed.key for deployed in update.variants}
    for instance in instances:
        timed_out = _timed_out(workload, instance, now, settings)
        is_spent = instance.status is InstanceStatus.CRASHED and instance.num_starts >= settings.max_start_attempts
        if instance.key in new and (timed_out or is_spent or instance.status is InstanceStatus.REFUSED):
            reason = timed_out or instance.failure_reason
            yield _advance(workload, EndpointEvent.INSTANCE_GAVE_UP, reason, instance)
            return
    if reason := overdue(update, now):
        yield _advance(workload, EndpointEvent.INSTANCE_GAVE_UP, reason)
        return
    counts = wanted(workload)
    yield from _keep(workload, counts, instances, now, settings)
    if not _is_complete({key: num for key, num in counts.items() if key in new}, instances):
        return
    further = advance_update(update, now)
    if further is None:
        yield _advance(workload, EndpointEvent.UPDATE_DONE)
    elif further != update:
        yield StepUpdate(endpoint_name, further, component_name)


def _roll_back(
    workload: Workload, instances: Sequence[Instance], now: datetime, settings: HostingSettings
) -> Iterator[Action]:
    """Have the old fleet whole again; the new one's instances end."""
    counts = wanted(workload)
    if _is_complete(counts, instances):
        yield _advance(workload, EndpointEvent.ROLLED_BACK)
    yield from _keep(workload, counts, instances, now, settings)


def _advance(
    workload: Workload, event: EndpointEvent, reason: str | None = None, instance: Instance | None = None
) -> AdvanceEndpoint:
    endpoint_name, component_name = workload.place
    container_id = instance.container_ids[instance.suspect] if instance else None
    return AdvanceEndpoint(endpoint_name, event, reason, container_id, component_name)


def _surplus(counts: Counts, instances: Sequence[Instance]) -> list[Instance]:
    """The instances that are too many: those that are down first, then the youngest."""
    found = []
    for key in {instance.key for instance in instances}:
        living = [one for one in instances if one.key == key and one.status is not InstanceStatus.STOPPING]
        found += sorted(living, key=_is_down)[counts.get(key, 0) :]
    return found


def _delete(workload: Workload, instances: Sequence[Instance]) -> Iterator[Action]:
    if not instances:
        yield _advance(workload, EndpointEvent.ALL_GONE)
    yield from _stop(instances)


def _stop(instances: Sequence[Instance]) -> Iterator[Action]:
    for instance in instances:
        if can_advance(INSTANCE_TABLE, instance.status, InstanceEvent.STOP_REQUESTED):
            yield StopInstance(instance.id)


def _start_missing(workload: Workload, counts: Counts, instances: Sequence[Instance]) -> Iterator[Action]:
    endpoint_name, component_name = workload.place
    living = Counter(instance.key for instance in instances if instance.status is not InstanceStatus.STOPPING)
    for (name, generation), num_wanted in counts.items():
        for _ in range(num_wanted - living[name, generation]):
            yield StartInstance(endpoint_name, name, generation, component_name)


def _is_complete(counts: Counts, instances: Sequence[Instance]) -> bool:
    healthy = Counter(instance.key for instance in instances if instance.status is InstanceStatus.HEALTHY)
    return all(healthy[key] >= num_wanted for key, num_wanted in counts.items())


def _is_down(instance: Instance) -> bool:
    return instance.status in (InstanceStatus.CRASHED, InstanceStatus.REFUSED)


def _timed_out(workload: Workload, instance: Instance, now: datetime, settings: HostingSettings) -> str | None:
    """Why an instance has had its time: never healthy within the health check's window, or silent for too long."""
    if instance.status is InstanceStatus.HEALTHY and instance.num_missed_pings >= settings.max_missed_pings:
        return no_longer_answers(instance.variant_name)
    # Until it is launched, fetching the model data has a limit of its own.
    if instance.status is not InstanceStatus.STARTING or not instance.urls:
        return None
    deployed = workload.deployed(instance.key)
    own_limit_s = deployed.variant.container_startup_health_check_timeout_s if deployed else None
    limit = timedelta(seconds=own_limit_s or settings.health_check_timeout_s)
    container_name = deployed.containers[instance.suspect].name if deployed else "primary"
    return ping_failure(container_name, instance.variant_name) if now >= instance.since + limit else None


def next_look_s(desired: Sequence[Workload], observed: Observed, settings: HostingSettings) -> float:
    """How long the controller may sleep, in seconds, if nothing wakes it."""
    if any(instance.status is InstanceStatus.STARTING for instance in observed.instances):
        return settings.busy_poll_s
    serving = {workload.place for workload in desired if workload.goal is EndpointGoal.SERVE}
    due_s = [
        (instance.since + backoff(instance.num_starts, settings) - observed.now).total_seconds()
        for instance in observed.instances
        if _is_down(instance) and instance.place in serving
    ]
    return max(min([settings.idle_poll_s, *due_s]), settings.busy_poll_s)


def backoff(num_starts: int, settings: HostingSettings) -> timedelta:
    """How long a crashed instance rests before start number `num_starts` + 1."""
    # The exponent is capped only so that a large count cannot overflow; the maximum is reached long before.
    seconds = settings.restart_backoff_s * 2.0 ** min(num_starts - 1, 32)
    return timedelta(seconds=min(seconds, settings.max_restart_backoff_s))
