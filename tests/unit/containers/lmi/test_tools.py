import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.checkpoints import write_checkpoint
from fakes.containers import Transcript, lmi, play, play_on, post
from fakes.engine import FakeEngine, FakeTokenizer
from fakes.vocabularies import byte_tokenizer_json
from firstbyte.containers.lmi.tools import CallAnswer, ChatTools, choose_tools, read_calls
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.service import EngineService

ROUTE = "/v1/chat/completions"
HELLO = {"role": "user", "content": "hi"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
NAMED = {"type": "function", "function": {"name": "weather"}}
CALL = '{"function": {"_name": "weather", "place": "Rome {}"}}'
NO_CALL = '{"function": {"_name": "no_tool", "content": "It is \\"fine\\" \\ud83d\\ude00"}}'
TOOL_CALL = {
    "id": "chatcmpl-tool-id-1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"place": "Rome {}"}'},
}


async def ask(texts: list[str], version: str = "0.36.0", **members: Any) -> tuple[Transcript, FakeEngine]:
    engine = FakeEngine(texts)
    body = {"messages": [HELLO], "tools": [WEATHER], **members}
    return await play(lmi(version), post(ROUTE, body), engine), engine


def options_of(engine: FakeEngine) -> list[str]:
    grammar = engine.requests[0].grammar
    assert grammar is not None
    assert grammar.kind == "json_schema"
    found = json.loads(grammar.text)["properties"]["function"]["anyOf"]
    return [option["properties"]["_name"]["const"] for option in found]


@pytest.mark.parametrize(
    ("choice", "content", "reason", "options"),
    [
        (None, None, "tool_calls", ["weather", "no_tool"]),
        ("auto", None, "tool_calls", ["weather", "no_tool"]),
        ("required", "", "tool_calls", ["weather"]),
        (NAMED, "", "stop", ["weather"]),
    ],
)
async def test_call_is_vllms(choice: Any, content: str | None, reason: str, options: list[str]) -> None:
    answer, engine = await ask([CALL], tool_choice=choice)
    [told] = answer.json["choices"]
    assert told["message"] == {"role": "assistant", "content": content, "tool_calls": [TOOL_CALL]}
    assert told["finish_reason"] == reason
    assert options_of(engine) == options


async def test_answer_without_a_call_is_text() -> None:
    answer, _ = await ask([NO_CALL])
    [told] = answer.json["choices"]
    assert told["message"] == {"role": "assistant", "content": 'It is "fine" 😀'}
    assert told["finish_reason"] == "stop"


async def test_nothing_is_called_where_that_is_asked() -> None:
    answer, engine = await ask(["Fine."], tool_choice="none")
    assert answer.json["choices"][0]["message"]["content"] == "Fine."
    assert engine.requests[0].grammar is None


async def test_streamed_call_tells_its_name_and_id_first_and_then_its_arguments() -> None:
    pieces = ['{"function"', ': {"_name": "wea', 'ther", "pla', 'ce": "Rome', ' {}"}', "}"]
    answer, _ = await ask(pieces, stream=True)
    choices = [json.loads(chunk)["choices"][0] for chunk in answer.chunks]
    deltas = [choice["delta"] for choice in choices]
    assert deltas[0].pop("role") == "assistant"
    assert list(deltas[0]["tool_calls"][0]) == ["id", "type", "index", "function"]
    assert deltas[0]["tool_calls"][0]["function"]["name"] == "weather"
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert all(list(call) == ["index", "function"] for call in calls[1:])
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"place": "Rome {}"}
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["tool_calls"]


@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(text=st.sampled_from([CALL, NO_CALL]), cuts=st.lists(st.integers(0, len(CALL)), max_size=30))
def test_streamed_answer_is_the_whole_one_however_it_is_cut(text: str, cuts: list[int]) -> None:
    tools = ChatTools((WEATHER,), "auto")
    pieces = [text[start:end] for start, end in itertools.pairwise([0, *sorted(cuts), len(text)])]
    streaming, whole = CallAnswer(tools, "c"), CallAnswer(tools, "c")
    deltas = [streaming.delta(piece, is_last=False) for piece in pieces] + [streaming.delta("", is_last=True)]
    message = whole.message(text)
    told = [delta for delta in deltas if delta is not None]
    arguments = "".join(call["function"]["arguments"] for delta in told for call in delta.get("tool_calls", []))
    assert "".join(delta.get("content", "") for delta in told) == (message["content"] or "")
    assert arguments == "".join(call["function"]["arguments"] for call in message.get("tool_calls", []))


