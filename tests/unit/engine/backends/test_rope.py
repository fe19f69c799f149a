"""Rotary positions against complex numbers, and the scalings at their ends."""

import numpy as np
import pytest

from firstbyte.engine.backends.rope import Rotation, frequencies
from firstbyte.engine.model_config import Rope, RopeType


def test_frequencies_fall_by_powers_of_theta() -> None:
    np.testing.assert_allclose(frequencies(Rope(10_000.0), 8), [1.0, 0.1, 0.01, 0.001], rtol=1e-6)


def test_linear_scaling_slows_all_alike() -> None:
    scaled = frequencies(Rope(10_000.0, RopeType.LINEAR, factor=4.0), 8)

    np.testing.assert_allclose(scaled * 4, frequencies(Rope(10_000.0), 8), rtol=1e-6)


def test_llama3_scaling_keeps_fast_waves_and_slows_slow_ones() -> None:
    plain = frequencies(Rope(500_000.0), 64)
    scaled = frequencies(Rope(500_000.0, RopeType.LLAMA3, factor=8.0), 64)
    turns = 8192 * plain / (2 * np.pi)

    np.testing.assert_allclose(scaled[turns > 4], plain[turns > 4], rtol=1e-6)
    np.testing.assert_allclose(scaled[turns < 1], plain[turns < 1] / 8, rtol=1e-6)
    between = (turns > 1) & (turns < 4)
    assert between.any()
    assert np.all((scaled[between] < plain[between]) & (scaled[between] > plain[between] / 8))


@pytest.mark.parametrize("position", [0, 1, 77])
def test_a_pair_turns_like_a_complex_number(position: int) -> None:
    radians = frequencies(Rope(100.0), 8)
    heads = np.random.default_rng(1).standard_normal((1, 2, 8)).astype(np.float32)

    turned = Rotation.at(np.array([position], np.int32), radians).rotate(heads)

    expected = (heads[..., :4] + 1j * heads[..., 4:]) * np.exp(1j * position * radians)
    np.testing.assert_allclose(turned, np.concatenate([expected.real, expected.imag], axis=-1), atol=1e-5)
