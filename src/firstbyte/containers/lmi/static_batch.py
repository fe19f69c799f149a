"""LMI without a rolling batch (`option.rolling_batch=disable`): several prompts in a request, one list in the answer.

The schema is that of DJL's dynamic and static batching: `inputs` is a string or a list of them, the answer is a list of
`{"generated_text": …}` in the same order, written as handlers' JSON is; with `option.enable_streaming` it is a line
`{"outputs": […]}` for each step, with one text for each prompt. The engine batches as ever: what is static is the form.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from firstbyte.containers.dialect import Call, Generation, StreamCall, WholeCall
from firstbyte.containers.errors import BodyTooLarge, ContainerError, Overloaded, RequestRejected, TookTooLong
from firstbyte.containers.exchange import Answer, Head, Headers, json_answer
from firstbyte.containers.lmi.front_end import front_end_refusal
from firstbyte.containers.lmi.handlers.outputs import encode_json
from firstbyte.containers.lmi.rendering import encode, visible_text
from firstbyte.containers.metering import Timings
from firstbyte.engine.requests import GenerateRequest, TokenEvent


@dataclass(frozen=True, slots=True)
class StaticWording:
    """What the answers of one request have in common."""

    model_name: str
    headers: Headers
    prompts: tuple[str, ...] = ()
    has_full_text: bool = False

    def error_answer(self, error: ContainerError) -> Answer:
        """An error: the front end's, or the handler's with 424 at every version."""
        if isinstance(error, BodyTooLarge | Overloaded | TookTooLong):
            return front_end_refusal(error, self.model_name, self.headers)
        body = {"code": 424, "message": "invoke handler failure", "error": str(error)}
        return json_answer(424, encode_json(body), self.headers)


@dataclass(frozen=True, slots=True)
class ListWhole:
    """The list of generated texts, when all of them are there."""

    wording: StaticWording

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The list."""
        del timings  # LMI has no headers for them
        texts = ["".join(visible_text(event) for event in generation.events) for generation in generations]
        openings = self.wording.prompts if self.wording.has_full_text else ("",) * len(texts)
        made = [{"generated_text": opening + text} for opening, text in zip(openings, texts, strict=True)]
        return json_answer(200, encode_json(made), self.wording.headers)

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when one of them failed."""
        return self.wording.error_answer(error)


class Rows:
    """Texts of generations side by side: a row is whole when every generation that goes on has given its text."""

    def __init__(self, num_columns: int) -> None:
        self._columns: list[deque[str]] = [deque() for _ in range(num_columns)]
        self._has_ended = [False] * num_columns

    def put(self, column: int, text: str) -> None:
        """Add the next text of a generation."""
        self._columns[column].append(text)

    def end(self, column: int) -> None:
        """Note that a generation gives no more."""
        self._has_ended[column] = True

    def take(self) -> bytes:
        """The next whole row as a line; empty when there is none yet."""
        is_whole = all(texts or ended for texts, ended in zip(self._columns, self._has_ended, strict=True))
        if not is_whole or not any(self._columns):
            return b""
        row = [texts.popleft() if texts else "" for texts in self._columns]
        return f"{json.dumps({'outputs': row}, ensure_ascii=False)}\n".encode()


@dataclass(frozen=True, slots=True)
class OutputLines:
    """One generation's part in the lines; every chunk is one line, given out by whoever completes it."""

    wording: StaticWording
    rows: Rows
    column: int = 0
    is_head_early: bool = False
    keep_alive: bytes = b""

    @property
    def head(self) -> Head:
        """Status and headers."""
        return Head(200, (("content-type", "application/jsonlines"), *self.wording.headers))

    def render(self, event: TokenEvent) -> bytes:
        """The line that this token completes, if it does."""
        self.rows.put(self.column, visible_text(event))
        if event.finish is not None:
            self.rows.end(self.column)
        return self.rows.take()

    def render_end(self) -> tuple[bytes, ...]:
        """The lines that one generation's end made whole all at once."""
        return tuple(iter(self.rows.take, b""))

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A line with the reason; the other generations go on."""
        self.rows.end(self.column)
        return (encode(f"{json.dumps({'error_msg': str(error)}, ensure_ascii=False)}\n"),)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return self.wording.error_answer(error)


def plan_static(requests: Sequence[GenerateRequest], wording: StaticWording, *, is_streaming: bool) -> Call:
    """The call that answers all prompts of a request."""
    if not is_streaming:
        return WholeCall(tuple(requests), ListWhole(wording))
    rows = Rows(len(requests))
    first, *others = (
        StreamCall(request, OutputLines(wording, rows, column)) for column, request in enumerate(requests)
    )
    return StreamCall(first.request, first.reply, tuple(others))


def check_batch(prompts: Sequence[str], max_prompts: int) -> None:
    """Raise RequestRejected for a request of no prompt, or of more than could ever be worked on together."""
    if not 0 < len(prompts) <= max_prompts:
        raise RequestRejected(f"inputs must be 1 to {max_prompts} prompts, not {len(prompts)}")
