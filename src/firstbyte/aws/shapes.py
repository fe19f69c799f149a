"""Walks a value along its botocore shape: wire nodes become Python values, and Python values become wire nodes.

    shape                    in Python               JSON node                text (header, query, form, XML)
    structure, map           dict                    object                   –
    list                     list                    array                    –
    string                   str                     string                   itself
    integer, long            int                     number                   digits
    float, double            float                   number, "NaN", …         the same
    boolean                  bool                    true, false              true, false
    blob                     bytes                   base64                   base64
    timestamp                datetime, UTC           seconds since 1970       per location

A protocol is then the few places where it differs. Unknown members of an object are ignored, as AWS's JSON protocols
do: newer clients may send what an older service does not know. A misspelt *required* member is still found, since
`constraints` then misses it. A null counts as absent.
"""

import base64
import binascii
import datetime
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape

from firstbyte.aws.errors import MalformedRequest, UnservableAnswer
from firstbyte.aws.timestamps import TimestampFormat, read_timestamp, write_timestamp

_INTEGER_BITS = {"integer": 31, "long": 63}
_ARTICLES = {"integer": "an Integer", "long": "a Long", "float": "a Float", "double": "a Double"}
_SPECIAL_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


# Reading ---------------------------------------------------------------------------------------------------------


def parse(shape: Shape, node: Any) -> Any:
    """Return the value of a JSON node. Raises `MalformedRequest` where a node has another type than its shape."""
    try:
        return _parse(shape, node)
    except RecursionError as too_deep:
        raise MalformedRequest("The request body is nested too deeply") from too_deep


def _parse(shape: Shape, node: Any) -> Any:
    return None if node is None else _PARSERS[shape.type_name](shape, node)


def _parse_structure(shape: Shape, node: Any) -> Any:
    structure = cast(StructureShape, shape)
    if structure.is_document_type:
        return node
    if not isinstance(node, dict):
        raise _misplaced(node, "structure")
    return {
        name: _parse(member, node[key])
        for name, member in structure.members.items()
        if node.get(key := wire_name(member, name)) is not None
    }


def _parse_list(shape: Shape, node: Any) -> list[Any]:
    if not isinstance(node, list):
        raise _misplaced(node, "list")
    member = cast(ListShape, shape).member
    return [_parse(member, item) for item in node]


def _parse_map(shape: Shape, node: Any) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise _misplaced(node, "map")
    value = cast(MapShape, shape).value
    return {key: _parse(value, item) for key, item in node.items()}


def _parse_string(_: Shape, node: Any) -> str:
    if isinstance(node, str):
        return node
    raise _inconvertible(node, "a String")


def _parse_boolean(_: Shape, node: Any) -> bool:
    if isinstance(node, bool):
        return node
    raise _inconvertible(node, "a Boolean")


def _parse_integer(shape: Shape, node: Any) -> int:
    is_whole = isinstance(node, int) or (isinstance(node, float) and node.is_integer())
    if isinstance(node, bool) or not is_whole:
        raise _inconvertible(node, _ARTICLES[shape.type_name])
    number, limit = int(node), 1 << _INTEGER_BITS[shape.type_name]
    if not -limit <= number < limit:
        raise MalformedRequest(f"{number} is out of the range of {_ARTICLES[shape.type_name]}")
    return number


def _parse_float(shape: Shape, node: Any) -> float:
    if isinstance(node, str) and node in _SPECIAL_NUMBERS:
        return _SPECIAL_NUMBERS[node]
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise _inconvertible(node, _ARTICLES[shape.type_name])
    return float(node)


def _parse_blob(_: Shape, node: Any) -> bytes:
    if not isinstance(node, str):
        raise _inconvertible(node, "a Blob")
    try:
        return base64.b64decode(node, validate=True)
    except binascii.Error as no_base64:
        raise MalformedRequest("A blob is not valid base64") from no_base64


def _parse_timestamp(_: Shape, node: Any) -> datetime.datetime:
    if isinstance(node, bool) or not isinstance(node, int | float | str):
        raise _inconvertible(node, "milliseconds since epoch")
    try:
        return read_timestamp(node)
    except ValueError as no_time:
        raise _inconvertible(node, "milliseconds since epoch") from no_time


_PARSERS: Mapping[str, Callable[[Shape, Any], Any]] = {
    "structure": _parse_structure,
    "list": _parse_list,
    "map": _parse_map,
    "string": _parse_string,
    "character": _parse_string,
    "boolean": _parse_boolean,
    "integer": _parse_integer,
    "long": _parse_integer,
    "float": _parse_float,
    "double": _parse_float,
    "blob": _parse_blob,
    "timestamp": _parse_timestamp,
}


