import json
import re
from typing import Any

import pytest

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.lmi.formats import read_format
from firstbyte.engine.requests import Grammar

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
AS_SCHEMA = Grammar("json_schema", json.dumps(SCHEMA | {"additionalProperties": False}))
TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("value", "grammar"),
    [
        ({}, None),
        ({"response_format": None, "guided_json": None}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, Grammar("json_schema", '{"type": "object"}')),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}, AS_SCHEMA),
        ({"guided_json": SCHEMA}, AS_SCHEMA),
        ({"guided_json": json.dumps(SCHEMA)}, AS_SCHEMA),
        ({"guided_json": {"properties": SCHEMA["properties"]}}, AS_SCHEMA),
        ({"guided_regex": "a+"}, Grammar("regex", "a+")),
        ({"guided_choice": ["a+", "b"]}, Grammar("regex", r"(a\+)|(b)")),
        ({"structured_outputs": {"json": SCHEMA}}, AS_SCHEMA),
        ({"structured_outputs": {"regex": "a+"}}, Grammar("regex", "a+")),
        ({"structured_outputs": {"choice": ["a"]}}, Grammar("regex", "(a)")),
    ],
)
def test_what_may_be_asked(value: dict[str, Any], grammar: Grammar | None) -> None:
    assert read_format(value) == grammar


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"response_format": "json"}, "response_format must be of the type text, json_object or json_schema"),
        ({"response_format": {"type": "json_schema"}}, "response_format must be of the type text"),
        ({"guided_json": "{"}, "guided_json is not valid: "),
        ({"guided_json": [1]}, "guided_json must be a JSON schema"),
        ({"guided_regex": 1}, "guided_regex must be a string"),
        ({"guided_choice": "a"}, "guided_choice must be a list of strings"),
        ({"structured_outputs": {"grammar": "x"}}, "structured_outputs must have one member: json, regex or choice"),
        ({"structured_outputs": {"regex": "a", "choice": ["a"]}}, "structured_outputs must have one member"),
        ({"structured_outputs": 1}, "structured_outputs must have one member"),
        ({"guided_choice": [1]}, "guided_choice must be a list of strings"),
        ({"guided_regex": "a", "guided_json": SCHEMA}, "You can only use one kind of guided decoding"),
        ({"guided_regex": "a" * 100_001}, "guided_regex has more than 100000 characters"),
    ],
)
def test_what_may_not(value: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestRejected, match=re.escape(message)):
        read_format(value)


@pytest.mark.parametrize("body", [{"messages": [{"role": "user", "content": "hi"}]}, {"prompt": "hi"}])
@pytest.mark.parametrize(("version", "is_served"), [("0.36.0", True), ("0.32.0", False)])
async def test_the_engine_is_told_from_0_35_on(body: dict[str, Any], version: str, is_served: bool) -> None:
    engine = FakeEngine()
    asked = body | {"inputs": "hi"} if version == "0.32.0" and "prompt" in body else body
    answer = await play(lmi(version), post("/invocations", asked | {"guided_regex": "a+"}), engine)
    assert answer.status == 200
    assert engine.requests[0].grammar == (Grammar("regex", "a+") if is_served else None)


async def test_tools_and_a_format_do_not_go_together() -> None:
    body = {
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [TOOL],
        "response_format": {"type": "json_object"},
    }
    answer = await play(lmi("0.36.0"), post("/invocations", body))
    assert answer.json == {"code": 400, "error": "You can only either use guided decoding or tools, not both."}
