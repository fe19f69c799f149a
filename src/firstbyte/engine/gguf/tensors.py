"""The formats that GGUF stores weights in, as far as they are read here, and their way back to float32.

Q8_0 and Q4_0 are ggml's (`block_q8_0`, `block_q4_0` in ggml-common.h): groups of 32 along a row, each with one float16
scale in front. Q8_0 has 32 signed bytes; Q4_0 has 16 bytes with values 0 to 15 that stand for -8 to 7, the first half
of the group in the lower nibbles, the second in the upper ones. Q4_1 has a float16 minimum after the scale and values
from 0 to 15 above it; Q5_0 and Q5_1 have four more bytes with the fifth bits. Files called Q4_0 hold some tensors in
these and in Q6_K, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf import k_quants

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
    return _scaled(blocks, _nibbles(blocks[:, 2:]).astype(np.float32) - np.float32(8))


def _widen_q4_1(raw: Bytes) -> Float32:
    blocks = raw.reshape(-1, 20)
    return _scaled(blocks, _nibbles(blocks[:, 4:]).astype(np.float32), _half(blocks, 2))


def _widen_q5_0(raw: Bytes) -> Float32:
    blocks = raw.reshape(-1, 22)
    values = _nibbles(blocks[:, 6:]) | _fifth_bits(blocks[:, 2:6])
    return _scaled(blocks, values.astype(np.float32) - np.float32(16))


def _widen_q5_1(raw: Bytes) -> Float32:
    blocks = raw.reshape(-1, 24)
    values = _nibbles(blocks[:, 8:]) | _fifth_bits(blocks[:, 4:8])
    return _scaled(blocks, values.astype(np.float32), _half(blocks, 2))


def _nibbles(packed: Bytes) -> Bytes:
    return np.concatenate([packed & 0x0F, packed >> 4], axis=1)


def _fifth_bits(packed: Bytes) -> Bytes:
    return np.unpackbits(packed, axis=1, bitorder="little") << np.uint8(4)


def _scaled(blocks: Bytes, values: Float32, minima: Float32 | None = None) -> Float32:
    values *= _half(blocks, 0)
    if minima is not None:
        values += minima
    return values.reshape(-1)


def _half(blocks: Bytes, offset: int) -> Float32:
    halves: NDArray[Any] = np.ascontiguousarray(blocks[:, offset : offset + 2]).view("<f2")
    return halves.astype(np.float32)


FORMATS: Mapping[int, StoredFormat] = {
    0: StoredFormat("F32", 1, 4, _widen_f32),
    1: StoredFormat("F16", 1, 2, _widen_f16),
    2: StoredFormat("Q4_0", 32, 18, _widen_q4_0),
    3: StoredFormat("Q4_1", 32, 20, _widen_q4_1),
    6: StoredFormat("Q5_0", 32, 22, _widen_q5_0),
    7: StoredFormat("Q5_1", 32, 24, _widen_q5_1),
    8: StoredFormat("Q8_0", 32, 34, _widen_q8_0),
    12: StoredFormat("Q4_K", k_quants.BLOCK_LEN, k_quants.Q4_K_BYTES, k_quants.widen_q4_k),
    13: StoredFormat("Q5_K", k_quants.BLOCK_LEN, k_quants.Q5_K_BYTES, k_quants.widen_q5_k),
    14: StoredFormat("Q6_K", k_quants.BLOCK_LEN, k_quants.Q6_K_BYTES, k_quants.widen_q6_k),
    30: StoredFormat("BF16", 1, 2, _widen_bf16),
}
"""`enum ggml_type` -> its layout."""

OTHER_FORMATS: Mapping[int, str] = {
    9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
    29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
"""Names of those that are not read here."""


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
        """The format's name, as in `FORMATS`."""
        return self.stored.name

    def float32(self) -> Float32:
        """The values, as exactly as they are stored. Raises `CheckpointError` if one of them is not a finite number.

        llama.cpp rotates neighbouring pairs of a head (0, 1), (2, 3), ... where Hugging Face's models rotate halves
        (0, d/2), (1, d/2 + 1), ...; for the architecture `llama` its converter therefore reorders the rows of
        queries and keys, and here they are put back.
        """
        with np.errstate(invalid="ignore", over="ignore"):  # of damaged scales; what comes of it is looked at
            values = self.stored.widen(np.ascontiguousarray(self.raw)).reshape(self.shape)
        if not np.isfinite(values).all():
            raise CheckpointError(f"tensor {self.name} holds values that are not finite numbers")
        if self.num_interleaved_heads is None:
            return values
        pairs = values.reshape(self.num_interleaved_heads, -1, 2, *self.shape[1:])
        return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(self.shape))
