"""Histograms of durations and lengths, as Prometheus has them."""

import bisect
from dataclasses import dataclass, field

DURATION_BOUNDS_S = tuple(0.00015 * 1.5**power for power in range(35))
"""Upper bounds of buckets for durations, in seconds: TGI's."""
LENGTH_BOUNDS = tuple(float(2**power) for power in range(18))
"""Upper bounds of buckets for lengths, in tokens, and for numbers of sequences."""


@dataclass(slots=True)
class Distribution:
    """A cumulative histogram, as Prometheus has it."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    """One for each bound, and one for what is above the last; not cumulative yet."""
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Add one value."""
        self.counts[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value
