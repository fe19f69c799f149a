"""What a model's packed weights consist of: each entry with the checkpoint's tensors that it is made of.

Projections that read the same input are one matrix, so that a step walks through fewer, longer ones.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from firstbyte.engine.backends.native._kernels import Format, packed_bytes
from firstbyte.engine.backends.native.quantization import Quantization
from firstbyte.engine.checkpoint import Checkpoint

_log = logging.getLogger(__name__)

GROUP_LEN = 32
"""Inputs that share a scale; see native/linear/format.h."""

_FLOATS = {"F32": Format.F32, "F16": Format.F16, "BF16": Format.BF16}
"""What can be kept as it is stored; the quantised formats of GGUF become float32, exactly."""


@dataclass(frozen=True, slots=True)
class PackedEntry:
    """One array of the packed weights."""

    name: str
    sources: tuple[str, ...]
    """Tensors of the checkpoint, joined along their first dimension."""
    shape: tuple[int, ...]
    """[outputs, inputs] of a matrix, [len] of a vector."""
    format: Format | None
    """How a matrix is packed; None for a vector, which is plain float32."""

    @property
    def num_bytes(self) -> int:
        """Bytes once packed."""
        if self.format is None:
            return 4 * self.shape[0]
        return packed_bytes(self.format, self.shape[0], self.shape[1])


def plan_weights(checkpoint: Checkpoint, quantization: Quantization) -> tuple[PackedEntry, ...]:
    """List all entries in the order in which a step reads them.

    Embedding and output projection are never below int8: they are what int4 would hurt most.
    """
    planner = _Planner(checkpoint, quantization)
    entries = tuple(planner.entries())
    if planner.num_unfit:
        _log.warning("%d matrices stay as stored: their inputs are not a multiple of %d", planner.num_unfit, GROUP_LEN)
    return entries


class _Planner:
    def __init__(self, checkpoint: Checkpoint, quantization: Quantization) -> None:
        self._tensors = checkpoint.tensors
        self._config = checkpoint.config
        self._layers = {Quantization.NONE: None, Quantization.INT8: Format.INT8, Quantization.INT4: Format.INT4}[
            quantization
        ]
        self._tables = None if self._layers is None else Format.INT8
        self.num_unfit = 0

    def entries(self) -> Iterator[PackedEntry]:
        """All entries."""
        yield self._matrix("embedding", self._tables, "model.embed_tokens.weight")
        for layer in range(self._config.num_layers):
            yield from self._layer(f"layers.{layer}", f"model.layers.{layer}")
        yield self._vector("norm", "model.norm.weight")
        if not self._config.tie_word_embeddings:
            yield self._matrix("head", self._tables, "lm_head.weight")

    def _layer(self, name: str, prefix: str) -> Iterator[PackedEntry]:
        attention, mlp = f"{prefix}.self_attn", f"{prefix}.mlp"
        yield self._vector(f"{name}.attention_norm", f"{prefix}.input_layernorm.weight")
        projections = [f"{attention}.{part}_proj" for part in "qkv"]
        yield from self._linear(f"{name}.qkv", *projections)
        if self._config.has_qk_norm:
            yield self._vector(f"{name}.query_norm", f"{attention}.q_norm.weight")
            yield self._vector(f"{name}.key_norm", f"{attention}.k_norm.weight")
        yield from self._linear(f"{name}.output", f"{attention}.o_proj")
        yield self._vector(f"{name}.mlp_norm", f"{prefix}.post_attention_layernorm.weight")
        yield from self._linear(f"{name}.gate_up", f"{mlp}.gate_proj", f"{mlp}.up_proj")
        yield from self._linear(f"{name}.down", f"{mlp}.down_proj")

    def _linear(self, name: str, *sources: str) -> Iterator[PackedEntry]:
        yield self._matrix(name, self._layers, *(f"{source}.weight" for source in sources))
        biases = [f"{source}.bias" for source in sources if f"{source}.bias" in self._tensors]
        if biases:
            yield self._vector(f"{name}_bias", *biases)

    def _matrix(self, name: str, wanted: Format | None, *sources: str) -> PackedEntry:
        num_outputs = sum(self._tensors[source].shape[0] for source in sources)
        num_inputs = self._tensors[sources[0]].shape[1]
        is_unfit = wanted is not None and num_inputs % GROUP_LEN != 0
        self.num_unfit += is_unfit
        stored_as = {self._tensors[source].dtype for source in sources}
        stored = _FLOATS.get(stored_as.pop(), Format.F32) if len(stored_as) == 1 else Format.F32
        return PackedEntry(name, sources, (num_outputs, num_inputs), stored if wanted is None or is_unfit else wanted)

    def _vector(self, name: str, *sources: str) -> PackedEntry:
        return PackedEntry(name, sources, (sum(self._tensors[source].shape[0] for source in sources),), None)
