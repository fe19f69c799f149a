"""How many wrong signatures one peer may send: a bucket of tokens for each peer and key, refilled with time.

Buckets are kept apart by key, so that a program with a wrong secret does not shut out its neighbours behind the same
address; keys that nobody knows share one bucket, since none of them can ever be right. Called by `sigv4.Verifier`.
"""

import datetime
import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from firstbyte.aws.errors import TooManyFailures

MAX_BUCKETS = 10_000
"""How many peers and keys are remembered; the one that failed longest ago is forgotten first."""

Bucket = tuple[str, str | None]
"""A peer's network, and the key if it is one of ours."""


class FailureLimit:
    """Counts failures; `per_minute` may come at once, and as many come back within a minute. 0 is no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], datetime.datetime]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._spent: OrderedDict[Bucket, tuple[float, datetime.datetime]] = OrderedDict()
        """Tokens gone from each bucket, and when that was reckoned. A bucket that is not here is full."""

    def check(self, peer: str, key: str | None) -> None:
        """Raise TooManyFailures while the bucket is empty."""
        if self._per_minute and self._reckon((network_of(peer), key)) > self._per_minute - 1:
            raise TooManyFailures("Rate exceeded")

    def count(self, peer: str, key: str | None) -> None:
        """Take a token for a signature that was wrong."""
        if not self._per_minute:
            return
        bucket = network_of(peer), key
        self._spent[bucket] = (self._reckon(bucket) + 1, self._clock())
        self._spent.move_to_end(bucket)
        if len(self._spent) > MAX_BUCKETS:
            self._spent.popitem(last=False)

    def _reckon(self, bucket: Bucket) -> float:
        """Return how many tokens are gone from a bucket now."""
        if bucket not in self._spent:
            return 0.0
        spent, at = self._spent[bucket]
        return max(0.0, spent - (self._clock() - at).total_seconds() * self._per_minute / 60)


def network_of(peer: str) -> str:
    """Return what one peer can pick addresses from: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
