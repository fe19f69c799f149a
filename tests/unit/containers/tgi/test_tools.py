import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine

ROUTE = "/v1/chat/completions"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
CALL = '{"function": {"_name": "weather", "place": "Rome {}"}}'
NO_CALL = '{"function": {"_name": "no_tool", "content": "It is \\"fine\\" \\ud83d\\ude00"}}'


def chat(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], "tools": [WEATHER], **members}


async def test_call_is_taken_out_of_the_text() -> None:
    engine = FakeEngine([CALL])
    answer = await play(tgi("3.3.6"), post(ROUTE, chat()), engine)
    assert answer.json["choices"][0]["message"] == {
        "role": "assistant",
        "tool_calls": [
            {
                "id": "0",
                "type": "function",
                "function": {"description": None, "name": "weather", "arguments": '{"place":"Rome {}"}'},
            }
        ],
    }
    grammar = engine.requests[0].grammar
    assert grammar is not None
    names = [option["properties"]["_name"]["const"] for option in _options(grammar.text)]
    assert names == ["weather", "no_tool"]


def _options(text: str) -> list[Any]:
    options: list[Any] = json.loads(text)["properties"]["function"]["anyOf"]
    return options


async def test_arguments_are_an_object_before_3_1_1() -> None:
    answer = await play(tgi("2.4.0"), post(ROUTE, chat()), FakeEngine([CALL]))
    [call] = answer.json["choices"][0]["message"]["tool_calls"]
    assert call["function"]["arguments"] == {"place": "Rome {}"}


async def test_answer_without_a_call_is_its_content() -> None:
    answer = await play(tgi("3.3.6"), post(ROUTE, chat()), FakeEngine([NO_CALL]))
    assert answer.json["choices"][0]["message"] == {"role": "assistant", "content": 'It is "fine" 😀'}


@pytest.mark.parametrize("choice", ["required", "weather", {"type": "function", "function": {"name": "weather"}}])
async def test_call_can_be_demanded(choice: Any) -> None:
    engine = FakeEngine([CALL])
    await play(tgi("3.3.6"), post(ROUTE, chat(tool_choice=choice)), engine)
    assert engine.requests[0].grammar is not None
    assert len(_options(engine.requests[0].grammar.text)) == 1


async def test_no_tool_at_all_on_request() -> None:
    engine = FakeEngine()
    answer = await play(tgi("3.3.6"), post(ROUTE, chat(tool_choice="none")), engine)
    assert engine.requests[0].grammar is None
    assert answer.json["choices"][0]["message"]["content"] == " a b"


@pytest.mark.parametrize(
    ("members", "texts", "message"),
    [
        ({"tool_choice": "other"}, [], "Tool error: Tool with name other not found"),
        (
            {"response_format": {"type": "json", "value": {"properties": {}}}},
            [],
            "Tool error: Grammar and tools are mutually exclusive",
        ),
        ({}, ['{"function": {"_na'], "Tool error: Failed to parse generated text: "),
    ],
)
async def test_tool_errors(members: dict[str, Any], texts: list[str], message: str) -> None:
    answer = await play(tgi("3.3.6"), post(ROUTE, chat(**members)), FakeEngine(texts))
    assert (answer.status, answer.json["error_type"]) == (422, "tool_error")
    assert answer.json["error"].startswith(message)


async def test_streamed_call_tells_its_name_first_and_then_its_arguments() -> None:
    pieces = ['{"function"', ': {"_name": "wea', 'ther", "pla', 'ce": "Rome', ' {}"}', "}"]
    answer = await play(tgi("3.3.6"), post(ROUTE, chat(stream=True)), FakeEngine(pieces))
    deltas = [json.loads(chunk[6:])["choices"][0]["delta"]["tool_calls"][0] for chunk in answer.chunks[:-1]]
    assert deltas[0]["function"]["name"] == "weather"
    assert [delta["function"]["name"] for delta in deltas[1:]] == [None] * (len(deltas) - 1)
    assert json.loads("".join(delta["function"]["arguments"] for delta in deltas)) == {"place": "Rome {}"}


@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(cuts=st.lists(st.integers(0, len(NO_CALL)), max_size=30))
async def test_streamed_answer_without_a_call_is_text_however_it_is_cut(cuts: list[int]) -> None:
    marks = [0, *sorted(cuts), len(NO_CALL)]
    pieces = [NO_CALL[start:end] for start, end in itertools.pairwise(marks)]
    answer = await play(tgi("3.3.6"), post(ROUTE, chat(stream=True)), FakeEngine(pieces))
    deltas = [json.loads(chunk[6:])["choices"][0]["delta"] for chunk in answer.chunks[:-1]]
    assert "".join(delta["content"] for delta in deltas) == 'It is "fine" 😀'


@pytest.mark.parametrize(
    ("response_format", "kind"),
    [
        ({"type": "json", "value": {"properties": {"a": {"type": "integer"}}}}, "json_schema"),
        ({"type": "json_object"}, "json_schema"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"properties": {}}}}, "json_schema"),
        ({"type": "regex", "value": "a+"}, "regex"),
        ({"type": "text"}, None),
    ],
)
async def test_response_formats(response_format: Any, kind: str | None) -> None:
    engine = FakeEngine()
    body = {"messages": [{"role": "user", "content": "hi"}], "response_format": response_format}
    assert (await play(tgi("3.3.6"), post(ROUTE, body), engine)).status == 200
    grammar = engine.requests[0].grammar
    assert (None if grammar is None else grammar.kind) == kind
