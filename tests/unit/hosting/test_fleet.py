"""The fleet: instances by endpoint, their events, their missed pings."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.control_plane import FakeHost
from firstbyte.hosting.facts import InstanceChanged
from firstbyte.hosting.lifecycle import IllegalTransition, InstanceEvent
from firstbyte.hosting.records import InstanceStatus


@pytest.fixture
def world(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_instances_are_kept_by_endpoint_oldest_first(world: FakeHost) -> None:
    for instance_id, endpoint in (("i-2", "e"), ("i-1", "e"), ("i-3", "f")):
        world.fleet.add(instance_id, endpoint, "v")
    assert [instance.id for instance in world.fleet.of("e")] == ["i-2", "i-1"]
    assert [instance.id for instance in world.fleet.all()] == ["i-2", "i-1", "i-3"]
    assert world.fleet.of("none") == ()


def test_an_event_sets_status_time_and_what_else_changed_and_is_told(world: FakeHost) -> None:
    world.fleet.add("i-1", "e", "v")
    world.clock.pass_time(5)
    world.fleet.advance("i-1", InstanceEvent.EXITED, lambda instance: replace(instance, failure_reason="why"))
    crashed = world.fleet["i-1"]
    assert (crashed.status, crashed.since, crashed.failure_reason) == (InstanceStatus.CRASHED, world.clock.now(), "why")
    assert world.facts[-1] == InstanceChanged("i-1", "e", "v", "exited", "crashed", "why")


def test_a_refused_event_changes_and_tells_nothing(world: FakeHost) -> None:
    before = world.fleet.add("i-1", "e", "v")
    num_facts = len(world.facts)
    with pytest.raises(IllegalTransition, match=r"STOPPED.* cannot happen in .*STARTING"):
        world.fleet.advance("i-1", InstanceEvent.STOPPED)
    assert world.fleet["i-1"] == before
    assert len(world.facts) == num_facts


def test_a_stopped_instance_is_forgotten(world: FakeHost) -> None:
    world.fleet.add("i-1", "e", "v")
    world.fleet.advance("i-1", InstanceEvent.STOP_REQUESTED)
    assert world.fleet.advance("i-1", InstanceEvent.STOPPED).status is InstanceStatus.STOPPED
    assert "i-1" not in world.fleet


def test_missed_pings_count_in_a_row(world: FakeHost) -> None:
    world.fleet.add("i-1", "e", "v")
    for passed, expected in ((False, 1), (False, 2), (True, 0), (True, 0), (False, 1)):
        world.fleet.pinged("i-1", passed=passed)
        assert world.fleet["i-1"].num_missed_pings == expected


def test_the_health_check_begins_at_the_launch(world: FakeHost) -> None:
    world.fleet.add("i-1", "e", "v")
    world.clock.pass_time(100)
    world.fleet.launched("i-1", ("http://i",))
    assert (world.fleet["i-1"].urls, world.fleet["i-1"].since) == (("http://i",), world.clock.now())
