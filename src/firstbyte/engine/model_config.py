"""What config.json says of a Llama-like model, read once into a frozen value."""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstbyte.engine.errors import CheckpointError


class RopeType(enum.StrEnum):
    """How rotary frequencies are stretched to longer contexts; transformers' names."""

    DEFAULT = "default"
    LINEAR = "linear"
    LLAMA3 = "llama3"


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary position embedding (Su et al. 2021, arXiv:2104.09864) and its scaling."""

    theta: float
    rope_type: RopeType = RopeType.DEFAULT
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_max_position_embeddings: int = 8192
    """The context that `llama3` scaling stretches."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A decoder of the Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU."""

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope: Rope
    tie_word_embeddings: bool
    has_qkv_bias: bool
    has_output_bias: bool
    has_mlp_bias: bool
    has_qk_norm: bool
    """RMSNorm over each head of queries and keys, before the rotation (Qwen3)."""
    windows: tuple[int | None, ...]
    """For each layer, how many of the latest tokens a token sees, itself included; None for all."""
    eos_token_ids: frozenset[int]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor the model needs, by its Hugging Face name, with its shape."""
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, self.hidden_size),
            "model.norm.weight": (self.hidden_size,),
        }
        if not self.tie_word_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, self.hidden_size)
        for layer in range(self.num_layers):
            shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in self._layer_shapes().items()}
        return shapes

    def _layer_shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, inner = self.hidden_size, self.intermediate_size
        q_size, kv_size = self.num_heads * self.head_dim, self.num_kv_heads * self.head_dim
        linears = {  # output size, input size, whether it has a bias
            "self_attn.q_proj": (q_size, hidden, self.has_qkv_bias),
            "self_attn.k_proj": (kv_size, hidden, self.has_qkv_bias),
            "self_attn.v_proj": (kv_size, hidden, self.has_qkv_bias),
            "self_attn.o_proj": (hidden, q_size, self.has_output_bias),
            "mlp.gate_proj": (inner, hidden, self.has_mlp_bias),
            "mlp.up_proj": (inner, hidden, self.has_mlp_bias),
            "mlp.down_proj": (hidden, inner, self.has_mlp_bias),
        }
        shapes: dict[str, tuple[int, ...]] = {
            "input_layernorm.weight": (hidden,),
            "post_attention_layernorm.weight": (hidden,),
        }
        if self.has_qk_norm:
            shapes |= {"self_attn.q_norm.weight": (self.head_dim,), "self_attn.k_norm.weight": (self.head_dim,)}
        for name, (num_out, num_in, has_bias) in linears.items():
            shapes[f"{name}.weight"] = (num_out, num_in)
            if has_bias:
                shapes[f"{name}.bias"] = (num_out,)
        return shapes


@dataclass(frozen=True, slots=True)
class _Traits:
    """Where architectures differ in what their config means."""

    has_qkv_bias: bool | None = None
    """None: `attention_bias` says so for all four projections; otherwise fixed, and none on the output."""
    has_qk_norm: bool = False
    has_window: bool = False
    """Whether `sliding_window` holds without `use_sliding_window`."""


ARCHITECTURES: Mapping[str, _Traits] = {
    "LlamaForCausalLM": _Traits(),
    "MistralForCausalLM": _Traits(has_qkv_bias=False, has_window=True),
    "Qwen2ForCausalLM": _Traits(has_qkv_bias=True),
    "Qwen3ForCausalLM": _Traits(has_qk_norm=True),
}


def read_model_config(model_dir: Path) -> ModelConfig:
    """Read config.json and generation_config.json. Raises `CheckpointError` for what cannot be run exactly."""
    raw = read_json(model_dir / "config.json")
    traits = _traits(raw)
    has_attention_bias = bool(raw.get("attention_bias", False))
    is_fixed = traits.has_qkv_bias is not None
    hidden_size, num_heads = _count(raw, "hidden_size"), _count(raw, "num_attention_heads")
    num_kv_heads = _count(raw, "num_key_value_heads", num_heads)
    if num_heads % num_kv_heads or ("head_dim" not in raw and hidden_size % num_heads):
        raise CheckpointError("config.json: hidden_size, num_attention_heads and num_key_value_heads do not divide")
    num_layers = _count(raw, "num_hidden_layers")
    return ModelConfig(
        model_type=str(raw.get("model_type", "llama")),
        vocab_size=_count(raw, "vocab_size"),
        hidden_size=hidden_size,
        intermediate_size=_count(raw, "intermediate_size"),
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=_count(raw, "head_dim", hidden_size // num_heads),
        max_position_embeddings=_count(raw, "max_position_embeddings", 2048),
        rms_norm_eps=_number(raw, "rms_norm_eps", 1e-6),
        rope=_read_rope(raw),
        tie_word_embeddings=bool(raw.get("tie_word_embeddings", False)),
        has_qkv_bias=bool(traits.has_qkv_bias) if is_fixed else has_attention_bias,
        has_output_bias=has_attention_bias and not is_fixed,
        has_mlp_bias=bool(raw.get("mlp_bias", False)),
        has_qk_norm=traits.has_qk_norm,
        windows=_read_windows(raw, traits, num_layers),
        eos_token_ids=_read_eos(model_dir, raw),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises `CheckpointError` if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path.name} is missing from the model folder") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path.name} is not a JSON object")
    return value


def _traits(raw: Mapping[str, Any]) -> _Traits:
    names = raw.get("architectures") or ["none"]
    known = ", ".join(ARCHITECTURES)
    if not isinstance(names, list) or names[0] not in ARCHITECTURES:
        raise CheckpointError(f"architecture {names} is not supported; these are: {known}")
    if raw.get("quantization_config"):
        raise CheckpointError("the checkpoint is stored quantised; give the original one, in F32, F16 or BF16")
    if raw.get("hidden_act", "silu") != "silu":
        raise CheckpointError(f"config.json: hidden_act {raw['hidden_act']!r} is not supported, only 'silu'")
    return ARCHITECTURES[names[0]]


def _read_rope(raw: Mapping[str, Any]) -> Rope:
    """From `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (before)."""
    scaling = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    if not isinstance(scaling, dict):
        raise CheckpointError("config.json: the rope parameters are not an object")
    name = scaling.get("rope_type", scaling.get("type", "default"))
    if name not in list(RopeType):
        raise CheckpointError(f"config.json: rope type {name!r} is not supported; these are: {', '.join(RopeType)}")
    if scaling.get("partial_rotary_factor", raw.get("partial_rotary_factor", 1.0)) != 1.0:
        raise CheckpointError("config.json: a partial_rotary_factor other than 1 is not supported")
    original = _count(raw, "original_max_position_embeddings", _count(raw, "max_position_embeddings", 2048))
    return Rope(
        theta=_number(scaling, "rope_theta", _number(raw, "rope_theta", 10_000.0)),
        rope_type=RopeType(name),
        factor=_number(scaling, "factor", 1.0),
        low_freq_factor=_number(scaling, "low_freq_factor", 1.0),
        high_freq_factor=_number(scaling, "high_freq_factor", 4.0),
        original_max_position_embeddings=_count(scaling, "original_max_position_embeddings", original),
    )


def _read_windows(raw: Mapping[str, Any], traits: _Traits, num_layers: int) -> tuple[int | None, ...]:
    if not raw.get("sliding_window") or not raw.get("use_sliding_window", traits.has_window):
        return (None,) * num_layers
    window = _count(raw, "sliding_window")
    layer_types = raw.get("layer_types")
    if isinstance(layer_types, list) and len(layer_types) == num_layers:
        return tuple(window if layer_type == "sliding_attention" else None for layer_type in layer_types)
    first = 0 if traits.has_window else int(raw.get("max_window_layers", 0))
    return tuple(window if layer >= first else None for layer in range(num_layers))


def _read_eos(model_dir: Path, raw: Mapping[str, Any]) -> frozenset[int]:
    """generation_config.json wins, since chat models add their end-of-turn token there."""
    path = model_dir / "generation_config.json"
    given = read_json(path).get("eos_token_id") if path.is_file() else None
    ids = raw.get("eos_token_id") if given is None else given
    listed = ids if isinstance(ids, list) else [] if ids is None else [ids]
    if not all(isinstance(token_id, int) for token_id in listed):
        raise CheckpointError(f"eos_token_id is not a token id or a list of them: {ids}")
    return frozenset(listed)


def _count(raw: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = default if raw.get(key) is None else raw[key]
    if value is None:
        raise CheckpointError(f"config.json has no {key}")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"config.json: {key} must be a whole number above 0, not {value!r}")
    return value


def _number(raw: Mapping[str, Any], key: str, default: float) -> float:
    value = default if raw.get(key) is None else raw[key]
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise CheckpointError(f"config.json: {key} must be a number above 0, not {value!r}")
    return float(value)
