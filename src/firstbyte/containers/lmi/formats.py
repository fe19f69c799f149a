"""What the text of a chat or a completion has to be, from 0.35 on: `response_format` and vLLM's own ways to say it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.schemas import as_guided
from firstbyte.engine.requests import Grammar

FORMAT_FIELDS = frozenset(("response_format", "guided_json", "guided_regex", "guided_choice", "structured_outputs"))
LONGEST_FORMAT = 100_000
"""Characters; what is longer is refused before anything is built of it."""
ONE_KIND = 'You can only use one kind of guided decoding ("guided_json", "guided_regex" or "guided_choice").'
NOT_WITH_TOOLS = "You can only either use guided decoding or tools, not both."
OTHER_STRUCTURE = "structured_outputs must have one member: json, regex or choice"
OTHER_FORMAT = (
    "response_format must be of the type text, json_object or json_schema, the last with a json_schema.schema"
)


def read_format(value: Mapping[str, Any], *, has_tools: bool = False) -> Grammar | None:
    """The grammar that a request asks for; None where any text will do.

    Raises:
        RequestRejected: it has another shape, or does not go together with what else is asked.
    """
    given = [name for name in sorted(FORMAT_FIELDS) if value.get(name) and not _is_plain(name, value[name])]
    if not given:
        return None
    if len(given) > 1:
        raise RequestRejected(ONE_KIND)
    if has_tools:
        raise RequestRejected(NOT_WITH_TOOLS)
    [name] = given
    grammar = _READERS[name](value[name])
    if len(grammar.text) > LONGEST_FORMAT:
        raise RequestRejected(f"{name} has more than {LONGEST_FORMAT} characters")
    return grammar


def _is_plain(name: str, value: Any) -> bool:
    return name == "response_format" and value == {"type": "text"}


def _response_format(value: Any) -> Grammar:
    match value:
        case {"type": "json_object"}:
            return Grammar("json_schema", '{"type": "object"}')
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return Grammar("json_schema", json.dumps(as_guided(schema)))
    raise RequestRejected(OTHER_FORMAT)


def _json(value: Any) -> Grammar:
    """A schema as an object or as the text of one."""
    try:
        schema = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise RequestRejected(f"guided_json is not valid: {error}") from error
    if not isinstance(schema, dict):
        raise RequestRejected("guided_json must be a JSON schema")
    return Grammar("json_schema", json.dumps(as_guided(schema)))


def _regex(value: Any) -> Grammar:
    if not isinstance(value, str):
        raise RequestRejected("guided_regex must be a string")
    return Grammar("regex", value)


def _choice(value: Any) -> Grammar:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise RequestRejected("guided_choice must be a list of strings")
    return Grammar("regex", "|".join(f"({re.escape(text)})" for text in value))


def _structured(value: Any) -> Grammar:
    """The newer name of the three above."""
    match value:
        case {"json": schema} if len(value) == 1:
            return _json(schema)
        case {"regex": regex} if len(value) == 1:
            return _regex(regex)
        case {"choice": choice} if len(value) == 1:
            return _choice(choice)
    raise RequestRejected(OTHER_STRUCTURE)


_READERS = {
    "response_format": _response_format,
    "guided_json": _json,
    "guided_regex": _regex,
    "guided_choice": _choice,
    "structured_outputs": _structured,
}
