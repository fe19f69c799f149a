"""ggml's formats of 256 values, back to float32: which most of the GGUF files that people share consist of.

Layouts and arithmetic are those of `block_q4_K`, `block_q5_K` and `block_q6_K` (ggml-common.h, ggml-quants.c). Q4_K and
Q5_K have eight groups of 32 with a scale and a minimum each, six bits wide, in twelve bytes; Q6_K has sixteen groups of
16 with a signed byte as scale.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Bytes = NDArray[np.uint8]

BLOCK_LEN = 256
Q4_K_BYTES, Q5_K_BYTES, Q6_K_BYTES = 144, 176, 210


def widen_q4_k(raw: Bytes) -> Float32:
    """f16 scale of the scales | f16 scale of the minima | 12 bytes of both | 128 bytes with two groups in 32 each."""
    blocks = raw.reshape(-1, Q4_K_BYTES)
    return _spread(blocks, _nibble_groups(blocks[:, 16:]))


def widen_q5_k(raw: Bytes) -> Float32:
    """As Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte i is for value i of group g."""
    blocks = raw.reshape(-1, Q5_K_BYTES)
    fifth = blocks[:, None, 16:48] >> np.arange(8, dtype=np.uint8)[:, None] & np.uint8(1)
    return _spread(blocks, _nibble_groups(blocks[:, 48:]) | fifth << np.uint8(4))


def widen_q6_k(raw: Bytes) -> Float32:
    """128 bytes of lower nibbles | 64 of the two bits above them | 16 scales | f16 scale of the scales.

    Each half of the block has its values in four groups of 32: two in the lower nibbles of 64 bytes, then two in the
    upper ones; the four share 32 bytes of upper bits.
    """
    blocks = raw.reshape(-1, Q6_K_BYTES)
    nibbles = blocks[:, :128].reshape(-1, 2, 1, 2, 32) >> np.array([0, 4], np.uint8)[:, None, None] & 15
    upper = blocks[:, 128:192].reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    values = nibbles.reshape(-1, 16, 16) | upper.reshape(-1, 16, 16) << 4
    scales = _halves(blocks[:, 208:210]) * blocks[:, 192:208].view(np.int8).astype(np.float32)
    return (scales[:, :, None] * (values.astype(np.float32) - np.float32(32))).reshape(-1)


def _nibble_groups(packed: Bytes) -> Bytes:
    """[blocks, 8, 32] from 128 bytes a block: of every 32 bytes first the lower nibbles, then the upper ones."""
    parts = packed.reshape(-1, 4, 1, 32) >> np.array([0, 4], np.uint8)[:, None] & np.uint8(15)
    return parts.reshape(-1, 8, 32)


def _spread(blocks: Bytes, values: Bytes) -> Float32:
    """scale * value - minimum, group by group."""
    packed = blocks[:, 4:16].reshape(-1, 3, 4)
    first, second, third = packed[:, 0], packed[:, 1], packed[:, 2]
    scales = np.concatenate([first & 63, third & 15 | first >> 6 << 4], axis=1)
    minima = np.concatenate([second & 63, third >> 4 | second >> 6 << 4], axis=1)
    steps = _halves(blocks[:, :2]) * scales.astype(np.float32)
    offsets = _halves(blocks[:, 2:4]) * minima.astype(np.float32)
    return (steps[:, :, None] * values.astype(np.float32) - offsets[:, :, None]).reshape(-1)


def _halves(raw: Bytes) -> Float32:
    """[blocks, 1]"""
    halves: NDArray[Any] = np.ascontiguousarray(raw).view("<f2")
    return halves.astype(np.float32)
