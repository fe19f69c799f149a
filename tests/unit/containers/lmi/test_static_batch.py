import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.lmi.static_batch import Rows
from firstbyte.engine.errors import GenerationFailed, Overloaded


def static(version: str = "0.28.0", **properties: str) -> LmiDialect:
    return lmi(version, 4096, rolling_batch="disable", **properties)


async def asked(inputs: Any, engine: FakeEngine | None = None, **changes: Any) -> Any:
    dialect = changes.pop("dialect", None) or static()
    return await play(dialect, post("/invocations", {"inputs": inputs, **changes}), engine)


@pytest.mark.parametrize("version", ["0.25.0", "0.28.0", "0.29.0", "0.36.0"])
async def test_one_text_for_each_prompt_in_a_list(version: str) -> None:
    answer = await asked(["1", "2"], dialect=static(version))
    assert answer.chunks == [b'[\n  {\n    "generated_text":" a b"\n  },\n  {\n    "generated_text":" a b"\n  }\n]']
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("inputs", ["1", ["1"]])
async def test_one_prompt_is_answered_with_a_list_too(inputs: Any) -> None:
    assert (await asked(inputs)).json == [{"generated_text": " a b"}]


async def test_each_prompt_is_its_own_request_with_the_same_parameters() -> None:
    engine = FakeEngine()
    parameters = {"max_new_tokens": 1, "return_full_text": True}
    answer = await asked(["1", "22"], engine, parameters=parameters)
    assert answer.json == [{"generated_text": "1 a"}, {"generated_text": "22 a"}]
    assert sorted(len(request.prompt_ids) for request in engine.requests) == [2, 3]


async def test_plain_text_is_one_prompt() -> None:
    request = post("/invocations", b"hi", content_type="text/plain")
    assert (await play(static(), request)).json == [{"generated_text": " a b"}]


async def test_lines_hold_one_text_for_each_prompt() -> None:
    dialect = static(enable_streaming="true")
    answer = await asked(["1", "2"], FakeEngine(["é", '"']), dialect=dialect)
    assert answer.headers["content-type"] == "application/jsonlines"
    assert answer.chunks == [
        '{"outputs": ["é", "é"]}\n'.encode(),
        b'{"outputs": ["\\"", "\\""]}\n',
        b'{"outputs": ["", ""]}\n',
    ]
    assert (await asked("1", dialect=dialect)).chunks[0] == b'{"outputs": [" a"]}\n'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "Input Parsing failed."),
        (b"{}", "Input Parsing failed."),
        (b'{"inputs": [1]}', "Input Parsing failed."),
        (b'{"inputs": []}', "inputs must be 1 to 1032 prompts, not 0"),
        (b'{"inputs": "a", "parameters": {"top_p": 2}}', "top_p must be in (0, 1], got 2.0."),
        (b'{"messages": []}', "Input Parsing failed. Ensure that the request payload is valid. chat completions"),
    ],
)
async def test_errors_are_424_at_every_version(body: bytes, reason: str) -> None:
    answer = await play(static(), post("/invocations", body))
    assert (answer.status, answer.json["code"], answer.json["message"]) == (424, 424, "invoke handler failure")
    assert answer.json["error"].startswith(reason)


async def test_more_prompts_than_slots_are_refused_for_good() -> None:
    assert (await asked(["a"] * 1033)).status == 424


async def test_generation_that_fails() -> None:
    engine = FakeEngine(["a", "b"], fail_at=1)
    engine.failure = GenerationFailed("no memory")
    whole = await asked(["1", "2"], engine)
    assert (whole.status, whole.json["error"]) == (424, "no memory")
    dialect = static(enable_streaming="true")
    assert (await asked("1", engine, dialect=dialect)).chunks == [
        b'{"outputs": ["a"]}\n',
        b'{"error_msg": "no memory"}\n',
    ]
    engine.fail_at = 0
    assert (await asked("1", engine, dialect=dialect)).status == 424
    engine.failure = Overloaded("full")
    assert (await asked("1", engine)).status == 503


@settings(deadline=None)  # the machine may be busy
@given(texts=st.lists(st.lists(st.text(), min_size=1, max_size=5), min_size=1, max_size=4), data=st.data())
def test_rows_lose_nothing_whatever_the_order(texts: list[list[str]], data: st.DataObject) -> None:
    """However the generations overtake each other, each line is whole and each column says its text in order."""
    rows, lines = Rows(len(texts)), []
    left = {column: list(column_texts) for column, column_texts in enumerate(texts)}
    while left:
        column = data.draw(st.sampled_from(sorted(left)))
        rows.put(column, left[column].pop(0))
        if not left[column]:
            del left[column]
            rows.end(column)
        lines.append(rows.take())
    lines += iter(rows.take, b"")
    made = [json.loads(line)["outputs"] for line in lines if line]
    assert all(line.count(b"\n") == 1 for line in lines if line)
    assert ["".join(column) for column in zip(*made, strict=True)] == ["".join(each) for each in texts]
    assert len(made) == max(map(len, texts))