def _misplaced(node: Any, expected: str) -> MalformedRequest:
    if isinstance(node, list):
        return MalformedRequest("Start of list found where not expected")
    if isinstance(node, dict):
        return MalformedRequest("Start of structure or map found where not expected.")
    return MalformedRequest(f"Expected {expected} or null")


def _inconvertible(node: Any, wanted: str) -> MalformedRequest:
    if isinstance(node, list | dict):
        return _misplaced(node, wanted)
    if isinstance(node, bool):
        found = f"{str(node).upper()}_VALUE"
    elif isinstance(node, float):
        found = "DECIMAL_VALUE"
    else:
        found = "NUMBER_VALUE" if isinstance(node, int) else "STRING_VALUE"
    return MalformedRequest(f"{found} can not be converted to {wanted}")


def parse_text(shape: Shape, text: str) -> Any:
    """Return the scalar that stands as text in a header, a path, a query or a form."""
    kind = shape.type_name
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind in _ARTICLES and text not in _SPECIAL_NUMBERS:
        try:
            return _parse(shape, int(text) if kind in _INTEGER_BITS else float(text))
        except ValueError as no_number:
            raise _inconvertible(text, _ARTICLES[kind]) from no_number
    return _parse(shape, text)


def wire_name(shape: Shape, name: str) -> str:
    """Return what the member `name` is called on the wire."""
    return cast(str, shape.serialization.get("name", name))


# Writing ---------------------------------------------------------------------------------------------------------


def serialise(shape: Shape, value: Any) -> Any:
    """Return the JSON node of a value. Raises `UnservableAnswer` where a value does not fit its shape."""
    kind = shape.type_name
    if kind == "structure":
        return _serialise_structure(cast(StructureShape, shape), value)
    if kind == "list":
        member = cast(ListShape, shape).member
        return [serialise(member, item) for item in _fitting(shape, value, list | tuple)]
    if kind == "map":
        of = cast(MapShape, shape).value
        return {str(key): serialise(of, item) for key, item in _fitting(shape, value, Mapping).items()}
    return _SERIALISERS[kind](shape, value)


def _serialise_structure(shape: StructureShape, value: Any) -> Any:
    if shape.is_document_type:
        return value
    return {wire_name(member, name): serialise(member, value[name]) for name, member in present_members(shape, value)}


def present_members(shape: StructureShape, value: Any) -> Iterable[tuple[str, Shape]]:
    """Yield the members of `shape` that `value` has, in the model's order. A None counts as absent."""
    if unknown := _fitting(shape, value, Mapping).keys() - shape.members.keys():
        raise UnservableAnswer(f"{shape.name} has no member {', '.join(sorted(map(str, unknown)))}")
    return ((name, member) for name, member in shape.members.items() if value.get(name) is not None)


def _serialise_timestamp(shape: Shape, value: Any) -> str | float:
    return _write_moment(shape, value, "unixtimestamp")


def _write_moment(shape: Shape, value: Any, default: TimestampFormat) -> str | float:
    moment = _fitting(shape, value, datetime.datetime)
    if moment.tzinfo is None:
        raise UnservableAnswer(f"{shape.name} needs a time that knows its zone")
    return write_timestamp(moment, cast(TimestampFormat, shape.serialization.get("timestampFormat", default).lower()))


def _serialise_float(shape: Shape, value: Any) -> float | str:
    number = float(_fitting(shape, value, int | float))
    if math.isfinite(number):
        return number
    return next(name for name, special in _SPECIAL_NUMBERS.items() if repr(special) == repr(number))


_SERIALISERS: Mapping[str, Callable[[Shape, Any], Any]] = {
    "string": lambda shape, value: str(_fitting(shape, value, str)),
    "character": lambda shape, value: str(_fitting(shape, value, str)),
    "boolean": lambda shape, value: _fitting(shape, value, bool),
    "integer": lambda shape, value: int(_fitting(shape, value, int)),
    "long": lambda shape, value: int(_fitting(shape, value, int)),
    "float": _serialise_float,
    "double": _serialise_float,
    "blob": lambda shape, value: base64.b64encode(_fitting(shape, value, bytes)).decode(),
    "timestamp": _serialise_timestamp,
}


def _fitting(shape: Shape, value: Any, kind: Any) -> Any:
    if isinstance(value, kind):
        return value
    raise UnservableAnswer(f"{shape.name} is a {shape.type_name}, not {type(value).__name__}")


def serialise_text(shape: Shape, value: Any, *, timestamps: TimestampFormat) -> str:
    """Return a scalar as it stands in a header or in XML."""
    if shape.type_name == "timestamp":
        return str(_write_moment(shape, value, timestamps))
    node = serialise(shape, value)
    return str(node).lower() if isinstance(node, bool) else str(node)
