"""TGI's answers as bytes: server-sent events, JSON objects with their fields in TGI's order, headers, errors."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import orjson

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import BodyTooLarge, ContainerError, GenerationBroke, Overloaded
from firstbyte.containers.exchange import Answer, Head, Headers, json_answer, text_answer
from firstbyte.containers.metering import Timings
from firstbyte.containers.tgi.changes import INDEX_IN_EVENTS, INPUT_LENGTH_IN_DETAILS, SPACE_AFTER_DATA
from firstbyte.containers.tgi.decoding import ExtractionFailed
from firstbyte.containers.tgi.failures import TemplateRefused, ToolRefused
from firstbyte.containers.versions import Version
from firstbyte.engine.requests import PromptToken, TokenEvent, TopToken

KEEP_ALIVE = b":\n\n"


def dump(value: Any) -> bytes:
    """Compact JSON: text as raw UTF-8, float32 in its shortest decimal form, what is not a number as null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def event_line(version: Version, data: bytes) -> bytes:
    """One server-sent event, in axum's form."""
    return b"%b%b\n\n" % (b"data: " if version >= SPACE_AFTER_DATA else b"data:", data)


def as_float32(logprob: float | None) -> Any:
    """A log-probability of the type in which TGI prints it; None (the first token of a prompt) is NaN there.

    serde_json prints float32 without an exponent from 1e-6 on, orjson from 1e-5 on.
    """
    if logprob is None or not math.isfinite(logprob):
        return None
    number = numpy.float32(logprob)
    if 9e-7 < abs(logprob) < 1.1e-5:
        text = numpy.format_float_positional(number, unique=True, trim="-")
        is_plain = numpy.float32(1e-6) <= abs(number) < numpy.float32(1e-5)
        return orjson.Fragment(text.encode()) if is_plain else number
    return number


def token_object(token: TokenEvent | TopToken) -> dict[str, Any]:
    """`Token`, of the answer or of `top_tokens`."""
    return {"id": token.token_id, "text": token.text, "logprob": as_float32(token.logprob), "special": token.special}


def prefill_object(token: PromptToken) -> dict[str, Any]:
    """`PrefillToken`."""
    return {"id": token.token_id, "text": token.text, "logprob": as_float32(token.logprob)}


def compute_headers(compute_type: str, num_characters: int) -> Headers:
    """The headers that both kinds of answers have."""
    return (("x-compute-type", compute_type), ("x-compute-characters", str(num_characters)))


