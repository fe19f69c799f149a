"""TGI's chat request: which members it has, and the generate request that they amount to.

Source: `ChatRequest::try_into_generate` in router/src/lib.rs, router/src/infer/{chat_template,tool_grammar}.rs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.tgi.changes import CHAT_WITHOUT_BOS, CONTINUES_ANSWER, GREEDY_AT_ZERO, LIMITS_FOLLOW_MODEL
from firstbyte.containers.tgi.decoding import (
    Field,
    mismatch_of_variants,
    read_grammar_shape,
    read_list,
    read_members,
    read_strings,
)
from firstbyte.containers.tgi.failures import TemplateRefused, ToolRefused
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.requests import (
    DEFAULT_NEW_TOKENS,
    GenerateBody,
    Parameters,
)
from firstbyte.containers.tgi.syntax import Path
from firstbyte.containers.tgi.tools import Toolbox, choose_tools
from firstbyte.containers.versions import Version
from firstbyte.engine.errors import TemplateFailed

CHAT_FIELDS = {
    "messages": Field("any", default=..., is_nullable=False),
    "model": Field("string"),
    "frequency_penalty": Field("f32"),
    "presence_penalty": Field("f32"),
    "logprobs": Field("bool"),
    "top_logprobs": Field("u32"),
    "max_tokens": Field("u32"),
    "max_completion_tokens": Field("u32"),
    "n": Field("u32"),
    "stop": Field("any"),
    "stream": Field("bool", default=False, is_nullable=False),
    "stream_options": Field("any"),
    "seed": Field("u64"),
    "temperature": Field("f32"),
    "top_p": Field("f32"),
    "tools": Field("any"),
    "tool_choice": Field("any"),
    "tool_prompt": Field("string"),
    "guideline": Field("string"),
    "response_format": Field("any"),
}
MESSAGE_FIELDS = {"role": Field("string", default=..., is_nullable=False), "name": Field("string")}
TOOL_PROMPT = (
    "Answer with a JSON object for one call of a function that is listed above, with the arguments that fit best, in "
    "the form {name: function name, parameters: object of arguments}. Use no variables."
)
"""Added to the last message with the tools, unless the request has a `tool_prompt`; TGI's says the same."""


@dataclass(frozen=True, slots=True)
class ChatBody:
    """A chat request as what it asks to generate, and how it wants the answer."""

    generate: GenerateBody
    has_logprobs: bool
    has_usage: bool
    tools: Toolbox | None
    """Where the answer may be a call of a function."""


def read_chat_body(value: Any, served: Served) -> ChatBody:
    """Give the parsed JSON of a chat its type.

    Raises:
        ExtractionFailed: a member is missing or of another type.
        TemplateRefused: there is no template, or it refused the messages.
        ToolRefused: the tools do not go together with what else is asked.
    """
    members = read_members(value, CHAT_FIELDS, "ChatRequest")
    messages = _messages(members["messages"])
    tools = choose_tools(members["tools"], members["tool_choice"], served.options.version)
    format_grammar = _response_format(members["response_format"])
    if format_grammar is not None:
        read_grammar_shape(format_grammar, ("response_format",))
    if tools is not None and format_grammar is not None:
        raise ToolRefused("Grammar and tools are mutually exclusive")
    grammar = tools.grammar if tools is not None else format_grammar
    if tools is not None:
        messages = tools.prompted(messages, members["tool_prompt"] or TOOL_PROMPT)
    prompt = _prompt(messages, tools, members["guideline"], served)
    parameters = _parameters(members, grammar, served.options.version)
    options = members["stream_options"]
    return ChatBody(
        GenerateBody(
            prompt,
            parameters,
            members["stream"],
            add_special_tokens=served.options.version < CHAT_WITHOUT_BOS,
        ),
        has_logprobs=members["logprobs"] is True,
        has_usage=isinstance(options, dict) and options.get("include_usage") is True,
        tools=tools,
    )


def _parameters(members: dict[str, Any], grammar: Any, version: Version) -> Parameters:
    temperature, presence = members["temperature"], members["presence_penalty"]
    is_greedy = temperature == 0.0 and version >= GREEDY_AT_ZERO
    max_tokens = members["max_completion_tokens"]
    max_tokens = members["max_tokens"] if max_tokens is None else max_tokens
    return Parameters(
        temperature=None if is_greedy else temperature,
        do_sample=not is_greedy,
        top_p=members["top_p"],
        frequency_penalty=members["frequency_penalty"],
        repetition_penalty=None if presence is None else presence + 2.0,
        max_new_tokens=DEFAULT_NEW_TOKENS if max_tokens is None and version < LIMITS_FOLLOW_MODEL else max_tokens,
        stop=_stop(members["stop"]),
        seed=members["seed"],
        top_n_tokens=members["top_logprobs"],
        grammar=grammar,
    )


def _stop(stop: Any) -> tuple[str, ...]:
    """A list of texts; also a single one, which OpenAI's clients may send and TGI refuses."""
    return (stop,) if isinstance(stop, str) else read_strings(stop or [], ("stop",))


def _response_format(value: Any) -> Any:
    """`response_format` as a grammar: TGI's `{"type", "value"}`, and OpenAI's own two forms of it."""
    if not isinstance(value, dict) or value.get("type") == "text":
        return value if value is not None and not isinstance(value, dict) else None
    if "value" in value:
        return value
    if value.get("type") == "json_object":
        return {"type": "json_object", "value": {"type": "object", "properties": {}}}
    schema = value.get("json_schema")
    return {"type": "json_schema", "value": schema} if isinstance(schema, dict) else value


def _messages(value: Any) -> list[dict[str, Any]]:
    """The messages with their content as one text, as TGI hands them to the template."""
    messages = read_list(value, ("messages",))
    return [_message(message, ("messages", index)) for index, message in enumerate(messages)]


def _message(value: Any, path: Path) -> dict[str, Any]:
    read_members(value, MESSAGE_FIELDS, "Message", path)
    return {**value, "content": _content(value, path)}


def _content(message: Mapping[str, Any], path: Path) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None and message.get("tool_calls") is not None:
        return json.dumps(message["tool_calls"], ensure_ascii=False, separators=(",", ":"))
    texts = [_chunk_text(chunk) for chunk in content] if isinstance(content, list) else [None]
    if None in texts:
        raise mismatch_of_variants("MessageContent", (*path, "content") if "content" in message else path)
    return "".join(filter(None, texts))


def _chunk_text(chunk: Any) -> str | None:
    match chunk:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return f"![]({url})"
    return None


def _prompt(messages: list[dict[str, Any]], tools: Toolbox | None, guideline: str | None, served: Served) -> str:
    variables = {"tools": tools.definitions} if tools is not None else {}
    if guideline is not None:
        variables["guideline"] = guideline  # type: ignore[assignment]
    is_continued = bool(messages) and messages[-1].get("role") == "assistant"
    is_continued = is_continued and served.options.version >= CONTINUES_ANSWER
    try:
        prompt = served.tokenizer.apply_chat_template(messages, add_generation_prompt=not is_continued, **variables)
    except TemplateFailed as error:
        raise TemplateRefused(str(error)) from error
    if not is_continued:
        return prompt
    # An unfinished answer is gone on with, so nothing that closes it may stay.
    said = messages[-1]["content"].strip()
    end = prompt.rfind(said) + len(said)
    return prompt[:end] if said and end >= len(said) else prompt
