"""TGI's `grammar` and `response_format`: a JSON schema or a regular expression, checked as its validation does."""

from typing import Any

import orjson

from firstbyte.containers.schemas import as_guided
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.engine.requests import Grammar

LONGEST_GRAMMAR = 100_000
"""Characters; what is longer is refused before anything is built of it."""


def read_grammar(value: Any, *, is_supported: bool) -> Grammar | None:
    """The grammar that a request names, an object of `type` and `value`; None where it names none.

    Raises:
        ValidationFailed: its value is no schema, or there is no support for any.
    """
    if value is None:
        return None
    if not is_supported:
        raise ValidationFailed("grammar is not supported")
    kind = value["type"]
    grammar = (
        Grammar("regex", _regex(value["value"]))
        if kind == "regex"
        else Grammar("json_schema", _schema(value["value"], kind))
    )
    if len(grammar.text) > LONGEST_GRAMMAR:
        raise ValidationFailed(f"grammar is not valid: it has more than {LONGEST_GRAMMAR} characters")
    return grammar


def _regex(value: str) -> str:
    if not value:
        raise ValidationFailed("grammar is not valid: the regular expression is empty")
    return value


def _schema(value: Any, kind: str) -> str:
    """The schema as text; TGI also takes it as a text of JSON, and asks for `properties` or a reference."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise ValidationFailed(f"grammar is not valid: {error}") from error
    if kind == "json_schema" and isinstance(value, dict) and "schema" in value:
        value = value["schema"]
    elif not isinstance(value, dict):
        raise ValidationFailed("grammar is not supported")  # TGI's words for a value that is neither
    if not isinstance(value, dict):
        raise ValidationFailed("grammar is not valid: a JSON schema must be an object")
    if not value.keys() & {"properties", "$ref", "anyOf", "oneOf", "allOf"}:
        raise ValidationFailed("grammar is not valid: Grammar must have a 'properties' field")
    try:
        return orjson.dumps(as_guided(value)).decode()
    except orjson.JSONEncodeError as error:  # one that came as a text may be deeper than a body
        raise ValidationFailed("grammar is not valid: recursion limit exceeded") from error
