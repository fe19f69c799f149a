"""CloudWatch's operations over statistics that a test has made; every call goes through the gateway, as boto3's do."""

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from firstbyte.aws.gateway import Gateway
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.edge.metrics import MAX_LISTED, NAMESPACE, Metrics
from firstbyte.telemetry.facts import BacklogChanged, InvocationFinished
from firstbyte.telemetry.minutes import MinuteStatistics
from oracle import client

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
OF_VARIANT = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "v"}]
LATENCY = {"Namespace": NAMESPACE, "MetricName": "ModelLatency", "Dimensions": OF_VARIANT}
SPAN = {"StartTime": NOON, "EndTime": NOON + datetime.timedelta(minutes=10)}


def minute(number: float) -> datetime.datetime:
    return NOON + datetime.timedelta(minutes=number)


class World:
    """Statistics, a time to set, and a boto3 client."""

    def __init__(self) -> None:
        self.at = NOON
        self.minutes = MinuteStatistics(lambda: self.at.timestamp())
        metrics = Metrics(self.minutes)
        handlers: dict[str, Callable[..., Any]] = {
            "GetMetricData": metrics.get_metric_data,
            "GetMetricStatistics": metrics.get_metric_statistics,
            "ListMetrics": metrics.list_metrics,
        }
        gateway = Gateway({"cloudwatch": handlers}, None)

        def answer(request: HttpRequest) -> HttpResponse:
            return asyncio.run(gateway.handle(request))

        self.client = client("cloudwatch", answer)

    def invoke(self, *, at: float, duration_s: float, endpoint_name: str = "e") -> None:
        self.at = minute(at)
        fact = InvocationFinished(
            endpoint_name, "v", "i", False, "ok", duration_s, 0.1, 1, 10, container_status=None, overhead_s=0.001
        )
        self.minutes.observe(fact)

    def invoke_component(self, name: str) -> None:
        fact = InvocationFinished("e", "v", "i", False, "ok", 1.0, 0.1, 1, 10, None, 0.001, component_name=name)
        self.minutes.observe(fact)

    def refusal(self, operation: str, **params: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**params)
        error = caught.value.response["Error"]
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return error["Code"], error["Message"]


@pytest.fixture
def world() -> World:
    made = World()
    for at, duration_s in ((0, 1.0), (0.5, 3.0), (4, 2.0)):
        made.invoke(at=at, duration_s=duration_s)
    return made


def query(query_id: str = "m", stat: str = "Sum", **changed: Any) -> dict[str, Any]:
    return {"Id": query_id, "MetricStat": {"Metric": LATENCY, "Period": 60, "Stat": stat}, **changed}


def test_the_statistics_of_a_metric(world: World) -> None:
    names = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    told = world.client.get_metric_statistics(
        **LATENCY, **SPAN, Period=60, Statistics=names, ExtendedStatistics=["p0", "p100"]
    )

    assert told["Label"] == "ModelLatency"
    first, second = told["Datapoints"]
    assert first == {
        "Timestamp": minute(0),
        "SampleCount": 2,
        "Average": 2e6,
        "Sum": 4e6,
        "Minimum": 1e6,
        "Maximum": 3e6,
        "ExtendedStatistics": {"p0": pytest.approx(1e6, rel=0.05), "p100": pytest.approx(3e6, rel=0.05)},
        "Unit": "Microseconds",
    }
    assert (second["Timestamp"], second["Sum"]) == (minute(4), 2e6)


def test_a_span_begins_at_the_minute_of_its_start(world: World) -> None:
    span = {"StartTime": minute(0.7), "EndTime": minute(9.2)}
    told = world.client.get_metric_statistics(**LATENCY, **span, Period=300, Statistics=["Sum"])

    assert [(point["Timestamp"], point["Sum"]) for point in told["Datapoints"]] == [(minute(0), 6e6)]


