"""DJL Serving's Prometheus page: its names, types, help texts and labels, as far as they have a meaning here.

It counts answers by the hundreds of their status. A gauge has the value of the latest request that came to its end, as
there; DJL's own averages over a thousand requests, where `option.log_request_metric` asks for it. Left out are what a
start took and what is about GPUs, adapters and TensorRT. `firstbyte_*` are ours. Sources: PrometheusExporter.java,
PrometheusAppender.java, MetricExporter.java, prometheus/README.md.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from firstbyte.containers.exchange import Answer
from firstbyte.containers.metering import Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NOT_ENABLED = "Prometheus is not enabled, set SERVING_PROMETHEUS environment var to true to enable prometheus metrics"


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric and its one value."""

    name: str
    kind: Literal["counter", "gauge"]
    unit: str
    value: float
    label: Literal["Host", "Model", ""] = "Host"
    """What it is about; nothing for our own."""


def render_metrics(tally: Tally, model_name: str, query: str = "") -> Answer:
    """The answer of /metrics; of the metrics that `name[]` names in the query, where it names any."""
    wanted = {value for name, value in parse_qsl(query) if name == "name[]"}
    values = {"Host": socket.gethostname(), "Model": model_name}
    lines: list[str] = []
    for sample in sorted((*_server(tally), *_model(tally), *_savings(tally)), key=lambda sample: sample.name):
        if wanted and sample.name not in wanted:
            continue
        name = f"{sample.name}_total" if sample.kind == "counter" else sample.name
        label = f'{{{sample.label}="{_escape(values[sample.label])}"}}' if sample.label else ""
        lines += [
            f"# HELP {name} : prometheus {sample.kind} metric, unit: {sample.unit}",
            f"# TYPE {name} {sample.kind}",
            f"{name}{label} {float(sample.value)!r}",
        ]
    return Answer(200, (("content-type", CONTENT_TYPE),), "".join(f"{line}\n" for line in lines).encode())


def _server(tally: Tally) -> Iterator[Sample]:
    for hundreds in (2, 4, 5):
        num_answers = sum(count for status, count in tally.statuses.items() if status // 100 == hundreds)
        yield Sample(f"Response_{hundreds}XX", "counter", "Count", num_answers)
    yield Sample("ServerError", "counter", "Count", tally.counts.get("generation", 0))
    yield Sample("WlmError", "counter", "Count", tally.counts.get("overloaded", 0))


def _model(tally: Tally) -> Iterator[Sample]:
    yield Sample("RollingBatchSize", "gauge", "Count/Item", tally.engine.num_running, "Model")
    if tally.latest is None:
        return
    times, num_tokens = tally.latest.times, tally.latest.num_generated
    yield Sample("QueueTime", "gauge", "Microseconds", int(times.queue_s * 1e6))
    yield Sample("RequestLatency", "gauge", "Microseconds", int(times.total_s * 1e6), "Model")
    yield Sample("TokenLatency", "gauge", "Microseconds", int(times.total_s * 1e6 / num_tokens), "Model")
    yield Sample("TokenThroughput", "gauge", "Count/Second", num_tokens / max(times.total_s, 1e-9), "Model")
    yield Sample("OutputTokens", "gauge", "Count/Item", num_tokens, "Model")


def _savings(tally: Tally) -> Iterator[Sample]:
    for name, count in tally.savings.items():
        yield Sample(f"firstbyte_{name}", "counter", "Count", count, "")


def _escape(value: str) -> str:
    """A label's value as the text format writes it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
