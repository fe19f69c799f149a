"""JSON schemas as the originals' grammars read them: `properties` describe an object, `items` a list.

By the letter of JSON Schema `{"properties": …}` without a `type` also takes `null` or a number. outlines, which TGI
builds its grammars with, and xgrammar, which vLLM does, make an object of it, and TGI's own examples leave the `type`
out.
"""

from typing import Any

DEEPEST = 64
"""Levels that are looked at; a schema that goes deeper is left as it is from there on."""
_OF_ONE = ("items", "additionalProperties")
_OF_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions")
_KINDS = (("object", ("properties", "patternProperties")), ("array", ("items", "prefixItems")))


def with_types(schema: Any, num_levels: int = DEEPEST) -> Any:
    """The schema, and every schema in it, with the `type` that it goes without."""
    if not isinstance(schema, dict) or num_levels == 0:
        return schema
    typed = {name: _within(name, value, num_levels - 1) for name, value in schema.items()}
    if not schema.keys() & {"type", "enum", "const", "$ref"}:
        kind = next((kind for kind, names in _KINDS if schema.keys() & set(names)), None)
        return typed if kind is None else {"type": kind, **typed}
    return typed


def _within(name: str, value: Any, num_levels: int) -> Any:
    if name in _OF_ONE:
        return with_types(value, num_levels)
    if name in _OF_MANY and isinstance(value, list):
        return [with_types(each, num_levels) for each in value]
    if name in _BY_NAME and isinstance(value, dict):
        return {key: with_types(each, num_levels) for key, each in value.items()}
    return value
