"""Model folders, whole and broken: each breakage is named in words that say what to change."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from fakes.checkpoints import random_tensors, write_checkpoint
from fakes.gguf import write_gguf
from firstbyte.engine.backends.layers import read_weights
from firstbyte.engine.checkpoint import Checkpoint, read_longest_position
from firstbyte.engine.errors import CheckpointError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path)


def save(folder: Path, tensors: dict[str, NDArray[Any]]) -> None:
    save_file(tensors, folder / "model.safetensors")


def shard(folder: Path) -> dict[str, str]:
    """Split the weights over two files with an index; returns its weight map."""
    tensors = random_tensors(folder)
    names = sorted(tensors)
    files = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in files.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    (folder / "model.safetensors").unlink()
    weight_map = {name: file for file, part in files.items() for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return weight_map


def test_all_tensors_are_there_as_they_were_written(folder: Path) -> None:
    checkpoint = Checkpoint.open(folder)

    written = random_tensors(folder)
    assert checkpoint.tensors.keys() == written.keys()
    for name, values in written.items():
        np.testing.assert_array_equal(checkpoint.tensors[name].float32(), values)
    assert checkpoint.num_parameters == sum(values.size for values in written.values())


def test_shards_are_read_like_one_file(folder: Path) -> None:
    shard(folder)

    assert Checkpoint.open(folder).tensors.keys() == random_tensors(folder).keys()


def test_tied_embeddings_need_no_head(tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(write_checkpoint(tmp_path, {"tie_word_embeddings": True}))
    weights = read_weights(checkpoint)

    assert "lm_head.weight" not in checkpoint.tensors
    assert weights.head is weights.embedding


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is neither a folder nor a GGUF file"):
        Checkpoint.open(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        Checkpoint.open(tmp_path)


def test_missing_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()

    with pytest.raises(CheckpointError, match=r"neither model\.safetensors nor"):
        Checkpoint.open(folder)


def test_weights_in_pickle_format(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(CheckpointError, match="convert them to safetensors"):
        Checkpoint.open(folder)


def test_a_missing_shard(folder: Path) -> None:
    shard(folder)
    (folder / "b.safetensors").unlink()

    with pytest.raises(CheckpointError, match=r"b\.safetensors is missing"):
        Checkpoint.open(folder)


@pytest.mark.parametrize("name", ["../a.safetensors", "/etc/passwd", "x/../../a"])
def test_an_index_that_leaves_the_folder(folder: Path, name: str) -> None:
    weight_map = shard(folder) | {"model.norm.weight": name}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))

    with pytest.raises(CheckpointError, match="outside the model folder"):
        Checkpoint.open(folder)


@pytest.mark.parametrize("index", [{}, {"weight_map": []}, {"weight_map": {"a": 1}}])
def test_an_index_without_a_map(folder: Path, index: dict[str, Any]) -> None:
    shard(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(CheckpointError, match="has no weight_map"):
        Checkpoint.open(folder)


def test_a_missing_tensor(folder: Path) -> None:
    tensors = random_tensors(folder)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save(folder, tensors)

    with pytest.raises(CheckpointError, match=r"model\.layers\.1\.mlp\.up_proj\.weight is missing"):
        Checkpoint.open(folder)


def test_a_vocabulary_that_does_not_fit(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text()) | {"vocab_size": 128}
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(CheckpointError, match=r"has shape \(97, 48\); config\.json makes it \(128, 48\)"):
        Checkpoint.open(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(folder: Path, value: float) -> None:
    tensors = random_tensors(folder)
    tensors["model.layers.2.mlp.down_proj.weight"][3, 4] = value
    save(folder, tensors)

    with pytest.raises(CheckpointError, match=r"model\.layers\.2\.mlp\.down_proj\.weight holds values that are not"):
        read_weights(Checkpoint.open(folder))


def test_a_folder_with_one_gguf_file_is_that_file(folder: Path) -> None:
    path = write_gguf(folder / "m.gguf", folder)
    with_both = Checkpoint.open(folder)
    (folder / "model.safetensors").unlink()

    assert with_both.path == folder
    assert Checkpoint.open(folder).path == path
    assert Checkpoint.open(folder).tensors.keys() == with_both.tensors.keys()


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"max_position_embeddings": 2048}, 2048),
        ({"max_position_embeddings": "many"}, None),
        ({"max_position_embeddings": True}, None),
        ({}, None),
        (None, None),
    ],
)
def test_longest_position_is_read_where_it_is_told(tmp_path: Path, config: Any, longest: int | None) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_longest_position(tmp_path) == longest


def test_longest_position_of_a_gguf_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "gguf").mkdir()
    path = write_gguf(tmp_path / "gguf" / "m.gguf", folder)
    assert read_longest_position(path) == read_longest_position(path.parent) == 256
    write_gguf(path, folder, extra={"general.architecture": "gemma"})
    assert read_longest_position(path) is None
