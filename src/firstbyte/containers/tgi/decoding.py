"""Reads a JSON body into checked values, and words what does not fit as serde and axum do.

axum's extractor answers in plain text: 400 for what is not JSON, 422 for JSON of another shape, 415 for another type.
serde's messages end with the place where reading stopped, which `positions` finds.
"""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.tgi.positions import Path, position_of

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


class ExtractionFailed(RequestRejected):
    """The body could not become the route's type; `status` is axum's."""

    def __init__(self, status: int, message: str, path: Path | None = None, *, is_incomplete: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.path = path
        """Of the value that does not fit, where serde would say where it stands."""
        self.is_incomplete = is_incomplete
        """The value is an object that lacks a member."""

    def located(self, body: bytes) -> "ExtractionFailed":
        """The same failure with serde's ` at line N column M`, where it has one."""
        if self.path is None:
            return self
        line, column = position_of(body, self.path, is_whole=self.is_incomplete)
        return ExtractionFailed(self.status, f"{self} at line {line} column {column}")


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a request: its kind (a key of `INTEGER_RANGES` or `EXPECTED`, `f32` or `any`) and its default."""

    kind: str
    default: Any = None
    is_nullable: bool = True


def read_json(body: bytes) -> Any:
    """Parse a body.

    Raises:
        ExtractionFailed: (400) it is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        is_cut = error.pos >= len(body.decode(errors="replace").rstrip())
        what = "EOF while parsing a value" if is_cut else "expected value"
        raise ExtractionFailed(400, f"{NOT_JSON}{what} at line {error.lineno} column {error.colno}") from error


def read_members(value: Any, fields: Mapping[str, Field], type_name: str, path: Path = ()) -> dict[str, Any]:
    """Check the members of an object against `fields`, in the body's order as serde does.

    Members that `fields` does not name are ignored, missing ones defaulted.

    Raises:
        ExtractionFailed: (422) a member is missing or of another type.
    """
    if not isinstance(value, dict):
        failure = _mismatch(path, value, f"struct {type_name}")
        failure.is_incomplete = isinstance(value, list)  # serde reads a list's items as the fields
        raise failure
    read = {name: field.default for name, field in fields.items()}
    for name, member in value.items():
        field = fields.get(name)
        if field is not None and not (member is None and field.is_nullable):
            read[name] = _read_value(member, field.kind, (*path, name))
    for name, field in fields.items():
        if field.default is ... and name not in value:
            message = f"{OTHER_SHAPE}{_prefix(path)}missing field `{name}`"
            raise ExtractionFailed(422, message, path, is_incomplete=True)
    return read


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
    raise _mismatch(path, value, EXPECTED.get(kind, kind))


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
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {orjson.dumps(value).decode()}"
    if isinstance(value, list):
        return "sequence"
    return "map" if isinstance(value, dict) else "null"
