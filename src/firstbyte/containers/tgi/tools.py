"""Functions that a chat may call: one JSON grammar for all of them, and the calls read back out of its text.

TGI makes the model write `{"function": {"_name": …, …arguments}}`. Where it may also answer without a call there is
one more function, `no_tool`, whose `content` is the answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.tgi.changes import USAGE_CHUNK
from firstbyte.containers.tgi.decoding import OTHER_SHAPE, ExtractionFailed
from firstbyte.containers.tgi.failures import ToolRefused
from firstbyte.containers.versions import Version

NO_TOOL = "no_tool"
_NO_TOOL_SCHEMA = {
    "properties": {"content": {"type": "string", "description": "The response content"}},
    "required": ["content"],
}
_NAME = re.compile(r'\{\s*"function"\s*:\s*\{\s*"_name"\s*:\s*"([^"]*)"\s*(,)?')
_CONTENT = re.compile(r'\s*"content"\s*:\s*"((?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)(")?')


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The functions that one chat may call."""

    definitions: tuple[Mapping[str, Any], ...]
    """As the request gave them."""
    is_optional: bool
    """Whether the answer may also be text."""
    version: Version

    @property
    def grammar(self) -> dict[str, Any]:
        """The grammar of a call, as a generate request has it."""
        functions = [tool["function"] for tool in self.definitions]
        schemas = [_call_schema(str(f["name"]), f.get("parameters") or f.get("arguments")) for f in functions]
        if self.is_optional:
            schemas.append(_call_schema(NO_TOOL, _NO_TOOL_SCHEMA))
        schema: dict[str, Any] = {"type": "object", "properties": {"function": {"anyOf": schemas}}}
        schema |= {"required": ["function"], "additionalProperties": False}
        for function in functions:  # references inside a function's parameters point to the root
            parameters = function.get("parameters") or {}
            for key in ("$defs", "definitions"):
                schema |= {key: schema.get(key, {}) | parameters[key]} if key in parameters else {}
        return {"type": "json", "value": schema}

    def prompted(self, messages: Sequence[Mapping[str, Any]], prompt: str) -> list[dict[str, Any]]:
        """`messages`, the last one followed by the tools and what to do with them."""
        listed = json.dumps(list(self.definitions), ensure_ascii=False, separators=(",", ":"))
        *before, last = messages or ({"role": "user", "content": ""},)
        return [*map(dict, before), {**last, "content": f"{last['content']}\n---\n{listed}\n{prompt}"}]

    def call_object(self, name: str, arguments: Any) -> dict[str, Any]:
        """A finished call; from `USAGE_CHUNK` on its arguments are a text, as OpenAI's clients expect."""
        is_text = self.version >= USAGE_CHUNK
        if is_text:
            arguments = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
        return {
            "id": "0" if self.version >= Version(2, 3) else 0,
            "type": "function",
            "function": {"description": None, "name": name, "arguments": arguments},
        }


def choose_tools(tools: Any, choice: Any, version: Version) -> Toolbox | None:
    """The tools that a request's `tools` and `tool_choice` leave; None where nothing is to be called.

    Raises:
        ExtractionFailed: they have another shape.
        ToolRefused: the chosen tool is not among them.
    """
    if not tools or choice == "none":
        return None
    if not isinstance(tools, list) or not all(_is_tool(tool) for tool in tools):
        raise ExtractionFailed(422, f"{OTHER_SHAPE}tools: invalid type, expected a sequence of struct Tool", ("tools",))
    if choice in (None, "auto"):
        return Toolbox(tuple(tools), is_optional=True, version=version)
    if choice == "required":
        return Toolbox(tuple(tools), is_optional=False, version=version)
    name = choice
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else choice.get("name")
    named = tuple(tool for tool in tools if tool["function"]["name"] == name)
    if not named:
        raise ToolRefused(f"Tool with name {name} not found")
    return Toolbox(named[:1], is_optional=False, version=version)


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _call_schema(name: str, parameters: Any) -> dict[str, Any]:
    parameters = parameters if isinstance(parameters, dict) else {}
    properties = {"_name": {"type": "string", "const": name}, **(parameters.get("properties") or {})}
    required = ["_name", *(parameters.get("required") or [])]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of the call that a generated text is.

    Raises:
        ToolRefused: it is none, as when the generation was cut short.
    """
    try:
        function = json.loads(text)["function"]
        name = function.pop("_name")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shown = json.dumps(text, ensure_ascii=False)
        raise ToolRefused(f"Failed to parse generated text: {error} {shown}") from error
    return str(name), function


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
