"""JSON schemas as the originals' grammars read them: `properties` describe an object of those alone, `items` a list.

By the letter of JSON Schema `{"properties": …}` without a `type` also takes `null` or a number, and with one any
further member. outlines, which TGI builds its grammars with, and xgrammar, which vLLM does, do not let a model write
these, and TGI's own examples leave the `type` out. `additionalProperties` says otherwise where it is given.
"""

from typing import Any

DEEPEST = 64
"""Levels that are looked at; a schema that goes deeper is left as it is from there on."""
_OF_ONE = ("items", "additionalProperties")
_OF_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions")
_KINDS = (("object", ("properties", "patternProperties")), ("array", ("items", "prefixItems")))
_COMPOSING = ("anyOf", "oneOf", "$ref")
"""What may bring members beside an object's own."""


def as_guided(schema: Any) -> Any:
    """The schema, and every schema in it, with what it leaves out: its `type`, and that there are no other members."""
    return _settle(schema, DEEPEST, is_closing=not _has_all_of(schema))


def _has_all_of(schema: Any) -> bool:
    """Whether objects may be put together of parts, none of which knows the members of the others."""
    left = [schema]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if "allOf" in value:
                return True
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return False


def _settle(schema: Any, num_levels: int, *, is_closing: bool) -> Any:
    if not isinstance(schema, dict) or num_levels == 0:
        return schema
    settled = {name: _within(name, value, num_levels - 1, is_closing) for name, value in schema.items()}
    if is_closing and _lists_all(schema):
        settled.setdefault("additionalProperties", False)
    if not schema.keys() & {"type", "enum", "const", "$ref"}:
        kind = next((kind for kind, names in _KINDS if schema.keys() & set(names)), None)
        return settled if kind is None else {"type": kind, **settled}
    return settled


def _lists_all(schema: dict[str, Any]) -> bool:
    """Whether an object's members are those of its `properties`: nothing beside them brings or asks for others."""
    members, required = schema.get("properties"), schema.get("required", [])
    if not isinstance(members, dict) or not members or schema.keys() & set(_COMPOSING):
        return False
    return isinstance(required, list) and all(isinstance(name, str) and name in members for name in required)


def _within(name: str, value: Any, num_levels: int, is_closing: bool) -> Any:
    if name in _OF_ONE:
        return _settle(value, num_levels, is_closing=is_closing)
    if name in _OF_MANY and isinstance(value, list):
        return [_settle(each, num_levels, is_closing=is_closing) for each in value]
    if name in _BY_NAME and isinstance(value, dict):
        return {key: _settle(each, num_levels, is_closing=is_closing) for key, each in value.items()}
    return value
