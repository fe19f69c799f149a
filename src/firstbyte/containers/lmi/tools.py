"""Functions that a chat may call, from 0.35 on: vLLM's requests and answers, around the grammar of `containers/tools`.

vLLM reads calls out of what the model was trained to write, by a parser for each family of models; here the grammar
makes any model write one. So `auto` needs no parser to be configured, and an answer has one call. The model's template
is given the tools; where it has no place for them, they follow the last message.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.tools import NO_TOOL, CallStream, Tool, call_schema, is_tool, list_tools
from firstbyte.engine.requests import FinishReason, Grammar
from firstbyte.engine.tokenizer import Tokenizer

LONGEST_TOOLS = 100_000
"""Characters; what is longer is refused before anything is built of it."""
TOOL_PROMPT = "Answer with a JSON object for one call of a function that is listed above, with arguments that fit best."
NO_TOOLS = "When using `tool_choice`, `tools` must be set."
NO_MATCH = "The tool specified in `tool_choice` does not match any of the specified `tools`"
OTHER_CHOICE = 'Invalid value for `tool_choice`: {}! Only named tools, "none", "auto" or "required" are supported.'
NOT_TOOLS = "'tools' must be a list of functions with names"


@dataclass(frozen=True, slots=True)
class ChatTools:
    """What one chat may call."""

    definitions: tuple[Tool, ...]
    choice: Literal["auto", "required", "named"]

    @property
    def grammar(self) -> Grammar:
        """What the generated text has to be."""
        return Grammar("json_schema", json.dumps(call_schema(self.definitions, is_optional=self.choice == "auto")))

    def apply_template(self, messages: Sequence[Mapping[str, Any]], tokenizer: Tokenizer) -> str:
        """The prompt, with the tools where the template puts them, or else after the last message."""
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tools=list(self.definitions))
        if prompt != tokenizer.apply_chat_template(messages, add_generation_prompt=True):
            return prompt
        listed = list_tools(messages, self.definitions, TOOL_PROMPT)
        return tokenizer.apply_chat_template(listed, add_generation_prompt=True)


def choose_tools(value: Mapping[str, Any]) -> ChatTools | None:
    """The tools that a request's `tools` and `tool_choice` leave; None where nothing is to be called.

    Raises:
        RequestRejected: they have another shape, or do not go together.
    """
    tools, choice = value.get("tools"), value.get("tool_choice")
    if not tools:
        if choice not in (None, "none"):
            raise RequestRejected(NO_TOOLS)
        return None
    if not isinstance(tools, list) or not all(is_tool(tool) for tool in tools):
        raise RequestRejected(NOT_TOOLS)
    if len(json.dumps(tools)) > LONGEST_TOOLS:
        raise RequestRejected(f"'tools' have more than {LONGEST_TOOLS} characters")
    match choice:
        case "none":
            return None
        case None | "auto":
            return ChatTools(tuple(tools), "auto")
        case "required":
            return ChatTools(tuple(tools), "required")
        case {"type": "function", "function": {"name": str(name)}}:
            named = [tool for tool in tools if tool["function"]["name"] == name]
            if not named:
                raise RequestRejected(NO_MATCH)
            return ChatTools((named[0],), "named")
    raise RequestRejected(OTHER_CHOICE.format(json.dumps(choice, ensure_ascii=False)))


def read_calls(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message that may hold earlier calls; their arguments become objects, which templates expect, if they can."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return dict(message)
    return {**message, "content": message.get("content") or "", "tool_calls": [_with_object(call) for call in calls]}


def _with_object(call: Any) -> Any:
    match call:
        case {"function": {"arguments": str(text)} as function}:
            try:
                return {**call, "function": {**function, "arguments": json.loads(text)}}
            except ValueError:
                return call
    return call


@dataclass(slots=True)
class CallAnswer:
    """The answer of a chat with tools: each token's delta, or the whole message."""

    tools: ChatTools
    call_id: str
    _call: CallStream = field(default_factory=CallStream)

    def message(self, text: str) -> dict[str, Any]:
        """The whole message; a call that was cut short is told as far as it came."""
        self._call.push(text)
        if self._call.name is None:
            return {"content": ""}
        told = self._call.take(is_last=True)
        if self._call.name == NO_TOOL:
            return {"content": told}
        call = {"id": self.call_id, "type": "function", "function": {"name": self._call.name, "arguments": told}}
        return {"content": None if self.tools.choice == "auto" else "", "tool_calls": [call]}

    def delta(self, text: str, *, is_last: bool) -> dict[str, Any] | None:
        """What a token adds; None while it is not known whether that is a call or text."""
        is_named_now = self._call.push(text)
        if self._call.name is None:
            return {"content": ""} if is_last else None
        new = self._call.take(is_last=is_last)
        if not (new or is_named_now or is_last):
            return None
        if self._call.name == NO_TOOL:
            return {"content": new}
        if is_named_now:
            function = {"name": self._call.name, "arguments": new}
            return {"tool_calls": [{"id": self.call_id, "type": "function", "index": 0, "function": function}]}
        return {"tool_calls": [{"index": 0, "function": {"arguments": new}}]} if new else {"content": ""}

    def finish_word(self, reason: FinishReason, word: str) -> str:
        """Why it ended: vLLM says so of a call that it was not told to make by name."""
        is_whole = reason in (FinishReason.EOS_TOKEN, FinishReason.STOP_SEQUENCE)
        is_call = self._call.name not in (None, NO_TOOL) and self.tools.choice != "named"
        return "tool_calls" if is_whole and is_call else word