@pytest.mark.parametrize("num_pieces", [1, 2, 3])
async def test_call_that_is_cut_short_is_told_as_far_as_it_came(num_pieces: int) -> None:
    pieces = ['{"function": {"_na', 'me": "weather", ', '"place": "Ro', 'me"}}']
    answer, _ = await ask(pieces, max_tokens=num_pieces)
    [told] = answer.json["choices"]
    assert told["finish_reason"] == "length"
    calls = told["message"].get("tool_calls", [])
    assert [call["function"]["arguments"] for call in calls] == [[], ["{"], ['{"place": "Ro']][num_pieces - 1]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"tools": None, "tool_choice": "auto"}, "When using `tool_choice`, `tools` must be set."),
        ({"tools": [{"type": "function"}]}, "'tools' must be a list of functions with names"),
        (
            {"tool_choice": {"type": "function", "function": {"name": "other"}}},
            "The tool specified in `tool_choice` does not match any of the specified `tools`",
        ),
        (
            {"tool_choice": "weather"},
            'Invalid value for `tool_choice`: "weather"! Only named tools, "none", "auto" or "required" are supported.',
        ),
        (
            {"tools": [{"function": {"name": "f", "parameters": {"properties": {"x" * 100_001: {}}}}}]},
            "'tools' have more than 100000 characters",
        ),
    ],
)
async def test_what_does_not_go_together_is_refused(members: dict[str, Any], message: str) -> None:
    answer, _ = await ask([], **members)
    assert (answer.status, answer.json) == (400, {"code": 400, "error": message})


@pytest.mark.parametrize("version", ["0.28.0", "0.32.0"])
async def test_tools_are_left_alone_before_0_35(version: str) -> None:
    answer, engine = await ask(["Fine."], version, tools=[{"type": "function"}], tool_choice="weather")
    assert answer.json["choices"][0]["message"]["content"] == "Fine."
    assert engine.requests[0].grammar is None


class ToolTokenizer(FakeTokenizer):
    """Its template has a place for tools."""

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **variables: Any) -> str:
        names = "".join(f"<{tool['function']['name']}>" for tool in variables.get("tools") or [])
        return names + super().apply_chat_template(messages)


def test_tools_stand_where_the_template_puts_them_or_follow_the_last_message() -> None:
    tools = ChatTools((WEATHER,), "auto")
    assert tools.apply_template([HELLO], ToolTokenizer()) == "<weather>[user]hi"
    followed = tools.apply_template([HELLO], FakeTokenizer())
    assert followed.startswith('[user]hi\n---\n[{"type":"function"')
    assert followed.endswith("Answer with a JSON object for one call of a function that is listed above, "
                             "with arguments that fit best.")  # fmt: skip


async def test_earlier_calls_and_their_results_may_be_told() -> None:
    said: list[dict[str, Any]] = [
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
        {"role": "tool", "tool_call_id": TOOL_CALL["id"], "content": "sunny"},
    ]
    answer, engine = await ask(["Fine."], messages=said, tools=None)
    assert answer.status == 200
    assert "".join(chr(i - 3) for i in engine.requests[0].prompt_ids) == "[user]hi[assistant][tool]sunny"
    [call] = read_calls(said[1])["tool_calls"]
    assert call["function"]["arguments"] == {"place": "Rome {}"}
    broken = {"tool_calls": [{"function": {"arguments": "{"}}, 1]}
    assert read_calls(broken)["tool_calls"] == broken["tool_calls"]


def test_no_tools_are_no_choice() -> None:
    assert choose_tools({}) is choose_tools({"tools": []}) is choose_tools({"tool_choice": "none"}) is None


async def test_a_model_that_knows_nothing_of_tools_calls_one(tmp_path: Path) -> None:
    """Random weights, the real engine and its grammars: what comes is a call all the same."""
    folder = write_checkpoint(tmp_path, {"vocab_size": 257, "eos_token_id": 256, "max_position_embeddings": 1024})
    (folder / "tokenizer.json").write_text(byte_tokenizer_json(), encoding="utf-8")
    template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>", "chat_template": template}))
    unit = {"properties": {"unit": {"enum": ["C", "F"]}}, "required": ["unit"]}
    tool = {"type": "function", "function": {"name": "weather", "parameters": unit}}
    engine = EngineService.load(folder, EngineOptions(backend="reference", max_total_tokens=1024, num_threads=1))
    dialect = replace(lmi("0.36.0"), tokenizer=engine.tokenizer, max_total_tokens=engine.max_total_tokens)
    try:
        body = {"messages": [HELLO], "tools": [tool], "tool_choice": "required", "seed": 1}
        answer = await play_on(ContainerServer(dialect, engine), post(ROUTE, body))
    finally:
        await engine.close()
    [told] = answer.json["choices"]
    [call] = told["message"]["tool_calls"]
    assert told["finish_reason"] == "tool_calls"
    assert call["function"]["name"] == "weather"
    assert json.loads(call["function"]["arguments"])["unit"] in ("C", "F")
