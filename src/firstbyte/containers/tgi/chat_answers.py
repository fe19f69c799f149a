"""TGI's answers of the chat route: `chat.completion` and its chunks, with text or with calls of functions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, Headers, json_answer
from firstbyte.containers.metering import Timings
from firstbyte.containers.tgi.changes import CHAT_DONE, USAGE_CHUNK
from firstbyte.containers.tgi.failures import ToolRefused
from firstbyte.containers.tgi.openai import Envelope, usage
from firstbyte.containers.tgi.rendering import KEEP_ALIVE, as_float32, dump, error_answer, timing_headers
from firstbyte.containers.tgi.tools import Toolbox, parse_call
from firstbyte.containers.tools import NO_TOOL, CallStream
from firstbyte.engine.requests import Finish, TokenEvent

CHUNK, WHOLE = "chat.completion.chunk", "chat.completion"


@dataclass(frozen=True, slots=True)
class ChatStyle:
    """What one chat wants of its answer."""

    envelope: Envelope
    has_logprobs: bool = False
    has_usage: bool = False
    tools: Toolbox | None = None

    def logprobs(self, events: Sequence[TokenEvent]) -> dict[str, Any] | None:
        """The log-probabilities of `events`, where they were asked for."""
        if not self.has_logprobs:
            return None
        return {
            "content": [
                {
                    "token": event.text,
                    "logprob": as_float32(event.logprob),
                    "top_logprobs": [{"token": t.text, "logprob": as_float32(t.logprob)} for t in event.top_tokens],
                }
                for event in events
            ]
        }


@dataclass(frozen=True, slots=True)
class ChatStream:
    """`chat.completion.chunk` events, the usage where asked for, and the line that ends them."""

    style: ChatStyle
    head: Head
    is_head_early: bool = True
    keep_alive: bytes = KEEP_ALIVE
    _finishes: list[Finish] = field(default_factory=list)
    _call: CallStream = field(default_factory=CallStream)

    def render(self, event: TokenEvent) -> bytes:
        """The chunk of one token. A call's tokens are held back until its name is known."""
        if event.finish is not None:
            self._finishes.append(event.finish)
        delta = self._text_delta(event) if self.style.tools is None else self._call_delta(event)
        if delta is None:
            return b""
        finish = event.finish
        choice = {
            "index": 0,
            "delta": {"role": "assistant"} | delta,
            "logprobs": self.style.logprobs([event]),
            "finish_reason": None if finish is None else self.style.envelope.finish_reason(finish),
        }
        envelope = self.style.envelope
        return envelope.event(envelope.wrap(CHUNK, [choice]) | self._chunk_usage(finish))

    def render_end(self) -> tuple[bytes, ...]:
        """The usage, where it has a chunk of its own, and `[DONE]`."""
        envelope, end = self.style.envelope, self.style.envelope.end_events()
        if not self.style.has_usage or not self._finishes or envelope.version < USAGE_CHUNK:
            return end
        return envelope.event(envelope.wrap(CHUNK, []) | {"usage": usage(self._finishes[-1])}), *end

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """The error, and the end."""
        return self.style.envelope.error_events(error)

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer; not used by the server, since the head is early."""
        return error_answer(error)

    def _chunk_usage(self, finish: Finish | None) -> dict[str, Any]:
        version = self.style.envelope.version
        if version < CHAT_DONE:
            return {}
        is_here = self.style.has_usage and finish is not None and version < USAGE_CHUNK
        return {"usage": usage(finish) if is_here and finish is not None else None}

    def _text_delta(self, event: TokenEvent) -> dict[str, Any]:
        is_hidden = event.special and self.style.envelope.version >= CHAT_DONE
        return {"content": "" if is_hidden else event.text}

    def _call_delta(self, event: TokenEvent) -> dict[str, Any] | None:
        call, is_last = self._call, event.finish is not None
        is_named_now = call.push("" if event.special else event.text)
        if call.name is None:
            return {"content": ""} if is_last else None
        new = call.take(is_last=is_last)
        if call.name == NO_TOOL:
            return {"content": new} if new or is_last else None
        if not (new or is_named_now or is_last):
            return None
        is_list = self.style.envelope.version >= USAGE_CHUNK
        function = {"name": call.name if is_named_now else None, "arguments": new}
        delta = {"index": 0, "id": "0" if is_list else "", "type": "function", "function": function}
        return {"tool_calls": [delta] if is_list else delta}


@dataclass(frozen=True, slots=True)
class ChatWhole:
    """One `chat.completion` object."""

    style: ChatStyle
    headers: Headers

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object and how long it took; an error where a call was wanted and the text is none."""
        generation = generations[0]
        envelope = self.style.envelope
        try:
            message = self._message(generation.finish.generated_text)
        except ToolRefused as error:
            return error_answer(error)
        choice = {
            "index": 0,
            "message": {"role": "assistant"} | message,
            "logprobs": self.style.logprobs(generation.events),
            "finish_reason": envelope.finish_reason(generation.finish),
        }
        body = envelope.wrap(WHOLE, [choice]) | {"usage": usage(generation.finish)}
        return json_answer(200, dump(body), (*self.headers, *timing_headers(generation, timings)))

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer."""
        return error_answer(error)

    def _message(self, text: str) -> dict[str, Any]:
        tools = self.style.tools
        if tools is None:
            return {"content": text}
        name, arguments = parse_call(text)
        if name == NO_TOOL:
            return {"content": arguments.get("content", "")}
        return {"tool_calls": [tools.call_object(name, arguments)]}
