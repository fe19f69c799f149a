"""The weights of a Llama-like model in float32, as the reference backend uses them."""

from dataclasses import dataclass

import numpy as np

from firstbyte.engine.backends.backend import Float32
from firstbyte.engine.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Linear:
    """y = x Wᵀ + b, with W [out, in] as checkpoints have it."""

    weight: Float32
    bias: Float32 | None

    def __call__(self, x: Float32) -> Float32:
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias


@dataclass(frozen=True, slots=True)
class Norm:
    """RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467) over the last axis."""

    weight: Float32
    eps: np.float32

    def __call__(self, x: Float32) -> Float32:
        variance = np.mean(np.square(x), axis=-1, keepdims=True)
        normed: Float32 = x / np.sqrt(variance + self.eps)
        return self.weight * normed


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer; projections that read the same input are one matrix."""

    attention_norm: Norm
    qkv: Linear
    query_norm: Norm | None
    key_norm: Norm | None
    output: Linear
    mlp_norm: Norm
    gate_up: Linear
    down: Linear
    window: int | None


@dataclass(frozen=True, slots=True)
class Weights:
    """All weights in float32."""

    embedding: Float32
    layers: tuple[Layer, ...]
    norm: Norm
    head: Float32
    """[vocabulary, hidden]; the embedding itself where they are tied."""


def read_weights(checkpoint: Checkpoint) -> Weights:
    """Convert a checkpoint's tensors."""
    embedding = checkpoint.tensors["model.embed_tokens.weight"].float32()
    is_tied = checkpoint.config.tie_word_embeddings
    return Weights(
        embedding=embedding,
        layers=tuple(_read_layer(checkpoint, layer) for layer in range(checkpoint.config.num_layers)),
        norm=_read_norm(checkpoint, "model.norm"),
        head=embedding if is_tied else checkpoint.tensors["lm_head.weight"].float32(),
    )


def _read_layer(checkpoint: Checkpoint, layer: int) -> Layer:
    config, prefix = checkpoint.config, f"model.layers.{layer}"
    attention, mlp = f"{prefix}.self_attn", f"{prefix}.mlp"
    return Layer(
        attention_norm=_read_norm(checkpoint, f"{prefix}.input_layernorm"),
        qkv=_read_linear(checkpoint, f"{attention}.q_proj", f"{attention}.k_proj", f"{attention}.v_proj"),
        query_norm=_read_norm(checkpoint, f"{attention}.q_norm") if config.has_qk_norm else None,
        key_norm=_read_norm(checkpoint, f"{attention}.k_norm") if config.has_qk_norm else None,
        output=_read_linear(checkpoint, f"{attention}.o_proj"),
        mlp_norm=_read_norm(checkpoint, f"{prefix}.post_attention_layernorm"),
        gate_up=_read_linear(checkpoint, f"{mlp}.gate_proj", f"{mlp}.up_proj"),
        down=_read_linear(checkpoint, f"{mlp}.down_proj"),
        window=config.windows[layer],
    )


def _read_norm(checkpoint: Checkpoint, name: str) -> Norm:
    return Norm(checkpoint.tensors[f"{name}.weight"].float32(), np.float32(checkpoint.config.rms_norm_eps))


def _read_linear(checkpoint: Checkpoint, *names: str) -> Linear:
    """Read projections and join them along the output."""
    weight = np.concatenate([checkpoint.tensors[f"{name}.weight"].float32() for name in names])
    biases = [checkpoint.tensors[f"{name}.bias"].float32() for name in names if f"{name}.bias" in checkpoint.tensors]
    return Linear(weight, np.concatenate(biases) if biases else None)
