"""What a GGUF file's keys and tensor names mean: a model of the Llama family under its Hugging Face names.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; tensor names: llama.cpp's `gguf-py` (`constants.py`).
"""

import dataclasses
import re
from collections.abc import Mapping

import numpy as np

from firstbyte.engine.backends.rope import frequencies
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.metadata import Metadata
from firstbyte.engine.gguf.reader import GgufFile
from firstbyte.engine.gguf.tensors import GgufTensor
from firstbyte.engine.model_config import ModelConfig, Rope, RopeType

ARCHITECTURES = ("llama", "qwen2", "qwen3")
"""`general.architecture`; Mistral's models come as `llama`."""
_INTERLEAVED = "llama"
"""The architecture whose queries and keys llama.cpp's converter reorders; see `GgufTensor.float32`."""
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NAME = re.compile(r"(?:blk\.(?P<layer>0|[1-9][0-9]{0,5})\.)?(?P<stem>[a-z_]+)\.(?P<kind>weight|bias)")
_FACTORS = "rope_freqs.weight"
"""What each frequency is divided by: all that a file says of Llama 3's scaling."""
_END_OF_TURN = ("<|eot_id|>", "<|im_end|>")
"""Control tokens that end an answer even where a file's keys do not say so."""
_CONTROL = 3


def read_context_length(metadata: Metadata) -> int | None:
    """Positions that the model was made for; None where the file does not say. `read_model` judges the rest."""
    value = metadata.entries.get(f"{metadata.entries.get('general.architecture')}.context_length")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def read_model(file: GgufFile) -> tuple[ModelConfig, dict[str, GgufTensor]]:
    """The configuration, and the tensors by their Hugging Face names. Raises `CheckpointError`."""
    architecture = file.metadata.text("general.architecture")
    if architecture not in ARCHITECTURES:
        raise CheckpointError(
            f"{file.path.name}: architecture {architecture!r} is not supported; these are: {', '.join(ARCHITECTURES)}"
        )
    if file.metadata.count("split.count", 1) > 1:
        raise CheckpointError(f"{file.path.name} is one part of several; join them with llama-gguf-split --merge")
    config = _read_config(file, architecture)
    heads = {"attn_q": config.num_heads, "attn_k": config.num_kv_heads} if architecture == _INTERLEAVED else {}
    return config, {_translate(name): _restore(tensor, heads) for name, tensor in _weights(file).items()}


