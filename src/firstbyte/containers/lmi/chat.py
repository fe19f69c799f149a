"""LMI's chat answers: the OpenAI objects of 0.28, as pieces of one object, as lines, and at once from 0.29 on."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, json_answer
from firstbyte.containers.lmi.changes import ASYNC_FORMATS
from firstbyte.containers.lmi.rendering import Wording, dump, escape, refuse_early, visible_text
from firstbyte.containers.lmi.tools import CallAnswer, ChatTools
from firstbyte.containers.metering import Timings
from firstbyte.engine.requests import Finish, FinishReason, TokenEvent

logger = logging.getLogger(__name__)

BUILTIN_ID = "chatcmpl-<built-in function id>"
"""Before the asynchronous handler LMI prints Python's function `id` here by mistake, always the same."""


def chat_usage(finish: Finish) -> dict[str, int]:
    """Token counts of one answer."""
    total = finish.num_prompt + finish.num_generated
    return {"prompt_tokens": finish.num_prompt, "completion_tokens": finish.num_generated, "total_tokens": total}


def envelope(kind: str, created: int, wording: Wording, prefix: str = "chatcmpl") -> dict[str, Any]:
    """What every object begins with; up to 0.34 LMI's own, from then on vLLM's."""
    if wording.version < ASYNC_FORMATS:
        return {"id": BUILTIN_ID, "object": kind, "created": created}
    request_id = dict(wording.headers).get("x-request-id", "")
    return {"id": f"{prefix}-{request_id}", "object": kind, "created": created, "model": wording.model_name}


def call_id(wording: Wording) -> str:
    """What a call of a function is known by, which the function's result refers to."""
    return f"chatcmpl-tool-{dict(wording.headers).get('x-request-id', '')}"


def finish_word(finish: Finish, wording: Wording) -> str:
    """Why it ended: in LMI's words, or in those of vLLM, whose chat the asynchronous handler passes on."""
    is_stop = finish.reason in (FinishReason.EOS_TOKEN, FinishReason.STOP_SEQUENCE)
    return "stop" if is_stop and wording.version >= ASYNC_FORMATS else finish.reason


def _logprob(text: str, logprob: float, wording: Wording) -> dict[str, Any]:
    """One token with its log-probability. Up to 0.34 `bytes` are code points by mistake, and null for no text."""
    if wording.version >= ASYNC_FORMATS:
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
    return {"token": text, "logprob": logprob, "bytes": [ord(character) for character in text] or None}


def _logprobs(events: Sequence[TokenEvent], wording: Wording) -> dict[str, Any] | None:
    """The log-probabilities of `events`, where they were asked for. Up to 0.34 the only alternative is the token."""
    if wording.num_logprobs is None:
        return None
    content = []
    for event in events:
        text = visible_text(event)
        token = _logprob(text, event.logprob, wording)
        alternatives = [token]
        if wording.version >= ASYNC_FORMATS:
            best = event.top_tokens[: wording.num_logprobs]
            alternatives = [_logprob(each.text, each.logprob, wording) for each in best]
        content.append({**token, "top_logprobs": alternatives})
    return {"content": content}


def _line_logprobs(event: TokenEvent, wording: Wording) -> Any:
    """Those of one line. Up to 0.34 they stand in a list, and the alternative's text is its number, both by mistake."""
    logprobs = _logprobs([event], wording)
    if logprobs is None or wording.version >= ASYNC_FORMATS:
        return logprobs
    [content] = logprobs["content"]
    [alternative] = content["top_logprobs"]
    content["top_logprobs"] = [alternative | {"token": event.logprob}]
    return [logprobs]


