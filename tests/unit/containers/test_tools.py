"""The call of a function in the text that its grammar guides; what it becomes is tested with each dialect."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.containers.tools import CallStream, call_schema, is_tool, list_tools

WEATHER = {
    "function": {"name": "weather", "parameters": {"properties": {"place": {"$ref": "#/$defs/p"}}, "$defs": {"p": {}}}}
}


@pytest.mark.parametrize("value", [None, "f", {}, {"function": {}}, {"function": {"name": 1}}])
def test_what_has_no_name_is_no_tool(value: Any) -> None:
    assert not is_tool(value)
    assert is_tool(WEATHER)


@pytest.mark.parametrize("is_optional", [True, False])
def test_a_call_names_one_of_the_functions(is_optional: bool) -> None:
    schema = call_schema([WEATHER], is_optional=is_optional)
    options = schema["properties"]["function"]["anyOf"]
    names = [option["properties"]["_name"]["const"] for option in options]
    assert names == (["weather", "no_tool"] if is_optional else ["weather"])
    assert schema["$defs"] == {"p": {}}


@pytest.mark.parametrize(
    "parameters",
    [
        "$defs",
        [],
        {"properties": ["a"]},
        {"required": 5},
        {"$defs": ["a"]},
        {"properties": {"_name": {"type": "integer"}}},
    ],
)
def test_parameters_that_are_no_schema_are_as_good_as_none(parameters: Any) -> None:
    [option] = call_schema([{"function": {"name": "f", "parameters": parameters}}], is_optional=False)["properties"][
        "function"
    ]["anyOf"]
    assert option["properties"] == {"_name": {"type": "string", "const": "f"}}
    assert option["required"] == ["_name"]


def test_the_tools_follow_the_last_message() -> None:
    first, last = {"role": "system", "content": "a"}, {"role": "user", "content": "b"}
    told = list_tools([first, last], [WEATHER], "Call one.")
    assert told[0] == first
    content = told[1]["content"]
    assert content.startswith("b\n---\n[{")
    assert content.endswith("}]\nCall one.")


@settings(deadline=None, max_examples=50)
@given(
    arguments=st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.lists(st.text()), max_size=5),
    size=st.integers(1, 9),
)
def test_arguments_are_whole_json_however_they_are_cut(arguments: dict[str, Any], size: int) -> None:
    arguments.pop("_name", None)
    text = json.dumps({"function": {"_name": "f", **arguments}})
    call, told = CallStream(), ""
    for start in range(0, len(text), size):
        call.push(text[start : start + size])
        is_last = start + size >= len(text)
        told += call.take(is_last=is_last) if call.name else ""
    assert json.loads(told) == arguments
