"""Functions that a chat may call, in TGI's words; what both dialects do with them is in `containers/tools.py`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.tgi.changes import USAGE_CHUNK
from firstbyte.containers.tgi.decoding import Field, mismatch_of_variants, read_list, read_members
from firstbyte.containers.tgi.failures import ToolRefused
from firstbyte.containers.tools import Tool, call_schema, list_tools
from firstbyte.containers.versions import Version

TOOL_FIELDS = {"function": Field("any", default=..., is_nullable=False)}
FUNCTION_FIELDS = {"name": Field("string", default=..., is_nullable=False), "description": Field("string")}


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The functions that one chat may call."""

    definitions: tuple[Tool, ...]
    """As the request gave them."""
    is_optional: bool
    """Whether the answer may also be text."""
    version: Version

    @property
    def grammar(self) -> dict[str, Any]:
        """The grammar of a call, as a generate request has it."""
        return {"type": "json", "value": call_schema(self.definitions, is_optional=self.is_optional)}

    def prompted(self, messages: Sequence[Mapping[str, Any]], prompt: str) -> list[dict[str, Any]]:
        """`messages`, the last one followed by the tools and what to do with them."""
        return list_tools(messages, self.definitions, prompt)

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
    tools = [] if tools is None else read_list(tools, ("tools",))
    for index, tool in enumerate(tools):
        function = read_members(tool, TOOL_FIELDS, "Tool", ("tools", index))["function"]
        read_members(function, FUNCTION_FIELDS, "FunctionDefinition", ("tools", index, "function"))
    if not tools or choice == "none":
        return None
    if choice in (None, "auto"):
        return Toolbox(tuple(tools), is_optional=True, version=version)
    if choice == "required":
        return Toolbox(tuple(tools), is_optional=False, version=version)
    name = choice
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else choice.get("name")
    if not isinstance(name, str):
        raise mismatch_of_variants("ToolTypeDeserializer", ("tool_choice",))
    named = tuple(tool for tool in tools if tool["function"]["name"] == name)
    if not named:
        raise ToolRefused(f"Tool with name {name} not found")
    return Toolbox(named[:1], is_optional=False, version=version)


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
