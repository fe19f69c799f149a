"""config.json as the two generations of transformers write it, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.checkpoints import TINY
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.model_config import ModelConfig, RopeType, read_model_config


def read(folder: Path, generation: dict[str, Any] | None = None, **changes: Any) -> ModelConfig:
    """Read TINY with changes; a change to None takes the key away."""
    config = {key: value for key, value in (TINY | changes).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation))
    return read_model_config(folder)


def test_a_llama_config(tmp_path: Path) -> None:
    config = read(tmp_path)

    assert (config.hidden_size, config.num_layers, config.num_heads, config.num_kv_heads) == (48, 3, 4, 2)
    assert (config.head_dim, config.rope.theta, config.windows) == (12, 10_000.0, (None, None, None))
    assert not config.tie_word_embeddings


def test_what_may_be_left_out_has_transformers_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, num_key_value_heads=None, rms_norm_eps=None, rope_theta=None, tie_word_embeddings=None)

    assert (config.num_kv_heads, config.rms_norm_eps, config.rope.theta) == (4, 1e-6, 10_000.0)
    assert not config.tie_word_embeddings


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize("type_key", ["rope_type", "type"])
def test_rope_scaling_under_its_old_and_new_names(tmp_path: Path, key: str, type_key: str) -> None:
    config = read(tmp_path, **{key: {type_key: "linear", "factor": 2}})

    assert (config.rope.rope_type, config.rope.factor) == (RopeType.LINEAR, 2.0)


def test_generation_config_says_where_to_end(tmp_path: Path) -> None:
    assert read(tmp_path).eos_token_ids == {2}
    assert read(tmp_path, generation={"eos_token_id": [2, 7]}).eos_token_ids == {2, 7}
    assert read(tmp_path, generation={"max_length": 5}, eos_token_id=[3]).eos_token_ids == {3}
    assert read(tmp_path, generation={}, eos_token_id=None).eos_token_ids == frozenset()


@pytest.mark.parametrize(
    ("changes", "windows"),
    [
        ({"sliding_window": 8}, (None,) * 3),  # Llama has none
        ({"architectures": ["MistralForCausalLM"], "sliding_window": 8}, (8, 8, 8)),
        ({"architectures": ["MistralForCausalLM"], "sliding_window": None}, (None,) * 3),
        ({"architectures": ["Qwen2ForCausalLM"], "sliding_window": 8, "use_sliding_window": False}, (None,) * 3),
        (
            {
                "architectures": ["Qwen2ForCausalLM"],
                "sliding_window": 8,
                "use_sliding_window": True,
                "max_window_layers": 2,
            },
            (None, None, 8),
        ),
        (
            {
                "architectures": ["Qwen3ForCausalLM"],
                "sliding_window": 8,
                "use_sliding_window": True,
                "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            },
            (8, None, 8),
        ),
    ],
)
def test_sliding_windows(tmp_path: Path, changes: dict[str, Any], windows: tuple[int | None, ...]) -> None:
    assert read(tmp_path, **changes).windows == windows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel.*these are: LlamaForCausalLM, MistralForCausalLM"),
        ({"architectures": None}, "is not supported"),
        ({"architectures": "LlamaForCausalLM"}, "is not supported"),
        ({"quantization_config": {"quant_method": "gptq"}}, "stored quantised"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2}}, "rope type 'yarn'"),
        ({"rope_scaling": "linear"}, "not an object"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
        ({"hidden_size": None}, "has no hidden_size"),
        ({"vocab_size": "97"}, "vocab_size must be a whole number above 0, not '97'"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"rope_theta": -1}, "rope_theta"),
        ({"num_key_value_heads": 3}, "do not divide"),
        ({"num_attention_heads": 5, "num_key_value_heads": 5}, "do not divide"),
        ({"eos_token_id": ["</s>"]}, "eos_token_id"),
    ],
)
def test_what_cannot_be_run_exactly_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path, **changes)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_config_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(CheckpointError, match=r"config\.json is not"):
        read_model_config(tmp_path)
