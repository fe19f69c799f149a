"""Small random checkpoints in Hugging Face format, made anew from a seed wherever they are needed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray
from safetensors.numpy import save_file

from firstbyte.engine.model_config import read_model_config

TINY: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""A config.json; the cases of `parity.cases` change some of it."""


def random_tensors(model_dir: Path, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights for the folder's config.json, scaled so that every layer matters and the best token is clear."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in sorted(read_model_config(model_dir).shapes().items()):
        scale = 1.0 if name.endswith("embed_tokens.weight") else 0.1 if len(shape) == 1 else 1.4 / np.sqrt(shape[-1])
        centre = 1.0 if "norm" in name else 0.0
        tensors[name] = (centre + scale * rng.standard_normal(shape)).astype(np.float32)
    return tensors


def write_checkpoint(model_dir: Path, config: dict[str, Any] | None = None, seed: int = 0) -> Path:
    """Write config.json, model.safetensors and a tokenizer into `model_dir`, and return it."""
    model_dir.mkdir(parents=True, exist_ok=True)
    merged = TINY | (config or {})
    (model_dir / "config.json").write_text(json.dumps(merged))
    save_file(random_tensors(model_dir, seed), model_dir / "model.safetensors")
    byte_tokenizer(merged["vocab_size"]).save(str(model_dir / "tokenizer.json"))
    (model_dir / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}))
    return model_dir


def byte_tokenizer(vocab_size: int) -> tokenizers.Tokenizer:
    """`<unk>`, `<s>`, `</s>`, then letters from the space on: one token a character."""
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2} | {chr(32 + i): 3 + i for i in range(vocab_size - 3)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, [], unk_token="<unk>"))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.decoder = tokenizers.decoders.Fuse()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer
