"""What is compared with transformers: kinds of checkpoint, each with a prompt."""

from typing import Any

import numpy as np

PROMPT_LEN, NUM_NEW_TOKENS = 40, 24

CASES: dict[str, dict[str, Any]] = {
    "llama_mha_untied": {"num_key_value_heads": 4},
    "llama_gqa_tied": {"num_key_value_heads": 1, "tie_word_embeddings": True},
    "llama_wide_heads": {"head_dim": 16},
    "llama_biases": {"attention_bias": True, "mlp_bias": True},
    "llama_linear_rope": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "llama_llama3_rope": {
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        }
    },
    "llama_rope_parameters": {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
    "mistral_window": {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 12},
    "qwen2": {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "tie_word_embeddings": True},
    "qwen2_window": {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "use_sliding_window": True,
        "sliding_window": 12,
        "max_window_layers": 1,
    },
    "qwen3": {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 16},
}
"""Name → what differs from `fakes.checkpoints.TINY`."""


def seed_of(case: str) -> int:
    """Of the case's weights and prompt."""
    return list(CASES).index(case)


def prompt_of(case: str) -> list[int]:
    """Random ids above the special ones."""
    return np.random.default_rng(seed_of(case)).integers(3, 97, PROMPT_LEN).tolist()  # type: ignore[no-any-return]
