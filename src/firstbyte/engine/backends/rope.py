"""Rotary positions in NumPy, with the scalings of Llama 3 and of linear interpolation."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from firstbyte.engine.backends.backend import Float32, Int32
from firstbyte.engine.model_config import Rope, RopeType


def frequencies(rope: Rope, head_dim: int) -> Float32:
    """Radians per position for each of the head_dim / 2 pairs, after scaling."""
    exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    plain: Float32 = (1.0 / np.power(np.float32(rope.theta), exponents)).astype(np.float32)
    if rope.rope_type is RopeType.LINEAR:
        return plain / np.float32(rope.factor)
    return _stretch_llama3(plain, rope) if rope.rope_type is RopeType.LLAMA3 else plain


def _stretch_llama3(plain: Float32, rope: Rope) -> Float32:
    """Llama 3.1's rule: slow waves are slowed by `factor`, fast ones kept, those between blended.

    Source: transformers `modeling_rope_utils.py`, `_compute_llama3_parameters`.
    """
    turns = rope.original_max_position_embeddings * plain / np.float32(2 * np.pi)
    blend = (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor)
    kept = np.clip(blend, 0.0, 1.0).astype(np.float32)
    stretched: Float32 = (1.0 - kept) * plain / np.float32(rope.factor) + kept * plain
    return stretched


@dataclass(frozen=True, slots=True)
class Rotation:
    """Cosines and sines of a step's tokens, [T, 1, head_dim / 2]."""

    cosines: Float32
    sines: Float32

    @classmethod
    def at(cls, positions: Int32, radians: Float32) -> Self:
        """For tokens at `positions` [T]."""
        angles = (positions.astype(np.float32)[:, None] * radians)[:, None, :]
        return cls(np.cos(angles), np.sin(angles))

    def rotate(self, heads: Float32) -> Float32:
        """Turn [T, heads, head_dim]; pair i is elements i and i + head_dim / 2, as in Hugging Face's checkpoints."""
        first, second = np.split(heads, 2, axis=-1)
        turned = (first * self.cosines - second * self.sines, second * self.cosines + first * self.sines)
        return np.concatenate(turned, axis=-1)
