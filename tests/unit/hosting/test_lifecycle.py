"""The tables: what is in them, what is refused, the computed status, and the page drawn from them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.control_plane import FakeHost
from firstbyte.hosting.lifecycle import (
    ENDPOINT_TABLE,
    INSTANCE_TABLE,
    EndpointEvent,
    IllegalTransition,
    InstanceEvent,
    advance,
    can_advance,
    endpoint_status,
    page,
)
from firstbyte.hosting.records import EndpointGoal, EndpointStatus, Instance, InstanceStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.sampled_from(InstanceStatus), st.sampled_from(InstanceEvent))
def test_an_instance_goes_where_the_table_says_or_nowhere(status: InstanceStatus, event: InstanceEvent) -> None:
    if can_advance(INSTANCE_TABLE, status, event):
        assert advance(INSTANCE_TABLE, status, event) is INSTANCE_TABLE[status, event]
    else:
        with pytest.raises(IllegalTransition):
            advance(INSTANCE_TABLE, status, event)


@given(st.lists(st.sampled_from(EndpointEvent), max_size=8))
def test_a_refused_event_leaves_an_endpoint_as_it_was(events: list[EndpointEvent]) -> None:
    host = FakeHost(Path("unused"))
    host.deploy("e")
    goal = EndpointGoal.CREATE
    for event in events:
        before = host.store.endpoints.get("e")
        if before is None:
            assert goal is EndpointGoal.GONE
            assert host.store.advance(("e", None), event, NOW) is None
        elif (goal, event) in ENDPOINT_TABLE:
            goal = ENDPOINT_TABLE[goal, event]
            assert host.store.advance(("e", None), event, NOW) is goal
        else:
            with pytest.raises(IllegalTransition):
                host.store.advance(("e", None), event, NOW)
            assert host.store.endpoints.get("e") == before
    host.store.close()


@given(st.lists(st.sampled_from(InstanceEvent), max_size=8))
def test_a_refused_event_leaves_an_instance_as_it_was(events: list[InstanceEvent]) -> None:
    fleet = FakeHost(Path("unused")).fleet
    fleet.add("i-1", "e", "v")
    for event in events:
        if "i-1" not in fleet:
            return
        before = fleet["i-1"]
        if can_advance(INSTANCE_TABLE, before.status, event):
            assert fleet.advance("i-1", event).status is INSTANCE_TABLE[before.status, event]
        else:
            with pytest.raises(IllegalTransition):
                fleet.advance("i-1", event)
            assert fleet["i-1"] == before


def test_every_goal_and_status_can_be_reached_and_left() -> None:
    for table, start, end in (
        (ENDPOINT_TABLE, EndpointGoal.CREATE, EndpointGoal.GONE),
        (INSTANCE_TABLE, InstanceStatus.STARTING, InstanceStatus.STOPPED),
    ):
        states = {state for state, _ in table}
        assert set(table.values()) | {start} == set(type(start))
        assert states == set(type(start)) - {end}


def instance(variant: str, status: InstanceStatus, num_starts: int = 1) -> Instance:
    return Instance(f"i-{variant}{status}", "e", variant, status, NOW, num_starts=num_starts)


@pytest.mark.parametrize(
    ("goal", "instances", "expected"),
    [
        (EndpointGoal.CREATE, [instance("a", InstanceStatus.HEALTHY)], EndpointStatus.CREATING),
        (EndpointGoal.FAIL, [], EndpointStatus.FAILED),
        (EndpointGoal.DELETE, [instance("a", InstanceStatus.STOPPING)], EndpointStatus.DELETING),
        (EndpointGoal.SERVE, [], EndpointStatus.SYSTEM_UPDATING),
        (
            EndpointGoal.SERVE,
            [instance("a", InstanceStatus.HEALTHY), instance("b", InstanceStatus.HEALTHY)],
            EndpointStatus.IN_SERVICE,
        ),
        (
            EndpointGoal.SERVE,
            [
                instance("a", InstanceStatus.HEALTHY),
                instance("a", InstanceStatus.CRASHED, 9),
                instance("b", InstanceStatus.HEALTHY),
            ],
            EndpointStatus.IN_SERVICE,
        ),
        (
            EndpointGoal.SERVE,
            [instance("a", InstanceStatus.HEALTHY), instance("b", InstanceStatus.STARTING)],
            EndpointStatus.SYSTEM_UPDATING,
        ),
        (
            EndpointGoal.SERVE,
            [instance("a", InstanceStatus.HEALTHY), instance("b", InstanceStatus.CRASHED, 4)],
            EndpointStatus.OUT_OF_SERVICE,
        ),
    ],
)
def test_the_status_is_computed(goal: EndpointGoal, instances: list[Instance], expected: EndpointStatus) -> None:
    assert endpoint_status(goal, ["a", "b"], instances, crash_loop_starts=4) is expected


def test_the_page_of_diagrams_is_current() -> None:
    text = (Path(__file__).parents[3] / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert text == page(), "python -m firstbyte.hosting.lifecycle > docs/lifecycle.md"


def test_the_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock()
    before = clock.now()
    clock.pass_time(2)
    assert (clock.now() - before).total_seconds() == 2
