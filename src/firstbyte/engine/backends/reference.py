"""The Llama family in plain NumPy and float32: the oracle for every other backend, and what runs where none is built.

Written to be read beside transformers' `modeling_llama.py`, whose float32 results it reproduces to rounding. All
tokens of a step go through each matrix at once; attention runs once for all decoding sequences and once for each
piece of a prompt, over keys and values gathered from the paged cache.
"""

from typing import Self

import numpy as np

from firstbyte.engine.backends.attention import AttentionPlan, PagedCache, plan_attention
from firstbyte.engine.backends.backend import Batch, Choices, Float32, Int32
from firstbyte.engine.backends.layers import Layer, Weights, read_weights
from firstbyte.engine.backends.rope import Rotation, frequencies
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.model_config import ModelConfig
from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.sampling import choose, log_softmax

_SCORED_AT_A_TIME = 256


class ReferenceBackend:
    """Implements `Backend`."""

    def __init__(self, config: ModelConfig, weights: Weights, info: ModelInfo) -> None:
        self.info = info
        self._config = config
        self._weights = weights
        self._frequencies = frequencies(config.rope, config.head_dim)

    @classmethod
    def load(cls, checkpoint: Checkpoint) -> Self:
        """Read all weights into float32; raises `CheckpointError` if one is not finite."""
        config = checkpoint.config
        info = ModelInfo(
            backend="reference",
            model_type=config.model_type,
            vocab_size=config.vocab_size,
            max_position_embeddings=config.max_position_embeddings,
            eos_token_ids=config.eos_token_ids,
            dtype="float32",
            num_parameters=checkpoint.num_parameters,
            takes_grammars=True,
        )
        return cls(config, read_weights(checkpoint), info)

    def allocate(self, num_blocks: int, block_len: int) -> None:
        """Make the cache: zeros, which the system maps but does not touch before they are written."""
        config = self._config
        self._block_len = block_len
        self._caches = [
            PagedCache.zeros(num_blocks, block_len, config.num_kv_heads, config.head_dim) for _ in self._weights.layers
        ]

    def run(self, batch: Batch) -> Choices:
        """Run the step's tokens through all layers, then choose from the logits that are wanted."""
        hidden = self.forward(batch)
        last_tokens = batch.starts[batch.plans.sequences + 1] - 1
        logits = self.logits(hidden[last_tokens])
        return choose(logits, batch.plans, self._score(hidden[batch.score_tokens], batch.score_targets))

    def close(self) -> None:
        """Let weights and cache go."""
        del self._weights, self._caches

    def forward(self, batch: Batch) -> Float32:
        """Hidden states [T, hidden] before the final norm."""
        plan = plan_attention(batch, self._block_len, set(self._config.windows))
        rotation = Rotation.at(batch.positions, self._frequencies)
        hidden: Float32 = self._weights.embedding[batch.token_ids]
        for layer, cache in zip(self._weights.layers, self._caches, strict=True):
            hidden = hidden + self._attend(layer, cache, layer.attention_norm(hidden), plan, rotation)
            hidden = hidden + _mlp(layer, layer.mlp_norm(hidden))
        return hidden

    def _attend(self, layer: Layer, cache: PagedCache, x: Float32, plan: AttentionPlan, rotation: Rotation) -> Float32:
        config = self._config
        num_q, num_kv = config.num_heads, config.num_kv_heads
        heads = layer.qkv(x).reshape(len(x), num_q + 2 * num_kv, config.head_dim)
        queries, keys, values = np.split(heads, [num_q, num_q + num_kv], axis=1)
        if layer.query_norm and layer.key_norm:
            queries, keys = layer.query_norm(queries), layer.key_norm(keys)
        cache.write(plan, rotation.rotate(keys), values)
        mixed = cache.attend(plan, rotation.rotate(queries), layer.window)
        return layer.output(mixed.reshape(len(x), -1))

    def logits(self, hidden: Float32) -> Float32:
        """Logits [N, vocabulary] of N hidden states."""
        logits: Float32 = self._weights.norm(hidden) @ self._weights.head.T
        return logits

    def _score(self, hidden: Float32, targets: Int32) -> Float32:
        """Log-probability of each target after its token, a few rows at a time: logits of a whole prompt are large."""
        scores = np.empty(len(targets), np.float32)
        for start in range(0, len(targets), _SCORED_AT_A_TIME):
            part = slice(start, start + _SCORED_AT_A_TIME)
            logprobs = log_softmax(self.logits(hidden[part]))
            scores[part] = np.take_along_axis(logprobs, targets[part, None], axis=1)[:, 0]
        return scores


def _mlp(layer: Layer, x: Float32) -> Float32:
    """SwiGLU (Shazeer 2020, arXiv:2002.05202)."""
    gate, up = np.split(layer.gate_up(x), 2, axis=-1)
    with np.errstate(over="ignore"):  # exp(-gate) may reach infinity, where the quotient is rightly 0
        activated = (gate / (1.0 + np.exp(-gate))).astype(np.float32, copy=False)
    return layer.down(activated * up)
