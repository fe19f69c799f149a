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


def test_values_that_are_not_finite() -> None:
    with pytest.raises(CheckpointError, match="t holds values that are not finite"):
        tensor("Q8_0", np.float16(np.inf).tobytes() + bytes([1] * 32), (32,)).float32()