@dataclass(frozen=True, slots=True)
class ChatPieces:
    """One `chat.completion` object in pieces, one for each token that has text."""

    wording: Wording
    clock: Callable[[], float] = time.time
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
        if event.finish is not None:
            piece += (
                self._closing(finish_word(event.finish, self.wording))
                + f', "usage": {dump(chat_usage(event.finish))}}}'
            )
        return piece.encode()

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing but a newline where one is wanted: the last token closed the object."""
        return self.wording.end

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """What closes the object when the generation failed; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return ((self._opening() + self._closing("error") + "}").encode(),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _opening(self) -> str:
        if self._events:
            return ""
        opening = dump(envelope("chat.completion", int(self.clock()), self.wording))[:-1]
        return f'{opening}, "choices": [{{"index": 0, "message": {{"role": "assistant", "content": "'

    def _closing(self, reason: str) -> str:
        logprobs = None if reason == "error" else _logprobs(self._events, self.wording)
        return f'"}}, "logprobs": {dump(logprobs)}, "finish_reason": {dump(reason)}}}]'


@dataclass(frozen=True, slots=True)
class ChatLines:
    """One `chat.completion.chunk` in a line for each token; with tools, for each that adds something to the answer."""

    wording: Wording
    tools: ChatTools | None = None
    clock: Callable[[], float] = time.time
    is_head_early: bool = False
    keep_alive: bytes = b""
    _roles: list[str] = field(default_factory=lambda: ["assistant"])
    _finishes: list[Finish] = field(default_factory=list)
    _answers: list[CallAnswer] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Status and headers."""
        return self.wording.head("application/jsonlines")

    def render(self, event: TokenEvent) -> bytes:
        """The token's line."""
        answer = self._call_answer()
        delta: dict[str, Any] | None = {"content": visible_text(event)}
        if answer is not None:
            delta = answer.delta(visible_text(event), is_last=event.finish is not None)
        if delta is None:
            return b""
        reason = None
        if event.finish is not None:
            self._finishes.append(event.finish)
            reason = finish_word(event.finish, self.wording)
            reason = reason if answer is None else answer.finish_word(event.finish.reason, reason)
        return self._line(delta, reason, _line_logprobs(event, self.wording))

    def render_end(self) -> tuple[bytes, ...]:
        """The counts, where they were asked for; otherwise the last token's line ends the stream."""
        if not self.wording.has_usage or not self._finishes:
            return ()
        message = envelope("chat.completion.chunk", int(self.clock()), self.wording)
        return (f"{dump(message | {'choices': [], 'usage': chat_usage(self._finishes[0])})}\n".encode(),)

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A last line that ended in an error; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return (self._line({"content": ""}, "error"),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _call_answer(self) -> CallAnswer | None:
        """Who follows the call; made at the first token."""
        if self.tools is not None and not self._answers:
            self._answers.append(CallAnswer(self.tools, call_id(self.wording)))
        return self._answers[0] if self._answers else None

    def _line(self, delta: dict[str, Any], reason: str | None, logprobs: Any = None) -> bytes:
        if self._roles:
            delta |= {"role": self._roles.pop()}
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        message = envelope("chat.completion.chunk", int(self.clock()), self.wording) | {"choices": [choice]}
        return f"{dump(message)}\n".encode()


@dataclass(frozen=True, slots=True)
class ChatWhole:
    """One `chat.completion` object, from 0.29 on."""

    wording: Wording
    tools: ChatTools | None = None
    clock: Callable[[], float] = time.time

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object."""
        del timings  # LMI has no headers for them
        generation = generations[0]
        text = "".join(visible_text(event) for event in generation.events)
        message: dict[str, Any] = {"content": text}
        reason = finish_word(generation.finish, self.wording)
        if self.tools is not None:
            answer = CallAnswer(self.tools, call_id(self.wording))
            message = answer.message(text)
            reason = answer.finish_word(generation.finish.reason, reason)
        choice = {
            "index": 0,
            "message": {"role": "assistant", **message},
            "logprobs": _logprobs(generation.events, self.wording),
            "finish_reason": reason,
        }
        whole = envelope("chat.completion", int(self.clock()), self.wording)
        whole |= {"choices": [choice], "usage": chat_usage(generation.finish)}
        return json_answer(200, dump(whole).encode(), self.wording.headers)

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when the generation failed."""
        return self.wording.error_answer(error)
