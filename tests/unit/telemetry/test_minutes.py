"""Statistics by the minute: what counts, what a span of time holds, and that memory has a bound."""

import random
from typing import Any

import pytest

from firstbyte.telemetry.facts import (
    AsyncInvocationFinished,
    BacklogChanged,
    ContainerAsked,
    HostStopped,
    InstanceChanged,
    InvocationFinished,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
    Outcome,
)
from firstbyte.telemetry.minutes import KEPT_MINUTES, UNITS, MinuteStatistics, Series, Statistic

NOON = 1_767_268_800
"""A whole minute."""


class Clock:
    def __init__(self) -> None:
        self.now_s: float = NOON

    def __call__(self) -> float:
        return self.now_s


def finished(outcome: Outcome = "ok", **changed: Any) -> InvocationFinished:
    fields: dict[str, Any] = {
        "endpoint_name": "e",
        "variant_name": "v",
        "instance_id": "i",
        "streaming": False,
        "outcome": outcome,
        "duration_s": 0.5,
        "first_chunk_s": 0.25,
        "num_chunks": 1,
        "body_bytes": 10,
        "overhead_s": 0.001,
    }
    return InvocationFinished(**fields | changed)


def sums(*facts: Any) -> dict[str, float]:
    """The sum of each metric of the one variant after `facts`."""
    minutes = MinuteStatistics(Clock())
    for fact in facts:
        minutes.observe(fact)
    spans = {series: minutes.read(series, NOON, NOON + 60, 60) for series in minutes.series()}
    return {series.metric: sum(of.total for _, of in read) for series, read in spans.items()}


def test_an_invocation_counts_with_its_latencies_in_microseconds() -> None:
    assert sums(finished()) == {
        "Invocations": 1,
        "InvocationsPerInstance": 1,
        "Invocation4XXErrors": 0,
        "Invocation5XXErrors": 0,
        "InvocationModelErrors": 0,
        "ModelLatency": 500_000,
        "OverheadLatency": 1_000,
    }


def test_a_stream_has_a_first_chunk() -> None:
    told = sums(finished(streaming=True))

    assert told["FirstChunkModelLatency"] == 250_000
    assert told["FirstChunkOverheadLatency"] == 1_000
    assert told["FirstChunkLatency"] == 251_000
    assert told["MidStreamErrors"] == 0


@pytest.mark.parametrize(
    ("fact", "metrics"),
    [
        (finished("model_error", container_status=422), {"Invocation4XXErrors", "InvocationModelErrors"}),
        (
            finished("model_error", container_status=422, streaming=True),
            {"Invocation4XXErrors", "InvocationModelErrors"},
        ),
        (finished("model_error", container_status=500), {"Invocation5XXErrors", "InvocationModelErrors"}),
        (finished("timed_out", num_chunks=0), {"Invocation5XXErrors", "InvocationModelErrors"}),
        (finished("stream_broken", streaming=True, num_chunks=0), {"Invocation5XXErrors", "InvocationModelErrors"}),
        (finished("stream_broken", streaming=True), {"MidStreamErrors"}),
        (finished("timed_out", streaming=True), {"MidStreamErrors"}),
        (finished("client_gone", streaming=True), set()),
    ],
)
def test_failures_are_told_apart(fact: InvocationFinished, metrics: set[str]) -> None:
    told = sums(fact)

    assert {name for name, total in told.items() if "Error" in name and total} == metrics
    assert told["Invocations"] == 1


def test_what_another_instance_answers_and_what_came_out_of_the_queue_is_no_invocation() -> None:
    assert sums(finished("unavailable"), finished(overhead_s=None)) == {}
    assert sums(HostStopped("http://127.0.0.1")) == {}


