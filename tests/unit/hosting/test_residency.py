"""What is unloaded for what: the least recently used first, nothing in use, and never over the budget."""

from hypothesis import given
from hypothesis import strategies as st

from firstbyte.hosting.residency import Resident, make_room

RESIDENTS = st.lists(
    st.builds(Resident, st.just(0), st.integers(1, 40), st.booleans(), st.integers(0, 100)), max_size=8
).map(lambda found: [Resident(number, *rest(one)) for number, one in enumerate(found)])


def rest(one: Resident) -> tuple[int, bool, int]:
    return one.num_bytes, one.is_in_use, one.used_at


def idle(number: int, num_bytes: int, used_at: int) -> Resident:
    return Resident(number, num_bytes, is_in_use=False, used_at=used_at)


def test_what_was_used_the_longest_time_ago_goes_first() -> None:
    residents = [idle(1, 4, used_at=3), idle(2, 4, used_at=1), idle(3, 2, used_at=2)]
    assert make_room(residents, 1, 11) == ()
    assert make_room(residents, 4, 10) == (residents[1],)
    assert make_room(residents, 6, 10) == (residents[1], residents[2])


def test_what_is_larger_than_the_budget_gets_its_room_alone() -> None:
    assert make_room([], 20, 10) == ()
    assert make_room([idle(1, 4, used_at=1)], 20, 10) == (idle(1, 4, used_at=1),)
    assert make_room([Resident(1, 4, is_in_use=True, used_at=1)], 20, 10) is None


@given(residents=RESIDENTS, num_bytes=st.integers(1, 60), budget=st.integers(1, 100))
def test_room_is_made_within_the_budget(residents: list[Resident], num_bytes: int, budget: int) -> None:
    unloaded = make_room(residents, num_bytes, budget)
    in_use = [one for one in residents if one.is_in_use]
    if unloaded is None:
        assert in_use
        assert sum(one.num_bytes for one in in_use) + num_bytes > budget, "it waits only where it must"
        return
    kept = [one for one in residents if one not in unloaded]
    assert set(in_use) <= set(kept), "nothing in use is unloaded"
    assert sum(one.num_bytes for one in kept) + num_bytes <= budget or not kept, "never over, but for one alone"
    stays = [one.used_at for one in kept if not one.is_in_use]
    assert not unloaded or max(one.used_at for one in unloaded) <= min(stays, default=100)
    fewer = [one for one in residents if one not in unloaded[:-1]]
    assert not unloaded or sum(one.num_bytes for one in fewer) + num_bytes > budget, "none more than need be"
