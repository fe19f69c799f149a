"""Holds a request against the limits of its model, in AWS's words.

    2 validation errors detected: Value 'a b' at 'modelName' failed to satisfy constraint: Member must satisfy regular
    expression pattern: …; Value null at 'executionRoleArn' failed to satisfy constraint: Member must not be null

Every breach is named, in the order of the model. Paths begin their members in lower case and count lists from one
(`productionVariants.1.member.modelName`); a map's structures stand under their key (`variants.a.member.weight`).
Scalars in lists and maps are reported at the list or map, their limits in brackets. The values of sensitive members are
not shown. Called by the gateway between `parse` and `dispatch`.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape

from firstbyte.aws.errors import ConstraintViolation
from firstbyte.aws.patterns import compile_pattern

MAX_SHOWN_LEN = 1024
"""Longer values are cut in a message, which would otherwise grow with the request."""
MAX_BREACHES = 100
"""No more are looked for: a hostile request could have millions."""
MAX_MATCHED_LEN = 16_384
"""A value longer than this and than its limit is not matched with its pattern: it is refused anyway."""

_SCALARS_IN = "Member must satisfy constraint"


def check(shape: StructureShape, params: Mapping[str, Any]) -> None:
    """Raise `ConstraintViolation` with one message for all the limits that `params` breaks."""
    breaches = list(itertools.islice(_structure_breaches(shape, params, ""), MAX_BREACHES))
    if breaches:
        errors = "error" if len(breaches) == 1 else "errors"
        raise ConstraintViolation(f"{len(breaches)} validation {errors} detected: {'; '.join(breaches)}")


def _structure_breaches(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        at = f"{path}.{_lower_first(name)}" if path else _lower_first(name)
        if value.get(name) is not None:
            # How long a payload may be is the edge's matter: AWS takes more than the model says.
            yield from _breaches(member, value[name], at) if name != payload else ()
        elif name in shape.required_members:
            yield _breach(member, None, at, "Member must not be null")


def _breaches(shape: Shape, value: Any, at: str) -> Iterator[str]:
    for limit in _broken_limits(shape, value):
        yield _breach(shape, value, at, limit)
    if shape.type_name == "structure" and not cast(StructureShape, shape).is_document_type:
        yield from _structure_breaches(cast(StructureShape, shape), value, at)
    elif shape.type_name == "list":
        yield from _list_breaches(cast(ListShape, shape), value, at)
    elif shape.type_name == "map":
        yield from _map_breaches(cast(MapShape, shape), value, at)


def _list_breaches(shape: ListShape, items: list[Any], at: str) -> Iterator[str]:
    member = shape.member
    for number, item in enumerate(items, 1):
        if item is None:
            yield _breach(member, None, f"{at}.{number}.member", "Member must not be null")
        elif _is_nested(member):
            yield from _breaches(member, item, f"{at}.{number}.member")
        elif any(_broken_limits(member, item)):
            yield _breach(shape, items, at, f"{_SCALARS_IN}: [{', '.join(_limits(member))}]")
            return


def _map_breaches(shape: MapShape, entries: Mapping[str, Any], at: str) -> Iterator[str]:
    if any(any(_broken_limits(shape.key, key)) for key in entries):
        yield _breach(shape, entries, at, f"Map keys must satisfy constraint: [{', '.join(_limits(shape.key))}]")
    for key, entry in entries.items():
        if entry is None:
            yield _breach(shape.value, None, f"{at}.{key}.member", "Member must not be null")
        elif _is_nested(shape.value):
            yield from _breaches(shape.value, entry, f"{at}.{key}.member")
        elif any(_broken_limits(shape.value, entry)):
            yield _breach(shape, entries, at, f"Map value must satisfy constraint: [{', '.join(_limits(shape.value))}]")
            return


def _is_nested(shape: Shape) -> bool:
    return shape.type_name in ("structure", "list", "map")


def _broken_limits(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the limits of this shape alone that `value` breaks."""
    metadata = shape.metadata
    measure = value if isinstance(value, int | float) else _length(value)
    words = _range_words(shape)
    if measure is not None and "max" in metadata and measure > metadata["max"]:
        yield f"{words} less than or equal to {metadata['max']}"
        if len_exceeds(value, MAX_MATCHED_LEN):
            return
    if measure is not None and "min" in metadata and measure < metadata["min"]:
        yield f"{words} greater than or equal to {metadata['min']}"
    if "pattern" in metadata and isinstance(value, str) and not _matches(metadata["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"
    if "enum" in metadata and value not in metadata["enum"]:
        yield _enum_words(shape)


def _limits(shape: Shape) -> Iterator[str]:
    """Yield all the limits of a shape, broken or not."""
    metadata, words = shape.metadata, _range_words(shape)
    if "max" in metadata:
        yield f"{words} less than or equal to {metadata['max']}"
    if "min" in metadata:
        yield f"{words} greater than or equal to {metadata['min']}"
    if "pattern" in metadata:
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"
    if "enum" in metadata:
        yield _enum_words(shape)


def _range_words(shape: Shape) -> str:
    is_number = shape.type_name in ("integer", "long", "float", "double")
    return "Member must have value" if is_number else "Member must have length"


def _enum_words(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]"


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | bytes | list | dict) else None


def len_exceeds(value: Any, limit: int) -> bool:
    """Tell whether `value` has a length, and it is over `limit`."""
    length = _length(value)
    return length is not None and length > limit


def _matches(pattern: str, value: str) -> bool:
    compiled = compile_pattern(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


def _breach(shape: Shape, value: Any, at: str, limit: str) -> str:
    if value is None:
        shown = "Value null"
    elif shape.metadata.get("sensitive"):
        shown = "Value"
    else:
        text = _show(shape, value)
        shown = f"Value '{text if len(text) <= MAX_SHOWN_LEN else text[:MAX_SHOWN_LEN] + '…'}'"
    return f"{shown} at '{at}' failed to satisfy constraint: {limit}"


def _show(shape: Shape, value: Any) -> str:
    """Write a value as AWS's services, which are Java, do: [a, b], {k=v}, Tag(key=a, value=b)."""
    if shape.metadata.get("sensitive"):
        return "***Sensitive Data Redacted***"
    if shape.type_name == "list":
        return f"[{', '.join(_show(cast(ListShape, shape).member, item) for item in value)}]"
    if shape.type_name == "map":
        of = cast(MapShape, shape).value
        return f"{{{', '.join(f'{key}={_show(of, item)}' for key, item in value.items())}}}"
    if shape.type_name == "structure":
        members = cast(StructureShape, shape).members
        listed = (f"{_lower_first(name)}={_show(members[name], item)}" for name, item in value.items())
        return f"{shape.name}({', '.join(listed)})"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
