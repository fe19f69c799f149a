from typing import Any

import pytest

from firstbyte.containers.schemas import DEEPEST, with_types

OBJECT = {"type": "object", "properties": {"a": {"type": "boolean"}}}
BARE = {"properties": {"a": {"type": "boolean"}}}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (BARE, OBJECT),
        (OBJECT, OBJECT),
        ({"properties": {"b": BARE}}, {"type": "object", "properties": {"b": OBJECT}}),
        ({"items": BARE}, {"type": "array", "items": OBJECT}),
        ({"prefixItems": [BARE, {}]}, {"type": "array", "prefixItems": [OBJECT, {}]}),
        ({"anyOf": [BARE, {"type": "null"}]}, {"anyOf": [OBJECT, {"type": "null"}]}),
        ({"$ref": "#/$defs/x", "$defs": {"x": BARE}}, {"$ref": "#/$defs/x", "$defs": {"x": OBJECT}}),
        ({"type": ["object", "null"], **BARE}, {"type": ["object", "null"], **BARE}),
        ({"const": BARE}, {"const": BARE}),
        ({"enum": [BARE]}, {"enum": [BARE]}),
        (
            {"properties": {"properties": {"type": "string"}}},
            {"type": "object", "properties": {"properties": {"type": "string"}}},
        ),
        ({"properties": []}, {"type": "object", "properties": []}),
        ({"items": False}, {"type": "array", "items": False}),
        ({}, {}),
        (True, True),
    ],
)
def test_a_schema_without_a_type_gets_that_of_what_it_describes(given: Any, read: Any) -> None:
    assert with_types(given) == read
    assert with_types(read) == read


def test_a_schema_may_be_deeper_than_pythons_stack() -> None:
    schema: Any = {}
    for _ in range(100_000):
        schema = {"items": schema}
    typed = with_types(schema)
    for _ in range(DEEPEST):
        assert typed["type"] == "array"
        typed = typed["items"]
    assert "type" not in typed
