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
from firstbyte.containers.metering import Timings
from firstbyte.engine.requests import Finish, FinishReason, TokenEvent

logger = logging.getLogger(__name__)

BUILTIN_ID = "chatcmpl-<built-in function id>"
"""Before the asynchronous handler LMI prints Python's function `id` here by mistake, always the same."""


def chat_usage(finish: Finish) -> dict[str, int]:
    """Token counts of one answer."""
    total = finish.num_prompt + finish.num_generated
    return {"prompt_tokens": finish.num_prompt, "completion_tokens": finish.num_generated, "total_tokens": total}


def _envelope(kind: str, created: int, wording: Wording) -> dict[str, Any]:
    if wording.version < ASYNC_FORMATS:
        return {"id": BUILTIN_ID, "object": kind, "created": created}
    request_id = dict(wording.headers).get("x-request-id", "")
    return {"id": f"chatcmpl-{request_id}", "object": kind, "created": created, "model": wording.model_name}


def _reason(finish: Finish, wording: Wording) -> str:
    """Why it ended: in LMI's words, or in those of vLLM, whose chat the asynchronous handler passes on."""
    is_stop = finish.reason in (FinishReason.EOS_TOKEN, FinishReason.STOP_SEQUENCE)
    return "stop" if is_stop and wording.version >= ASYNC_FORMATS else finish.reason


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
                self._closing(_reason(event.finish, self.wording)) + f', "usage": {dump(chat_usage(event.finish))}}}'
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
        envelope = dump(_envelope("chat.completion", int(self.clock()), self.wording))[:-1]
        return f'{envelope}, "choices": [{{"index": 0, "message": {{"role": "assistant", "content": "'

    def _closing(self, reason: str) -> str:
        return f'"}}, "logprobs": null, "finish_reason": {dump(reason)}}}]'


@dataclass(frozen=True, slots=True)
class ChatLines:
    """One `chat.completion.chunk` in a line for each token."""

    wording: Wording
    clock: Callable[[], float] = time.time
    is_head_early: bool = False
    keep_alive: bytes = b""
    _roles: list[str] = field(default_factory=lambda: ["assistant"])

    @property
    def head(self) -> Head:
        """Status and headers."""
        return self.wording.head("application/jsonlines")

    def render(self, event: TokenEvent) -> bytes:
        """The token's line."""
        return self._line(visible_text(event), None if event.finish is None else _reason(event.finish, self.wording))

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing: the last token's line ends the stream."""
        return ()

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A last line that ended in an error; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return (self._line("", "error"),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _line(self, text: str, reason: str | None) -> bytes:
        delta = {"content": text}
        if self._roles:
            delta["role"] = self._roles.pop()
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        message = _envelope("chat.completion.chunk", int(self.clock()), self.wording) | {"choices": [choice]}
        return f"{dump(message)}\n".encode()


@dataclass(frozen=True, slots=True)
class ChatWhole:
    """One `chat.completion` object, from 0.29 on."""

    wording: Wording
    clock: Callable[[], float] = time.time

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object."""
        del timings  # LMI has no headers for them
        generation = generations[0]
        text = "".join(visible_text(event) for event in generation.events)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": None,
            "finish_reason": _reason(generation.finish, self.wording),
        }
        message = _envelope("chat.completion", int(self.clock()), self.wording)
        message |= {"choices": [choice], "usage": chat_usage(generation.finish)}
        return json_answer(200, dump(message).encode(), self.wording.headers)

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when the generation failed."""
        return self.wording.error_answer(error)