@dataclass(frozen=True, slots=True)
class EventStream:
    """The stream of one generate call: one server-sent event for each token, always ended by an empty line."""

    version: Version
    head: Head
    prompt: str
    """Prepended to the generated text; empty unless the full text was asked for."""
    has_details: bool
    is_head_early: bool = True
    keep_alive: bytes = KEEP_ALIVE

    def render(self, event: TokenEvent) -> bytes:
        """The event of one token; the last one also carries the whole text and, if asked for, the details."""
        message: dict[str, Any] = {"index": event.index} if self.version >= INDEX_IN_EVENTS else {}
        message["token"] = token_object(event)
        if event.top_tokens:
            message["top_tokens"] = [token_object(token) for token in event.top_tokens]
        finish = event.finish
        message["generated_text"] = None if finish is None else self.prompt + finish.generated_text
        message["details"] = self._details(event) if self.has_details else None
        return event_line(self.version, dump(message))

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing: the last token's event ends the stream."""
        return ()

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """The event that ends a stream in an error."""
        return (error_event(error, self.version),)

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer; not used by the server, since the head is early."""
        return error_answer(error)

    def _details(self, event: TokenEvent) -> dict[str, Any] | None:
        finish = event.finish
        if finish is None:
            return None
        details = {"finish_reason": finish.reason, "generated_tokens": finish.num_generated, "seed": finish.seed}
        if self.version >= INPUT_LENGTH_IN_DETAILS:
            details["input_length"] = finish.num_prompt
        return details


def stream_head(headers: Headers) -> Head:
    """Status and headers of a stream of events."""
    own = (("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no"))
    return Head(200, (*own, *headers))


@dataclass(frozen=True, slots=True)
class WholeText:
    """The answer of one generate call that does not stream; of several generations the likeliest is given."""

    prompt: str
    """Prepended to the generated text; empty unless the full text was asked for."""
    has_details: bool
    is_array: bool
    """True on the SageMaker and root routes, where the object comes in an array of one."""
    headers: Headers

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object, or an array of it, and how long everything took."""
        best = max(generations, key=lambda generation: generation.mean_logprob)
        message: dict[str, Any] = {"generated_text": self.prompt + best.finish.generated_text}
        if self.has_details:
            message["details"] = self._details(best, [other for other in generations if other is not best])
        body = dump([message] if self.is_array else message)
        return json_answer(200, body, (*self.headers, *timing_headers(best, timings)))

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer."""
        return error_answer(error)

    def _details(self, best: Generation, others: Iterable[Generation]) -> dict[str, Any]:
        details = _generation_details(best)
        sequences = [
            {"generated_text": self.prompt + other.finish.generated_text, **_generation_details(other)}
            for other in others
        ]
        if sequences:
            # TGI's order: best_of_sequences before top_tokens.
            top_tokens = details.pop("top_tokens", None)
            details["best_of_sequences"] = sequences
            if top_tokens is not None:
                details["top_tokens"] = top_tokens
        return details


def _generation_details(generation: Generation) -> dict[str, Any]:
    finish = generation.finish
    details: dict[str, Any] = {
        "finish_reason": finish.reason,
        "generated_tokens": finish.num_generated,
        "seed": finish.seed,
        "prefill": [prefill_object(token) for token in finish.prompt_tokens],
        "tokens": [token_object(event) for event in generation.events],
    }
    if any(event.top_tokens for event in generation.events):
        details["top_tokens"] = [[token_object(top) for top in event.top_tokens] for event in generation.events]
    return details


def timing_headers(generation: Generation, timings: Timings) -> Headers:
    """How long the call took, in whole milliseconds (`x-compute-time` in seconds)."""
    finish = generation.finish
    per_token_s = timings.inference_s / max(1, finish.num_generated)
    return (
        ("x-compute-time", f"{timings.total_s:.9f}".rstrip("0").rstrip(".")),
        ("x-total-time", _milliseconds(timings.total_s)),
        ("x-validation-time", _milliseconds(timings.validation_s)),
        ("x-queue-time", _milliseconds(timings.queue_s)),
        ("x-inference-time", _milliseconds(timings.inference_s)),
        ("x-time-per-token", _milliseconds(per_token_s)),
        ("x-prompt-tokens", str(finish.num_prompt)),
        ("x-generated-tokens", str(finish.num_generated)),
    )


def _milliseconds(duration_s: float) -> str:
    return str(int(duration_s * 1000))


def render_health(is_healthy: bool) -> Answer:
    """An empty 200, or TGI's health error."""
    return Answer(200) if is_healthy else json_answer(503, dump({"error": "unhealthy", "error_type": "healthcheck"}))


def error_status(error: ContainerError) -> tuple[int, str, str]:
    """HTTP status, `error_type` and text of an error of `infer`, as TGI words it."""
    if isinstance(error, Overloaded):
        return 429, "overloaded", "Model is overloaded"
    if isinstance(error, GenerationBroke):
        return 424, "generation", f"Request failed during generation: {error}"
    if isinstance(error, TemplateRefused):
        return 422, "template_error", f"Template error: {error}"
    if isinstance(error, ToolRefused):
        return 422, "tool_error", f"Tool error: {error}"
    return 422, "validation", f"Input validation error: {error}"


def error_answer(error: ContainerError) -> Answer:
    """The answer for an error before any byte went out; the extractor's errors are plain text."""
    if isinstance(error, ExtractionFailed):
        return text_answer(error.status, str(error))
    if isinstance(error, BodyTooLarge):
        return text_answer(413, "Failed to buffer the request body: length limit exceeded")
    status, error_type, text = error_status(error)
    return json_answer(status, dump({"error": text, "error_type": error_type}))


def error_event(error: ContainerError, version: Version) -> bytes:
    """The server-sent event for an error; the HTTP status is 200 by then."""
    _, error_type, text = error_status(error)
    return event_line(version, dump({"error": text, "error_type": error_type}))