@pytest.mark.parametrize(
    "changed",
    [
        {"Namespace": "AWS/EC2"},
        {"MetricName": "Temperature"},
        {"Dimensions": OF_VARIANT[:1]},
        {"Dimensions": [*OF_VARIANT, {"Name": "Other", "Value": "x"}]},
        {"Unit": "Seconds"},
    ],
)
def test_what_there_is_not_has_no_values(world: World, changed: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {**LATENCY, **SPAN, "Period": 60, "Statistics": ["Sum"]}

    assert world.client.get_metric_statistics(**wanted | changed)["Datapoints"] == []
    assert world.client.get_metric_statistics(**wanted, Unit="Microseconds")["Datapoints"] != []


def test_statistics_that_cannot_be_given_are_refused(world: World) -> None:
    def refusal(**changed: Any) -> tuple[str, str]:
        wanted: dict[str, Any] = {**LATENCY, **SPAN, "Period": 60, "Statistics": ["Sum"]}
        return world.refusal("get_metric_statistics", **wanted | changed)

    assert refusal(EndTime=NOON) == (
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
    )
    assert refusal(EndTime=minute(1441)) == (
        "InvalidParameterCombination",
        "You have requested up to 1,441 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
    )
    assert refusal(Period=30)[0] == "InvalidParameterValue"
    assert refusal(ExtendedStatistics=["tm90"])[0] == "InvalidParameterValue"
    assert refusal(Statistics=["Median"])[0] == "ValidationError"
    wanted = {**LATENCY, **SPAN, "Period": 60}
    assert world.refusal("get_metric_statistics", **wanted)[0] == "InvalidParameterCombination"


def test_a_modelled_error_is_the_client_s_own_exception(world: World) -> None:
    with pytest.raises(world.client.exceptions.InvalidParameterValueException):
        world.client.get_metric_statistics(**LATENCY, **SPAN, Period=30, Statistics=["Sum"])


def test_data_of_several_metrics_comes_latest_first(world: World) -> None:
    queries = [query("a"), query("b", "SampleCount", Label="calls"), query("c", "p50", ReturnData=False)]
    told = world.client.get_metric_data(MetricDataQueries=queries, **SPAN)
    ascending = world.client.get_metric_data(MetricDataQueries=queries, **SPAN, ScanBy="TimestampAscending")

    a, b = told["MetricDataResults"]
    assert (a["Id"], a["Label"], a["StatusCode"]) == ("a", "ModelLatency", "Complete")
    assert a["Timestamps"] == [minute(4), minute(0)]
    assert a["Values"] == [2e6, 4e6]
    assert (b["Label"], b["Values"]) == ("calls", [1, 2])
    assert ascending["MetricDataResults"][0]["Values"] == [4e6, 2e6]


def test_data_comes_in_pages(world: World) -> None:
    world.invoke(at=5, duration_s=5.0)
    paginator = world.client.get_paginator("get_metric_data")
    pages = list(paginator.paginate(MetricDataQueries=[query("a"), query("b", "Maximum")], **SPAN, MaxDatapoints=2))

    def values(query_id: str) -> list[float]:
        return [value for page in pages for one in page["MetricDataResults"] if one["Id"] == query_id
                for value in one["Values"]]  # fmt: skip

    assert len(pages) == 3
    assert [one["StatusCode"] for one in pages[0]["MetricDataResults"]] == ["PartialData", "PartialData"]
    assert [one["StatusCode"] for one in pages[-1]["MetricDataResults"]] == ["Complete", "Complete"]
    assert values("a") == [5e6, 2e6, 4e6]
    assert values("b") == [5e6, 2e6, 3e6]


@pytest.mark.parametrize(
    ("queries", "changed", "code"),
    [
        ([query("A")], {}, "ValidationError"),
        ([query("a"), query("a")], {}, "ValidationError"),
        ([{"Id": "a"}], {}, "ValidationError"),
        ([{"Id": "a", "Expression": "SUM(METRICS())"}], {}, "ValidationError"),
        ([query("a", "tm90")], {}, "ValidationError"),
        ([query(f"q{number}") for number in range(501)], {}, "ValidationError"),
        ([query("a")], {"StartTime": SPAN["EndTime"]}, "ValidationError"),
        ([query("a")], {"MaxDatapoints": 0}, "ValidationError"),
        ([query("a")], {"NextToken": "x"}, "InvalidNextToken"),
    ],
)
def test_data_that_cannot_be_given_is_refused(
    world: World, queries: list[Any], changed: dict[str, Any], code: str
) -> None:
    assert world.refusal("get_metric_data", **{"MetricDataQueries": queries, **SPAN, **changed})[0] == code


def test_metrics_are_listed_and_filtered(world: World) -> None:
    world.minutes.observe(BacklogChanged("queue", 2))

    def listed(**wanted: Any) -> list[tuple[str, str]]:
        return [
            (metric["MetricName"], metric["Dimensions"][0]["Value"])
            for metric in world.client.list_metrics(**wanted)["Metrics"]
        ]

    assert ("ModelLatency", "e") in listed(Namespace=NAMESPACE)
    assert listed(MetricName="ApproximateBacklogSize") == [("ApproximateBacklogSize", "queue")]
    assert listed(Dimensions=[{"Name": "EndpointName", "Value": "queue"}]) == [("ApproximateBacklogSize", "queue")]
    assert ("ApproximateBacklogSize", "queue") not in listed(Dimensions=[{"Name": "VariantName"}])
    assert listed(Namespace="AWS/EC2") == []
    assert world.client.list_metrics(MetricName="ModelLatency")["Metrics"] == [LATENCY]


def test_what_was_silent_for_three_hours_is_not_recent(world: World) -> None:
    world.invoke(at=200, duration_s=1.0, endpoint_name="late")
    recent = world.client.list_metrics(MetricName="ModelLatency", RecentlyActive="PT3H")["Metrics"]

    assert [metric["Dimensions"][0]["Value"] for metric in recent] == ["late"]
    assert len(world.client.list_metrics(MetricName="ModelLatency")["Metrics"]) == 2


def test_long_lists_come_in_pages(world: World) -> None:
    for number in range(MAX_LISTED + 1):
        world.minutes.observe(BacklogChanged(f"q{number}", 1))
    pages = list(world.client.get_paginator("list_metrics").paginate(MetricName="ApproximateBacklogSize"))

    assert [len(page["Metrics"]) for page in pages] == [MAX_LISTED, 1]
    assert world.refusal("list_metrics", NextToken="x")[0] == "InvalidParameterValue"


def test_an_inference_component_is_asked_for_by_its_name_alone(world: World) -> None:
    world.at = NOON
    world.invoke_component("c")
    of_component = [{"Name": "InferenceComponentName", "Value": "c"}]

    listed = world.client.list_metrics(Dimensions=of_component)["Metrics"]
    assert {metric["MetricName"] for metric in listed} >= {"Invocations", "InvocationsPerCopy", "ModelLatency"}
    assert all(metric["Dimensions"] == of_component for metric in listed)

    def total(dimensions: Any) -> float:
        asked = {"Namespace": NAMESPACE, "MetricName": "Invocations", "Dimensions": dimensions, **SPAN}
        points = world.client.get_metric_statistics(**asked, Period=600, Statistics=["Sum"])["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    assert total(of_component) == 1
    assert total(OF_VARIANT) == 4
    assert total([*OF_VARIANT, *of_component]) == 0
