"""LMI's request: `inputs`, `parameters`, `stream`; what rolling batch makes of the parameters, and what it refuses.

Two kinds of mistakes, as in LMI: a body that cannot be read (`InputParsingFailed`) never reaches the engine; a
parameter out of its range fails there (`RequestRejected`), so its answer is a generation that ended in an error.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.exchange import Request
from firstbyte.containers.lmi.changes import ASYNC_FORMATS, TEMPERATURE_IS_FREE
from firstbyte.containers.lmi.chat_requests import (
    ChatRefused,
    read_messages,
    read_num_logprobs,
    read_parameters,
    wants_usage,
)
from firstbyte.containers.lmi.completion_requests import read_completion_parameters, read_prompt
from firstbyte.containers.lmi.formats import read_format
from firstbyte.containers.lmi.front_end import properties_of
from firstbyte.containers.lmi.options import LmiOptions
from firstbyte.containers.lmi.tools import ChatTools, choose_tools
from firstbyte.containers.versions import Version
from firstbyte.engine.errors import TemplateFailed
from firstbyte.engine.requests import GenerateRequest, Grammar, Sampling
from firstbyte.engine.tokenizer import Tokenizer

DEFAULT_NEW_TOKENS = 30
LONGEST_SEED = 20
"""Digits of the largest seed, as a text; Python takes quadratic time for a number, and refuses thousands of digits."""
ADAPTER_HEADER = "x-amzn-sagemaker-adapter-identifier"

KNOWN_PARAMETERS = frozenset(
    (
        "adapters", "cached_prompt", "decoder_input_details", "details", "do_sample", "ignore_eos", "ignore_eos_token",
        "logprobs", "max_new_tokens", "max_tokens", "num_beams", "output_formatter", "repetition_penalty",
        "return_full_text", "seed", "stop", "stop_sequences", "stream", "temperature", "top_k", "top_p", "typical_p",
    )
)  # fmt: skip


CHAT_NEEDS_ROLLING_BATCH = (
    "chat completions support is not currently available for dynamic batching. "
    "You must enable rolling batch to use the chat completions format."
)


class InputParsingFailed(RequestRejected):
    """The body cannot be read; LMI's code for it is 424."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Input Parsing failed. Ensure that the request payload is valid. {reason}")


