"""Metrics: CloudWatch's names, in Prometheus's format."""

from typing import Any

from firstbyte.telemetry.facts import (
    InvocationAnswered,
    InvocationFinished,
    InvocationStarted,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
    Outcome,
    RequestServed,
)
from firstbyte.telemetry.prometheus import PrometheusHook


def finished(outcome: Outcome, num_chunks: int = 0, streaming: bool = True) -> Any:
    first_chunk_s = 0.25 if num_chunks else None
    return InvocationFinished(
        "e", "v", "i-1", streaming, outcome, 1.5, first_chunk_s, num_chunks, 10, overhead_s=0.0004
    )


def render(*facts: Any) -> Any:
    hook = PrometheusHook()
    for fact in facts:
        hook.observe(fact)
    return hook.render().decode()


def test_a_stream_counts_as_an_invocation_with_its_latencies() -> None:
    text = render(
        InvocationStarted("e", "v", "i-1", True, 5),
        InvocationAnswered("e", "v", True, 200, None),
        finished("ok", num_chunks=3),
    )

    assert 'Invocations_total{EndpointName="e",VariantName="v"} 1.0' in text
    assert 'ConcurrentRequests{EndpointName="e",VariantName="v"} 0.0' in text
    assert 'ModelLatency_seconds_sum{EndpointName="e",VariantName="v"} 1.5' in text
    assert 'OverheadLatency_seconds_sum{EndpointName="e",VariantName="v"} 0.0004' in text
    assert 'FirstChunkLatency_seconds_sum{EndpointName="e",VariantName="v"} 0.25' in text
    assert 'StreamedChunks_total{EndpointName="e",VariantName="v"} 3.0' in text


def test_failures_are_told_apart() -> None:
    text = render(
        finished("stream_broken", num_chunks=2),
        finished("model_error"),
        finished("client_gone", num_chunks=1),
        InvocationAnswered("e", "", True, 424, 422),
        InvocationAnswered("e", "", True, 424, 0),
    )

    assert 'MidStreamErrors_total{EndpointName="e",VariantName="v"} 1.0' in text
    assert 'InvocationModelErrors_total{EndpointName="e",VariantName="v"} 1.0' in text
    assert 'AbandonedInvocations_total{EndpointName="e",VariantName="v"} 1.0' in text
    assert 'Invocation4XXErrors_total{EndpointName="e"} 1.0' in text
    assert 'Invocation5XXErrors_total{EndpointName="e"} 1.0' in text


def test_the_hosts_time_counts_once_however_many_instances_were_asked() -> None:
    text = render(finished("unavailable"), finished("ok"))
    assert 'OverheadLatency_seconds_count{EndpointName="e",VariantName="v"} 1.0' in text


def test_endpoints_that_do_not_exist_make_no_metrics() -> None:
    assert "nobody" not in render(InvocationAnswered("nobody", "", False, 400, None))


def test_requests_are_counted_by_operation_and_status() -> None:
    text = render(RequestServed("sagemaker", "CreateModel", 200, 0.01, "r"))

    assert 'Requests_total{Operation="CreateModel",Service="sagemaker",StatusCode="200"} 1.0' in text


def test_models_of_multi_model_containers() -> None:
    text = render(
        ModelRequested("e", "v", "i", "a.tar.gz", was_loaded=False, waited_s=2.0),
        ModelLoaded("e", "v", "i", "a.tar.gz", 10, downloading_s=0.5, loading_s=1.5, num_loaded=2),
        ModelUnloaded("e", "v", "i", "a.tar.gz", unloading_s=0.25, num_loaded=1),
    )
    assert 'ModelRequests_total{CacheHit="false",EndpointName="e",VariantName="v"} 1.0' in text
    assert 'ModelLoadingTime_seconds_sum{EndpointName="e",VariantName="v"} 1.5' in text
    assert 'LoadedModelCount{EndpointName="e",VariantName="v"} 1.0' in text
