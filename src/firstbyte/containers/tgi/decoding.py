"""Reads a JSON body into checked values, and words what does not fit as serde and axum do.

axum's extractor answers in plain text: 400 for what is not JSON, 422 for JSON of another shape, 415 for another type.
serde's messages end with the place where reading stopped, which `positions` and `syntax` find. A body that is wrong
in two ways is told the syntax first; serde, which reads types as it goes, tells what comes first.
"""

import ctypes
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.tgi.positions import Reach, position_of
from firstbyte.containers.tgi.syntax import DEEPEST, Path, SyntaxProblem, place_of, scan_document

NOT_JSON = "Failed to parse the request body as JSON: "
OTHER_SHAPE = "Failed to deserialize the JSON body into the target type: "
OTHER_MEDIA_TYPE = "Expected request with `Content-Type: application/json`"

INTEGER_RANGES = {
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1),
    "usize": (0, 2**64 - 1),
}
EXPECTED = {"bool": "a boolean", "string": "a string", "strings": "a sequence"}
GRAMMAR_KINDS = ("json", "json_object", "json_schema", "regex")
"""TGI's at 3.3; the first releases with grammars know `json` and `regex` only."""


class ExtractionFailed(RequestRejected):
    """The body could not become the route's type; `status` is axum's."""

    def __init__(self, status: int, message: str, path: Path | None = None, reach: Reach = Reach.VALUE) -> None:
        super().__init__(message)
        self.status = status
        self.path = path
        """Of the value that does not fit, where serde would say where it stands."""
        self.reach = reach

    def located(self, body: bytes) -> "ExtractionFailed":
        """The same failure with serde's ` at line N column M`, where it has one."""
        if self.path is None:
            return self
        line, column = position_of(body, self.path, self.reach)
        return ExtractionFailed(self.status, f"{self} at line {line} column {column}")


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a request: its kind and its default.

    A kind is a key of `INTEGER_RANGES` or `EXPECTED`, `f32`, `grammar` or `any`.
    """

    kind: str
    default: Any = None
    is_nullable: bool = True


def read_json(body: bytes, known: Mapping[Path, Collection[str]] | None = None) -> Any:
    """Parse a body; `known` are the fields of the structs that it will become.

    Raises:
        ExtractionFailed: (400) it is not JSON; (422) it names a known field twice.
    """
    known = known or {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = None
        problem: Exception = error
    else:
        if not _is_suspicious(body, known):
            return value
    try:
        end = scan_document(body, known)
        return value if value is not None else orjson.loads(body[:end])
    except SyntaxProblem as found:
        line, column = place_of(body, found.num_read)
        status, head = (422, OTHER_SHAPE) if found.is_of_type else (400, NOT_JSON)
        message = f"{head}{_prefix(found.path)}{found} at line {line} column {column}"
        raise ExtractionFailed(status, message) from found
    except orjson.JSONDecodeError:
        raise ExtractionFailed(400, f"{NOT_JSON}expected value") from problem


def _is_suspicious(body: bytes, known: Mapping[Path, Collection[str]]) -> bool:
    """Whether a JSON document may be too deep for serde, or have a field twice."""
    if body.count(b"{") + body.count(b"[") > DEEPEST:
        return True
    return any(body.count(b'"%b"' % name.encode()) > 1 for names in known.values() for name in names)


def read_members(value: Any, fields: Mapping[str, Field], type_name: str, path: Path = ()) -> dict[str, Any]:
    """Check the members of an object against `fields`, in the body's order as serde does.

    Members that `fields` does not name are ignored, missing ones defaulted.

    Raises:
        ExtractionFailed: (422) a member is missing or of another type.
    """
    if not isinstance(value, dict):
        failure = _mismatch(path, value, f"struct {type_name}")
        failure.reach = Reach.WHOLE if isinstance(value, list) else Reach.VALUE  # serde reads its items as the fields
        raise failure
    read = {name: field.default for name, field in fields.items()}
    for name, member in value.items():
        field = fields.get(name)
        if field is not None and not (member is None and field.is_nullable):
            read[name] = _read_value(member, field.kind, (*path, name))
    for name, field in fields.items():
        if field.default is ... and name not in value:
            raise _incomplete(path, f"missing field `{name}`")
    return read


def read_list(value: Any, path: Path) -> list[Any]:
    """A list of anything.

    Raises:
        ExtractionFailed: (422) it is something else.
    """
    if not isinstance(value, list):
        raise _mismatch(path, value, "a sequence")
    return value


def read_strings(value: Any, path: Path) -> tuple[str, ...]:
    """A list of strings.

    Raises:
        ExtractionFailed: (422) it is something else.
    """
    return _read_value(value, "strings", path)  # type: ignore[no-any-return]


def _read_value(value: Any, kind: str, path: Path) -> Any:
    if kind == "any":
        return value
    if kind in INTEGER_RANGES:
        return _read_integer(value, kind, path)
    if kind == "f32" and isinstance(value, int | float) and not isinstance(value, bool):
        return ctypes.c_float(value).value  # serde rounds to f32 as well, so 1e-300 is 0 and refused as such
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "strings" and isinstance(value, list):
        return tuple(_read_value(item, "string", (*path, index)) for index, item in enumerate(value))
    if kind == "grammar":
        return read_grammar_shape(value, path)
    raise _mismatch(path, value, EXPECTED.get(kind, kind))


def read_grammar_shape(value: Any, path: Path) -> Any:
    """`GrammarType`, an enum of serde's with its variant in `type` and its content in `value`.

    Raises:
        ExtractionFailed: (422) it is something else.
    """
    if not isinstance(value, dict):
        raise _mismatch(path, value, "adjacently tagged enum GrammarType")
    for name in ("type", "value"):
        if name not in value:
            raise _incomplete(path, f"missing field `{name}`")
    kind = value["type"]
    if not isinstance(kind, str):
        raise _mismatch((*path, "type"), kind, "variant identifier")
    if kind not in GRAMMAR_KINDS:
        known = ", ".join(f"`{each}`" for each in GRAMMAR_KINDS)
        message = f"{_prefix((*path, 'type'))}unknown variant `{kind}`, expected one of {known}"
        raise ExtractionFailed(422, OTHER_SHAPE + message, (*path, "type"))
    if kind == "regex":
        _read_value(value["value"], "string", (*path, "value"))
    return value


def mismatch_of_variants(name: str, path: Path = ()) -> ExtractionFailed:
    """Serde's words for a value that is none of the variants of an untagged enum; it has been read to its end."""
    message = f"{_prefix(path)}data did not match any variant of untagged enum {name}"
    return ExtractionFailed(422, OTHER_SHAPE + message, path or None, Reach.CLOSING)