def test_an_asynchronous_endpoint_has_its_own_metrics() -> None:
    told = sums(
        BacklogChanged("e", 3),
        AsyncInvocationFinished("e", "v", "ok", 0.5, 1.5),
        AsyncInvocationFinished("e", "", "expired", 2.0, 0.0),
    )

    assert told["ApproximateBacklogSize"] == 3
    assert (told["InvocationsProcesssed"], told["ExpiredRequests"]) == (1, 1)


def test_invocations_are_shared_out_over_the_healthy_instances() -> None:
    living = [InstanceChanged(name, "e", "v", "became healthy", "healthy") for name in ("i", "j", "k", "l")]
    gone = InstanceChanged("l", "e", "v", "crashed", "crashed")

    assert sums(*living, finished(), finished())["InvocationsPerInstance"] == 0.5
    assert sums(*living, gone, finished())["InvocationsPerInstance"] == pytest.approx(1 / 3)
    assert sums(gone, finished())["InvocationsPerInstance"] == 1


def test_an_inference_component_is_measured_by_itself_and_in_its_variant() -> None:
    minutes = MinuteStatistics(Clock())
    for name, component in (("i", "c"), ("j", "c"), ("k", "d")):
        minutes.observe(InstanceChanged(name, "e", "v", "ping passed", "healthy", component_name=component))
    for component in ("c", "c", "d"):
        minutes.observe(finished(component_name=component, streaming=True))

    def total(series: Series) -> float:
        return sum(of.total for _, of in minutes.read(series, NOON, NOON + 60, 60))

    assert total(Series("Invocations", "e", "v")) == 3
    assert total(Series("InvocationsPerInstance", "e", "v")) == 3, "there is one machine"
    assert total(Series("Invocations", component_name="c")) == 2
    assert total(Series("InvocationsPerCopy", component_name="c")) == 1
    assert total(Series("InvocationsPerCopy", component_name="d")) == 1
    assert total(Series("ModelLatency", component_name="d")) == 500_000
    assert total(Series("FirstChunkLatency", component_name="d")) == 251_000
    assert Series("InvocationsPerInstance", component_name="c") not in minutes.series()
    assert Series("InvocationsPerCopy", "e", "v") not in minutes.series()


class CountedMinutes(dict[int, Any]):
    """Counts how often a minute is looked into."""

    num_reads = 0

    def __getitem__(self, minute: int) -> Any:
        self.num_reads += 1
        return super().__getitem__(minute)


