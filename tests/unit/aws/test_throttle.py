"""A peer's wrong signatures: how many at once, how soon again, and whom they concern."""

import datetime
from typing import Any

import pytest

from firstbyte.aws.errors import Family, TooManyFailures
from firstbyte.aws.throttle import MAX_BUCKETS, FailureLimit, network_of


class Clock:
    def __init__(self) -> None:
        self.moment = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)

    def __call__(self) -> datetime.datetime:
        return self.moment

    def pass_s(self, seconds: float) -> None:
        self.moment += datetime.timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Any:
    return Clock()


def fail(limit: FailureLimit, times: int, peer: str = "10.0.0.1", key: str | None = "AK") -> None:
    for _ in range(times):
        limit.check(peer, key)
        limit.count(peer, key)


def is_throttled(limit: FailureLimit, peer: str = "10.0.0.1", key: str | None = "AK") -> bool:
    try:
        limit.check(peer, key)
    except TooManyFailures:
        return True
    return False


def test_so_many_may_come_at_once_and_no_more(clock: Clock) -> None:
    limit = FailureLimit(6, clock)

    fail(limit, 6)

    assert is_throttled(limit)


def test_tokens_come_back_evenly(clock: Clock) -> None:
    limit = FailureLimit(6, clock)
    fail(limit, 6)

    clock.pass_s(9)
    assert is_throttled(limit)
    clock.pass_s(2)
    fail(limit, 1)
    assert is_throttled(limit)
    clock.pass_s(3600)
    fail(limit, 6)
    assert is_throttled(limit)


def test_peers_and_keys_do_not_concern_one_another(clock: Clock) -> None:
    limit = FailureLimit(2, clock)
    fail(limit, 2)

    assert not is_throttled(limit, peer="10.0.0.2")
    assert not is_throttled(limit, key="another")
    assert not is_throttled(limit, key=None)


def test_zero_is_no_limit(clock: Clock) -> None:
    fail(FailureLimit(0, clock), 1000)


def test_the_memory_is_bounded_and_forgets_the_oldest(clock: Clock) -> None:
    limit = FailureLimit(1, clock)
    for number in range(MAX_BUCKETS + 1):
        limit.count(f"peer {number}", None)

    assert not is_throttled(limit, "peer 0", None)
    assert is_throttled(limit, "peer 1", None)


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_a_peer_is_what_can_pick_no_other_address(peer: str, network: str) -> None:
    assert network_of(peer) == network


def test_the_throttle_speaks_as_aws_does() -> None:
    told = {family: TooManyFailures("Rate exceeded").as_service_error(family) for family in Family}

    assert {family: (error.code, error.status, error.message) for family, error in told.items()} == {
        Family.JSON: ("ThrottlingException", 400, "Rate exceeded"),
        Family.QUERY: ("Throttling", 400, "Rate exceeded"),
        Family.S3: ("SlowDown", 503, "Please reduce your request rate."),
    }
