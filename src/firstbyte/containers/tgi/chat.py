"""TGI's OpenAI chat route: messages in, the same generation, OpenAI's objects out.

Tools, grammars and several choices are refused: they need guided output, which the engine does not have.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.dialect import Call, Generation, StreamCall, Timings, WholeCall
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, Headers, json_answer
from firstbyte.containers.tgi.decoding import OTHER_SHAPE, ExtractionFailed, Field, read_members
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.rendering import (
    KEEP_ALIVE,
    as_float32,
    compute_headers,
    data_prefix,
    dump,
    error_answer,
    error_status,
    stream_head,
    timing_headers,
)
from firstbyte.containers.tgi.requests import (
    DEFAULT_NEW_TOKENS,
    V3,
    GenerateBody,
    Parameters,
    TemplateRefused,
    ValidationFailed,
    check_endpoint,
    plan_generation,
)
from firstbyte.containers.versions import Version
from firstbyte.engine.errors import TemplateFailed
from firstbyte.engine.requests import Finish, FinishReason, TokenEvent

CHAT_FIELDS = {
    "messages": Field("any", default=..., is_nullable=False),
    "model": Field("string"),
    "frequency_penalty": Field("f32"),
    "presence_penalty": Field("f32"),
    "logprobs": Field("bool"),
    "top_logprobs": Field("u32"),
    "max_tokens": Field("u32"),
    "max_completion_tokens": Field("u32"),
    "stop": Field("any"),
    "stream": Field("bool", default=False, is_nullable=False),
    "stream_options": Field("any"),
    "seed": Field("u64"),
    "temperature": Field("f32"),
    "top_p": Field("f32"),
    "tools": Field("any"),
    "response_format": Field("any"),
}


@dataclass(frozen=True, slots=True)
class ChatStyle:
    """What every object of one chat answer has in common."""

    version: Version
    model_id: str
    created: int
    has_logprobs: bool
    has_usage: bool

    def envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """The object around `choices`."""
        return {
            "object": kind,
            "id": "",
            "created": self.created,
            "model": self.model_id,
            "system_fingerprint": f"{self.version}-native",
            "choices": choices,
        }

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

    def render(self, event: TokenEvent) -> bytes:
        """The chunk of one token; a special token closes the answer without text."""
        choice = {
            "index": 0,
            "delta": {"role": "assistant", "content": "" if event.special else event.text},
            "logprobs": self.style.logprobs([event]),
            "finish_reason": None if event.finish is None else chat_finish_reason(event.finish),
        }
        if event.finish is not None:
            self._finishes.append(event.finish)
        return self._line(dump(self.style.envelope("chat.completion.chunk", [choice])))

    def render_end(self) -> bytes:
        """The usage, where asked for, and `[DONE]`."""
        end = self._line(b"[DONE]")
        if not self.style.has_usage or not self._finishes:
            return end
        chunk = self.style.envelope("chat.completion.chunk", []) | {"usage": usage(self._finishes[-1])}
        return self._line(dump(chunk)) + end

    def render_error(self, error: ContainerError) -> bytes:
        """OpenAI's shape of an error, and the end."""
        return self._line(dump(chat_error(error))) + self._line(b"[DONE]")

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer; not used by the server, since the head is early."""
        return error_answer(error)

    def _line(self, data: bytes) -> bytes:
        return b"%b%b\n\n" % (data_prefix(self.style.version), data)


@dataclass(frozen=True, slots=True)
class ChatWhole:
    """One `chat.completion` object."""

    style: ChatStyle
    headers: Headers

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object and how long it took."""
        generation = generations[0]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": generation.finish.generated_text},
            "logprobs": self.style.logprobs(generation.events),
            "finish_reason": chat_finish_reason(generation.finish),
        }
        body = self.style.envelope("chat.completion", [choice]) | {"usage": usage(generation.finish)}
        return json_answer(200, dump(body), (*self.headers, *timing_headers(generation, timings)))


def chat_finish_reason(finish: Finish) -> str:
    """OpenAI's word for the end of a generation."""
    return "stop" if finish.reason == FinishReason.EOS_TOKEN else finish.reason


def usage(finish: Finish) -> dict[str, int]:
    """Token counts of one answer."""
    return {
        "prompt_tokens": finish.num_prompt,
        "completion_tokens": finish.num_generated,
        "total_tokens": finish.num_prompt + finish.num_generated,
    }


def chat_error(error: ContainerError) -> dict[str, Any]:
    """An error inside a chat stream."""
    status, _, text = error_status(error)
    return {"error": {"message": text, "http_status_code": status}}


def plan_chat(body: Any, served: Served, clock: Callable[[], float] = time.time) -> Call | Answer:
    """Turn a chat request into a call; what is wrong with a streaming one is said inside its stream.

    Raises:
        ContainerError: the request is refused with a status of its own.
    """
    members = read_members(body, CHAT_FIELDS, "ChatRequest")
    options = served.options
    has_usage = isinstance(members["stream_options"], dict) and members["stream_options"].get("include_usage") is True
    style = ChatStyle(options.version, options.model_id, int(clock()), members["logprobs"] is True, has_usage)
    parameters = _parameters(members, options.version)
    prompt = _prompt(members, served)
    request = GenerateBody(prompt, parameters, members["stream"], add_special_tokens=False)
    headers = compute_headers(options.compute_type, len(prompt))
    check_endpoint(parameters, served.bounds, is_streaming=request.stream)
    if not request.stream:
        return WholeCall(plan_generation(request, served.bounds, served.tokenizer), ChatWhole(style, headers))
    stream = ChatStream(style, stream_head(headers))
    try:
        plan, *_ = plan_generation(request, served.bounds, served.tokenizer)
    except ValidationFailed as error:
        return Answer(stream.head.status, stream.head.headers, stream.render_error(error), is_chunked=True)
    return StreamCall(plan, stream)


def _parameters(members: dict[str, Any], version: Version) -> Parameters:
    if members["tools"]:
        raise ValidationFailed("`tools` are not supported by this server")
    if members["response_format"] is not None:
        raise ValidationFailed("grammar is not supported")
    temperature, presence = members["temperature"], members["presence_penalty"]
    is_greedy = temperature == 0.0
    max_tokens = members["max_completion_tokens"]
    max_tokens = members["max_tokens"] if max_tokens is None else max_tokens
    return Parameters(
        temperature=None if is_greedy else temperature,
        do_sample=not is_greedy,
        top_p=members["top_p"],
        frequency_penalty=members["frequency_penalty"],
        repetition_penalty=None if presence is None else presence + 2.0,
        max_new_tokens=DEFAULT_NEW_TOKENS if max_tokens is None and version < V3 else max_tokens,
        stop=_stop(members["stop"]),
        seed=members["seed"],
        top_n_tokens=members["top_logprobs"],
    )


def _stop(stop: Any) -> tuple[str, ...]:
    texts = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ExtractionFailed(422, f"{OTHER_SHAPE}stop: invalid type, expected a sequence of strings")
    return tuple(texts)


def _prompt(members: dict[str, Any], served: Served) -> str:
    messages = members["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ExtractionFailed(422, f"{OTHER_SHAPE}messages: invalid type, expected a sequence of struct Message")
    try:
        return served.tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    except TemplateFailed as error:
        raise TemplateRefused(str(error)) from error
