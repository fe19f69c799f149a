"""A checkpoint as GGUF computes what it computes as safetensors; what would compute something else is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from fakes.checkpoints import write_checkpoint
from fakes.gguf import SMALL, encode, pack, write_gguf
from firstbyte.engine.backends.backend import Batch, Float32, Int32, SamplingPlans
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.reader import read_gguf
from firstbyte.engine.gguf.tensors import FORMATS
from firstbyte.engine.options import EngineOptions
from parity.cases import CASES

NUM_TOKENS = 24
CONVERTIBLE = [case for case in CASES if case not in ("qwen2_window",)]  # GGUF has no key for a window in some layers


def logits_of(path: Path) -> Float32:
    """Of every token of one prompt."""
    checkpoint = Checkpoint.open(path)
    backend = ReferenceBackend.load(checkpoint)
    backend.allocate(2, 16)
    token_ids = np.random.default_rng(1).integers(3, 97, NUM_TOKENS).astype(np.int32)
    return backend.logits(backend.forward(prompt(token_ids)))


def prompt(token_ids: Int32) -> Batch:
    """One step with one whole prompt; nothing is chosen."""
    none, nothing = np.zeros(0, np.int32), np.zeros(0, np.float32)
    plans = SamplingPlans(
        sequences=none, is_sampled=np.zeros(0, np.bool_), temperature=nothing, top_k=none, top_p=nothing,
        typical_p=nothing, repetition_penalty=nothing, frequency_penalty=nothing, green_bias=nothing,
        seeds=np.zeros(0, np.uint64), draws=np.zeros(0, np.uint64), num_top=none, history_ids=none,
        history_starts=np.zeros(1, np.int32),
    )  # fmt: skip
    return Batch(
        token_ids=token_ids,
        positions=np.arange(len(token_ids), dtype=np.int32),
        starts=np.array([0, len(token_ids)], np.int32),
        context_lens=np.array([len(token_ids)], np.int32),
        block_tables=np.array([[0, 1]], np.int32),
        plans=plans,
        score_tokens=none,
        score_targets=none,
    )


@pytest.mark.parametrize("case", CONVERTIBLE)
def test_every_architecture_gives_the_logits_of_its_safetensors(tmp_path: Path, case: str) -> None:
    model_dir = write_checkpoint(tmp_path / "model", CASES[case])
    path = write_gguf(tmp_path / "m.gguf", model_dir)

    if "llama3" in case:  # the factor comes back from a float32 quotient
        np.testing.assert_allclose(logits_of(path), logits_of(model_dir), rtol=1e-4, atol=1e-4)
    else:
        np.testing.assert_array_equal(logits_of(path), logits_of(model_dir))
    assert Checkpoint.open(path).config.eos_token_ids == {2}


@pytest.mark.parametrize("stored", ["F16", "BF16", "Q8_0", "Q4_0"])
def test_every_format_gives_the_logits_of_the_values_it_stands_for(tmp_path: Path, stored: str) -> None:
    model_dir = write_checkpoint(tmp_path / "model", SMALL)
    path = write_gguf(tmp_path / "m.gguf", model_dir, stored)
    widen = {known.name: known.widen for known in FORMATS.values()}[stored]
    rounded = {
        name: widen(np.frombuffer(pack(stored, tensor.float32()), np.uint8)).reshape(tensor.shape)
        if len(tensor.shape) == 2
        else tensor.float32()
        for name, tensor in Checkpoint.open(model_dir).tensors.items()
    }
    save_file(rounded, model_dir / "model.safetensors")

    np.testing.assert_array_equal(logits_of(path), logits_of(model_dir))


def edited(tmp_path: Path, metadata: dict[str, Any], config: dict[str, Any] | None = None) -> Path:
    """A GGUF file with some entries changed."""
    return write_gguf(tmp_path / "m.gguf", write_checkpoint(tmp_path / "model", config), extra=metadata)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"general.architecture": "gemma"}, "'gemma' is not supported; these are: llama, qwen2, qwen3"),
        ({"general.architecture": 3}, "general.architecture must be a string, not 3"),
        ({"split.count": 2}, "is one part of several"),
        ({"llama.block_count": 2**31 - 1}, "claims 2147483647 layers and has 30 tensors"),
        ({"llama.block_count": 4}, r"model\.layers\.3\.input_layernorm\.weight is missing"),
        ({"llama.attention.head_count_kv": [4, 4, 2]}, "must be a whole number above 0, not a list of 3"),
        ({"llama.attention.head_count_kv": [2, 2, 2]}, ""),
        ({"llama.attention.head_count_kv": 3}, "do not divide"),
        ({"llama.attention.value_length": 8}, "value_length other than the 12 of a head"),
        ({"llama.rope.dimension_count": 6}, "rope.dimension_count other than the 12"),
        ({"llama.rope.scaling.type": "yarn"}, "rope scaling 'yarn' is not supported"),
        ({"llama.embedding_length": 96}, r"token_embd\.weight has shape \(97, 48\); m\.gguf makes it \(97, 96\)"),
        ({"llama.attention.layer_norm_rms_epsilon": 0.0}, "must be a number above 0, not 0.0"),
    ],
)
def test_metadata_that_does_not_fit(tmp_path: Path, metadata: dict[str, Any], words: str) -> None:
    path = edited(tmp_path, metadata)
    if not words:
        assert Checkpoint.open(path).config.num_kv_heads == 2
        return

    with pytest.raises(CheckpointError, match=words):
        Checkpoint.open(path)


def test_a_tensor_of_another_kind_of_model_is_not_overlooked(tmp_path: Path) -> None:
    path = edited(tmp_path, {})
    file = read_gguf(path)
    tensors = {name: ("F32", tensor.float32()) for name, tensor in file.tensors.items()}
    tensors["blk.0.ffn_gate_inp.weight"] = ("F32", np.zeros((4, 48), np.float32))
    path.write_bytes(encode(dict(file.metadata.entries), tensors))

    with pytest.raises(CheckpointError, match=r"blk\.0\.ffn_gate_inp\.weight is of no model"):
        Checkpoint.open(path)


def test_a_file_without_an_embedding(tmp_path: Path) -> None:
    path = edited(tmp_path, {})
    path.write_bytes(encode(dict(read_gguf(path).metadata.entries), {f"{i}": ("F32", np.zeros(1)) for i in range(3)}))

    with pytest.raises(CheckpointError, match=r"tensor token_embd\.weight is missing from m\.gguf"):
        Checkpoint.open(path)


def test_another_scaling_than_llama_3_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, {"llama.rope.scaling.original_context_length": 64}, CASES["llama_llama3_rope"])

    with pytest.raises(CheckpointError, match="does not follow Llama 3's rule"):
        Checkpoint.open(path)


def test_tokens_that_end_a_turn_end_the_answer(tmp_path: Path) -> None:
    tokens = [f"t{i}" for i in range(95)] + ["<|eot_id|>", "<|im_end|>"]
    kinds = [1] * 95 + [3, 1]
    path = edited(tmp_path, {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds})

    assert Checkpoint.open(path).config.eos_token_ids == {2, 95}


@pytest.mark.parametrize("stored", ["F16", "Q8_0", "Q4_0"])
def test_the_native_backend_packs_them_and_keeps_them_apart(tmp_path: Path, stored: str) -> None:
    native = pytest.importorskip("firstbyte.engine.backends.native", reason="the extension is not built")
    model_dir = write_checkpoint(tmp_path / "model", SMALL)
    path = write_gguf(tmp_path / "m.gguf", model_dir, stored)
    token_ids = np.random.default_rng(1).integers(3, 97, NUM_TOKENS).astype(np.int32)
    logits = []
    for quantize in ("none", "int8"):
        options = EngineOptions(quantize=quantize, num_threads=1, cache_dir=tmp_path)
        backend = native.NativeBackend.load(Checkpoint.open(path), options)
        backend.allocate(2, 16)
        backend.run(prompt(token_ids))
        logits.append(backend.logits(np.arange(NUM_TOKENS, dtype=np.int32)))

    np.testing.assert_allclose(logits[0], logits_of(path), rtol=1e-3, atol=1e-3)
    assert np.abs(logits[1] - logits[0]).max() < 0.1 * np.abs(logits[0]).max()
    assert len(list((tmp_path / "packed").glob("*.weights"))) == 2
