"""The planner: tables of what is and what must be done, and that doing it comes to rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.hosting.definitions import Container
from firstbyte.hosting.lifecycle import (
    ENDPOINT_TABLE,
    INSTANCE_TABLE,
    EndpointEvent,
    InstanceEvent,
    advance,
)
from firstbyte.hosting.plan import (
    Action,
    AdvanceEndpoint,
    EndInstance,
    Observed,
    RestartInstance,
    StartInstance,
    StopInstance,
    backoff,
    next_look_s,
    plan,
)
from firstbyte.hosting.reasons import no_longer_answers, ping_failure
from firstbyte.hosting.records import (
    DeployedVariant,
    Endpoint,
    EndpointGoal,
    Instance,
    InstanceStatus,
    Variant,
)
from firstbyte.hosting.settings import HostingSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = HostingSettings()
STARTING, HEALTHY, CRASHED, REFUSED, STOPPING = (
    InstanceStatus.STARTING,
    InstanceStatus.HEALTHY,
    InstanceStatus.CRASHED,
    InstanceStatus.REFUSED,
    InstanceStatus.STOPPING,
)


def endpoint(goal: EndpointGoal, *counts: int) -> Endpoint:
    """An endpoint "e" with variants v0, v1, … of so many instances each."""
    variants = tuple(
        DeployedVariant(Variant(f"v{n}", "m", initial_instance_count=count), (Container("firstbyte/echo"),))
        for n, count in enumerate(counts or (1,))
    )
    return Endpoint("e", "arn", NOW, NOW, "c", variants, goal, {})


def instance(
    status: InstanceStatus, *, number: int = 1, age_s: float = 0, variant: str = "v0", **more: int
) -> Instance:
    since = NOW - timedelta(seconds=age_s)
    made = Instance(f"i-{number}", "e", variant, status, since, urls=("http://i",), failure_reason="why")
    return replace(made, **more)  # type: ignore[arg-type]


def planned(desired: Endpoint | None, *instances: Instance) -> tuple[Action, ...]:
    return plan([desired] if desired else [], Observed(instances, NOW), SETTINGS)


GAVE_UP = AdvanceEndpoint("e", EndpointEvent.INSTANCE_GAVE_UP, "why", "i-1")
CREATE, SERVE, FAIL, DELETE = (EndpointGoal.CREATE, EndpointGoal.SERVE, EndpointGoal.FAIL, EndpointGoal.DELETE)


@pytest.mark.parametrize(
    ("goal", "instances", "expected"),
    [
        (CREATE, [], (StartInstance("e", "v0"),)),
        (CREATE, [instance(STARTING)], ()),
        (CREATE, [instance(HEALTHY)], (AdvanceEndpoint("e", EndpointEvent.ALL_HEALTHY),)),
        (CREATE, [instance(CRASHED)], (RestartInstance("i-1"),)),
        (CREATE, [instance(CRASHED, num_starts=2)], (GAVE_UP,)),
        (CREATE, [instance(REFUSED)], (GAVE_UP,)),
        (CREATE, [instance(STARTING, age_s=239.9)], ()),
        (CREATE, [instance(STARTING, age_s=240)], (replace(GAVE_UP, reason=ping_failure("primary", "v0")),)),
        (SERVE, [], (StartInstance("e", "v0"),)),
        (SERVE, [instance(HEALTHY)], ()),
        (SERVE, [instance(STOPPING)], (StartInstance("e", "v0"),)),
        (SERVE, [instance(CRASHED, age_s=0.4)], ()),
        (SERVE, [instance(CRASHED, age_s=0.5)], (RestartInstance("i-1"),)),
        (SERVE, [instance(CRASHED, age_s=0.5, num_starts=2)], ()),
        (SERVE, [instance(REFUSED, age_s=60, num_starts=99)], (RestartInstance("i-1"),)),
        (SERVE, [instance(STARTING, age_s=240)], (EndInstance("i-1", ping_failure("primary", "v0")),)),
        (SERVE, [instance(HEALTHY, num_missed_pings=14)], ()),
        (SERVE, [instance(HEALTHY, num_missed_pings=15)], (EndInstance("i-1", no_longer_answers("v0")),)),
        (FAIL, [instance(HEALTHY), instance(CRASHED, number=2), instance(STARTING, number=3)],
         (StopInstance("i-1"), StopInstance("i-3"))),
        (DELETE, [instance(HEALTHY), instance(CRASHED, number=2), instance(STOPPING, number=3)],
         (StopInstance("i-1"), StopInstance("i-2"))),
        (DELETE, [instance(STOPPING)], ()),
        (DELETE, [], (AdvanceEndpoint("e", EndpointEvent.ALL_GONE),)),
    ],
)  # fmt: skip
def test_one_endpoint(goal: EndpointGoal, instances: list[Instance], expected: tuple[Action, ...]) -> None:
    assert planned(endpoint(goal), *instances) == expected


def test_each_variant_gets_its_instances() -> None:
    assert planned(endpoint(CREATE, 2, 1), instance(HEALTHY)) == (StartInstance("e", "v0"), StartInstance("e", "v1"))


def test_an_instance_still_without_a_container_has_no_health_check_to_fail() -> None:
    fetching = replace(instance(STARTING, age_s=3600), urls=())
    assert planned(endpoint(CREATE), fetching) == ()


def test_instances_of_no_endpoint_are_stopped() -> None:
    assert planned(None, instance(HEALTHY), instance(STOPPING, number=2)) == (StopInstance("i-1"),)


def test_backoff_doubles_up_to_its_limit() -> None:
    waits = [backoff(num_starts, SETTINGS).total_seconds() for num_starts in (1, 2, 3, 7, 8, 9, 10_000)]
    assert waits == [0.5, 1, 2, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("goal", "instances", "expected"),
    [
        (SERVE, [], 2.0),
        (SERVE, [instance(HEALTHY)], 2.0),
        (CREATE, [instance(HEALTHY), instance(STARTING, number=2)], 0.05),
        (SERVE, [instance(CRASHED, age_s=0.2)], 0.3),
        (SERVE, [instance(CRASHED, num_starts=9)], 2.0),
        (FAIL, [instance(CRASHED, age_s=99)], 2.0),
    ],
)
def test_how_long_the_controller_sleeps(goal: EndpointGoal, instances: list[Instance], expected: float) -> None:
    wait_s = next_look_s([endpoint(goal)], Observed(tuple(instances), NOW), SETTINGS)
    assert wait_s == pytest.approx(expected)


class World:
    """Does what is planned, as the controller would, with containers that come up, crash or hang as drawn."""

    def __init__(self, desired: Endpoint, instances: list[Instance]) -> None:
        self.desired: list[Endpoint] = [desired]
        self.instances = {instance.id: instance for instance in instances}
        self.now = NOW

    def step(self, come_up: bool) -> tuple[Action, ...]:
        observed = Observed(tuple(self.instances.values()), self.now)
        actions = plan(self.desired, observed, SETTINGS)
        for action in actions:
            self._do(action)
        for instance_id, seen in list(self.instances.items()):
            if seen.status is STOPPING:
                del self.instances[instance_id]
            if seen.status is STARTING:
                self._advance(instance_id, InstanceEvent.PING_PASSED if come_up else InstanceEvent.EXITED)
        self.now += timedelta(seconds=61)
        return actions

    def _advance(self, instance_id: str, event: InstanceEvent) -> None:
        before = self.instances[instance_id]
        status = advance(INSTANCE_TABLE, before.status, event)
        num_starts = before.num_starts + (event is InstanceEvent.RESTARTED)
        self.instances[instance_id] = replace(
            before, status=status, since=self.now, num_starts=num_starts, num_missed_pings=0
        )

    def _do(self, action: Action) -> None:
        match action:
            case StartInstance():
                made = replace(instance(STARTING, number=len(self.instances) + 100), variant_name=action.variant_name)
                made = replace(made, id=f"{made.id}-{self.now.timestamp()}", since=self.now)
                self.instances[made.id] = made
            case RestartInstance():
                self._advance(action.instance_id, InstanceEvent.RESTARTED)
            case EndInstance():
                self._advance(action.instance_id, InstanceEvent.TIMED_OUT)
            case StopInstance():
                self._advance(action.instance_id, InstanceEvent.STOP_REQUESTED)
            case AdvanceEndpoint():
                goal = advance(ENDPOINT_TABLE, self.desired[0].goal, action.event)
                self.desired = [] if goal is EndpointGoal.GONE else [replace(self.desired[0], goal=goal)]


SOME_INSTANCES = st.lists(
    st.builds(
        lambda status, starts, missed: (status, starts, missed),
        st.sampled_from([STARTING, HEALTHY, CRASHED, REFUSED, STOPPING]),
        st.integers(1, 9),
        st.integers(0, 20),
    ),
    max_size=5,
)


@given(
    st.sampled_from([CREATE, SERVE, FAIL, DELETE]),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    SOME_INSTANCES,
    st.lists(st.booleans(), max_size=6),
)
def test_doing_what_is_planned_comes_to_rest(
    goal: EndpointGoal, counts: list[int], found: list[tuple[InstanceStatus, int, int]], weather: list[bool]
) -> None:
    instances = [
        instance(status, number=n, num_starts=starts, num_missed_pings=missed)
        for n, (status, starts, missed) in enumerate(found)
    ]
    world = World(endpoint(goal, *counts), instances)
    for come_up in weather:
        world.step(come_up)
    for _ in range(20):
        last = world.step(come_up=True)

    assert last == ()
    goals = [endpoint.goal for endpoint in world.desired]
    assert goals in ([SERVE], [FAIL], [])
    if goals == [SERVE]:
        assert {instance.status for instance in world.instances.values()} == {HEALTHY}
    if not goals:
        assert world.instances == {}
