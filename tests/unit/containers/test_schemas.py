from typing import Any

import pytest

from firstbyte.containers.schemas import DEEPEST, as_guided

OBJECT = {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": False}
BARE = {"properties": {"a": {"type": "boolean"}}}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (BARE, OBJECT),
        (OBJECT, OBJECT),
        ({"properties": {"b": BARE}}, {**OBJECT, "properties": {"b": OBJECT}}),
        ({"items": BARE}, {"type": "array", "items": OBJECT}),
        ({"prefixItems": [BARE, {}]}, {"type": "array", "prefixItems": [OBJECT, {}]}),
        ({"anyOf": [BARE, {"type": "null"}]}, {"anyOf": [OBJECT, {"type": "null"}]}),
        ({"$ref": "#/$defs/x", "$defs": {"x": BARE}}, {"$ref": "#/$defs/x", "$defs": {"x": OBJECT}}),
        ({**BARE, "type": ["object", "null"]}, {**OBJECT, "type": ["object", "null"]}),
        ({**BARE, "additionalProperties": True}, {**OBJECT, "additionalProperties": True}),
        ({**BARE, "required": ["b"]}, {"type": "object", **BARE, "required": ["b"]}),
        ({"allOf": [BARE]}, {"allOf": [{"type": "object", **BARE}]}),
        ({**BARE, "anyOf": [BARE]}, {"type": "object", **BARE, "anyOf": [OBJECT]}),
        ({"type": "object", "properties": {}}, {"type": "object", "properties": {}}),
        ({"const": BARE}, {"const": BARE}),
        ({"enum": [BARE]}, {"enum": [BARE]}),
        (
            {"properties": {"properties": {"type": "string"}}},
            {**OBJECT, "properties": {"properties": {"type": "string"}}},
        ),
        ({"properties": []}, {"type": "object", "properties": []}),
        ({"items": False}, {"type": "array", "items": False}),
        ({}, {}),
        (True, True),
    ],
)
def test_a_schema_without_a_type_gets_that_of_what_it_describes(given: Any, read: Any) -> None:
    assert as_guided(given) == read
    assert as_guided(read) == read


def test_a_schema_may_be_deeper_than_pythons_stack() -> None:
    schema: Any = {}
    for _ in range(100_000):
        schema = {"items": schema}
    typed = as_guided(schema)
    for _ in range(DEEPEST):
        assert typed["type"] == "array"
        typed = typed["items"]
    assert "type" not in typed
