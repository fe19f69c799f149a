"""The formats that GGUF stores weights in, as far as they are read here, and their way back to float32.

Q8_0 and Q4_0 are ggml's (`block_q8_0`, `block_q4_0` in ggml-common.h): groups of 32 along a row, each with one float16
scale in front. Q8_0 has 32 signed bytes; Q4_0 has 16 bytes with values 0 to 15 that stand for -8 to 7, the first half
of the group in the lower nibbles, the second in the upper ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.errors import CheckpointError

Float32 = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class StoredFormat:
    """How values lie in a file."""

    name: str
    block_len: int
    """Values in one block."""
    block_bytes: int
    widen: Callable[[Bytes], Float32]
    """Whole blocks to their values, in order."""


def _widen_f32(raw: Bytes) -> Float32:
    return raw.view("<f4").astype(np.float32, copy=False)


def _widen_f16(raw: Bytes) -> Float32:
    return raw.view("<f2").astype(np.float32)


def _widen_bf16(raw: Bytes) -> Float32:
    return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)


def _widen_q8_0(raw: Bytes) -> Float32:
    blocks = raw.reshape(-1, 34)
    return _scaled(blocks, blocks[:, 2:].view(np.int8).astype(np.float32))


def _widen_q4_0(raw: Bytes) -> Float32:
    blocks = raw.reshape(-1, 18)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    return _scaled(blocks, nibbles.astype(np.float32) - np.float32(8))


def _scaled(blocks: Bytes, values: Float32) -> Float32:
    scales: NDArray[Any] = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    values *= scales
    return values.reshape(-1)


FORMATS: Mapping[int, StoredFormat] = {
    0: StoredFormat("F32", 1, 4, _widen_f32),
    1: StoredFormat("F16", 1, 2, _widen_f16),
    2: StoredFormat("Q4_0", 32, 18, _widen_q4_0),
    8: StoredFormat("Q8_0", 32, 34, _widen_q8_0),
    30: StoredFormat("BF16", 1, 2, _widen_bf16),
}
"""`enum ggml_type` -> its layout."""


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor in a mapped file; implements `engine.tensors.Tensor`."""

    name: str
    stored: StoredFormat
    shape: tuple[int, ...]
    """Slowest dimension first, as Hugging Face has it: [outputs, inputs]."""
    raw: Bytes
    """Its blocks, read-only."""
    num_interleaved_heads: int | None = None
    """Heads whose rows llama.cpp's converter has put in another order; see `float32`."""

    @property
    def dtype(self) -> str:
        """`F32`, `F16`, `BF16`, `Q8_0` or `Q4_0`."""
        return self.stored.name

    def float32(self) -> Float32:
        """The values, as exactly as they are stored. Raises `CheckpointError` if one of them is not a finite number.

        llama.cpp rotates neighbouring pairs of a head (0, 1), (2, 3), ... where Hugging Face's models rotate halves
        (0, d/2), (1, d/2 + 1), ...; for the architecture `llama` its converter therefore reorders the rows of
        queries and keys, and here they are put back.
        """
        values = self.stored.widen(np.ascontiguousarray(self.raw)).reshape(self.shape)
        if not np.isfinite(values).all():
            raise CheckpointError(f"tensor {self.name} holds values that are not finite numbers")
        if self.num_interleaved_heads is None:
            return values
        pairs = values.reshape(self.num_interleaved_heads, -1, 2, *self.shape[1:])
        return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(self.shape))
