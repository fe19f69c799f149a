"""The HTTP side of a model whose own code words answers or reads requests, while the engine generates.

Up to 0.34 the output formatter is called with the generation as far as it has come, once for each token, and what it
returns is the token's chunk. Later it is called with each object of the answer, and gives the object that takes its
place (the guides output_formatter_schema.md and input_formatter_schema.md of either time).
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.connection import ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.dialect import Application
from firstbyte.containers.errors import BodyTooLarge, ContainerError, GenerationBroke, TookTooLong
from firstbyte.containers.exchange import Answer, Head
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.lmi.front_end import properties_of
from firstbyte.containers.lmi.handlers.frames import Frame
from firstbyte.containers.lmi.handlers.process import reading
from firstbyte.containers.lmi.handlers.workers import Workers
from firstbyte.containers.lmi.rendering import JsonLines, Wording, refuse_early, visible_text
from firstbyte.containers.lmi.requests import InputParsingFailed, LmiBody
from firstbyte.engine.requests import TokenEvent, TopToken


class OutputFormatter:
    """The formatter of a model's own code; implements `dialect.AnswerFormatter`."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def word(self, step: bytes) -> bytes:
        """The chunk of one step. Raises GenerationBroke, TookTooLong."""
        return await self._workers.ask(Frame("word", body=step))

    async def reword(self, chunk: bytes) -> bytes:
        """The chunk with its object replaced, what stands around it kept. Raises GenerationBroke, TookTooLong."""
        start, end = chunk.index(b"{"), chunk.rindex(b"}") + 1
        made = await self.word(b'{"response": ' + chunk[start:end] + b"}")
        return chunk[:start] + made + chunk[end:]

    def steps(self, wording: Wording, body: LmiBody, prompt_ids: tuple[int, ...]) -> "Steps":
        """The reply whose chunks are steps for `word`."""
        return Steps(wording, body, prompt_ids)


@dataclass(frozen=True, slots=True)
class Steps:
    """A reply whose chunks are what the formatter's process is told of each token; see `UserCode.word`."""

    wording: Wording
    body: LmiBody
    prompt_ids: tuple[int, ...]
    is_head_early: bool = False
    keep_alive: bytes = b""
    _stream: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def head(self) -> Head:
        """Status and headers; only the formatter knows the content type, and has no means to tell it."""
        return Head(200, self.wording.headers)

    def render(self, event: TokenEvent) -> bytes:
        """The token's step, as JSON."""
        finish = event.finish
        prompt_tokens = finish.prompt_tokens if finish and self.wording.has_prefill else ()
        step: dict[str, Any] = {
            "stream": self._stream,
            "asked": self._asked() if event.index == 1 else None,
            "token": {
                "id": event.token_id,
                "text": visible_text(event),
                "log_prob": event.logprob,
                "special_token": event.special,
            },
            "top_tokens": [_top_token(token) for token in event.top_tokens],
            "prompt_tokens": [{"id": t.token_id, "text": t.text, "log_prob": t.logprob} for t in prompt_tokens],
            "finish_reason": finish.reason if finish else None,
        }
        return json.dumps(step).encode()

    def render_end(self) -> tuple[bytes, ...]:
        """Nothing: the last step was the end."""
        return ()

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """A last line as LMI's own formatter words it: the model's own may be what failed."""
        return JsonLines(self.wording).render_error(error)

    def refuse(self, error: ContainerError) -> Answer:
        """An answer for an error before the first token."""
        return refuse_early(error, self.head, self.render_error, self.wording)

    def _asked(self) -> dict[str, Any]:
        return {
            "parameters": dict(self.body.parameters),
            "input_text": self.wording.prompt,
            "input_ids": list(self.prompt_ids),
            "tgi_compat": self.wording.is_tgi_compatible,
        }


def _top_token(token: TopToken) -> dict[str, Any]:
    return {"id": token.token_id, "text": token.text, "log_prob": token.logprob, "special_token": token.special}


class InputFormatting:
    """Stands in front of a container and gives it each request as the model's input formatter reads it."""

    def __init__(self, inner: Application, dialect: LmiDialect, workers: Workers, shared: Mapping[str, Any]) -> None:
        self._inner = inner
        self._dialect = dialect
        self._workers = workers
        self._shared = dict(shared)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            return await self._inner(scope, receive, send)
        connection = Connection(receive, send)
        try:
            request = await connection.read_request(scope, self._dialect.max_body_bytes)
        except BodyTooLarge as error:
            return await connection.answer(self._dialect.render_error(error))
        except ClientLeft:
            return None
        asked = reading(properties_of(request) | self._shared, request.body, {"configs": self._shared})
        try:
            body = await self._workers.ask(asked)
        except GenerationBroke as error:
            return await connection.answer(self._dialect.render_error(InputParsingFailed(str(error))))
        except TookTooLong as error:
            return await connection.answer(self._dialect.render_error(error))
        headers = [
            (name, value) for name, value in scope["headers"] if name not in (b"content-type", b"content-length")
        ]
        typed = {**scope, "headers": [*headers, (b"content-type", b"application/json")]}
        return await self._inner(typed, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A channel that gives `body` first, and then what comes on the real one."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_next() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_next
