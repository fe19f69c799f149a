"""Counts and distributions of what happened in a container since its start; dialects word them as metrics."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from firstbyte.containers.distributions import DURATION_BOUNDS_S, LENGTH_BOUNDS, Distribution
from firstbyte.containers.steps import StepWatch
from firstbyte.engine.requests import Finish, GenerateRequest
from firstbyte.engine.stats import EngineStats


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


@dataclass(frozen=True, slots=True)
class Finished:
    """A generation that came to its end."""

    times: Timings
    num_generated: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened in a container since its start, and what goes on now."""

    counts: Mapping[str, int]
    """Calls by how they ended: `succeeded`, or why not: `overloaded`, `validation`, `generation`, `template`, `left`;
    and all that were `received`."""
    distributions: Mapping[str, Distribution]
    """By what they measure; see `Meter`."""
    engine: EngineStats
    steps: StepWatch
    statuses: Mapping[int, int] = field(default_factory=dict)
    """Answers to POST requests by their status, whoever found it out."""
    latest: Finished | None = None
    """None before the first."""

    @property
    def savings(self) -> Mapping[str, int]:
        """What neither original has a name for. Hits over queries is the prefix cache's hit rate."""
        engine = self.engine
        return {
            "prefix_cache_queries": engine.num_prefix_queries,
            "prefix_cache_hits": engine.num_prefix_hits,
            "prefix_cache_tokens": engine.num_cached_tokens,
            "draft_tokens": engine.num_draft_tokens,
            "accepted_tokens": engine.num_accepted_tokens,
        }

    @property
    def num_under_way(self) -> int:
        """Calls that have not ended."""
        ended = sum(count for outcome, count in self.counts.items() if outcome != "received")
        return self.counts.get("received", 0) - ended


class Meter:
    """Takes notes of calls; one for each container, used on its event loop only."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._latest: Finished | None = None
        self.steps = StepWatch()
        durations = ("duration", "validation", "queue", "inference", "mean_time_per_token")
        lengths = ("generated_tokens", "input_length", "max_new_tokens")
        self._distributions = {name: Distribution(DURATION_BOUNDS_S) for name in durations}
        self._distributions |= {name: Distribution(LENGTH_BOUNDS) for name in lengths}

    def count(self, outcome: str) -> None:
        """Note that a call was received, or how it ended."""
        self._counts[outcome] += 1

    def respond(self, status: int) -> None:
        """Note the status of an answer."""
        self._statuses[status] += 1

    def accept(self, request: GenerateRequest) -> None:
        """Note the size of a request that was found valid."""
        self._distributions["input_length"].observe(len(request.prompt_ids))
        self._distributions["max_new_tokens"].observe(request.max_new_tokens)

    def finish(self, finish: Finish, times: Timings) -> None:
        """Note how long a generation took that came to its end."""
        self._latest = Finished(times, finish.num_generated)
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
        self.steps.flush()
        return Tally(self._counts, self._distributions, engine, self.steps, self._statuses, self._latest)
