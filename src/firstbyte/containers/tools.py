"""Functions that a chat may call: one JSON grammar for all of them, and the call followed in the text that it guides.

The model is made to write `{"function": {"_name": …, …arguments}}`, which is TGI's form. Where it may also answer
without a call there is one more function, `no_tool`, whose `content` is the answer. Each dialect words what comes of
it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.schemas import as_guided

NO_TOOL = "no_tool"
_NO_TOOL_SCHEMA = {
    "properties": {"content": {"type": "string", "description": "The response content"}},
    "required": ["content"],
}
_NAME = re.compile(r'\{\s*"function"\s*:\s*\{\s*"_name"\s*:\s*"([^"]*)"\s*(,)?')
_CONTENT = re.compile(r'\s*"content"\s*:\s*"((?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)(")?')

Tool = Mapping[str, Any]
"""A tool as a request gives it: `function` has `name`, and may have `description` and `parameters`, a JSON schema."""


def is_tool(value: Any) -> bool:
    """Whether a member of a request is a tool."""
    function = value.get("function") if isinstance(value, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def call_schema(tools: Sequence[Tool], *, is_optional: bool) -> dict[str, Any]:
    """The JSON schema of a call of one of `tools`, or of `no_tool` where a call is optional."""
    functions = [tool["function"] for tool in tools]
    schemas = [_function_schema(str(f["name"]), f.get("parameters") or f.get("arguments")) for f in functions]
    if is_optional:
        schemas.append(_function_schema(NO_TOOL, _NO_TOOL_SCHEMA))
    schema: dict[str, Any] = {"type": "object", "properties": {"function": {"anyOf": schemas}}}
    schema |= {"required": ["function"], "additionalProperties": False}
    for function in functions:  # references inside a function's parameters point to the root
        for key in ("$defs", "definitions"):
            if found := _object(_object(function.get("parameters")).get(key)):
                schema[key] = schema.get(key, {}) | found
    return schema


def list_tools(messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], prompt: str) -> list[dict[str, Any]]:
    """`messages`, the last one followed by the tools and what to do with them."""
    listed = json.dumps(list(tools), ensure_ascii=False, separators=(",", ":"))
    *before, last = messages or ({"role": "user", "content": ""},)
    return [*map(dict, before), {**last, "content": f"{last['content']}\n---\n{listed}\n{prompt}"}]


def _function_schema(name: str, parameters: Any) -> dict[str, Any]:
    parameters = _object(parameters)
    own = {"_name": {"type": "string", "const": name}}  # first, and no argument's name
    properties = own | _object(parameters.get("properties")) | own
    names = parameters.get("required")
    required = ["_name", *(names if isinstance(names, list) else [])]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return as_guided(schema)  # type: ignore[no-any-return]


def _object(value: Any) -> dict[str, Any]:
    """An object of a schema; what a client gives in its place says nothing."""
    return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class CallStream:
    """Follows a call while it is generated: first its name becomes known, then its arguments, or `no_tool`'s text."""

    text: str = ""
    name: str | None = None
    _start: int = 0
    _num_told: int = 0

    def push(self, text: str) -> bool:
        """Add a token's text; True when the name became known with it."""
        self.text += text
        if self.name is not None or (match := _NAME.match(self.text)) is None:
            return False
        if match[2] is None and not self.text[match.end() :].startswith("}"):
            return False  # what follows the name decides where the arguments begin
        self.name, self._start = match[1], match.end()
        return True

    def take(self, *, is_last: bool = False) -> str:
        """What is new of the arguments as JSON, or of the text; the closing brace of the call is never told."""
        whole = self._content() if self.name == NO_TOOL else self._arguments(is_last=is_last)
        new = whole[self._num_told :]
        self._num_told = len(whole)
        return new

    def _arguments(self, *, is_last: bool) -> str:
        arguments = "{" + self.text[self._start :].lstrip()
        braces = re.search(r"[}\s]*$", arguments)
        assert braces is not None, "the pattern accepts an empty end"
        if not is_last:
            return arguments[: braces.start()]
        # Of the closing braces the last one ends the whole, and the one before it `function`, which the arguments keep.
        return arguments.rstrip().removesuffix("}")

    def _content(self) -> str:
        match = _CONTENT.match(self.text, self._start)
        if match is None:
            return ""
        try:
            content: str = json.loads(f'"{match[1]}"')
            content.encode()
        except ValueError:  # half of a surrogate pair: the other half is still to come
            return self._content_before_surrogate(match[1])
        return content

    def _content_before_surrogate(self, escaped: str) -> str:
        content: str = json.loads(f'"{escaped[: escaped.rfind(chr(92))]}"')
        return content
