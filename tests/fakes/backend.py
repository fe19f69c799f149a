"""A backend whose logits are a fixed random function of a sequence's tokens, read back from a paged cache."""

import threading

import numpy as np

from firstbyte.engine.backends.backend import Batch, Choices, Float32, Int32
from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.sampling import choose, log_softmax

POISON = 64


class FakeBackend:
    """Implements `Backend`. A step with a token `POISON` in it fails; `gate` holds steps up while it is not set."""

    def __init__(self, vocab_size: int = 65, eos_token_ids: frozenset[int] = frozenset()) -> None:
        self.info = ModelInfo("fake", "fake", vocab_size, 4096, eos_token_ids, "float32")
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        """Set once a step has begun."""
        self.steps: list[int] = []
        """Tokens of each step so far."""

    def allocate(self, num_blocks: int, block_len: int) -> None:
        self._cache = np.zeros((num_blocks, block_len), np.int32)
        self._block_len = block_len

    def run(self, batch: Batch) -> Choices:
        self.entered.set()
        assert self.gate.wait(timeout=30), "a test forgot to open the gate"
        self.steps.append(len(batch.token_ids))
        if POISON in batch.token_ids:
            raise RuntimeError("poisoned")
        owners = np.repeat(np.arange(len(batch.context_lens), dtype=np.int32), np.diff(batch.starts))
        for token_id, position, owner in zip(batch.token_ids, batch.positions, owners, strict=True):
            block = batch.block_tables[owner, position // self._block_len]
            self._cache[block, position % self._block_len] = token_id
        last_tokens = batch.starts[batch.plans.sequences + 1] - 1
        logits = self._logits(batch, last_tokens, owners)
        scores = log_softmax(self._logits(batch, batch.score_tokens, owners))
        return choose(logits, batch.plans, np.take_along_axis(scores, batch.score_targets[:, None], axis=1)[:, 0])

    def close(self) -> None:
        del self._cache

    def _logits(self, batch: Batch, tokens: Int32, owners: Int32) -> Float32:
        logits = np.empty((len(tokens), self.info.vocab_size), np.float32)
        for row, token in zip(logits, tokens, strict=True):
            blocks = batch.block_tables[owners[token]]
            context = self._cache[blocks].reshape(-1)[: batch.positions[token] + 1]
            row[:] = 3 * np.random.default_rng(context).standard_normal(len(row))
            row[POISON:] = -np.inf  # never chosen
        return logits
