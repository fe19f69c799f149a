"""Counts and distributions of what happened in a container since its start; dialects word them as metrics."""

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from firstbyte.engine.requests import Finish, GenerateRequest
from firstbyte.engine.stats import EngineStats

DURATION_BOUNDS_S = tuple(0.00015 * 1.5**power for power in range(35))
"""Upper bounds of buckets for durations, in seconds: TGI's."""
LENGTH_BOUNDS = tuple(float(2**power) for power in range(18))
"""Upper bounds of buckets for lengths, in tokens."""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the parts of one call took, in seconds."""

    validation_s: float
    """Reading, checking and tokenising the request."""
    inference_s: float
    """From the first step of the engine to the last token."""
    queue_s: float = 0.0
    """Waiting for that first step."""

    @classmethod
    def of(cls, finish: Finish, validation_s: float, elapsed_s: float) -> Self:
        """The parts of a call whose generation took `elapsed_s`, its time in the queue included."""
        queue_s = min(finish.queue_s, elapsed_s)
        return cls(validation_s, elapsed_s - queue_s, queue_s)

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.validation_s + self.queue_s + self.inference_s


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


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened in a container since its start, and what goes on now."""

    counts: Mapping[str, int]
    """Calls by how they ended: `succeeded`, or why not: `overloaded`, `validation`, `generation`, `template`, `left`;
    and all that were `received`."""
    distributions: Mapping[str, Distribution]
    """By what they measure; see `Meter`."""
    engine: EngineStats

    @property
    def num_under_way(self) -> int:
        """Calls that have not ended."""
        ended = sum(count for outcome, count in self.counts.items() if outcome != "received")
        return self.counts.get("received", 0) - ended


class Meter:
    """Takes notes of calls; one for each container, used on its event loop only."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        durations = ("duration", "validation", "queue", "inference", "mean_time_per_token")
        lengths = ("generated_tokens", "input_length", "max_new_tokens")
        self._distributions = {name: Distribution(DURATION_BOUNDS_S) for name in durations}
        self._distributions |= {name: Distribution(LENGTH_BOUNDS) for name in lengths}

    def count(self, outcome: str) -> None:
        """Note that a call was received, or how it ended."""
        self._counts[outcome] += 1

    def accept(self, request: GenerateRequest) -> None:
        """Note the size of a request that was found valid."""
        self._distributions["input_length"].observe(len(request.prompt_ids))
        self._distributions["max_new_tokens"].observe(request.max_new_tokens)

    def finish(self, finish: Finish, times: Timings) -> None:
        """Note how long a generation took that came to its end."""
        observed = {
            "duration": times.total_s,
            "validation": times.validation_s,
            "queue": times.queue_s,
            "inference": times.inference_s,
            "mean_time_per_token": times.inference_s / max(1, finish.num_generated),
            "generated_tokens": finish.num_generated,
        }
        for name, value in observed.items():
            self._distributions[name].observe(value)

    def tally(self, engine: EngineStats) -> Tally:
        """Everything noted so far."""
        return Tally(self._counts, self._distributions, engine)