def test_reading_costs_what_is_asked_for_and_not_what_is_kept() -> None:
    clock = Clock()
    minutes = MinuteStatistics(clock)
    for number in range(1000):
        clock.now_s = NOON + 60 * number
        minutes.observe(BacklogChanged("e" if number % 10 == 0 else "other", number))
    counted = minutes._minutes = CountedMinutes(minutes._minutes)

    read = list(minutes.read(Series("ApproximateBacklogSize", "e"), NOON + 60 * 100, NOON + 60 * 200, 600))

    assert [(at_s - NOON) // 60 for at_s, _ in read] == [*range(100, 200, 10)]
    assert counted.num_reads == 10
    assert list(minutes.read(Series("ApproximateBacklogSize", "none"), 0, 1 << 40, 60)) == []
    assert counted.num_reads == 10


def test_spans_begin_where_they_are_asked_to_and_empty_ones_are_left_out() -> None:
    clock = Clock()
    minutes = MinuteStatistics(clock)
    for minute in (0, 1, 2, 7):
        clock.now_s = NOON + 60 * minute + 30
        minutes.observe(BacklogChanged("e", minute))
    series = Series("ApproximateBacklogSize", "e")

    def read(start: int, end: int, period_s: int) -> list[tuple[int, int, float]]:
        spans = minutes.read(series, NOON + 60 * start, NOON + 60 * end, period_s)
        return [((at_s - NOON) // 60, of.count, of.total) for at_s, of in spans]

    assert read(0, 8, 60) == [(0, 1, 0), (1, 1, 1), (2, 1, 2), (7, 1, 7)]
    assert read(0, 8, 120) == [(0, 2, 1), (2, 1, 2), (6, 1, 7)]
    assert read(1, 7, 180) == [(1, 2, 3)]
    assert read(-2, 8, 300) == [(-2, 3, 3), (3, 1, 7)]
    assert minutes.series() == {series: NOON + 60 * 7}


def test_percentiles_are_right_within_five_percent() -> None:
    chance = random.Random(3)
    values = sorted(chance.lognormvariate(10, 2) for _ in range(1000))
    statistic = Statistic()
    for value in values:
        statistic.add(value)

    for percent in (0, 1, 50, 90, 99, 99.9, 100):
        exact = values[max(0, round(percent * 10) - 1)]
        assert statistic.percentile(percent) == pytest.approx(exact, rel=0.06)
    nothing = Statistic()
    nothing.add(0)
    assert nothing.percentile(99) == 0


def test_memory_has_a_bound() -> None:
    clock = Clock()
    minutes = MinuteStatistics(clock, max_statistics=100)
    for number in range(500):
        clock.now_s = NOON + 60 * number
        minutes.observe(finished())
    series = Series("Invocations", "e", "v")

    kept = [at_s for at_s, _ in minutes.read(series, NOON, NOON + 60 * 500, 60)]

    assert 100 // 7 <= len(kept) <= 100 // 7 + 2
    assert kept[-1] == NOON + 60 * 499
    assert len(minutes._minutes_of[series]) == len(kept)


def test_what_is_too_old_is_forgotten() -> None:
    clock = Clock()
    minutes = MinuteStatistics(clock)
    minutes.observe(BacklogChanged("old", 1))
    clock.now_s += 60 * KEPT_MINUTES
    minutes.observe(BacklogChanged("new", 1))

    assert [series.endpoint_name for series in minutes.series()] == ["new"]
    assert list(minutes.read(Series("ApproximateBacklogSize", "old"), 0, 1 << 40, 60)) == []


def test_a_clock_that_is_set_back_changes_nothing() -> None:
    clock = Clock()
    minutes = MinuteStatistics(clock)
    minutes.observe(BacklogChanged("e", 1))
    clock.now_s -= 3600
    minutes.observe(BacklogChanged("e", 2))

    assert [(at_s, of.count) for at_s, of in minutes.read(Series("ApproximateBacklogSize", "e"), 0, 1 << 40, 60)] == [
        (NOON, 2)
    ]


def test_every_metric_has_a_unit() -> None:
    assert sums(finished(streaming=True), BacklogChanged("e", 1)).keys() <= UNITS.keys()


def test_models_of_multi_model_containers() -> None:
    facts = (
        ModelRequested("e", "v", "i", "a.tar.gz", was_loaded=False, waited_s=2.0),
        ModelLoaded("e", "v", "i", "a.tar.gz", 10, downloading_s=0.5, loading_s=1.5, num_loaded=1),
        ModelRequested("e", "v", "i", "a.tar.gz", was_loaded=True, waited_s=0.0),
        ModelUnloaded("e", "v", "i", "a.tar.gz", unloading_s=0.25, num_loaded=0),
    )
    assert sums(*facts) == {
        "ModelCacheHit": 1,
        "ModelLoadingWaitTime": 2e6,
        "ModelDownloadingTime": 5e5,
        "ModelLoadingTime": 1.5e6,
        "ModelUnloadingTime": 2.5e5,
        "LoadedModelCount": 1,
    }


def test_each_of_several_containers_has_a_latency() -> None:
    minutes = MinuteStatistics(Clock())
    for name, duration_s in (("first", 0.5), ("second", 0.25), ("second", 0.25)):
        minutes.observe(ContainerAsked("e", "v", name, duration_s))
    spans = {one.container_name: minutes.read(one, NOON, NOON + 60, 60) for one in minutes.series()}
    totals = {name: [of.total for _, of in read] for name, read in spans.items()}
    assert totals == {"first": [5e5], "second": [5e5]}
