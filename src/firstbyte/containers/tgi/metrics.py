"""TGI's metrics under its names, in Prometheus's text format.

A step of TGI either prefills or decodes; one here may do both, and is a `prefill` where it reads any prompt. Left out,
as TGI leaves out what it never recorded: `tgi_batch_concat_duration` (joining a batch moves nothing here) and
`tgi_batch_{forward,decode,filter}_duration` (the engine does not tell the parts of a step apart).
`firstbyte_*` are ours.
"""

from collections.abc import Iterator

from firstbyte.containers.distributions import Distribution
from firstbyte.containers.exchange import Answer
from firstbyte.containers.metering import Tally
from firstbyte.containers.steps import METHODS, StepWatch

FAILURES = {
    "validation": "validation",
    "overloaded": "overloaded",
    "incomplete": "incomplete",
    "generation": "generation",
    "template": "template",
    "dropped": "left",
}
"""The label `err` -> the outcome it counts."""
DISTRIBUTIONS = {
    "tgi_request_duration": "duration",
    "tgi_request_validation_duration": "validation",
    "tgi_request_queue_duration": "queue",
    "tgi_request_inference_duration": "inference",
    "tgi_request_mean_time_per_token_duration": "mean_time_per_token",
    "tgi_request_generated_tokens": "generated_tokens",
    "tgi_request_input_length": "input_length",
    "tgi_request_max_new_tokens": "max_new_tokens",
}


def render_metrics(tally: Tally, max_batch_total_tokens: int | None) -> Answer:
    """The answer of /metrics."""
    batch = _batch(tally, max_batch_total_tokens)
    lines = (*_requests(tally), *batch, *_savings(tally), *_distributions(tally))
    body = "".join(f"{line}\n" for line in lines).encode()
    return Answer(200, (("content-type", "text/plain; charset=utf-8"),), body)


def _requests(tally: Tally) -> Iterator[str]:
    counts = tally.counts
    yield from _single("tgi_request_count", "counter", counts.get("received", 0))
    yield from _single("tgi_request_success", "counter", counts.get("succeeded", 0))
    yield "# TYPE tgi_request_failure counter"
    for label, outcome in FAILURES.items():
        yield f'tgi_request_failure{{err="{label}"}} {counts.get(outcome, 0)}'


def _batch(tally: Tally, max_batch_total_tokens: int | None) -> Iterator[str]:
    engine, steps = tally.engine, tally.steps
    yield from _single("tgi_queue_size", "gauge", engine.num_waiting)
    yield from _single("tgi_batch_current_size", "gauge", engine.num_running)
    yield from _single("tgi_batch_current_max_tokens", "gauge", steps.max_tokens)
    if max_batch_total_tokens is not None:
        yield from _single("tgi_batch_max_total_tokens", "gauge", max_batch_total_tokens)
    yield from _single("tgi_batch_total_tokens", "counter", engine.num_computed_tokens)
    # Whoever may join does so at once, which is what TGI does where the queue is long enough.
    yield "# TYPE tgi_batch_concat counter"
    yield f'tgi_batch_concat{{reason="backpressure"}} {steps.num_joined_others}'
    yield from _steps(steps)


def _steps(steps: StepWatch) -> Iterator[str]:
    counts = {method: sum(steps.durations_s[method].counts) for method in METHODS}
    succeeded = {method: counts[method] - steps.failures[method] for method in METHODS}
    for name, values in (("count", counts), ("success", succeeded), ("failure", steps.failures)):
        yield f"# TYPE tgi_batch_inference_{name} counter"
        for method in METHODS:
            yield f'tgi_batch_inference_{name}{{method="{method}"}} {values[method]}'
    yield "# TYPE tgi_batch_inference_duration histogram"
    for method in METHODS:
        yield from _buckets("tgi_batch_inference_duration", steps.durations_s[method], f'method="{method}"')
    yield from _histogram("tgi_batch_next_size", steps.joining)


def _savings(tally: Tally) -> Iterator[str]:
    for name, count in tally.savings.items():
        yield from _single(f"firstbyte_{name}_total", "counter", count)


def _distributions(tally: Tally) -> Iterator[str]:
    for name, key in DISTRIBUTIONS.items():
        yield from _histogram(name, tally.distributions[key])
    skipped = Distribution((0.0,))  # drafts are counted for all requests together, in firstbyte_accepted_tokens_total
    skipped.counts[0] = sum(tally.distributions["duration"].counts)
    yield from _histogram("tgi_request_skipped_tokens", skipped)


def _single(name: str, kind: str, value: int) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _histogram(name: str, distribution: Distribution) -> Iterator[str]:
    yield f"# TYPE {name} histogram"
    yield from _buckets(name, distribution)


def _buckets(name: str, distribution: Distribution, label: str = "") -> Iterator[str]:
    before, alone = (f"{label},", f"{{{label}}}") if label else ("", "")
    below = 0
    for bound, count in zip(distribution.bounds, distribution.counts, strict=False):
        below += count
        yield f'{name}_bucket{{{before}le="{bound:g}"}} {below}'
    num_values = sum(distribution.counts)
    yield f'{name}_bucket{{{before}le="+Inf"}} {num_values}'
    yield f"{name}_sum{alone} {distribution.total!r}"
    yield f"{name}_count{alone} {num_values}"