def _read_config(file: GgufFile, architecture: str) -> ModelConfig:
    metadata, names = file.metadata, file.tensors.keys()
    hidden_size, num_heads = metadata.count(f"{architecture}.embedding_length"), _heads(metadata, architecture)
    num_kv_heads = metadata.count(f"{architecture}.attention.head_count_kv", num_heads)
    head_dim = metadata.count(f"{architecture}.attention.key_length", max(1, hidden_size // num_heads))
    if num_heads % num_kv_heads or head_dim % 2:
        raise CheckpointError(f"{metadata.file_name}: head_count, head_count_kv and embedding_length do not divide")
    for key in ("attention.value_length", "rope.dimension_count"):
        if metadata.count(f"{architecture}.{key}", head_dim) != head_dim:
            raise CheckpointError(f"{metadata.file_name}: {key} other than the {head_dim} of a head is not supported")
    num_layers = metadata.count(f"{architecture}.block_count")
    if num_layers > len(names):
        raise CheckpointError(f"{metadata.file_name} claims {num_layers} layers and has {len(names)} tensors")
    return ModelConfig(
        model_type=architecture,
        vocab_size=_vocab_size(file),
        hidden_size=hidden_size,
        intermediate_size=metadata.count(f"{architecture}.feed_forward_length"),
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=head_dim,
        max_position_embeddings=metadata.count(f"{architecture}.context_length"),
        rms_norm_eps=metadata.number(f"{architecture}.attention.layer_norm_rms_epsilon"),
        rope=_read_rope(file, architecture, head_dim),
        tie_word_embeddings="output.weight" not in names,
        has_qkv_bias="blk.0.attn_q.bias" in names,
        has_output_bias="blk.0.attn_output.bias" in names,
        has_mlp_bias="blk.0.ffn_gate.bias" in names,
        has_qk_norm="blk.0.attn_q_norm.weight" in names,
        windows=(_read_window(metadata, architecture),) * num_layers,
        eos_token_ids=_read_eos(metadata, _vocab_size(file)),
    )


def _heads(metadata: Metadata, architecture: str) -> int:
    return metadata.count(f"{architecture}.attention.head_count")


def _vocab_size(file: GgufFile) -> int:
    """The embedding's rows: `vocab_size` and the list of tokens may be shorter or missing."""
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise CheckpointError(f"tensor token_embd.weight is missing from {file.path.name}")
    return embedding.shape[0]


def _read_window(metadata: Metadata, architecture: str) -> int | None:
    """Mistral's; Qwen's files name one that their models do not use."""
    key = f"{architecture}.attention.sliding_window"
    return metadata.count(key) if architecture == "llama" and metadata.entries.get(key) else None


def _read_rope(file: GgufFile, architecture: str, head_dim: int) -> Rope:
    metadata, prefix = file.metadata, f"{architecture}.rope"
    theta, kind = metadata.number(f"{prefix}.freq_base", 10_000.0), metadata.text(f"{prefix}.scaling.type", "none")
    if kind not in ("none", "linear"):
        raise CheckpointError(f"{metadata.file_name}: rope scaling {kind!r} is not supported, only 'linear'")
    factors = file.tensors.get(_FACTORS)
    if factors is not None:
        original = metadata.count(f"{prefix}.scaling.original_context_length", 8192)
        return _fit_llama3(Rope(theta, RopeType.LLAMA3, original_max_position_embeddings=original), factors, head_dim)
    if kind == "linear":
        return Rope(theta, RopeType.LINEAR, metadata.number(f"{prefix}.scaling.factor"))
    return Rope(theta)


def _fit_llama3(rope: Rope, factors: GgufTensor, head_dim: int) -> Rope:
    """Llama 3's scaling with the largest factor; the others must then follow from its rule."""
    values = factors.float32()
    if values.shape != (head_dim // 2,) or values.min() < 1:
        raise CheckpointError(f"tensor {_FACTORS} does not hold one factor of at least 1 for each frequency")
    fitted = dataclasses.replace(rope, factor=float(values.max()))
    expected = frequencies(Rope(rope.theta), head_dim) / frequencies(fitted, head_dim)
    if not np.allclose(values, expected, rtol=1e-3):
        raise CheckpointError(f"tensor {_FACTORS} does not follow Llama 3's rule; another scaling is not supported")
    return fitted


def _read_eos(metadata: Metadata, vocab_size: int) -> frozenset[int]:
    entries = metadata.entries
    tokens = metadata.texts("tokenizer.ggml.tokens") if "tokenizer.ggml.tokens" in entries else []
    named = [metadata.index(f"tokenizer.ggml.{role}_token_id", vocab_size) for role in ("eos", "eot")]
    ids = {token_id for token_id in named if token_id is not None}
    if "tokenizer.ggml.token_type" in entries:
        kinds = metadata.numbers("tokenizer.ggml.token_type", len(tokens))
        ids |= {i for i in np.flatnonzero(kinds == _CONTROL).tolist() if tokens[i] in _END_OF_TURN}
    return frozenset(ids)


def _weights(file: GgufFile) -> Mapping[str, GgufTensor]:
    """All but what is derived from keys."""
    return {name: tensor for name, tensor in file.tensors.items() if name != _FACTORS}


def _translate(name: str) -> str:
    """The Hugging Face name; a tensor without one means a model that is not what its architecture says."""
    match = _NAME.fullmatch(name)
    layer, stem, kind = match.group("layer", "stem", "kind") if match else (None, name, "")
    known = _TOP.get(stem) if layer is None else _IN_LAYER.get(stem)
    if known is None:
        raise CheckpointError(f"tensor {name} is of no model that can be run here (experts, adapters, ...)")
    return f"{known}.{kind}" if layer is None else f"model.layers.{layer}.{known}.{kind}"


def _restore(tensor: GgufTensor, interleaved: Mapping[str, int]) -> GgufTensor:
    stem = tensor.name.split(".")[-2]
    return dataclasses.replace(tensor, num_interleaved_heads=interleaved.get(stem))
