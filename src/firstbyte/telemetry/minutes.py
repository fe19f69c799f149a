"""Keeps facts as statistics per minute, as CloudWatch does for the namespaces AWS/SageMaker and, of what an instance
holds, /aws/sagemaker/Endpoints.

Names, units and what counts: SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch". An
invocation counts in the minute in which it ends. All is in memory, and bounded: see `KEPT_MINUTES`, `MAX_STATISTICS`.
Read by `edge.metrics`.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from firstbyte.telemetry.facts import (
    AsyncInvocationFinished,
    BacklogChanged,
    Fact,
    InstanceChanged,
    InvocationFinished,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
)

KEPT_MINUTES = 15 * 24 * 60
"""How long CloudWatch keeps statistics of a minute."""
MAX_STATISTICS = 50_000
"""Of more, the oldest minutes go first; that many are some 30 MB."""

UNITS: Mapping[str, str] = {
    "Invocations": "None",
    "InvocationsPerInstance": "None",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "InvocationModelErrors": "None",
    "MidStreamErrors": "None",
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
    "FirstChunkLatency": "Microseconds",
    "FirstChunkModelLatency": "Microseconds",
    "FirstChunkOverheadLatency": "Microseconds",
    "ModelCacheHit": "None",
    "ModelDownloadingTime": "Microseconds",
    "ModelLoadingTime": "Microseconds",
    "ModelLoadingWaitTime": "Microseconds",
    "ModelUnloadingTime": "Microseconds",
    "LoadedModelCount": "None",
    "ApproximateBacklogSize": "Count",
    "ExpiredRequests": "Count",
    "InvocationFailures": "Count",
    "InvocationsProcesssed": "Count",
    "RequestDownloadFailures": "Count",
    "ResponseUploadFailures": "Count",
    "TimeInBacklog": "Milliseconds",
    "TotalProcessingTime": "Milliseconds",
}
"""The metrics and their units. Three s in InvocationsProcesssed are SageMaker's own."""

_ASYNC_COUNTS = {
    "ok": "InvocationsProcesssed",
    "expired": "ExpiredRequests",
    "download_failed": "RequestDownloadFailures",
    "invocation_failed": "InvocationFailures",
    "upload_failed": "ResponseUploadFailures",
}
_GROWTH = math.log(1.1)
"""Values are counted in classes, each a tenth wider than the one before: a percentile is right within five percent."""
_ZERO = -(1 << 20)
"""The class of what is not above zero."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one thing."""

    metric: str
    endpoint_name: str
    variant_name: str = ""
    """Empty for a metric of the whole endpoint."""


