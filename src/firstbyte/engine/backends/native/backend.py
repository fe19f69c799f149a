"""The native backend: one call into C++ for each step, without Python's lock."""

import logging
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.backends.backend import Batch, Choices, Float32, Int32
from firstbyte.engine.backends.native._kernels import KvFormat, Layer, Matrix, Model, ModelShape, num_usable_cores
from firstbyte.engine.backends.native.plan import PackedEntry, plan_weights
from firstbyte.engine.backends.native.quantization import Quantization, read_quantization
from firstbyte.engine.backends.native.weights import as_float32, load_weights
from firstbyte.engine.backends.rope import frequencies
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.model_config import ModelConfig
from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.options import EngineOptions

_log = logging.getLogger(__name__)

_KV_FORMATS = {"float32": KvFormat.F32, "float16": KvFormat.F16, "int8": KvFormat.INT8}


class NativeBackend:
    """Implements `Backend`."""

    def __init__(self, model: Model, info: ModelInfo, kv_format: KvFormat) -> None:
        self.info = info
        self._model = model
        self._kv_format = kv_format

    @classmethod
    def load(cls, checkpoint: Checkpoint, options: EngineOptions, isa: str = "") -> Self:
        """Pack the weights or map them packed; raises `CheckpointError`, `OptionsError`.

        `isa` names an instruction set other than the best one here.
        """
        quantization = read_quantization(options.quantize)
        num_threads = options.num_threads or num_usable_cores()
        entries = plan_weights(checkpoint, quantization)
        arrays = load_weights(checkpoint, entries, options.cache_dir, num_threads)
        model = _Builder(checkpoint.config, entries, arrays).build(options, isa)
        is_exact = quantization is Quantization.NONE
        kv_dtype = options.kv_cache_dtype or ("float32" if is_exact else "float16")
        _log.info(
            "native backend: %s weights, %s keys and values, %d threads, %s",
            quantization,
            kv_dtype,
            model.num_threads,
            model.isa,
        )
        return cls(model, _info(checkpoint, quantization), _KV_FORMATS[kv_dtype])

    def allocate(self, num_blocks: int, block_len: int) -> None:
        """Make the cache; the system maps its memory and touches it where it is used."""
        self._model.allocate(self._kv_format, num_blocks, block_len)

    def run(self, batch: Batch) -> Choices:
        """Run the step; raises `FloatingPointError` where scores are not finite numbers or no token is allowed."""
        return Choices(*self._model.run(batch))

    def logits(self, tokens: Int32) -> Float32:
        """Logits [N, vocabulary] of N tokens of the latest step: what tests compare."""
        return self._model.logits(tokens)

    def close(self) -> None:
        """End the threads; let weights and cache go."""
        del self._model


class _Builder:
    """Joins packed arrays to the model that runs on them."""

    def __init__(
        self, config: ModelConfig, entries: tuple[PackedEntry, ...], arrays: Mapping[str, NDArray[np.uint8]]
    ) -> None:
        self._config = config
        self._entries = {entry.name: entry for entry in entries}
        self._arrays = arrays

    def build(self, options: EngineOptions, isa: str) -> Model:
        """The model; on all cores that other engines with the same cache folder leave it, or on a given number."""
        config = self._config
        embedding = self._matrix("embedding")
        return Model(
            shape=ModelShape(
                vocab_size=config.vocab_size,
                hidden_size=config.hidden_size,
                intermediate_size=config.intermediate_size,
                num_heads=config.num_heads,
                num_kv_heads=config.num_kv_heads,
                head_dim=config.head_dim,
                rms_norm_eps=config.rms_norm_eps,
            ),
            embedding=embedding,
            layers=[self._layer(layer) for layer in range(config.num_layers)],
            norm=self._vector("norm"),
            head=embedding if config.tie_word_embeddings else self._matrix("head"),
            frequencies=frequencies(config.rope, config.head_dim),
            num_threads=options.num_threads or 0,
            share_path=str(options.cache_dir / "cores.shared") if options.cache_dir else "",
            isa=isa,
        )

    def _layer(self, layer: int) -> Layer:
        name = f"layers.{layer}"
        return Layer(
            attention_norm=self._vector(f"{name}.attention_norm"),
            qkv=self._matrix(f"{name}.qkv"),
            qkv_bias=self._optional(f"{name}.qkv_bias"),
            query_norm=self._optional(f"{name}.query_norm"),
            key_norm=self._optional(f"{name}.key_norm"),
            output=self._matrix(f"{name}.output"),
            output_bias=self._optional(f"{name}.output_bias"),
            mlp_norm=self._vector(f"{name}.mlp_norm"),
            gate_up=self._matrix(f"{name}.gate_up"),
            gate_up_bias=self._optional(f"{name}.gate_up_bias"),
            down=self._matrix(f"{name}.down"),
            down_bias=self._optional(f"{name}.down_bias"),
            window=self._config.windows[layer] or 0,
        )

    def _matrix(self, name: str) -> Matrix:
        entry = self._entries[name]
        assert entry.format is not None, f"{name} is a matrix"
        return Matrix(entry.format, entry.shape[0], entry.shape[1], self._arrays[name])

    def _vector(self, name: str) -> Float32:
        return as_float32(self._arrays[name])

    def _optional(self, name: str) -> Float32 | None:
        return self._vector(name) if name in self._entries else None


def _info(checkpoint: Checkpoint, quantization: Quantization) -> ModelInfo:
    config = checkpoint.config
    return ModelInfo(
        backend="native",
        model_type=config.model_type,
        vocab_size=config.vocab_size,
        max_position_embeddings=config.max_position_embeddings,
        eos_token_ids=config.eos_token_ids,
        dtype="float32",
        quantize=None if quantization is Quantization.NONE else str(quantization),
        num_parameters=checkpoint.num_parameters,
        takes_grammars=True,
    )
