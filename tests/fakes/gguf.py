"""Small GGUF files, written from the format's description: checkpoints of `fakes.checkpoints` as llama.cpp has them."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from firstbyte.engine.backends.rope import frequencies
from firstbyte.engine.model_config import Rope, RopeType, read_model_config

ALIGNMENT = 32
FORMAT_IDS = {
    "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q4_K": 12, "Q5_K": 13, "Q6_K": 14,
    "BF16": 30,
}  # fmt: skip
SMALL = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "head_dim": 16}
"""Widths that groups of 32 fit into."""
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
Array = NDArray[Any]


def string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(item: Any) -> bytes:
    """Type and value: u32 for ints, f32 for floats."""
    if isinstance(item, bool):
        return struct.pack("<I?", 7, item)
    if isinstance(item, int):
        return struct.pack("<II", 4, item)
    if isinstance(item, float):
        return struct.pack("<If", 6, item)
    if isinstance(item, str):
        return struct.pack("<I", 8) + string(item)
    kind = 8 if isinstance(item[0], str) else 6 if isinstance(item[0], float) else 5
    items = b"".join(value(int(each) if kind == 5 else each)[4:] for each in item)
    return struct.pack("<IIQ", 9, kind, len(item)) + items


def encode(metadata: Mapping[str, Any], tensors: Mapping[str, tuple[str, Array]], version: int = 3) -> bytes:
    """A file's bytes; `tensors` are format and values by GGUF's names."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(string(key) + value(item) for key, item in metadata.items())
    body = b""
    for name, (stored, values) in tensors.items():
        dimensions = struct.pack(f"<{values.ndim}Q", *reversed(values.shape))
        head += string(name) + struct.pack("<I", values.ndim) + dimensions
        head += struct.pack("<IQ", FORMAT_IDS[stored], len(body))
        body += pad(pack(stored, values))
    return pad(head) + body


def pad(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % ALIGNMENT)


def pack(stored: str, values: Array) -> bytes:
    flat = np.ascontiguousarray(values, np.float32)
    if stored == "F32":
        return flat.tobytes()
    if stored == "F16":
        return flat.astype("<f2").tobytes()
    if stored == "BF16":
        return (flat.view(np.uint32) >> 16).astype("<u2").tobytes()
    groups = flat.reshape(-1, 32)
    steps = 127 if stored == "Q8_0" else 7
    scales = (np.abs(groups).max(axis=1, keepdims=True) / steps).astype("<f2")
    whole = np.round(groups / np.maximum(scales.astype(np.float32), 1e-9)).clip(-steps, steps).astype(np.int8)
    if stored == "Q8_0":
        return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, whole, strict=True))
    nibbles = (whole + 8).astype(np.uint8)
    packed = nibbles[:, :16] | nibbles[:, 16:] << 4
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, packed, strict=True))


def interleave(rows: Array, num_heads: int) -> Array:
    """llama.cpp's order of the rows of queries and keys."""
    halves = rows.reshape(num_heads, 2, -1, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def write_gguf(path: Path, model_dir: Path, stored: str = "F32", extra: Mapping[str, Any] | None = None) -> Path:
    """Convert the checkpoint in `model_dir` as llama.cpp's converter would; vectors stay in F32."""
    config = read_model_config(model_dir)
    architecture = "llama" if config.model_type == "mistral" else config.model_type
    tensors: dict[str, tuple[str, Array]] = {}
    for name, values in load_file(model_dir / "model.safetensors").items():
        module, kind = name.rsplit(".", 1)
        layer, stem = module.removeprefix("model.layers.").split(".", 1) if ".layers." in name else ("", module)
        heads = {"self_attn.q_proj": config.num_heads, "self_attn.k_proj": config.num_kv_heads}.get(stem)
        if heads and architecture == "llama":
            values = interleave(values, heads)
        prefix = f"blk.{layer}." if layer else ""
        tensors[f"{prefix}{NAMES[stem]}.{kind}"] = (stored if values.ndim == 2 else "F32", values)
    if config.rope.rope_type is RopeType.LLAMA3:
        plain = frequencies(Rope(config.rope.theta), config.head_dim)
        tensors["rope_freqs.weight"] = ("F32", plain / frequencies(config.rope, config.head_dim))
    path.write_bytes(encode(describe(model_dir, architecture) | dict(extra or {}), tensors))
    return path


def describe(model_dir: Path, architecture: str) -> dict[str, Any]:
    """The metadata of a checkpoint, without a vocabulary."""
    config, raw = read_model_config(model_dir), json.loads((model_dir / "config.json").read_text())
    keys: dict[str, Any] = {
        "block_count": config.num_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_heads,
        "attention.head_count_kv": config.num_kv_heads,
        "attention.key_length": config.head_dim,
        "attention.value_length": config.head_dim,
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "rope.freq_base": config.rope.theta,
        "rope.dimension_count": config.head_dim,
    }
    if config.rope.rope_type is RopeType.LINEAR:
        keys |= {"rope.scaling.type": "linear", "rope.scaling.factor": config.rope.factor}
    if config.rope.rope_type is RopeType.LLAMA3:
        keys["rope.scaling.original_context_length"] = config.rope.original_max_position_embeddings
    if architecture == "llama" and raw.get("sliding_window"):
        keys["attention.sliding_window"] = raw["sliding_window"]
    metadata = {f"{architecture}.{key}": item for key, item in keys.items()}
    return {"general.architecture": architecture, "tokenizer.ggml.eos_token_id": 2} | metadata
