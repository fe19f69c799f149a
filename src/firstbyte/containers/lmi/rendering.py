"""LMI's answers as bytes: pieces of one JSON object, lines, events, and the Java front end's errors.

Up to 0.28 a request without `stream` is streamed as pieces of one JSON object: each token is the inside of its own JSON
string, so that no piece cuts a character or an escape and all of them together are one valid object. From 0.29 on it is
answered at once. Separators are those of Python's json module, since that is what LMI writes with.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import BodyTooLarge, ContainerError, Overloaded, RequestRejected, TookTooLong
from firstbyte.containers.exchange import Answer, Head, Headers, chunked_answer, json_answer
from firstbyte.containers.lmi.changes import ASYNC_FORMATS, CODE_FIRST, TOKENS_IN_LINES
from firstbyte.containers.lmi.front_end import front_end_refusal
from firstbyte.containers.lmi.requests import InputParsingFailed
from firstbyte.containers.metering import Timings
from firstbyte.containers.versions import Version
from firstbyte.engine.requests import FinishReason, TokenEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the objects of one answer have in common."""

    version: Version
    headers: Headers
    model_name: str
    prompt: str = ""
    has_full_text: bool = False
    has_details: bool = False
    has_prefill: bool = False
    is_tgi_compatible: bool = False

    has_status_codes: bool = False
    """Whether an error has a status of its own; see `REAL_STATUS_CODES`."""
    has_final_newline: bool = False
    """Whether pieces are followed by a newline."""
    num_logprobs: int | None = None
    """Of a chat that asks for log-probabilities, how many alternatives come with each."""
    has_usage: bool = False
    """Whether a chat's stream ends in a chunk with the counts."""

    @property
    def end(self) -> tuple[bytes, ...]:
        """What follows the pieces of an object."""
        return (b"\n",) if self.has_final_newline else ()

    def error_answer(self, error: ContainerError) -> Answer:
        """The answer for an error before any byte went out."""
        return error_answer(error, self)

    @property
    def opening(self) -> str:
        """What stands before the generated text."""
        return self.prompt if self.has_full_text else ""

    def head(self, content_type: str) -> Head:
        """Status and headers of an answer that streams."""
        return Head(200, (("content-type", content_type), *self.headers))


def dump(value: Any) -> str:
    """JSON as LMI writes it."""
    return json.dumps(value, ensure_ascii=False)


def encode(text: str) -> bytes:
    """JSON as bytes. Half of a surrogate pair, which only a client can have brought, stays the escape that it was."""
    return text.encode(errors="backslashreplace")


def escape(text: str) -> str:
    """`text` as it stands between the quotes of a JSON string."""
    return dump(text)[1:-1]


def visible_text(event: TokenEvent) -> str:
    """A token's text; LMI's rolling batchers leave special tokens out."""
    return "" if event.special else event.text


def token_object(event: TokenEvent, wording: Wording) -> dict[str, Any]:
    """One token of the answer; members that say nothing are left out, as in LMI."""
    is_new = wording.version >= ASYNC_FORMATS
    name = "logprob" if wording.is_tgi_compatible or is_new else "log_prob"
    token: dict[str, Any] = {"id": event.token_id, "text": visible_text(event), name: event.logprob}
    if event.special and not is_new:
        token["special" if wording.is_tgi_compatible else "special_token"] = True
    return token


def prefill_objects(event: TokenEvent, wording: Wording) -> list[dict[str, Any]]:
    """The prompt's tokens, known at the last event."""
    name = "logprob" if wording.is_tgi_compatible or wording.version >= ASYNC_FORMATS else "log_prob"
    prompt_tokens = event.finish.prompt_tokens if event.finish else ()
    return [{"id": token.token_id, "text": token.text, name: token.logprob} for token in prompt_tokens]


def details_object(events: Sequence[TokenEvent], wording: Wording, *, has_tokens: bool) -> dict[str, Any]:
    """`details` of a finished generation up to 0.34."""
    finish = events[-1].finish
    assert finish is not None, "details are written at the last event"
    details: dict[str, Any] = {
        "finish_reason": finish.reason,
        "generated_tokens": finish.num_generated,
        "inputs": wording.prompt,
    }
    if has_tokens:
        details["tokens"] = [token_object(event, wording) for event in events]
    if wording.has_prefill:
        details["prefill"] = prefill_objects(events[-1], wording)
    return details


def _text_of(events: Sequence[TokenEvent]) -> str:
    return "".join(visible_text(event) for event in events)


