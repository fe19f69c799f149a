"""Attention over a paged cache in NumPy: what is attended together is planned once per step, for all layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from firstbyte.engine.backends.backend import Batch, Float32, Int32

_MAX_QUERIES = 256
"""Queries of one prompt attended at a time: bounds the memory of the scores."""


@dataclass(frozen=True, slots=True)
class Group:
    """S sequences with N queries each, over the same number W of blocks, and so L = W × block_len positions."""

    tokens: Int32
    """[S, N] indices into the step's tokens."""
    tables: Int32
    """[S, W] blocks; those beyond a sequence's context are any, since they are masked."""
    masks: dict[int | None, Float32]
    """By window: [S, 1, 1, N, L], 0 where the query sees the position and -inf where it does not."""


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """Where a step's keys go, and its groups of queries."""

    blocks: Int32
    """[T] block of each token."""
    offsets: Int32
    """[T] its place in the block."""
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class PagedCache:
    """Keys and values of one layer, [num_blocks, block_len, kv_heads, head_dim]."""

    keys: Float32
    values: Float32

    @classmethod
    def zeros(cls, num_blocks: int, block_len: int, num_kv_heads: int, head_dim: int) -> Self:
        """An empty cache, whose memory is not touched yet."""
        shape = (num_blocks, block_len, num_kv_heads, head_dim)
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def write(self, plan: AttentionPlan, keys: Float32, values: Float32) -> None:
        """Store the step's keys and values, [T, kv_heads, head_dim]."""
        self.keys[plan.blocks, plan.offsets] = keys
        self.values[plan.blocks, plan.offsets] = values

    def attend(self, plan: AttentionPlan, queries: Float32, window: int | None) -> Float32:
        """Softmax attention of [T, heads, head_dim] over the positions each token sees; the same shape."""
        mixed = np.empty_like(queries)
        for group in plan.groups:
            mixed[group.tokens] = self._attend_group(group, queries[group.tokens], group.masks[window])
        return mixed

    def _attend_group(self, group: Group, queries: Float32, mask: Float32) -> Float32:
        num_sequences, num_queries, num_heads, head_dim = queries.shape
        num_kv = self.keys.shape[2]
        num_shared = num_heads // num_kv  # query heads that share a key head
        keys = self._gather(self.keys, group.tables)
        values = self._gather(self.values, group.tables)
        rows = queries.reshape(num_sequences, num_queries, num_kv, num_shared, head_dim).transpose(0, 2, 3, 1, 4)
        rows = rows.reshape(num_sequences, num_kv, num_shared * num_queries, head_dim) * np.float32(head_dim**-0.5)
        scores = rows @ keys.swapaxes(-1, -2)
        by_query = scores.reshape(num_sequences, num_kv, num_shared, num_queries, -1)
        by_query += mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        mixed: Float32 = (scores @ values) / scores.sum(axis=-1, keepdims=True)
        mixed = mixed.reshape(num_sequences, num_kv, num_shared, num_queries, head_dim).transpose(0, 3, 1, 2, 4)
        return mixed.reshape(queries.shape)

    def _gather(self, cache: Float32, tables: Int32) -> Float32:
        """[S, kv_heads, L, head_dim] of the sequences' positions."""
        num_kv, head_dim = cache.shape[2:]
        return cache[tables].reshape(len(tables), -1, num_kv, head_dim).swapaxes(1, 2)


def plan_attention(batch: Batch, block_len: int, windows: set[int | None]) -> AttentionPlan:
    """Group a step's queries: all sequences with one token together, longer pieces of a prompt each alone."""
    sequences = np.repeat(np.arange(len(batch.context_lens)), np.diff(batch.starts))
    blocks = batch.block_tables[sequences, batch.positions // block_len]
    groups = []
    for tokens in _token_groups(batch.starts):
        positions = batch.positions[tokens]
        num_blocks = int(positions.max()) // block_len + 1
        tables = batch.block_tables[sequences[tokens[:, 0]], :num_blocks]
        masks = {window: _mask(positions, num_blocks * block_len, window) for window in windows}
        groups.append(Group(tokens, tables, masks))
    return AttentionPlan(blocks, batch.positions % block_len, tuple(groups))


def _token_groups(starts: Int32) -> Iterator[Int32]:
    """Indices [S, N] into the step's tokens, group by group."""
    lens = np.diff(starts)
    if (singles := starts[:-1][lens == 1]).size:
        yield singles[:, None]
    for sequence in np.flatnonzero(lens > 1):
        for start in range(starts[sequence], starts[sequence + 1], _MAX_QUERIES):
            yield np.arange(start, min(start + _MAX_QUERIES, starts[sequence + 1]), dtype=np.int32)[None]


def _mask(positions: Int32, num_positions: int, window: int | None) -> Float32:
    """[S, 1, 1, N, num_positions] for queries at `positions` [S, N]: causal, and no further back than the window."""
    keys = np.arange(num_positions, dtype=np.int32)
    distance = positions[:, :, None] - keys
    is_visible = (distance >= 0) & (distance < (num_positions if window is None else window))
    return np.where(is_visible, np.float32(0), np.float32(-np.inf))[:, None, None]
