"""The lives of endpoints and instances: every transition there is, and the status that users see.

Theory
------
An endpoint has two kinds of state. Its *goal* is what somebody wants (bring it up, keep it up, take it down); it is
stored, and only the tables below move it. Its instances' statuses are what *is*; they are observed, never stored, and
every instance ends with the host. The EndpointStatus of the API is neither: `endpoint_status` computes it from both, so
that it cannot contradict them.

Both tables are (state, event) -> state. `advance` is one lookup, and a missing key is the error: what is not written
here cannot happen, and a refused event changes nothing. docs/lifecycle.md is drawn from the tables by `diagram`.

Choices where AWS leaves room or we are kinder than AWS
-------------------------------------------------------
* DeleteEndpoint is allowed while Creating, Updating and RollingBack, DeleteInferenceComponent while Creating and
  Updating. (AWS refuses, and what cannot start blocks its name for long.)
* An endpoint in service whose instances are all down, because a container crashed or the host was started again, is
  SystemUpdating: AWS's word for work on its side that changes nothing the user specified. Waiters keep waiting. It
  comes back to InService by itself. Once its containers keep crashing it is OutOfService, and still tried again. It may
  be updated and deleted meanwhile; AWS refuses both.
* A variant with one healthy instance of several is in service.
* An inference component at zero copies gets one back by the first request (`hosting.waking`). On AWS it is refused, and
  Application Auto Scaling, where it is set up, scales out.
`strict` settings do as AWS does in the first, the second and the last.
"""

import enum
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from firstbyte.hosting.records import ComponentStatus, EndpointGoal, EndpointStatus, Instance, InstanceStatus


class EndpointEvent(enum.StrEnum):
    """What can happen to an endpoint."""

    ALL_HEALTHY = "all healthy"
    INSTANCE_GAVE_UP = "instance gave up"
    UPDATE_REQUESTED = "update requested"
    UPDATE_DONE = "update done"
    ROLLED_BACK = "rolled back"
    DELETE_REQUESTED = "delete requested"
    ALL_GONE = "all gone"


class InstanceEvent(enum.StrEnum):
    """What can happen to an instance."""

    PING_PASSED = "ping passed"
    EXITED = "exited"
    TIMED_OUT = "timed out"
    START_REFUSED = "start refused"
    RESTARTED = "restarted"
    STOP_REQUESTED = "stop requested"
    STOPPED = "stopped"


ENDPOINT_TABLE: Mapping[tuple[EndpointGoal, EndpointEvent], EndpointGoal] = {
    (EndpointGoal.CREATE, EndpointEvent.ALL_HEALTHY): EndpointGoal.SERVE,
    (EndpointGoal.CREATE, EndpointEvent.INSTANCE_GAVE_UP): EndpointGoal.FAIL,
    (EndpointGoal.CREATE, EndpointEvent.DELETE_REQUESTED): EndpointGoal.DELETE,
    (EndpointGoal.SERVE, EndpointEvent.UPDATE_REQUESTED): EndpointGoal.UPDATE,
    (EndpointGoal.SERVE, EndpointEvent.DELETE_REQUESTED): EndpointGoal.DELETE,
    (EndpointGoal.UPDATE, EndpointEvent.UPDATE_DONE): EndpointGoal.SERVE,
    (EndpointGoal.UPDATE, EndpointEvent.INSTANCE_GAVE_UP): EndpointGoal.ROLL_BACK,
    (EndpointGoal.UPDATE, EndpointEvent.DELETE_REQUESTED): EndpointGoal.DELETE,
    (EndpointGoal.ROLL_BACK, EndpointEvent.ROLLED_BACK): EndpointGoal.SERVE,
    (EndpointGoal.ROLL_BACK, EndpointEvent.DELETE_REQUESTED): EndpointGoal.DELETE,
    (EndpointGoal.FAIL, EndpointEvent.DELETE_REQUESTED): EndpointGoal.DELETE,
    (EndpointGoal.DELETE, EndpointEvent.ALL_GONE): EndpointGoal.GONE,
}

INSTANCE_TABLE: Mapping[tuple[InstanceStatus, InstanceEvent], InstanceStatus] = {
    (InstanceStatus.STARTING, InstanceEvent.PING_PASSED): InstanceStatus.HEALTHY,
    (InstanceStatus.STARTING, InstanceEvent.EXITED): InstanceStatus.CRASHED,
    (InstanceStatus.STARTING, InstanceEvent.TIMED_OUT): InstanceStatus.CRASHED,
    (InstanceStatus.STARTING, InstanceEvent.START_REFUSED): InstanceStatus.REFUSED,
    (InstanceStatus.STARTING, InstanceEvent.STOP_REQUESTED): InstanceStatus.STOPPING,
    (InstanceStatus.HEALTHY, InstanceEvent.EXITED): InstanceStatus.CRASHED,
    (InstanceStatus.HEALTHY, InstanceEvent.TIMED_OUT): InstanceStatus.CRASHED,
    (InstanceStatus.HEALTHY, InstanceEvent.STOP_REQUESTED): InstanceStatus.STOPPING,
    (InstanceStatus.CRASHED, InstanceEvent.RESTARTED): InstanceStatus.STARTING,
    (InstanceStatus.CRASHED, InstanceEvent.STOP_REQUESTED): InstanceStatus.STOPPING,
    (InstanceStatus.REFUSED, InstanceEvent.RESTARTED): InstanceStatus.STARTING,
    (InstanceStatus.REFUSED, InstanceEvent.STOP_REQUESTED): InstanceStatus.STOPPING,
    (InstanceStatus.STOPPING, InstanceEvent.STOPPED): InstanceStatus.STOPPED,
}

