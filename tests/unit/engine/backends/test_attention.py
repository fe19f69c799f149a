"""Paged attention against attention written out for one query and one head at a time."""

import numpy as np
import pytest

from fakes.steps import run_of, sequence_of
from firstbyte.engine.backends import attention
from firstbyte.engine.backends.attention import PagedCache, plan_attention
from firstbyte.engine.backends.backend import Float32
from firstbyte.engine.batch import build_batch
from firstbyte.engine.scheduler import Step

NUM_KV, NUM_SHARED, HEAD_DIM, BLOCK_LEN = 2, 3, 8, 4


def one_by_one(queries: Float32, keys: Float32, values: Float32, first: int, window: int | None) -> Float32:
    """[N, heads, head_dim] for queries at positions `first`, `first` + 1, ... over keys [L, kv_heads, head_dim]."""
    mixed = np.zeros_like(queries)
    for query in range(len(queries)):
        position = first + query
        begin = 0 if window is None else max(0, position - window + 1)
        for head in range(queries.shape[1]):
            kv = head // NUM_SHARED
            scores = keys[begin : position + 1, kv] @ queries[query, head] / np.sqrt(HEAD_DIM)
            weights = np.exp(scores - scores.max())
            mixed[query, head] = weights / weights.sum() @ values[begin : position + 1, kv]
    return mixed


@pytest.mark.parametrize("window", [None, 1, 5])
@pytest.mark.parametrize("max_queries", [3, 256])
def test_all_groups_of_a_step(window: int | None, max_queries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sequences decode, one begins, and one is in the middle of its prompt."""
    monkeypatch.setattr(attention, "_MAX_QUERIES", max_queries)
    rng = np.random.default_rng(3)
    plan_of_step = [(11, 1, 0), (3, 1, 10), (0, 7, 20), (9, 8, 30)]  # computed, tokens of the step, first block
    runs = []
    for num_computed, num_tokens, first_block in plan_of_step:
        sequence = sequence_of([5] * (num_computed + num_tokens), first_block=first_block)
        sequence.num_computed = num_computed
        runs.append(run_of(sequence, num_tokens))
    plan = plan_attention(build_batch(Step(tuple(runs))), BLOCK_LEN, {window})
    cache = PagedCache.zeros(128, BLOCK_LEN, NUM_KV, HEAD_DIM)
    cache.keys[:] = rng.standard_normal(cache.keys.shape)
    cache.values[:] = rng.standard_normal(cache.values.shape)
    num_tokens = sum(run.num_tokens for run in runs)
    new = rng.standard_normal((2, num_tokens, NUM_KV, HEAD_DIM)).astype(np.float32)
    queries = rng.standard_normal((num_tokens, NUM_KV * NUM_SHARED, HEAD_DIM)).astype(np.float32)

    cache.write(plan, new[0], new[1])
    mixed = cache.attend(plan, queries, window)

    start = 0
    for run in runs:
        part = slice(start, start := start + run.num_tokens)
        blocks = run.sequence.table.blocks
        keys, values = (each[blocks].reshape(-1, NUM_KV, HEAD_DIM) for each in (cache.keys, cache.values))
        np.testing.assert_array_equal(keys[run.start : run.start + run.num_tokens], new[0, part])
        expected = one_by_one(queries[part], keys, values, run.start, window)
        np.testing.assert_allclose(mixed[part], expected, atol=1e-5)
