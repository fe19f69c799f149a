"""Requests whose answers are kept byte for byte, for each version; and the engine that answers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.engine import FakeEngine
from firstbyte.engine.errors import EngineError, GenerationFailed, Overloaded

VERSIONS = {
    "tgi": ("1.0.3", "1.4.5", "2.0.2", "2.1.1", "2.3.0", "2.4.0", "3.0.0", "3.3.6"),
    "lmi": ("0.25.0", "0.26.0", "0.28.0", "0.29.0", "0.32.0", "0.36.0"),
}
WORDS = [" I", " am", "."]
MULTI_BYTE = ["", "", "", "😀", "愛", "e", "\u0301", '"\\\n\t\x01']
"""Three tokens that complete no character, then the one that does; CJK; a combining mark; what JSON escapes."""
REFERENCE = {
    "do_sample": True,
    "top_p": 0.6,
    "temperature": 0.9,
    "top_k": 50,
    "max_new_tokens": 512,
    "repetition_penalty": 1.03,
    "stop": ["</s>"],
    "return_full_text": False,
    "seed": 42,
}
"""The parameters of the reference workload, with a seed so that the answer can be kept."""
ASKED = {"max_new_tokens": 9, "return_full_text": False}
MESSAGES = [{"role": "user", "content": "Who are you?"}]


@dataclass(frozen=True)
class Case:
    """One request and what the engine does with it."""

    name: str
    body: Any
    path: str = "/invocations"
    texts: list[str] = field(default_factory=lambda: WORDS)
    is_stopped: bool = False
    fail_at: int = -1
    failure: EngineError | None = None
    media_type: str = "application/json"
    variables: Mapping[str, Any] = field(default_factory=dict)
    """What the container is configured with: what its maker in `fakes.containers` takes."""
    pause_at: int = -1
    """The token that never comes."""
    is_after_failure: bool = False
    """Whether a generation has failed before it."""

    def engine(self) -> FakeEngine:
        engine = FakeEngine(self.texts, fail_at=self.fail_at, pause_at=self.pause_at)
        engine.is_stopped = self.is_stopped
        engine.failure = self.failure or engine.failure
        return engine


def prompt(stream: bool | None, **parameters: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"inputs": "<s>[INST] Who are you? [/INST]", "parameters": parameters}
    return body if stream is None else body | {"stream": stream}


SHARED = (
    Case("reference workload, streamed", prompt(True, **REFERENCE)),
    Case("reference workload, not streamed", prompt(None, **REFERENCE)),
    Case("ended by length, details", prompt(True, **ASKED | {"details": True, "max_new_tokens": 2})),
    Case("ended by a stop string, details", prompt(True, **ASKED, details=True, stop=["."]), is_stopped=True),
    Case("not streamed, details", prompt(False, **ASKED, details=True)),
    Case("multi-byte text", prompt(True, **ASKED), texts=MULTI_BYTE),
    Case("multi-byte text, not streamed", prompt(None, **ASKED), texts=MULTI_BYTE),
    Case("fails in the midst", prompt(True, **ASKED), fail_at=1, failure=GenerationFailed("no memory")),
    Case("fails in the midst, not streamed", prompt(None, **ASKED), fail_at=1, failure=GenerationFailed("no memory")),
    Case("fails at once", prompt(True, **ASKED), fail_at=0, failure=GenerationFailed("no memory")),
    Case("overloaded", prompt(True, **ASKED), fail_at=0, failure=Overloaded("full")),
    Case("overloaded, not streamed", prompt(None, **ASKED), fail_at=0, failure=Overloaded("full")),
    Case("a value out of range, streamed", prompt(True, **ASKED | {"top_p": -1.0})),
    Case("a value out of range", prompt(None, **ASKED | {"top_p": -1.0})),
    Case("not JSON", b'{"inputs": '),
    Case("no inputs", {"parameters": {}}),
    Case("chat", {"messages": MESSAGES, "max_tokens": 9, "seed": 42}, path="/v1/chat/completions"),
    Case("chat, streamed", {"messages": MESSAGES, "max_tokens": 9, "stream": True}, path="/v1/chat/completions"),
)
REFUSED = [{"role": "nobody", "content": "Who are you?"}]
PREFILLED = {"details": True, "decoder_input_details": True, "max_new_tokens": 1}
EVERYTHING = PREFILLED | {"top_n_tokens": 2, "return_full_text": False}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"properties": {"place": {}}}}}
CALLING = {"messages": MESSAGES, "max_tokens": 9, "tools": [TOOL]}
CALL = ['{"function"', ': {"_name": "weather", ', '"place": "Rom', 'e"}', "}"]
TGI = (
    Case("too many new tokens", prompt(True, max_new_tokens=4096)),
    Case("a value of another type", prompt(None, temperature="hot")),
    Case("a field given twice", b'{"inputs": "a", "parameters": {"top_k": 1, "top_k": 2}}'),
    Case("an unknown kind of grammar", prompt(None, grammar={"type": "lark", "value": ""})),
    Case("an adapter", prompt(None, adapter_id="x")),
    Case("an adapter, streamed", prompt(True, adapter_id="x")),
    Case("a watermark", prompt(None, watermark=True)),
    Case("no prompts", {"prompt": []}, path="/v1/completions"),
    Case("a prompt of another type", {"prompt": 1}, path="/v1/completions"),
    Case("completion", {"prompt": "Who", "max_tokens": 2, "seed": 42}, path="/v1/completions"),
    Case("completion, streamed", {"prompt": "Who", "max_tokens": 2, "stream": True}, path="/v1/completions"),
    Case("generate_stream", prompt(None, max_new_tokens=1), path="/generate_stream"),
    Case("generate", prompt(None, max_new_tokens=1), path="/generate"),
    Case("info", None, path="/info"),
    Case("chat with tools", CALLING, path="/v1/chat/completions", texts=CALL),
    Case("chat with tools, streamed", CALLING | {"stream": True}, path="/v1/chat/completions", texts=CALL),
    Case("chat with tools, another choice", CALLING | {"tool_choice": "other"}, path="/v1/chat/completions"),
)
TGI_MISTAKES: Mapping[str, Mapping[str, Any]] = {
    "best_of without sampling": {"best_of": 2},
    "best_of beyond the limit": {"best_of": 3, "do_sample": True},
    "best_of with a seed": {"best_of": 2, "do_sample": True, "seed": 1},
    "temperature": {"temperature": 0.0},
    "repetition_penalty": {"repetition_penalty": 0.0},
    "frequency_penalty": {"frequency_penalty": 2.5},
    "typical_p": {"typical_p": 1.0},
    "top_k": {"top_k": 0},
    "max_new_tokens": {"max_new_tokens": 0},
    "stop": {"stop": ["1", "2", "3", "4", "5"]},
    "top_n_tokens": {"top_n_tokens": 6},
    "truncate": {"truncate": 4096},
    "a schema without properties": {"grammar": {"type": "json", "value": {}}},
    "a schema that is no JSON": {"grammar": {"type": "json", "value": "{"}},
    "an empty regular expression": {"grammar": {"type": "regex", "value": ""}},
}
TGI_ROUTES = (
    Case("tokenize", {"inputs": "Who?"}, path="/tokenize"),
    Case("chat_tokenize", {"messages": MESSAGES}, path="/chat_tokenize"),
    Case("vertex", {"instances": [{"inputs": "Who?"}, {"messages": MESSAGES}]}, path="/vertex"),
    Case("vertex, no instances", {"instances": []}, path="/vertex"),
    Case("models", None, path="/v1/models"),
    Case("health", None, path="/health"),
    Case("an unknown route", {}, path="/nothing"),
    Case("another method", None, path="/generate"),
    Case("another media type", prompt(None), media_type="text/plain"),
    Case("chat, a role that the template refuses", {"messages": REFUSED}, path="/v1/chat/completions"),
    Case("chat, a call that was cut short", CALLING, path="/v1/chat/completions", texts=CALL[:2]),
    Case("completion with a suffix", {"prompt": "Who", "suffix": "x"}, path="/v1/completions"),
    Case("completion of too many prompts", {"prompt": ["a"] * 5}, path="/v1/completions"),
    Case("no text", {"inputs": ""}),
    Case("best_of, streamed", prompt(True, best_of=2, do_sample=True)),
    Case("decoder_input_details, streamed", prompt(True, decoder_input_details=True)),
    Case("details of the prompt and alternatives", {"inputs": "Who?", "parameters": EVERYTHING}),
    Case("details and alternatives, streamed", prompt(True, **ASKED, details=True, top_n_tokens=2)),
    Case("the better of two", prompt(None, best_of=2, do_sample=True, details=True, max_new_tokens=1)),
    *(Case(f"wrong: {name}", prompt(None, **wrong)) for name, wrong in TGI_MISTAKES.items()),
    *(Case(f"wrong, streamed: {name}", prompt(True, **TGI_MISTAKES[name])) for name in ("top_k", "stop")),
)
BROKEN: Mapping[str, Any] = {"fail_at": 0, "failure": GenerationFailed("no memory")}
SHORT = {"MAX_INPUT_TOKENS": "8", "MAX_TOTAL_TOKENS": "16", "MAX_BATCH_PREFILL_TOKENS": "16"}
TGI_LIMITS = (
    Case("too long a body", prompt(None), variables={"PAYLOAD_LIMIT": "16"}),
    Case("too long a prompt", prompt(None, max_new_tokens=1), variables=SHORT),
    Case("too long a prompt, streamed", prompt(True, max_new_tokens=1), variables=SHORT),
    Case(
        "too long a prompt by itself", {"inputs": "Who are you", "parameters": {"max_new_tokens": 1}}, variables=SHORT
    ),
    Case("too long a chat, streamed", {"messages": MESSAGES, "stream": True}, "/v1/chat/completions", variables=SHORT),
    Case(
        "a prompt that is cut",
        prompt(None, max_new_tokens=1, truncate=3, details=True, decoder_input_details=True),
        variables=SHORT,
    ),
    Case("no key", prompt(None), variables={"API_KEY": "secret"}),
    Case("health after a failure", None, path="/health", is_after_failure=True, **BROKEN),
    Case("health through SageMaker after a failure", None, path="/ping", is_after_failure=True, **BROKEN),
    Case("vertex fails", {"instances": [{"inputs": "Who?"}]}, path="/vertex", **BROKEN),
)
CHAT = {"messages": MESSAGES, "max_tokens": 9}
LMI_LIMITS = (
    Case("too long a body", prompt(None), variables={"SERVING_MAX_REQUEST_SIZE": "16"}),
    Case("too long a prompt", prompt(None), variables={"max_total_tokens": 8}),
    Case("too long a prompt, streamed", prompt(True), variables={"max_total_tokens": 8}),
    Case("too long a chat", CHAT, variables={"max_total_tokens": 8}),
    Case(
        "answers are cut to what fits",
        prompt(True, max_new_tokens=99, details=True),
        variables={"max_total_tokens": 33},
    ),
    Case("no token in time", prompt(None), pause_at=0),
    Case("no token in time, streamed", prompt(True), pause_at=0),
    Case("health after a failure", None, path="/ping", is_after_failure=True, **BROKEN),
)
LMI_MISTAKES: Mapping[str, Mapping[str, Any]] = {
    "temperature": {"temperature": -1},
    "top_k": {"top_k": -2},
    "top_k 0": {"top_k": 0},
    "typical_p": {"typical_p": 2},
    "repetition_penalty": {"repetition_penalty": 3},
    "max_new_tokens": {"max_new_tokens": 0},
    "num_beams": {"num_beams": 2},
    "seed": {"seed": "x"},
    "stop": {"stop": 1},
}
LMI_ROUTES = (
    Case("models", None, path="/models"),
    Case("an unknown route", {}, path="/nothing"),
    Case("another method", None),
    Case("management", {}, path="/models"),
    Case("metrics that are not enabled", None, path="/metrics"),
    Case("plain text", b"Who?", media_type="text/plain"),
    Case("no text", {"inputs": ""}),
    Case("two texts", {"inputs": ["a", "b"]}),
    Case("parameters of another type", {"inputs": "a", "parameters": []}),
    Case("no object", []),
    Case("a session", {"requestType": "NEW_SESSION"}),
    Case("chat, a role that the template refuses", {"messages": REFUSED}),
    Case("chat, a value out of range", {"messages": MESSAGES, "temperature": 3}),
    Case("chat in a format", {"messages": MESSAGES, "response_format": {"type": "json_object"}, "max_tokens": 9}),
    Case("details of the prompt", {"inputs": "Who?", "parameters": PREFILLED}),
    Case("details of the prompt, streamed", {"inputs": "Who?", "parameters": PREFILLED, "stream": True}),
    *(Case(f"wrong: {name}", prompt(None, **wrong)) for name, wrong in LMI_MISTAKES.items()),
    *(Case(f"wrong, streamed: {name}", prompt(True, **LMI_MISTAKES[name])) for name in ("top_k", "seed")),
)
LOGPROBS = CHAT | {"max_tokens": 2, "logprobs": True, "top_logprobs": 1}
LMI = (
    Case("chat with tools", CALLING, texts=CALL),
    Case("chat with tools, streamed", CALLING | {"stream": True, "tool_choice": "required"}, texts=CALL),
    Case("chat with tools, another choice", CALLING | {"tool_choice": "weather"}, texts=CALL),
    Case("chat, logprobs", LOGPROBS, path="/v1/chat/completions"),
    Case("chat, logprobs, streamed", LOGPROBS | {"stream": True}, path="/v1/chat/completions"),
    Case("chat, a message without content", {"messages": [{"role": "user"}]}),
    Case("chat fails in the midst", CHAT, fail_at=1, failure=GenerationFailed("no memory")),
    Case("completion", {"prompt": "Who", "max_tokens": 2}),
    Case("completion, streamed", {"prompt": "Who", "max_tokens": 2, "stream": True}),
    Case("an adapter that is not there", prompt(None) | {"adapters": ["french"]}),
    Case("pieces as in DJL's own test", prompt(None), texts=["He", "llo", " world"]),
    Case("unknown model", prompt(None), path="/predictions/other"),
    Case("health", None, path="/ping"),
)
CASES = {"tgi": SHARED + TGI + TGI_ROUTES + TGI_LIMITS, "lmi": SHARED + LMI + LMI_ROUTES + LMI_LIMITS}
