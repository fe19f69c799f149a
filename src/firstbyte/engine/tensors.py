"""Reads safetensors files without copying: a header in JSON, then the tensors' bytes, mapped into memory.

Format: https://github.com/huggingface/safetensors#format. Read here rather than with the library because NumPy has no
bfloat16 and backends want the bytes as they lie on disk; every bound is checked before anything is mapped.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.errors import CheckpointError

_MAX_HEADER_BYTES = 100_000_000
_STORED_AS: dict[str, type[np.generic]] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


class Tensor(Protocol):
    """One of a checkpoint's tensors, in whatever way it is stored."""

    @property
    def name(self) -> str:
        """As its file has it."""

    @property
    def dtype(self) -> str:
        """Of the values in the file: `F32`, `F16`, `BF16`, or a quantised format's name."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions."""

    @property
    def raw(self) -> NDArray[np.uint8]:
        """Its bytes as they lie in the file, flat: what tells one content from another."""

    def float32(self) -> NDArray[np.float32]:
        """The values as float32, exactly. Raises `CheckpointError` if one of them is not a finite number."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor in a mapped safetensors file; implements `Tensor`."""

    name: str
    dtype: str
    """`F32`, `F16` or `BF16`."""
    data: NDArray[Any]
    """The values in their shape, read-only; bfloat16 as the upper halves of float32 values, in uint16."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions."""
        return self.data.shape

    @property
    def raw(self) -> NDArray[np.uint8]:
        """Its bytes, flat."""
        return self.data.reshape(-1).view(np.uint8)

    def float32(self) -> NDArray[np.float32]:
        """The values as float32, exactly. Raises `CheckpointError` if one of them is not a finite number."""
        if self.dtype == "BF16":
            values = (self.data.astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.ascontiguousarray(self.data, dtype=np.float32)
        if not np.isfinite(values).all():
            raise CheckpointError(f"tensor {self.name} holds values that are not finite numbers")
        return values


def read_safetensors(path: Path) -> dict[str, StoredTensor]:
    """Map one file; name → tensor. Raises `CheckpointError` for a missing, cut or damaged file."""
    try:
        header, start = _read_header(path)
        data = (
            np.memmap(path, np.uint8, mode="r", offset=start) if path.stat().st_size > start else np.zeros(0, np.uint8)
        )
        return {name: _locate(name, entry, data) for name, entry in header.items() if name != "__metadata__"}
    except FileNotFoundError:
        raise CheckpointError(f"{path.name} is missing from the model folder") from None
    except _Damaged as error:
        raise CheckpointError(f"{path.name} is damaged or incomplete: {error}") from error


class _Damaged(Exception):
    """What is wrong with a file's bytes."""


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        header_len = int.from_bytes(file.read(8), "little")
        if header_len > min(_MAX_HEADER_BYTES, path.stat().st_size - 8):
            raise _Damaged("its header is longer than the file")
        try:
            header = json.loads(file.read(header_len))
        except (ValueError, RecursionError):
            raise _Damaged("its header is not JSON") from None
    if not isinstance(header, dict):
        raise _Damaged("its header is not a JSON object")
    return header, 8 + header_len


def _locate(name: str, entry: Any, data: NDArray[np.uint8]) -> StoredTensor:
    try:
        dtype, shape = str(entry["dtype"]), tuple(int(size) for size in entry["shape"])
        begin, end = (int(offset) for offset in entry["data_offsets"])
    except (TypeError, KeyError, ValueError, OverflowError):
        raise _Damaged(f"the entry of tensor {name} is not understood") from None
    if dtype not in _STORED_AS:
        raise CheckpointError(f"tensor {name} is stored as {dtype}; F32, F16 and BF16 can be read")
    stored_as = np.dtype(_STORED_AS[dtype])
    if begin < 0 or min(shape, default=0) < 0 or end - begin != math.prod(shape) * stored_as.itemsize:
        raise _Damaged(f"the size of tensor {name} does not fit its shape")
    if end > len(data):
        raise _Damaged(f"tensor {name} ends at byte {end} of {len(data)}")
    raw = data[begin:end]
    is_aligned = raw.ctypes.data % stored_as.itemsize == 0
    return StoredTensor(name, dtype, (raw if is_aligned else raw.copy()).view(stored_as).reshape(shape))