def _incomplete(path: Path, problem: str) -> ExtractionFailed:
    return ExtractionFailed(422, f"{OTHER_SHAPE}{_prefix(path)}{problem}", path, Reach.WHOLE)


def _read_integer(value: Any, kind: str, path: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _mismatch(path, value, kind)
    lowest, highest = INTEGER_RANGES[kind]
    if not lowest <= value <= highest:
        raise _mismatch(path, value, kind, problem="invalid value")
    return value


def _mismatch(path: Path, value: Any, expected: str, problem: str = "invalid type") -> ExtractionFailed:
    return ExtractionFailed(
        422, f"{OTHER_SHAPE}{_prefix(path)}{problem}: {_describe(value)}, expected {expected}", path
    )


def _prefix(path: Path) -> str:
    """Where it is, as serde_path_to_error writes it; nothing for the body itself."""
    if not path:
        return ""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".") + ": "


def _describe(value: Any) -> str:
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{_positional(value)}`"
    if isinstance(value, str):
        return f"string {_quoted(value)}"
    if isinstance(value, list):
        return "sequence"
    return "map" if isinstance(value, dict) else "null"


def _positional(value: float) -> str:
    """As Rust writes a float: never with an exponent, always with a point."""
    digits = format(Decimal(repr(value)), "f")
    return digits if "." in digits else f"{digits}.0"


def _quoted(text: str) -> str:
    """As Rust's `{:?}` writes a text: control characters as `\\u{7f}`, the rest as it is."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    shown = (escapes.get(char, char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in text)
    return f'"{"".join(shown)}"'
