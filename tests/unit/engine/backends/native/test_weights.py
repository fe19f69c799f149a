"""Packing once, finding it again, and never trusting a damaged file."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fakes.checkpoints import write_checkpoint
from firstbyte.engine.backends.native.plan import plan_weights
from firstbyte.engine.backends.native.quantization import Quantization
from firstbyte.engine.backends.native.weights import fingerprint, load_weights
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import CheckpointError

CONFIG: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4}


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model", CONFIG)


def load(model_dir: Path, cache_dir: Path | None, quantization: Quantization = Quantization.INT8) -> dict[str, bytes]:
    checkpoint = Checkpoint.open(model_dir)
    arrays = load_weights(checkpoint, plan_weights(checkpoint, quantization), cache_dir, 2)
    return {name: array.tobytes() for name, array in arrays.items()}


def packed_files(cache_dir: Path) -> list[Path]:
    return sorted((cache_dir / "packed").glob("*.weights"))


def change(model_dir: Path, name: str, index: int, value: float) -> None:
    tensors = load_file(model_dir / "model.safetensors")
    tensors[name] = tensors[name].copy()
    tensors[name].reshape(-1)[index] = value
    save_file(tensors, model_dir / "model.safetensors")


@pytest.mark.parametrize("quantization", Quantization)
def test_the_cache_gives_what_packing_gives(model_dir: Path, tmp_path: Path, quantization: Quantization) -> None:
    packed = load(model_dir, None, quantization)

    assert load(model_dir, tmp_path / "cache", quantization) == packed
    assert load(model_dir, tmp_path / "cache", quantization) == packed
    assert len(packed_files(tmp_path / "cache")) == 1


def test_weights_are_packed_once(model_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    load(model_dir, tmp_path)
    assert "packed 100 %" in caplog.text
    caplog.clear()

    load(model_dir, tmp_path)

    assert "pack" not in caplog.text


def test_mapped_weights_are_aligned_and_cannot_be_written(model_dir: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(model_dir)
    arrays = load_weights(checkpoint, plan_weights(checkpoint, Quantization.INT8), tmp_path, 1)

    assert all(array.ctypes.data % 64 == 0 for array in arrays.values())
    with pytest.raises(ValueError, match="read-only"):
        arrays["norm"][0] = 0


@pytest.mark.parametrize("at", [0, 8, 20, 40, 5000, -1])
def test_a_damaged_file_is_noticed_and_made_anew(
    model_dir: Path, tmp_path: Path, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    expected = load(model_dir, tmp_path)
    (path,) = packed_files(tmp_path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)

    assert load(model_dir, tmp_path) == expected
    assert "damaged" in caplog.text
    assert path.read_bytes() != content


@pytest.mark.parametrize("num_bytes", [0, 10, 100, 4096, 9000])
def test_a_cut_file_is_noticed_and_made_anew(model_dir: Path, tmp_path: Path, num_bytes: int) -> None:
    expected = load(model_dir, tmp_path)
    (path,) = packed_files(tmp_path)
    path.write_bytes(path.read_bytes()[:num_bytes])

    assert load(model_dir, tmp_path) == expected


def test_a_folder_that_cannot_be_written_is_no_failure(
    model_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("not a folder")

    assert load(model_dir, tmp_path / "cache") == load(model_dir, None)
    assert "packing in memory" in caplog.text


@pytest.mark.parametrize("index", [0, -1])
def test_other_weights_are_another_file(model_dir: Path, tmp_path: Path, index: int) -> None:
    load(model_dir, tmp_path)
    change(model_dir, "model.layers.1.mlp.up_proj.weight", index, 7.0)

    load(model_dir, tmp_path)

    assert len(packed_files(tmp_path)) == 2


def test_a_fingerprint_names_the_format_too(model_dir: Path) -> None:
    checkpoint = Checkpoint.open(model_dir)
    names = {fingerprint(checkpoint, plan_weights(checkpoint, quantization)) for quantization in Quantization}

    assert len(names) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_numbers_are_refused_and_nothing_is_kept(
    model_dir: Path, tmp_path: Path, value: float
) -> None:
    change(model_dir, "model.layers.1.mlp.up_proj.weight", 5, value)

    with pytest.raises(CheckpointError, match=r"layers\.1\.mlp\.up_proj.*not finite"):
        load(model_dir, tmp_path)
    assert [path.suffix for path in (tmp_path / "packed").iterdir()] == [".lock"]


def test_two_first_starts_at_once_are_both_served(model_dir: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        first, second = executor.map(lambda _: load(model_dir, tmp_path), range(2))

    assert first == second
    assert len(packed_files(tmp_path)) == 1