@dataclass(slots=True)
class Statistic:
    """What is known of the values of a span of time."""

    count: int = 0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    _classes: dict[int, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        """Count a value."""
        self.count += 1
        self.total += value
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        number = math.floor(math.log(value) / _GROWTH) if value > 0 else _ZERO
        self._classes[number] = self._classes.get(number, 0) + 1

    def merge(self, other: "Statistic") -> None:
        """Count the values of another one."""
        self.count += other.count
        self.total += other.total
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        for number, count in other._classes.items():
            self._classes[number] = self._classes.get(number, 0) + count

    def percentile(self, percent: float) -> float:
        """Return the value that so many percent do not exceed."""
        wanted, seen, number = round(percent * self.count / 100, 6), 0, _ZERO
        for number in sorted(self._classes):
            seen += self._classes[number]
            if seen >= wanted:
                break
        middle = math.exp((number + 0.5) * _GROWTH) if number != _ZERO else 0.0
        return min(max(middle, self.minimum), self.maximum)


class MinuteStatistics:
    """The hook. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time, max_statistics: int = MAX_STATISTICS) -> None:
        self._clock = clock
        self._max_statistics = max_statistics
        self._num_statistics = 0
        self._minutes: dict[int, dict[Series, Statistic]] = {}
        """By minutes since 1970, the oldest first."""
        self._living: dict[tuple[str, str], set[str]] = defaultdict(set)
        """The healthy instances of a variant."""

    def observe(self, fact: Fact) -> None:
        """Count `fact`, if it is one of those that are counted."""
        match fact:
            case InvocationFinished():
                self._observe_invocation(fact)
            case InstanceChanged():
                self._observe_instance(fact)
            case ModelRequested() | ModelLoaded() | ModelUnloaded():
                self._observe_model(fact)
            case BacklogChanged():
                self._add(Series("ApproximateBacklogSize", fact.endpoint_name), fact.num_waiting)
            case AsyncInvocationFinished():
                of = (fact.endpoint_name, fact.variant_name)
                self._add(Series(_ASYNC_COUNTS[fact.outcome], *of), 1)
                self._add(Series("TimeInBacklog", *of), fact.waited_s * 1000)
                self._add(Series("TotalProcessingTime", *of), fact.duration_s * 1000)
            case _:
                pass

    def series(self) -> dict[Series, float]:
        """Return what there are statistics of, with the time of the latest, in seconds since 1970."""
        return {series: minute * 60.0 for minute, of in self._minutes.items() for series in of}

    def read(self, series: Series, start_s: int, end_s: int, period_s: int) -> Iterator[tuple[int, Statistic]]:
        """Yield the spans of `period_s` from `start_s` on that began before `end_s` and have values, oldest first.

        All three are whole minutes.
        """
        made: tuple[int, Statistic] | None = None
        for minute, of in self._minutes.items():
            if series not in of or not start_s <= minute * 60 < end_s:
                continue
            at = minute * 60 - (minute * 60 - start_s) % period_s
            if made is None or made[0] != at:
                if made is not None:
                    yield made
                made = (at, Statistic())
            made[1].merge(of[series])
        if made is not None:
            yield made

    def _observe_invocation(self, fact: InvocationFinished) -> None:
        if fact.outcome == "unavailable" or fact.overhead_s is None:
            return  # another instance was asked, or it is counted as an asynchronous one
        is_refused = fact.container_status is not None and 400 <= fact.container_status < 500
        is_broken = fact.outcome not in ("ok", "client_gone")
        is_broken_late = is_broken and fact.streaming and fact.num_chunks > 0 and fact.container_status is None
        num_instances = len(self._living.get((fact.endpoint_name, fact.variant_name), ()))
        values: dict[str, float] = {
            "Invocations": 1,
            "InvocationsPerInstance": 1 / max(1, num_instances),
            "Invocation4XXErrors": int(is_refused),
            "Invocation5XXErrors": int(is_broken and not is_refused and not is_broken_late),
            "InvocationModelErrors": int(is_broken and not is_broken_late),
            "ModelLatency": fact.duration_s * 1e6,
            "OverheadLatency": fact.overhead_s * 1e6,
        }
        if fact.streaming:
            values["MidStreamErrors"] = int(is_broken_late)
            if fact.first_chunk_s is not None:
                values["FirstChunkLatency"] = (fact.overhead_s + fact.first_chunk_s) * 1e6
                values["FirstChunkModelLatency"] = fact.first_chunk_s * 1e6
                values["FirstChunkOverheadLatency"] = fact.overhead_s * 1e6
        for metric, value in values.items():
            self._add(Series(metric, fact.endpoint_name, fact.variant_name), value)

    def _observe_model(self, fact: ModelRequested | ModelLoaded | ModelUnloaded) -> None:
        match fact:
            case ModelRequested():
                values = {"ModelCacheHit": int(fact.was_loaded), "ModelLoadingWaitTime": fact.waited_s * 1e6}
            case ModelLoaded():
                values = {
                    "ModelDownloadingTime": fact.downloading_s * 1e6,
                    "ModelLoadingTime": fact.loading_s * 1e6,
                    "LoadedModelCount": fact.num_loaded,
                }
            case ModelUnloaded():
                values = {"ModelUnloadingTime": fact.unloading_s * 1e6, "LoadedModelCount": fact.num_loaded}
        for metric, value in values.items():
            self._add(Series(metric, fact.endpoint_name, fact.variant_name), value)

    def _observe_instance(self, fact: InstanceChanged) -> None:
        key = (fact.endpoint_name, fact.variant_name)
        if fact.status == "healthy":
            self._living[key].add(fact.instance_id)
        elif key in self._living:
            self._living[key].discard(fact.instance_id)
            if not self._living[key]:
                del self._living[key]

    def _add(self, series: Series, value: float) -> None:
        minute = int(self._clock() // 60)
        if self._minutes:
            minute = max(minute, next(reversed(self._minutes)))  # a clock that is set back does not change the past
        if minute not in self._minutes:
            self._minutes[minute] = {}
            self._forget(minute)
        of = self._minutes[minute]
        if series not in of:
            of[series] = Statistic()
            self._num_statistics += 1
        of[series].add(value)

    def _forget(self, now: int) -> None:
        """Let go of minutes that are too old or too many; the present one stays."""
        while (oldest := next(iter(self._minutes))) != now and (
            oldest <= now - KEPT_MINUTES or self._num_statistics > self._max_statistics
        ):
            self._num_statistics -= len(self._minutes.pop(oldest))
