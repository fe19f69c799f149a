"""Counts facts as Prometheus metrics, under the names that CloudWatch has for them.

The invocation metrics are those of the namespace AWS/SageMaker ("Monitor SageMaker AI with Amazon CloudWatch") with the
same dimensions; CloudWatch's unit is the microsecond, Prometheus's convention is the second, and it is the latter here.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from firstbyte.telemetry.facts import (
    AsyncInvocationFinished,
    BacklogChanged,
    Fact,
    InvocationAnswered,
    InvocationFinished,
    InvocationStarted,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
    RequestServed,
    ShadowSkipped,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_DIMENSIONS = ("EndpointName", "VariantName")
_BY_ENDPOINT = ("EndpointName",)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 480)
_SHORT_SECONDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1)


class PrometheusHook:
    """Holds a registry of its own, so that two hosts in one process do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._invocations = self._counter("Invocations", "Invocations sent to a variant")
        self._errors_4xx = self._counter(
            "Invocation4XXErrors", "Invocations that the container refused with 4xx", _BY_ENDPOINT
        )
        self._errors_5xx = self._counter(
            "Invocation5XXErrors", "Invocations that the container failed with 5xx", _BY_ENDPOINT
        )
        self._model_errors = self._counter("InvocationModelErrors", "Invocations that the container failed")
        self._mid_stream_errors = self._counter("MidStreamErrors", "Streams that broke after their first byte")
        self._abandoned = self._counter("AbandonedInvocations", "Invocations whose client left before the end")
        self._skipped_copies = self._counter("SkippedShadowCopies", "Requests that a shadow variant could not take")
        self._chunks = self._counter("StreamedChunks", "Chunks sent to clients")
        self._model_latency = self._histogram("ModelLatency", "Time the container took", _SECONDS)
        self._overhead_latency = self._histogram("OverheadLatency", "Time the host added", _SHORT_SECONDS)
        self._first_chunk_latency = self._histogram("FirstChunkLatency", "Time to a stream's first chunk", _SECONDS)
        self._model_loading_time = self._histogram("ModelLoadingTime", "Time to load a model of many", _SECONDS)
        self._model_requests = self._counter(
            "ModelRequests", "Requests for a model of many, by whether it was loaded", (*_DIMENSIONS, "CacheHit")
        )
        self._loaded_models = Gauge(
            "LoadedModelCount", "Models of many that are in memory", _DIMENSIONS, registry=self._registry
        )
        self._running = Gauge("ConcurrentRequests", "Invocations under way", _DIMENSIONS, registry=self._registry)
        self._backlog = Gauge(
            "ApproximateBacklogSize", "Asynchronous invocations that wait", _BY_ENDPOINT, registry=self._registry
        )
        self._async_ends = self._counter(
            "AsyncInvocations", "Asynchronous invocations that are over", ("EndpointName", "Outcome")
        )
        self._time_in_backlog = self._histogram(
            "TimeInBacklog", "Time an asynchronous invocation waited", _SECONDS, _BY_ENDPOINT
        )
        self._requests = Counter(
            "Requests", "Requests answered", ("Service", "Operation", "StatusCode"), registry=self._registry
        )

    def observe(self, fact: Fact) -> None:
        """Count `fact`, if it is one of those that are counted."""
        match fact:
            case InvocationStarted():
                self._invocations.labels(fact.endpoint_name, fact.variant_name).inc()
                self._running.labels(fact.endpoint_name, fact.variant_name).inc()
            case InvocationAnswered():
                self._observe_answer(fact)
            case InvocationFinished():
                self._observe_end(fact)
            case ModelRequested() | ModelLoaded() | ModelUnloaded():
                self._observe_model(fact)
            case ShadowSkipped():
                self._skipped_copies.labels(fact.endpoint_name, fact.variant_name).inc()
            case BacklogChanged():
                self._backlog.labels(fact.endpoint_name).set(fact.num_waiting)
            case AsyncInvocationFinished():
                self._async_ends.labels(fact.endpoint_name, fact.outcome).inc()
                self._time_in_backlog.labels(fact.endpoint_name).observe(fact.waited_s)
            case RequestServed():
                self._observe_request(fact)
            case _:
                pass

    def render(self) -> bytes:
        """Return the metrics in Prometheus's text format, of `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _counter(self, name: str, what: str, dimensions: tuple[str, ...] = _DIMENSIONS) -> Counter:
        return Counter(name, what, dimensions, registry=self._registry)

    def _histogram(
        self, name: str, what: str, buckets: tuple[float, ...], dimensions: tuple[str, ...] = _DIMENSIONS
    ) -> Histogram:
        return Histogram(f"{name}_seconds", what, dimensions, buckets=buckets, registry=self._registry)

    def _observe_request(self, fact: RequestServed) -> None:
        # What was refused may name services and operations that its sender made up.
        names = (fact.service, fact.operation) if fact.status < 400 else ("", "")
        self._requests.labels(*names, str(fact.status)).inc()

    def _observe_answer(self, fact: InvocationAnswered) -> None:
        if fact.container_status is not None:
            errors = self._errors_4xx if 400 <= fact.container_status < 500 else self._errors_5xx
            errors.labels(fact.endpoint_name).inc()

    def _observe_model(self, fact: ModelRequested | ModelLoaded | ModelUnloaded) -> None:
        dimensions = (fact.endpoint_name, fact.variant_name)
        if isinstance(fact, ModelRequested):
            self._model_requests.labels(*dimensions, "true" if fact.was_loaded else "false").inc()
            return
        self._loaded_models.labels(*dimensions).set(fact.num_loaded)
        if isinstance(fact, ModelLoaded):
            self._model_loading_time.labels(*dimensions).observe(fact.loading_s)

    def _observe_end(self, fact: InvocationFinished) -> None:
        dimensions = (fact.endpoint_name, fact.variant_name)
        self._running.labels(*dimensions).dec()
        self._model_latency.labels(*dimensions).observe(fact.duration_s)
        if fact.overhead_s is not None and fact.outcome != "unavailable":
            self._overhead_latency.labels(*dimensions).observe(fact.overhead_s)
        if fact.first_chunk_s is not None and fact.streaming:
            self._first_chunk_latency.labels(*dimensions).observe(fact.first_chunk_s)
        if fact.streaming:
            self._chunks.labels(*dimensions).inc(fact.num_chunks)
        match fact.outcome:
            case "client_gone":
                self._abandoned.labels(*dimensions).inc()
            case "ok":
                pass
            case _ if fact.streaming and fact.num_chunks:
                self._mid_stream_errors.labels(*dimensions).inc()
            case _:
                self._model_errors.labels(*dimensions).inc()
