"""Each kernel against NumPy, for every instruction set here."""

from collections.abc import Sequence as Ordered

import numpy as np
import pytest

from fakes.steps import run_of, sequence_of
from firstbyte.engine.backends.attention import PagedCache, plan_attention
from firstbyte.engine.backends.backend import Batch, Float32
from firstbyte.engine.backends.native import _kernels
from firstbyte.engine.backends.native._kernels import Format, KvFormat, Matrix
from firstbyte.engine.batch import build_batch
from firstbyte.engine.scheduler import Step
from firstbyte.engine.sequence import Sequence

SIZES = [2, 12, 16, 50, 64, 288]
NUM_BLOCKS, BLOCK_LEN = 256, 8


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> Float32:
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_rms_norm(isa: str, size: int) -> None:
    x, weight = normal(5, size, scale=3), normal(size, seed=1)

    y = _kernels.rms_norm(x, weight, 1e-5, isa)

    exact = x.astype(np.float64)
    expected = weight * exact / np.sqrt(np.mean(exact**2, axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_rotation(isa: str, size: int) -> None:
    x, angles = normal(5, size), normal(5, size // 2, seed=1, scale=100)

    y = _kernels.rotate(x, np.cos(angles), np.sin(angles), isa)

    turned = (x[:, : size // 2] + 1j * x[:, size // 2 :]) * np.exp(1j * angles.astype(np.float64))
    np.testing.assert_allclose(y, np.concatenate([turned.real, turned.imag], axis=1), atol=2e-6)


@pytest.mark.parametrize("size", SIZES)
def test_swiglu(isa: str, size: int) -> None:
    x = normal(5, 2 * size, scale=20)
    x[0, :2] = [-200, 200]

    y = _kernels.swiglu(x, isa)

    gate, up = np.split(x.astype(np.float64), 2, axis=1)
    np.testing.assert_allclose(y, gate / (1 + np.exp(-gate)) * up, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("format_", "tolerance"),
    [(Format.F32, 1e-5), (Format.F16, 2e-3), (Format.BF16, 1e-2), (Format.INT8, 2e-2), (Format.INT4, 2e-1)],
    ids=lambda value: getattr(value, "name", None),
)
@pytest.mark.parametrize("num_rows", [1, 3, 17])
def test_linear(isa: str, format_: Format, tolerance: float, num_rows: int) -> None:
    weights, x = normal(97, 96, scale=96**-0.5), normal(num_rows, 96, seed=1)
    matrix = Matrix(format_, 97, 96, _kernels.pack(format_, weights, 2))

    y = _kernels.linear(matrix, x, isa, 2)

    error = np.sqrt(np.mean((y - x @ weights.T) ** 2))
    assert error < tolerance
    np.testing.assert_array_equal(_kernels.linear(matrix, x[:1], isa, 1), y[:1], "a row depends on its neighbours")


def pieces(*runs: tuple[Sequence, int]) -> Batch:
    batch = build_batch(Step(tuple(run_of(sequence, num_tokens) for sequence, num_tokens in runs)))
    for sequence, num_tokens in runs:
        sequence.num_computed += num_tokens
    return batch


def steps(prompts: Ordered[int]) -> list[Batch]:
    """Prompts of these lengths, first a part of each, then the rest beside a decode of the first."""
    sequences = [sequence_of(range(length), first_block=64 * i) for i, length in enumerate(prompts)]
    first = pieces(*[(sequence, max(1, sequence.num_pending // 2)) for sequence in sequences])
    second = pieces(*[(sequence, max(1, sequence.num_pending - 1)) for sequence in sequences])
    return [first, second, pieces(*[(sequence, 1) for sequence in sequences if sequence.num_pending])]


@pytest.mark.parametrize(
    ("format_", "tolerance"),
    [(KvFormat.F32, 1e-5), (KvFormat.F16, 2e-3), (KvFormat.INT8, 4e-2)],
    ids=lambda value: getattr(value, "name", None),
)
@pytest.mark.parametrize("window", [None, 20])
@pytest.mark.parametrize("heads", [(4, 4, 16), (4, 2, 64), (6, 1, 12)], ids=str)
def test_paged_attention(
    isa: str, format_: KvFormat, tolerance: float, window: int | None, heads: tuple[int, int, int]
) -> None:
    num_heads, num_kv, dim = heads
    native = _kernels.PagedAttention(
        kv_format=format_,
        num_blocks=NUM_BLOCKS,
        block_len=BLOCK_LEN,
        num_heads=num_heads,
        num_kv_heads=num_kv,
        head_dim=dim,
        num_threads=2,
        isa=isa,
    )
    cache = PagedCache.zeros(NUM_BLOCKS, BLOCK_LEN, num_kv, dim)
    for seed, batch in enumerate(steps([300, 41, 7])):
        qkv = normal(len(batch.token_ids), num_heads + 2 * num_kv, dim, seed=seed)
        plan = plan_attention(batch, BLOCK_LEN, {window})
        cache.write(plan, qkv[:, num_heads : num_heads + num_kv], qkv[:, num_heads + num_kv :])
        expected = cache.attend(plan, qkv[:, :num_heads], window).reshape(len(qkv), -1)

        mixed = native.run(batch, qkv.reshape(len(qkv), -1), window or 0)

        np.testing.assert_allclose(mixed, expected, atol=tolerance)


def test_a_checksum_does_not_depend_on_threads() -> None:
    data = np.random.default_rng(0).integers(0, 256, 9_000_001, np.uint8)

    assert _kernels.checksum(data, 1) == _kernels.checksum(data, 3)
    before = _kernels.checksum(data, 2)
    data[4_500_000] ^= 1
    assert _kernels.checksum(data, 2) != before


@pytest.mark.parametrize(
    "packed",
    [np.zeros(3, np.uint8), np.zeros((2, 3), np.uint8), np.zeros(96 * 97 * 4, np.float32)],
    ids=["short", "wide", "floats"],
)
def test_a_matrix_refuses_what_is_not_packed_for_it(packed: Float32) -> None:
    with pytest.raises((ValueError, TypeError)):
        Matrix(Format.F32, 97, 96, packed)  # type: ignore[arg-type]


def test_weights_that_are_not_numbers_are_refused() -> None:
    weights = normal(32, 64)
    weights[3, 5] = np.nan

    with pytest.raises(ValueError, match="3"):
        _kernels.pack(Format.INT8, weights, 1)