@dataclass(frozen=True, slots=True)
class JsonPieces:
    """One JSON object in pieces, one piece for each token that has text; no newline anywhere."""

    wording: Wording
    is_head_early: bool = False
    keep_alive: bytes = b""
    _events: list[TokenEvent] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Status and headers."""
        return self.wording.head("application/json")

    def render(self, event: TokenEvent) -> bytes:
        """The token's piece; the first one opens the object, the last one closes it."""
        piece = self._opening() + escape(visible_text(event))
        self._events.append(event)
        if event.finish is None:
            return piece.encode()
        details = None
        if self.wording.has_details:
            details = details_object(self._events, self.wording, has_tokens=True)
        return (piece + self._closing(details)).encode()

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing but a newline where one is wanted: the last token closed the object."""
        return self.wording.end

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """What closes the object when the generation failed; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return ((self._opening() + self._closing({"finish_reason": FinishReason.ERROR})).encode(),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _opening(self) -> str:
        if self._events:
            return ""
        # LMI puts the prompt in unescaped, which is no JSON for most prompts; here it is escaped.
        return ("[" if self.wording.is_tgi_compatible else "") + '{"generated_text": "' + escape(self.wording.opening)

    def _closing(self, details: dict[str, Any] | None) -> str:
        end = '"}' if details is None else f'", "details": {dump(details)}}}'
        return end + ("]" if self.wording.is_tgi_compatible else "")


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One line of JSON for each token, as it is or as a server-sent event."""

    wording: Wording
    is_sse: bool = False
    is_head_early: bool = False
    keep_alive: bytes = b""
    _events: list[TokenEvent] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Status and headers."""
        return self.wording.head("text/event-stream" if self.is_sse else "application/jsonlines")

    def render(self, event: TokenEvent) -> bytes:
        """The token's line; the last one carries the whole text and, if asked for, the details."""
        self._events.append(event)
        if self.wording.version < TOKENS_IN_LINES:
            return self._line({"outputs": [visible_text(event)]})
        if self.wording.version >= ASYNC_FORMATS:
            return self._line(self._async_message(event))
        message: dict[str, Any] = {"token": token_object(event, self.wording)}
        if event.finish is not None:
            message["generated_text"] = self.wording.opening + _text_of(self._events)
            if self.wording.has_details:
                message["details"] = details_object(self._events, self.wording, has_tokens=False)
        return self._line(message)

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing: the last token's line ends the stream."""
        return ()

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A last line of token -1, with the reason; of the asynchronous handler, the reason."""
        if self.wording.version >= ASYNC_FORMATS:
            return (self._line({"code": error_code(error, self.wording.version), "error": str(error)}),)
        token = {"id": -1, "text": "", "log_prob": -1, "special_token": True, "error_msg": str(error)}
        text = self.wording.opening + _text_of(self._events)
        return (self._line({"token": token, "generated_text": text, "details": {"finish_reason": FinishReason.ERROR}}),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _async_message(self, event: TokenEvent) -> dict[str, Any]:
        finish = event.finish
        details = None
        if finish is not None and self.wording.has_details:
            details = {
                "finish_reason": finish.reason,
                "seed": finish.seed,
                "generated_tokens": finish.num_generated,
                "input_length": finish.num_prompt,
            }
        return {
            "index": 0,  # of the choice, of which there is one
            "token": token_object(event, self.wording),
            "generated_text": None if finish is None else self.wording.opening + _text_of(self._events),
            "details": details,
        }

    def _line(self, message: dict[str, Any]) -> bytes:
        line = dump(message) + "\n"
        return encode(f"data: {line}\n" if self.is_sse else line)


@dataclass(frozen=True, slots=True)
class JsonWhole:
    """One JSON object at the end, from 0.29 on."""

    wording: Wording

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object."""
        del timings  # LMI has no headers for them
        events = generations[0].events
        message: dict[str, Any] = {"generated_text": self.wording.opening + _text_of(events)}
        if self.wording.has_details:
            message["details"] = self._details(events)
        text = f"[{dump(message)}]" if self.wording.is_tgi_compatible else dump(message)
        return json_answer(200, text.encode(), self.wording.headers)

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when the generation failed."""
        return self.wording.error_answer(error)

    def _details(self, events: Sequence[TokenEvent]) -> dict[str, Any]:
        if self.wording.version < ASYNC_FORMATS:
            return details_object(events, self.wording, has_tokens=True)
        finish = events[-1].finish
        assert finish is not None, "the last event carries the finish"
        return {
            "finish_reason": finish.reason,
            "generated_tokens": finish.num_generated,
            "seed": finish.seed,
            "prefill": prefill_objects(events[-1], self.wording) if self.wording.has_prefill else [],
            "tokens": [token_object(event, self.wording) for event in events],
        }


def refuse_early(
    error: ContainerError, head: Head, render_error: Callable[[ContainerError], tuple[bytes, ...]], wording: Wording
) -> Answer:
    """A stream's answer for an error before its first token: up to 0.28 a generation that ended in an error."""
    if isinstance(error, Overloaded | TookTooLong) or wording.has_status_codes:
        return wording.error_answer(error)
    return chunked_answer(head, render_error(error))


def error_answer(error: ContainerError, wording: Wording) -> Answer:
    """The answer for an error before any byte went out."""
    if isinstance(error, BodyTooLarge | Overloaded | TookTooLong):
        return front_end_refusal(error, wording.model_name, wording.headers)
    return python_error(error, wording)


def error_code(error: ContainerError, version: Version) -> int:
    """The code of an error of the Python side; vLLM has one of its own for parameters out of their range."""
    is_parameter = isinstance(error, RequestRejected) and not isinstance(error, InputParsingFailed)
    return 400 if is_parameter and version >= ASYNC_FORMATS else 424


def python_error(error: ContainerError, wording: Wording) -> Answer:
    """An error of the Python side: up to 0.28 its code is in the body only and the status is 200.

    Up to 0.28 the answer is a stream, since the status had to be sent before anything was known.
    """
    if wording.has_status_codes:
        code = error_code(error, wording.version)
        return json_answer(code, encode(dump({"code": code, "error": str(error)})), wording.headers)
    members: dict[str, Any] = {"code": 424, "error": str(error)}
    if wording.version < CODE_FIRST:
        members = {"error": "", "code": 424}
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return Answer(200, (("content-type", "application/json"), *wording.headers), encode(body), is_chunked=True)
