"""A model's configuration and weights, checked before any backend sees them.

A folder in Hugging Face format, or a GGUF file (or a folder with one and no safetensors).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.model import read_context_length, read_model
from firstbyte.engine.gguf.reader import find_gguf, read_gguf
from firstbyte.engine.model_config import ModelConfig, read_json, read_model_config
from firstbyte.engine.tensors import StoredTensor, Tensor, read_safetensors

_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An open model. The weights are mapped, not read: opening costs nothing, using them pages them in."""

    path: Path
    """The folder, or the GGUF file."""
    config: ModelConfig
    tensors: Mapping[str, Tensor]
    """Exactly what `config.shapes()` names, in those shapes."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read and check a folder or a GGUF file; raises `CheckpointError` saying what is wrong with it."""
        if (file := find_gguf(path)) is not None:
            config, tensors = read_model(read_gguf(file))
            return cls(file, config, _pick(tensors, config, file.name))
        if not path.is_dir():
            raise CheckpointError(f"{path} is neither a folder nor a GGUF file")
        config = read_model_config(path)
        return cls(path, config, _pick(_read_weights(path), config, "config.json"))

    @property
    def num_parameters(self) -> int:
        """Numbers in all weights; tied embeddings count once."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())


def read_longest_position(path: Path) -> int | None:
    """`max_position_embeddings` of a folder's config.json, or a GGUF file's context length; None without either.

    For limits that are settled before the model is opened; what else is wrong with it, `Checkpoint.open` says. Raises
    `CheckpointError` only where that would.
    """
    if (file := find_gguf(path)) is not None:
        return read_context_length(read_gguf(file).metadata)
    if not (path / "config.json").is_file():
        return None
    longest = read_json(path / "config.json").get("max_position_embeddings")
    return longest if isinstance(longest, int) and not isinstance(longest, bool) and longest > 0 else None


def _read_weights(model_dir: Path) -> dict[str, StoredTensor]:
    if (model_dir / _SINGLE).is_file():
        return read_safetensors(model_dir / _SINGLE)
    if (model_dir / _INDEX).is_file():
        return _read_shards(model_dir)
    if any(model_dir.glob("pytorch_model*.bin")):
        raise CheckpointError("the weights are in PyTorch's pickle format; convert them to safetensors")
    raise CheckpointError(f"neither {_SINGLE} nor {_INDEX} nor a GGUF file is in the model folder")


def _read_shards(model_dir: Path) -> dict[str, StoredTensor]:
    weight_map = read_json(model_dir / _INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CheckpointError(f"{_INDEX} has no weight_map")
    names = sorted(set(weight_map.values()))
    if outside := [name for name in names if Path(name).name != name]:
        raise CheckpointError(f"{_INDEX} names a file outside the model folder: {outside[0]}")
    return {key: tensor for name in names for key, tensor in read_safetensors(model_dir / name).items()}


def _pick(stored: Mapping[str, Tensor], config: ModelConfig, origin: str) -> dict[str, Tensor]:
    """The tensors that the configuration read from `origin` asks for."""
    picked = {}
    for name, shape in config.shapes().items():
        tensor = stored.get(name)
        if tensor is None:
            raise CheckpointError(f"tensor {name} is missing from the weights")
        if tensor.shape != shape:
            raise CheckpointError(f"tensor {tensor.name} has shape {tensor.shape}; {origin} makes it {shape}")
        picked[name] = tensor
    return picked