@dataclass(frozen=True, slots=True)
class LmiBody:
    """A request that could be read; its parameters are as given."""

    inputs: str
    parameters: Mapping[str, Any]
    is_streaming: bool
    messages: tuple[Mapping[str, Any], ...] | None = None
    """Of a chat request, whose prompt the model's template makes."""
    batch: tuple[str, ...] = ()
    """Of a request in static batching, all its prompts; `inputs` is the first."""
    num_logprobs: int | None = None
    """Of a chat request that asks for log-probabilities, how many alternatives come with each."""
    is_completion: bool = False
    """Whether it came as `prompt`, as completions do."""
    has_usage: bool = False
    """Whether a chat's stream ends in a chunk with the counts."""
    tools: ChatTools | None = None
    """Of a chat whose answer may be a call of a function."""
    grammar: Grammar | None = None
    """Of a chat or a completion, what the text has to be."""

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes-or-no parameter; anything that Python takes for true is true, as in LMI."""
        return bool(self.parameters.get(name, default))

    @property
    def unused_parameters(self) -> list[str]:
        """Names that mean nothing here; LMI drops them with a warning."""
        return sorted(set(self.parameters) - KNOWN_PARAMETERS)


def read_body(request: Request, version: Version, *, is_static: bool = False) -> LmiBody:
    """Read a request's body; in static batching it may hold several prompts.

    Raises:
        InputParsingFailed: it is not JSON, or has another shape.
        RequestRejected: it asks for something that is not served here.
    """
    if request.media_type == "text/plain":
        text = request.body.decode(errors="replace")
        return LmiBody(text, {}, is_streaming=False, batch=(text,) if is_static else ())
    value = _read_json(request.body)
    if not isinstance(value, dict):
        raise InputParsingFailed(f"'{type(value).__name__}' object has no attribute 'pop'")
    _check_served(value, request)
    if "messages" in value:
        if is_static:
            raise InputParsingFailed(CHAT_NEEDS_ROLLING_BATCH)
        return _read_chat(value, version)
    if "prompt" in value and "inputs" not in value and version >= ASYNC_FORMATS and not is_static:
        return _read_completion(value, version)
    parameters = value.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InputParsingFailed("'parameters' must be an object")
    if "inputs" not in value:
        raise InputParsingFailed("Invalid Request Property: 'inputs'")
    if is_static:
        batch = _texts(value["inputs"])
        return LmiBody(batch[0] if batch else "", parameters, is_streaming=False, batch=batch)
    return LmiBody(_text(value["inputs"]), parameters, bool(value.get("stream", parameters.get("stream", False))))


def _check_served(value: Mapping[str, Any], request: Request) -> None:
    """Raise InputParsingFailed for a request to an adapter or of a session, of which there are none here."""
    adapters = value.get("adapters") or properties_of(request).get("adapter") or request.headers.get(ADAPTER_HEADER)
    if adapters:
        name = adapters[0] if isinstance(adapters, list) else adapters
        raise InputParsingFailed(f"Adapter {name} is not registered")
    if "requestType" in value:
        raise InputParsingFailed(f"requestType={value['requestType']}: stateful sessions are not served here")


def _read_json(body: bytes) -> Any:
    def reject(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(body, parse_constant=reject)
    except (ValueError, RecursionError) as error:
        raise InputParsingFailed(str(error)) from error


def _text(inputs: Any) -> str:
    if isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    if not isinstance(inputs, str):
        raise InputParsingFailed(
            "'inputs' must be one string: a rolling batch takes one prompt in a request, "
            "option.rolling_batch=disable takes several"
        )
    return inputs


def _texts(inputs: Any) -> tuple[str, ...]:
    texts = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputParsingFailed("'inputs' must be a string or a list of strings")
    return tuple(texts)


def _read_chat(value: Mapping[str, Any], version: Version) -> LmiBody:
    tools, grammar = None, None
    try:
        if version >= ASYNC_FORMATS:
            tools = choose_tools(value)
            grammar = read_format(value, has_tools=tools is not None) or (tools.grammar if tools is not None else None)
        return LmiBody(
            inputs="",
            parameters=read_parameters(value, version),
            is_streaming=bool(value.get("stream", False)),
            messages=read_messages(value, version),
            tools=tools,
            grammar=grammar,
            num_logprobs=read_num_logprobs(value, version),
            has_usage=wants_usage(value, version),
        )
    except ChatRefused as error:
        raise InputParsingFailed(str(error)) from error


def _read_completion(value: Mapping[str, Any], version: Version) -> LmiBody:
    prompt = read_prompt(value)
    if prompt is None:
        raise InputParsingFailed("'prompt' must be one string")
    return LmiBody(
        inputs=prompt,
        parameters=read_completion_parameters(value),
        is_streaming=bool(value.get("stream", False)),
        is_completion=True,
        has_usage=wants_usage(value, version),
        grammar=read_format(value),
    )


def plan_generation(
    body: LmiBody, prompt_ids: tuple[int, ...], options: LmiOptions, max_total_tokens: int
) -> GenerateRequest:
    """What the engine must do. New tokens are cut to what a sequence can hold, as the rolling batchers do.

    Raises:
        RequestRejected: a parameter is out of its range, or the prompt fills the whole sequence.
    """
    if len(prompt_ids) >= max_total_tokens:
        raise RequestRejected(
            f"Input prompt ({len(prompt_ids)} tokens) is too long and exceeds limit of {max_total_tokens}"
        )
    if not prompt_ids:
        raise RequestRejected("Input prompt is empty")
    read = _Parameters(body.parameters)
    max_new_tokens = read.integer("max_new_tokens", read.integer("max_tokens", DEFAULT_NEW_TOKENS))
    if max_new_tokens < 1:
        raise RequestRejected(f"max_tokens must be at least 1, got {max_new_tokens}.")
    if read.integer("num_beams", 1) > 1:
        raise RequestRejected("num_beams > 1 is not supported by this server")
    return GenerateRequest(
        prompt_ids=prompt_ids,
        max_new_tokens=min(max_new_tokens, max_total_tokens - len(prompt_ids)),
        sampling=_sampling(read, options.version),
        stop=(*read.strings("stop_sequences"), *read.strings("stop")),
        stop_anywhere=options.stops_anywhere,
        num_top_tokens=(body.num_logprobs or 0) if options.version >= ASYNC_FORMATS else 0,
        ignore_eos=body.flag("ignore_eos_token") or body.flag("ignore_eos"),
        prompt_logprobs=body.flag("decoder_input_details"),
        grammar=body.grammar,
    )


def _sampling(read: "_Parameters", version: Version) -> Sampling:
    temperature = read.number("temperature", 1.0)
    top_k, top_p = read.integer("top_k", -1), read.number("top_p", 1.0)
    typical_p, penalty = read.number("typical_p", 1.0), read.number("repetition_penalty", 1.0)
    if temperature < 0.0:
        raise RequestRejected(f"temperature must be non-negative, got {temperature}.")
    if not 0.0 < top_p <= 1.0:
        raise RequestRejected(f"top_p must be in (0, 1], got {top_p}.")
    if not 0.0 < typical_p <= 1.0:
        raise RequestRejected(f"typical_p must be in (0, 1], got {typical_p}.")
    if top_k < -1 or (top_k == 0 and version < TEMPERATURE_IS_FREE):
        raise RequestRejected(f"top_k must be -1 (disable), or at least 1, got {top_k}.")
    if not 0.0 < penalty <= 2.0:
        raise RequestRejected(f"repetition_penalty must be in (0, 2], got {penalty}.")
    is_sampling = bool(read.get("do_sample", version >= TEMPERATURE_IS_FREE)) and temperature > 0.0
    if not is_sampling:
        return Sampling(repetition_penalty=penalty)
    return Sampling(
        do_sample=True,
        temperature=temperature,
        top_k=max(0, top_k),
        top_p=top_p,
        typical_p=typical_p,
        repetition_penalty=penalty,
        seed=read.seed(),
    )


class _Parameters:
    """Reads parameters of a request by kind."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def get(self, name: str, default: Any) -> Any:
        """The parameter, or `default` where it is missing or null."""
        value = self._parameters.get(name)
        return default if value is None else value

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RequestRejected(f"{name} must be an integer, got {value!r}")
        return value

    def number(self, name: str, default: float) -> float:
        """A finite number; also 1e400, which JSON reads as infinity, is refused."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
            raise RequestRejected(f"{name} must be a number, got {value!r}")
        return float(value)

    def strings(self, name: str) -> tuple[str, ...]:
        """A string or a list of them."""
        value = self.get(name, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise RequestRejected(f"{name} must be a list of strings, got {value!r}")
        return tuple(text for text in texts if text)

    def seed(self) -> int | None:
        """The seed, as a number or as the text of one, within 64 bits; None lets the engine draw one."""
        value = self.get("seed", None)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST_SEED:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RequestRejected(f"seed must be an integer, got {value!r}")
        return value % 2**64


def encode_prompt(body: LmiBody, tokenizer: Tokenizer) -> tuple[str, tuple[int, ...]]:
    """The prompt's text and ids; of a chat request, as the model's template words it.

    Raises:
        InputParsingFailed: the text is not Unicode, there is no template, or it refused the messages.
    """
    prompt = body.inputs
    try:
        if body.messages is not None and body.tools is not None:
            prompt = body.tools.apply_template(body.messages, tokenizer)
        elif body.messages is not None:
            prompt = tokenizer.apply_chat_template(body.messages, add_generation_prompt=True)
        prompt.encode()  # JSON can name half of a surrogate pair, which is no character
    except (TemplateFailed, UnicodeEncodeError) as error:
        raise InputParsingFailed(str(error)) from error
    return prompt, tuple(tokenizer.encode(prompt, add_special_tokens=body.messages is None))
