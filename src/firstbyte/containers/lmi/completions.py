"""LMI's completions, of a body with `prompt`: from 0.35 on vLLM's `text_completion` objects, whole or as lines."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, json_answer
from firstbyte.containers.lmi.chat import chat_usage, envelope, finish_word
from firstbyte.containers.lmi.rendering import JsonLines, Wording, dump, refuse_early, visible_text
from firstbyte.containers.metering import Timings
from firstbyte.engine.requests import Finish, TokenEvent

KIND, PREFIX = "text_completion", "cmpl"


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}


@dataclass(frozen=True, slots=True)
class CompletionLines:
    """One object in a line for each token."""

    wording: Wording
    clock: Callable[[], float] = time.time
    is_head_early: bool = False
    keep_alive: bytes = b""
    _finishes: list[Finish] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Status and headers."""
        return self.wording.head("application/jsonlines")

    def render(self, event: TokenEvent) -> bytes:
        """The token's line."""
        reason = None
        if event.finish is not None:
            self._finishes.append(event.finish)
            reason = finish_word(event.finish, self.wording)
        return self._line({"choices": [_choice(visible_text(event), reason)]})

    def render_end(self) -> tuple[bytes, ...]:
        """The counts, where they were asked for."""
        if not self.wording.has_usage or not self._finishes:
            return ()
        return (self._line({"choices": [], "usage": chat_usage(self._finishes[0])}),)

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A last line with the reason."""
        return JsonLines(self.wording).render_error(error)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _line(self, members: dict[str, Any]) -> bytes:
        return f"{dump(envelope(KIND, int(self.clock()), self.wording, PREFIX) | members)}\n".encode()


@dataclass(frozen=True, slots=True)
class CompletionWhole:
    """One object at the end."""

    wording: Wording
    clock: Callable[[], float] = time.time

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object."""
        del timings  # LMI has no headers for them
        generation = generations[0]
        text = "".join(visible_text(event) for event in generation.events)
        message = envelope(KIND, int(self.clock()), self.wording, PREFIX)
        message["choices"] = [_choice(text, finish_word(generation.finish, self.wording))]
        message["usage"] = chat_usage(generation.finish)
        return json_answer(200, dump(message).encode(), self.wording.headers)

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when the generation failed."""
        return self.wording.error_answer(error)
