"""The formats of 256 values, on blocks written out by hand; `tests/parity` holds them against the `gguf` package."""

import struct

import numpy as np
import pytest

from firstbyte.engine.gguf.k_quants import widen_q4_k, widen_q5_k, widen_q6_k

HALF = np.float16(0.5).tobytes()
SIXES = bytes([1, 2, 3, 0xC4, 10, 11, 12, 0x4D, 0x35, 0x36, 0x37, 0x28])
"""Scales 1 to 4 and minima 10 to 13 in six bits each, the fourth with the upper bits of the eighth; then the lower
nibbles of scales 5 to 8 and minima 3, 3, 3, 2."""
WIDENERS = {"Q4_K": widen_q4_k, "Q5_K": widen_q5_k}
SCALES, MINIMA = [1, 2, 3, 4, 5, 6, 7, 8 + 48], [10, 11, 12, 13, 3, 3, 3, 2 + 16]


@pytest.mark.parametrize("stored", WIDENERS)
def test_blocks_of_eight_groups(stored: str) -> None:
    """All nibbles of group g are g; in Q5_K each group has a fifth bit at the value of its own number."""
    fifth = bytes(1 << i if i < 8 else 0 for i in range(32)) if stored == "Q5_K" else b""
    nibbles = b"".join(bytes([group | (group + 1) << 4]) * 32 for group in (0, 2, 4, 6))
    raw = np.float16(0.25).tobytes() + HALF + SIXES + fifth + nibbles

    expected = np.repeat(np.arange(8.0), 32).reshape(8, 32)
    if fifth:
        expected += 16 * np.eye(8, 32)
    expected = 0.25 * np.array(SCALES)[:, None] * expected - 0.5 * np.array(MINIMA)[:, None]
    np.testing.assert_array_equal(WIDENERS[stored](np.frombuffer(raw, np.uint8)), expected.reshape(-1))


def test_a_block_of_q6_k_has_sixteen_groups() -> None:
    """Values 0 to 63 in each half twice over, by nibble and upper bits; scales from -8 to 7."""
    values = np.tile(np.arange(64), 4)
    halves = values.reshape(2, 4, 32)
    lower = np.concatenate([halves[:, :2] & 15 | (halves[:, 2:] & 15) << 4], axis=1).astype(np.uint8)
    upper = sum((halves[:, group] >> 4) << 2 * group for group in range(4))
    raw = lower.tobytes() + np.asarray(upper, np.uint8).tobytes() + struct.pack("16b", *range(-8, 8)) + HALF

    expected = 0.5 * np.repeat(np.arange(-8, 8), 16) * (values - 32)
    np.testing.assert_array_equal(widen_q6_k(np.frombuffer(raw, np.uint8)), expected)
