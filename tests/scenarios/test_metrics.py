"""An endpoint's metrics, asked for as a dashboard asks for them, by unmodified boto3."""

import datetime
import json
from typing import Any

import pytest

from firstbyte.telemetry.facts import InvocationFinished
from scenarios.conftest import RunningHost

NAMESPACE = "AWS/SageMaker"


@pytest.fixture(scope="module")
def span(host: RunningHost, echo: str) -> Any:
    """Two streams and a refusal were served within it."""
    runtime = host.client("sagemaker-runtime")
    start = datetime.datetime.now(datetime.UTC)
    body = json.dumps({"chunks": ["a", "b"]})
    for _ in range(2):
        answer = runtime.invoke_endpoint_with_response_stream(EndpointName=echo, Body=body)
        assert list(answer["Body"])
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName=echo, Body=json.dumps({"status": 422}))
    host.hook.wait_for(InvocationFinished, outcome="model_error", container_status=422)
    return {"StartTime": start, "EndTime": datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)}


def of(echo: str) -> list[dict[str, str]]:
    return [{"Name": "EndpointName", "Value": echo}, {"Name": "VariantName", "Value": "AllTraffic"}]


def test_invocations_and_latencies_of_a_variant(host: RunningHost, echo: str, span: Any) -> None:
    names = {"n": ("Invocations", "Sum"), "e": ("Invocation4XXErrors", "Sum"), "f": ("FirstChunkLatency", "p99")}
    queries = [
        {
            "Id": query_id,
            "MetricStat": {
                "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": of(echo)},
                "Period": 60,
                "Stat": stat,
            },
        }
        for query_id, (metric, stat) in names.items()
    ]
    told = host.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **span)
    values = {result["Id"]: result["Values"] for result in told["MetricDataResults"]}

    assert sum(values["n"]) == 3
    assert sum(values["e"]) == 1
    assert all(0 < value < 60e6 for value in values["f"])


def test_statistics_of_a_metric(host: RunningHost, echo: str, span: Any) -> None:
    told = host.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="ModelLatency",
        Dimensions=of(echo),
        Period=3600,
        Statistics=["SampleCount", "Average"],
        Unit="Microseconds",
        **span,
    )

    assert sum(point["SampleCount"] for point in told["Datapoints"]) == 3
    assert told["Label"] == "ModelLatency"


def test_what_is_measured_is_listed(host: RunningHost, echo: str, span: Any) -> None:
    pages = host.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=NAMESPACE, Dimensions=of(echo))
    names = {metric["MetricName"] for page in pages for metric in page["Metrics"]}

    assert {
        "FirstChunkLatency",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "InvocationModelErrors",
        "Invocations",
        "InvocationsPerInstance",
        "MidStreamErrors",
        "ModelLatency",
        "OverheadLatency",
    } <= names