State = TypeVar("State", bound=enum.StrEnum)
Event = TypeVar("Event", bound=enum.StrEnum)


class IllegalTransition(Exception):
    """The table has no such transition; nothing was changed."""

    def __init__(self, state: enum.StrEnum, event: enum.StrEnum) -> None:
        super().__init__(f"{event!r} cannot happen in {state!r}")
        self.state = state
        self.event = event


def advance(table: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """Where `event` leads from `state`. Raises IllegalTransition."""
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None


def can_advance(table: Mapping[tuple[State, Event], State], state: State, event: Event) -> bool:
    """Whether `event` may happen in `state`."""
    return (state, event) in table


_STATUS_OF_GOAL = {
    EndpointGoal.CREATE: EndpointStatus.CREATING,
    EndpointGoal.UPDATE: EndpointStatus.UPDATING,
    EndpointGoal.ROLL_BACK: EndpointStatus.ROLLING_BACK,
    EndpointGoal.FAIL: EndpointStatus.FAILED,
    EndpointGoal.DELETE: EndpointStatus.DELETING,
}


def endpoint_status(
    goal: EndpointGoal, variant_names: Iterable[str], instances: Sequence[Instance], *, crash_loop_starts: int
) -> EndpointStatus:
    """The EndpointStatus of an endpoint with this goal, these variants and these instances.

    `crash_loop_starts`: from so many starts in a row on, an instance that is down counts as lost.
    """
    assert goal is not EndpointGoal.GONE, "a forgotten endpoint has no status"
    if goal is not EndpointGoal.SERVE:
        return _STATUS_OF_GOAL[goal]
    served = {instance.variant_name for instance in instances if instance.status is InstanceStatus.HEALTHY}
    if served.issuperset(variant_names):
        return EndpointStatus.IN_SERVICE
    down = [instance for instance in instances if instance.variant_name not in served]
    if down and all(instance.num_starts >= crash_loop_starts for instance in down):
        return EndpointStatus.OUT_OF_SERVICE
    return EndpointStatus.SYSTEM_UPDATING


def component_status(goal: EndpointGoal) -> ComponentStatus:
    """The InferenceComponentStatus of an inference component with this goal.

    One whose copies crashed is InService all the same: AWS has no word for it, and they come back by themselves.
    """
    assert goal is not EndpointGoal.GONE, "a forgotten inference component has no status"
    return _COMPONENT_STATUS_OF_GOAL[goal]


_COMPONENT_STATUS_OF_GOAL = {
    EndpointGoal.CREATE: ComponentStatus.CREATING,
    EndpointGoal.SERVE: ComponentStatus.IN_SERVICE,
    EndpointGoal.UPDATE: ComponentStatus.UPDATING,
    EndpointGoal.ROLL_BACK: ComponentStatus.UPDATING,
    EndpointGoal.FAIL: ComponentStatus.FAILED,
    EndpointGoal.DELETE: ComponentStatus.DELETING,
}


def diagram(table: Mapping[tuple[State, Event], State], start: State) -> str:
    """Draw a table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {start}"]
    lines += [f"    {state} --> {target}: {event}" for (state, event), target in table.items()]
    ends = {target for target in table.values() if not any(state == target for state, _ in table)}
    lines += [f"    {end} --> [*]" for end in sorted(ends)]
    return "\n".join(lines)


def page() -> str:
    """The text of docs/lifecycle.md."""
    rows = "\n".join(f"| {goal} | {status} |" for goal, status in _COMPONENT_STATUS_OF_GOAL.items())
    return f"""# Lifecycles

Drawn from the tables of `src/firstbyte/hosting/lifecycle.py`; `python -m firstbyte.hosting.lifecycle` prints
this page, and a test holds it to the tables.

## Endpoint: its goal

```mermaid
{diagram(ENDPOINT_TABLE, EndpointGoal.CREATE)}
```

## Instance: its status

```mermaid
{diagram(INSTANCE_TABLE, InstanceStatus.STARTING)}
```

## What DescribeEndpoint shows

| goal | instances | EndpointStatus |
|---|---|---|
| create | any | Creating |
| serve | every variant has a healthy one | InService |
| serve | a variant has none, and one is still on its way | SystemUpdating |
| serve | those that are down keep crashing | OutOfService |
| update | any | Updating |
| roll back | any | RollingBack |
| fail | any | Failed |
| delete | any | Deleting |

## Inference component: its goal

It moves by the endpoint's table; its copies are its instances.

| goal | InferenceComponentStatus |
|---|---|
{rows}
"""


if __name__ == "__main__":
    sys.stdout.write(page())
