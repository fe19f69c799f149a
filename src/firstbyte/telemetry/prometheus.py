"""Counts facts as Prometheus metrics, under the names that CloudWatch has for them.

The invocation metrics are those of the namespace AWS/SageMaker ("Monitor SageMaker AI with Amazon CloudWatch") with the
same dimensions; CloudWatch's unit is the microsecond, Prometheus's convention is the second, and it is the latter here.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from firstbyte.telemetry.facts import EndpointChanged, Fact, InvocationFinished, RequestServed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_DIMENSIONS = ("EndpointName", "VariantName")
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 480)
_SHORT_SECONDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1)


class PrometheusHook:
    """Holds a registry of its own, so that two hosts in one process do not meet."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._invocations = Counter("Invocations", "Invocations sent to a variant", _DIMENSIONS, registry=registry)
        self._errors_4xx = Counter(
            "Invocation4XXErrors", "Invocations answered with a 4xx status", _DIMENSIONS, registry=registry
        )
        self._errors_5xx = Counter(
            "Invocation5XXErrors", "Invocations answered with a 5xx status", _DIMENSIONS, registry=registry
        )
        self._model_errors = Counter(
            "InvocationModelErrors", "Invocations that the container failed", _DIMENSIONS, registry=registry
        )
        self._mid_stream_errors = Counter(
            "MidStreamErrors", "Streams that broke after their first byte", _DIMENSIONS, registry=registry
        )
        self._abandoned = Counter(
            "AbandonedInvocations", "Invocations whose client left before the end", _DIMENSIONS, registry=registry
        )
        self._chunks = Counter("StreamedChunks", "Chunks sent to clients", _DIMENSIONS, registry=registry)
        self._model_latency = Histogram(
            "ModelLatency_seconds", "Time the container took", _DIMENSIONS, buckets=_SECONDS, registry=registry
        )
        self._overhead_latency = Histogram(
            "OverheadLatency_seconds", "Time the host added", _DIMENSIONS, buckets=_SHORT_SECONDS, registry=registry
        )
        self._first_chunk_latency = Histogram(
            "FirstChunkLatency_seconds",
            "Time to a stream's first chunk",
            _DIMENSIONS,
            buckets=_SECONDS,
            registry=registry,
        )
        self._requests = Counter(
            "Requests", "Requests answered", ("Service", "Operation", "StatusCode"), registry=registry
        )
        self._endpoints = Gauge("Endpoints", "Endpoints by status", ("EndpointStatus",), registry=registry)

    def observe(self, fact: Fact) -> None:
        """Count `fact`, if it is one of those that are counted."""
        match fact:
            case InvocationFinished():
                self._observe_invocation(fact)
            case RequestServed():
                self._requests.labels(fact.service, fact.operation, str(fact.status)).inc()
            case EndpointChanged():
                self._observe_endpoint(fact)
            case _:
                pass

    def render(self) -> bytes:
        """Return the metrics in Prometheus's text format, of `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _observe_invocation(self, fact: InvocationFinished) -> None:
        dimensions = (fact.endpoint, fact.variant)
        self._invocations.labels(*dimensions).inc()
        if 400 <= fact.status < 500:
            self._errors_4xx.labels(*dimensions).inc()
        if fact.status >= 500:
            self._errors_5xx.labels(*dimensions).inc()
        if fact.status == 424:
            self._model_errors.labels(*dimensions).inc()
        if fact.stream_error:
            self._mid_stream_errors.labels(*dimensions).inc()
        if fact.is_abandoned:
            self._abandoned.labels(*dimensions).inc()
        self._model_latency.labels(*dimensions).observe(fact.model_s)
        self._overhead_latency.labels(*dimensions).observe(fact.overhead_s)
        if fact.is_streaming:
            self._chunks.labels(*dimensions).inc(fact.num_chunks)
        if fact.first_chunk_s is not None:
            self._first_chunk_latency.labels(*dimensions).observe(fact.first_chunk_s)

    def _observe_endpoint(self, fact: EndpointChanged) -> None:
        if fact.before:
            self._endpoints.labels(fact.before).dec()
        if fact.after:
            self._endpoints.labels(fact.after).inc()
