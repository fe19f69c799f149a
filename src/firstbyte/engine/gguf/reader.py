"""Reads a GGUF file's metadata and maps its tensors, trusting no number in it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian:

    magic "GGUF" | version u32 | number of tensors u64 | number of entries u64
    entries:  key string | type u32 | value    (a string is a u64 length and UTF-8; an array a type, a u64 and values)
    tensors:  name string | number of dimensions u32 | dimensions u64, fastest first | format u32 | offset u64
    padding to general.alignment, then the tensors' bytes, at their offsets from here

A count is believed only as far as the bytes that are left could hold that many, so that a damaged file costs no memory.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.metadata import Metadata
from firstbyte.engine.gguf.tensors import FORMATS, OTHER_FORMATS, GgufTensor

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS: dict[int, np.dtype[Any]] = {
    kind: np.dtype(code)
    for kind, code in enumerate(["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4", "u1", "", "", "<u8", "<i8", "<f8"])
    if code
}
"""Type of a value -> how it lies; 8 and 9 are strings and arrays."""
_MAX_DIMENSIONS = 4
_MIN_ENTRY_BYTES = 8 + 4 + 1
_MIN_TENSOR_BYTES = 8 + 4 + 4 + 8


@dataclass(frozen=True, slots=True)
class GgufFile:
    """An open file."""

    path: Path
    metadata: Metadata
    tensors: dict[str, GgufTensor]


def find_gguf(path: Path) -> Path | None:
    """The file meant by a path to it or to its folder; None where a folder has safetensors, or no such file.

    Raises `CheckpointError` for a folder with several.
    """
    if path.suffix == ".gguf" and path.is_file():
        return path
    if next(path.glob("model*.safetensors*"), None) is not None:
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:4])
        raise CheckpointError(f"the model folder has {len(files)} GGUF files ({names}): name one of them as the model")
    return files[0] if files else None


def read_gguf(path: Path) -> GgufFile:
    """Read the head of one file and map the rest. Raises `CheckpointError` for a missing, cut or damaged one."""
    try:
        size = path.stat().st_size
        data = np.memmap(path, np.uint8, mode="r") if size else np.zeros(0, np.uint8)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}") from error
    try:
        return _read(path, data)
    except _Damaged as error:
        raise CheckpointError(f"{path.name} is damaged or incomplete: {error}") from error


class _Damaged(Exception):
    """What is wrong with a file's bytes."""


def _read(path: Path, data: NDArray[np.uint8]) -> GgufFile:
    cursor = _Cursor(data)
    _check_version(path, cursor)
    num_tensors, num_entries = cursor.number("<Q"), cursor.number("<Q")
    entries: dict[str, Any] = {}
    for _ in range(cursor.at_most(num_entries, _MIN_ENTRY_BYTES, "entries")):
        key = cursor.string()
        entries[key] = cursor.value(cursor.number("<I"))
    places = [_read_place(cursor) for _ in range(cursor.at_most(num_tensors, _MIN_TENSOR_BYTES, "tensors"))]
    if len({place.name for place in places}) < len(places):
        raise _Damaged("two of its tensors have one name")
    alignment = entries.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise _Damaged(f"general.alignment must be a power of two, not {alignment!r}")
    start = -(-cursor.offset // alignment) * alignment
    tensors = {place.name: _map_tensor(place, data, start) for place in places}
    return GgufFile(path, Metadata(path.name, entries), tensors)


def _check_version(path: Path, cursor: "_Cursor") -> None:
    if bytes(cursor.take(4)) != MAGIC:
        raise CheckpointError(f"{path.name} is not a GGUF file: it does not begin with {MAGIC.decode()}")
    version = cursor.number("<I")
    if version not in VERSIONS:
        order = (
            "; it seems to be big endian" if int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS else ""
        )
        raise CheckpointError(f"{path.name} has GGUF version {version}; 2 and 3, little endian, can be read{order}")


@dataclass(frozen=True, slots=True)
class _Place:
    """What the head says of one tensor."""

    name: str
    shape: tuple[int, ...]
    format_id: int
    offset: int


def _read_place(cursor: "_Cursor") -> _Place:
    name = cursor.string()
    num_dimensions = cursor.number("<I")
    if not 1 <= num_dimensions <= _MAX_DIMENSIONS:
        raise _Damaged(f"tensor {name} has {num_dimensions} dimensions, at most {_MAX_DIMENSIONS} are allowed")
    dimensions = [cursor.number("<Q") for _ in range(num_dimensions)]
    return _Place(name, tuple(reversed(dimensions)), cursor.number("<I"), cursor.number("<Q"))


def _map_tensor(place: _Place, data: NDArray[np.uint8], start: int) -> GgufTensor:
    stored = FORMATS.get(place.format_id)
    if stored is None:
        known = ", ".join(known.name for known in FORMATS.values())
        found = OTHER_FORMATS.get(place.format_id, f"GGML type {place.format_id}")
        raise CheckpointError(f"tensor {place.name} is stored in {found}; {known} can be read")
    if place.shape[-1] % stored.block_len:
        raise _Damaged(f"tensor {place.name} has rows of {place.shape[-1]}, no multiple of {stored.block_len}")
    num_bytes = math.prod(place.shape) // stored.block_len * stored.block_bytes
    begin = start + place.offset
    if begin + num_bytes > len(data):
        raise _Damaged(f"tensor {place.name} ends at byte {begin + num_bytes} of {len(data)}")
    return GgufTensor(place.name, stored, place.shape, data[begin : begin + num_bytes])


class _Cursor:
    """Walks the head of a file."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data
        self.offset = 0

    def take(self, num_bytes: int) -> NDArray[np.uint8]:
        """The next bytes."""
        if num_bytes > len(self._data) - self.offset:
            raise _Damaged(f"it ends at byte {len(self._data)}, within its head")
        self.offset += num_bytes
        return self._data[self.offset - num_bytes : self.offset]

    def at_most(self, count: int, item_bytes: int, what: str) -> int:
        """`count`, if as many items of at least that size can follow."""
        if count * item_bytes > len(self._data) - self.offset:
            raise _Damaged(f"it claims {count} {what}, more than fit into its {len(self._data)} bytes")
        return count

    def number(self, code: str) -> int:
        """One whole number."""
        value: int = struct.unpack(code, bytes(self.take(struct.calcsize(code))))[0]
        return value

    def string(self) -> str:
        """One string."""
        try:
            return bytes(self.take(self.number("<Q"))).decode()
        except UnicodeDecodeError:
            raise _Damaged("a string in its head is not UTF-8") from None

    def value(self, kind: int) -> Any:
        """One value of a type."""
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._array(self.number("<I"), self.number("<Q"))
        dtype = self._scalar(kind)
        value = self.take(dtype.itemsize).view(dtype)[0].item()
        return bool(value) if kind == _BOOL else value

    def _array(self, kind: int, count: int) -> Any:
        if kind == _STRING:
            return [self.string() for _ in range(self.at_most(count, 8, "strings"))]
        dtype = self._scalar(kind)
        return self.take(self.at_most(count, dtype.itemsize, "values") * dtype.itemsize).view(dtype)

    def _scalar(self, kind: int) -> np.dtype[Any]:
        if kind not in _SCALARS:
            raise _Damaged(f"type {kind} of a value is unknown here")
        return _SCALARS[kind]
