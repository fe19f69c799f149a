"""The stored formats, on blocks written out by hand, and against what was packed."""

import struct

import numpy as np
import pytest

from fakes.gguf import FORMAT_IDS, interleave, pack
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.tensors import FORMATS, GgufTensor


def tensor(stored: str, raw: bytes, shape: tuple[int, ...], heads: int | None = None) -> GgufTensor:
    return GgufTensor("t", FORMATS[FORMAT_IDS[stored]], shape, np.frombuffer(raw, np.uint8), heads)


def test_a_block_of_q8_0() -> None:
    raw = np.float16(0.5).tobytes() + struct.pack("32b", *range(-16, 16))

    np.testing.assert_array_equal(tensor("Q8_0", raw, (32,)).float32(), np.arange(-16, 16) * 0.5)


def test_a_block_of_q4_0_has_its_first_half_in_the_lower_nibbles() -> None:
    raw = np.float16(2).tobytes() + bytes(low | (15 - low) << 4 for low in range(16))

    expected = [2.0 * (low - 8) for low in range(16)] + [2.0 * (15 - low - 8) for low in range(16)]
    np.testing.assert_array_equal(tensor("Q4_0", raw, (32,)).float32(), expected)


HALF, MINIMUM = np.float16(0.5).tobytes(), np.float16(-3).tobytes()
BITS = bytes([0b0000_0001, 0, 0, 0b1000_0000])  # of the first value and of the last
STEPS = [low / 2 for low in range(16)] + [(15 - low) / 2 for low in range(16)]
NIBBLES = bytes(low | (15 - low) << 4 for low in range(16))


def test_a_block_of_q4_1_has_a_minimum() -> None:
    raw = HALF + MINIMUM + NIBBLES

    np.testing.assert_array_equal(tensor("Q4_1", raw, (32,)).float32(), np.array(STEPS) - 3)


@pytest.mark.parametrize(("stored", "head", "shift"), [("Q5_0", HALF, 8), ("Q5_1", HALF + MINIMUM, 3)])
def test_blocks_of_five_bits_have_the_fifth_ones_apart(stored: str, head: bytes, shift: int) -> None:
    expected = np.array(STEPS) - shift
    expected[[0, 31]] += 8

    np.testing.assert_array_equal(tensor(stored, head + BITS + NIBBLES, (32,)).float32(), expected)


@pytest.mark.parametrize(
    ("stored", "tolerance"), [("F32", 0.0), ("F16", 1e-3), ("BF16", 8e-3), ("Q8_0", 6e-3), ("Q4_0", 8e-2)]
)
def test_values_come_back_as_close_as_their_format_allows(stored: str, tolerance: float) -> None:
    values = np.random.default_rng(3).uniform(-1, 1, (6, 64)).astype(np.float32)
    read = tensor(stored, pack(stored, values), (6, 64)).float32()

    assert read.dtype == np.float32
    assert np.abs(read - values).max() <= tolerance


def test_rows_of_heads_are_put_back() -> None:
    rows = np.arange(24, dtype=np.float32).reshape(12, 2)
    raw = interleave(rows, 2).tobytes()

    np.testing.assert_array_equal(tensor("F32", raw, (12, 2), heads=2).float32(), rows)


@pytest.mark.parametrize("scale", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("stored", [stored.name for stored in FORMATS.values() if stored.block_len > 1])
def test_scales_that_are_not_finite(stored: str, scale: float) -> None:
    known = FORMATS[FORMAT_IDS[stored]]
    raw = bytearray([0x11] * known.block_bytes)
    for at in (208,) if stored == "Q6_K" else (0, 2) if stored in ("Q4_1", "Q5_1", "Q4_K", "Q5_K") else (0,):
        raw[at : at + 2] = np.float16(scale).tobytes()

    with pytest.raises(CheckpointError, match="t holds values that are not finite"):
        tensor(stored, bytes(raw), (known.block_len,)).float32()
