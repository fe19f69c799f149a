"""LMI's chat answers: the OpenAI objects of 0.28, as pieces of one object, as lines, and at once from 0.29 on."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Generation, Timings
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, json_answer
from firstbyte.containers.lmi.rendering import Wording, dump, escape, refuse_early, visible_text
from firstbyte.engine.requests import Finish, TokenEvent

logger = logging.getLogger(__name__)

COMPLETION_ID = "chatcmpl-0"
"""LMI 0.28 prints Python's built-in function `id` here by mistake; nothing can rely on it."""


def chat_usage(finish: Finish) -> dict[str, int]:
    """Token counts of one answer."""
    total = finish.num_prompt + finish.num_generated
    return {"prompt_tokens": finish.num_prompt, "completion_tokens": finish.num_generated, "total_tokens": total}


def _envelope(kind: str, created: int) -> dict[str, Any]:
    return {"id": COMPLETION_ID, "object": kind, "created": created}


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
            piece += self._closing(event.finish.reason) + f', "usage": {dump(chat_usage(event.finish))}}}'
        return piece.encode()

    def render_end(self) -> bytes:
        """Nothing: the last token closed the object."""
        return b""

    def render_error(self, error: ContainerError) -> bytes:
        """What closes the object when the generation failed; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return (self._opening() + self._closing("error") + "}").encode()

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording.version)

    def _opening(self) -> str:
        if self._events:
            return ""
        envelope = dump(_envelope("chat.completion", int(self.clock())))[:-1]
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
        return self._line(visible_text(event), None if event.finish is None else event.finish.reason)

    def render_end(self) -> bytes:
        """Nothing: the last token's line ends the stream."""
        return b""

    def render_error(self, error: ContainerError) -> bytes:
        """A last line that ended in an error; the reason is in the log only, as in LMI."""
        logger.warning("generation failed: %s", error)
        return self._line("", "error")

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording.version)

    def _line(self, text: str, reason: str | None) -> bytes:
        delta = {"content": text}
        if self._roles:
            delta["role"] = self._roles.pop()
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        message = _envelope("chat.completion.chunk", int(self.clock())) | {"choices": [choice]}
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
            "finish_reason": generation.finish.reason,
        }
        message = _envelope("chat.completion", int(self.clock()))
        message |= {"choices": [choice], "usage": chat_usage(generation.finish)}
        return json_answer(200, dump(message).encode(), self.wording.headers)
