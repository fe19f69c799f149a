"""LMI's chat requests: a body with `messages`, on any route; its fields, their ranges, what they mean to the engine.

Ranges and words are those of djl_python's ChatProperties. What it takes and leaves alone (`n`, `logit_bias`, `user`) is
left alone here as well up to 0.34; from 0.35 on, where vLLM would do what is asked, it is refused with a sentence.
"""

from collections.abc import Mapping
from typing import Any

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.lmi.changes import ASYNC_FORMATS
from firstbyte.containers.lmi.formats import FORMAT_FIELDS
from firstbyte.containers.lmi.tools import read_calls
from firstbyte.containers.versions import Version

RANGES: Mapping[str, tuple[float, float, str]] = {
    "frequency_penalty": (-2.0, 2.0, "frequency_penalty must be between -2.0 and 2.0."),
    "presence_penalty": (-2.0, 2.0, "presence_penalty must be between -2.0 and 2.0."),
    "temperature": (0.0, 2.0, "temperature must be between 0 and 2."),
    "top_logprobs": (0, 20, "top_logprobs must be between 0 and 20."),
}
NOT_MESSAGES = "'messages' must be a list of objects"
NO_ROLE_OR_CONTENT = "When passing chat dicts as input, each dict must have a 'role' and 'content' key."
OWN_FIELDS = frozenset(("messages", "model", "stream", "user", "logprobs", "top_logprobs", "stream_options"))
TOOL_FIELDS = frozenset(("tools", "tool_choice", "parallel_tool_calls"))
"""Fields that are not parameters of generation; `TOOL_FIELDS` and `FORMAT_FIELDS` are none either from 0.35 on."""
NOT_SERVED = ("functions", "logit_bias")
"""What vLLM does from 0.35 on and this server does not."""


class ChatRefused(ValueError):
    """A chat request that cannot be read."""


def read_messages(value: Mapping[str, Any], version: Version) -> tuple[Mapping[str, Any], ...]:
    """The messages, contents in parts made one text; from 0.35 on they may hold calls of functions instead of contents.

    Raises:
        ChatRefused: they have another shape, or hold images.
    """
    messages = value["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ChatRefused(NOT_MESSAGES)
    if version >= ASYNC_FORMATS:
        messages = [read_calls(message) for message in messages]
    if not all("role" in message and "content" in message for message in messages):
        raise ChatRefused(NO_ROLE_OR_CONTENT)
    return tuple(message | {"content": _content(message["content"])} for message in messages)


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            raise ChatRefused(f"a message's content of the type {kind} is not served here; text is")
    return "\n".join(part["text"] for part in content)


def read_parameters(value: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """The parameters of generation. It samples, unless the temperature is 0.

    Raises:
        ChatRefused: a value is out of its range.
        RequestRejected: it asks for what vLLM does from 0.35 on and this server does not.
    """
    for name, (least, most, sentence) in RANGES.items():
        number = value.get(name)
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            raise ChatRefused(sentence)
    if version >= ASYNC_FORMATS:
        _check_served(value)
    own = OWN_FIELDS | TOOL_FIELDS | FORMAT_FIELDS if version >= ASYNC_FORMATS else OWN_FIELDS
    parameters = {name: member for name, member in value.items() if name not in own and member is not None}
    wanted = parameters.pop("max_tokens", None)
    wanted = parameters.pop("max_completion_tokens", wanted) if version >= ASYNC_FORMATS else wanted
    if wanted is not None:
        parameters["max_new_tokens"] = wanted
    elif version >= ASYNC_FORMATS:
        parameters.setdefault("max_new_tokens", 2**31)  # as much as a sequence can hold
    return {"do_sample": True, **parameters}


def _check_served(value: Mapping[str, Any]) -> None:
    for name in NOT_SERVED:
        if value.get(name):
            raise RequestRejected(f"{name} is not served here")
    if value.get("n") not in (None, 1):
        raise RequestRejected("n must be 1: one choice is served here")


def read_num_logprobs(value: Mapping[str, Any], version: Version) -> int | None:
    """How many alternatives each token's log-probability comes with; None where none are wanted.

    Up to 0.34 `logprobs` alone means nothing: `top_logprobs` has to be above 0 as well.
    """
    if not value.get("logprobs"):
        return None
    num_logprobs = int(value.get("top_logprobs") or 0)
    return None if version < ASYNC_FORMATS and num_logprobs == 0 else num_logprobs


def wants_usage(value: Mapping[str, Any], version: Version) -> bool:
    """Whether a stream ends in a chunk with the counts, from 0.35 on."""
    stream_options = value.get("stream_options")
    is_asked = isinstance(stream_options, dict) and bool(stream_options.get("include_usage"))
    return version >= ASYNC_FORMATS and is_asked
