"""Keeps facts as statistics per minute, as CloudWatch does for the namespaces AWS/SageMaker and, of what an instance
holds, /aws/sagemaker/Endpoints.

Names, units and what counts: SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch". An
invocation counts in the minute in which it ends. All is in memory, and bounded: see `KEPT_MINUTES`, `MAX_STATISTICS`.
Read by `edge.metrics`. docs/metrics.md says the same to users.
"""

import math
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from firstbyte.telemetry.facts import (
    AsyncInvocationFinished,
    BacklogChanged,
    ContainerAsked,
    Fact,
    InstanceChanged,
    InvocationFinished,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
)

KEPT_MINUTES = 15 * 24 * 60
"""How long CloudWatch keeps statistics of a minute; here that is the most, see below."""
MAX_STATISTICS = 50_000
"""Of one metric of one thing in one minute each. Of more, the oldest minutes go first, of all things alike: one variant
that answers streams in every minute makes eleven a minute, so it is kept for three days, ten of them for seven hours.
That many are some 40 MB.
"""

UNITS: Mapping[str, str] = {
    "Invocations": "None",
    "InvocationsPerInstance": "None",
    "InvocationsPerCopy": "None",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "InvocationModelErrors": "None",
    "MidStreamErrors": "None",
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
    "FirstChunkLatency": "Microseconds",
    "FirstChunkModelLatency": "Microseconds",
    "FirstChunkOverheadLatency": "Microseconds",
    "ContainerLatency": "Microseconds",
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
    endpoint_name: str = ""
    """Empty for a metric of an inference component."""
    variant_name: str = ""
    """Empty for a metric of the whole endpoint, or of an inference component."""
    component_name: str = ""
    """Of an inference component, whose name is all that there is to tell it by, as on SageMaker."""
    container_name: str = ""
    """Of one of a variant's several containers."""


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
        self._minutes_of: dict[Series, list[int]] = {}
        """The minutes in which a series has values, the oldest first."""
        self._living: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        """The healthy instances of a variant, or the healthy copies of an inference component on it."""

    def observe(self, fact: Fact) -> None:
        """Count `fact`, if it is one of those that are counted."""
        match fact:
            case InvocationFinished():
                self._observe_invocation(fact)
            case InstanceChanged():
                self._observe_instance(fact)
            case ContainerAsked():
                of = (fact.endpoint_name, fact.variant_name)
                latency = Series("ContainerLatency", *of, container_name=fact.container_name)
                self._add(latency, fact.duration_s * 1e6)
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
        return {series: minutes[-1] * 60.0 for series, minutes in self._minutes_of.items()}

    def read(self, series: Series, start_s: int, end_s: int, period_s: int) -> Iterator[tuple[int, Statistic]]:
        """Yield the spans of `period_s` from `start_s` on that began before `end_s` and have values, oldest first.

        All three are whole minutes. The cost is that of the minutes asked for in which the series has values.
        """
        made: tuple[int, Statistic] | None = None
        minutes = self._minutes_of.get(series, [])
        for minute in minutes[bisect_left(minutes, start_s // 60) : bisect_left(minutes, end_s // 60)]:
            at = minute * 60 - (minute * 60 - start_s) % period_s
            if made is None or made[0] != at:
                if made is not None:
                    yield made
                made = (at, Statistic())
            made[1].merge(self._minutes[minute][series])
        if made is not None:
            yield made

    def _observe_invocation(self, fact: InvocationFinished) -> None:
        if fact.outcome == "unavailable" or fact.overhead_s is None:
            return  # another instance was asked, or it is counted as an asynchronous one
        is_refused = fact.container_status is not None and 400 <= fact.container_status < 500
        is_broken = fact.outcome not in ("ok", "client_gone")
        is_broken_late = is_broken and fact.streaming and fact.num_chunks > 0 and fact.container_status is None
        values: dict[str, float] = {
            "Invocations": 1,
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
        of = (fact.endpoint_name, fact.variant_name)
        self._add_all(values | {"InvocationsPerInstance": self._share(*of, "")}, *of)
        if fact.component_name is not None:
            share = self._share(*of, fact.component_name)
            self._add_all(values | {"InvocationsPerCopy": share}, component_name=fact.component_name)

    def _share(self, endpoint_name: str, variant_name: str, component_name: str) -> float:
        """One invocation, shared out over those that could have answered it."""
        return 1 / max(1, len(self._living.get((endpoint_name, variant_name, component_name), ())))

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
        key = (fact.endpoint_name, fact.variant_name, fact.component_name or "")
        if fact.status == "healthy":
            self._living[key].add(fact.instance_id)
        elif key in self._living:
            self._living[key].discard(fact.instance_id)
            if not self._living[key]:
                del self._living[key]

    def _add_all(
        self, values: Mapping[str, float], endpoint_name: str = "", variant_name: str = "", component_name: str = ""
    ) -> None:
        for metric, value in values.items():
            self._add(Series(metric, endpoint_name, variant_name, component_name), value)

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
            self._minutes_of.setdefault(series, []).append(minute)
            self._num_statistics += 1
        of[series].add(value)

    def _forget(self, now: int) -> None:
        """Let go of minutes that are too old or too many; the present one stays."""
        while (oldest := next(iter(self._minutes))) != now and (
            oldest <= now - KEPT_MINUTES or self._num_statistics > self._max_statistics
        ):
            forgotten = self._minutes.pop(oldest)
            self._num_statistics -= len(forgotten)
            self._forget_minute(forgotten)

    def _forget_minute(self, forgotten: Iterable[Series]) -> None:
        """Let go of the oldest minute of each of these."""
        for series in forgotten:
            self._minutes_of[series].pop(0)
            if not self._minutes_of[series]:
                del self._minutes_of[series]
