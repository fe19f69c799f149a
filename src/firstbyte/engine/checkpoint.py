"""A model folder in Hugging Face format: its configuration and its weights, checked before any backend sees them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.model_config import ModelConfig, read_json, read_model_config
from firstbyte.engine.tensors import StoredTensor, read_safetensors

_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An open model folder. The weights are mapped, not read: opening costs nothing, using them pages them in."""

    path: Path
    config: ModelConfig
    tensors: Mapping[str, StoredTensor]
    """Exactly what `config.shapes()` names, in those shapes."""

    @classmethod
    def open(cls, model_dir: Path) -> Self:
        """Read and check a folder; raises `CheckpointError` saying what is wrong with it."""
        if not model_dir.is_dir():
            raise CheckpointError(f"{model_dir} is not a folder")
        config = read_model_config(model_dir)
        stored = _read_weights(model_dir)
        return cls(model_dir, config, {name: _pick(stored, name, shape) for name, shape in config.shapes().items()})

    @property
    def num_parameters(self) -> int:
        """Numbers in all weights; tied embeddings count once."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())


def _read_weights(model_dir: Path) -> dict[str, StoredTensor]:
    if (model_dir / _SINGLE).is_file():
        return read_safetensors(model_dir / _SINGLE)
    if (model_dir / _INDEX).is_file():
        return _read_shards(model_dir)
    if any(model_dir.glob("pytorch_model*.bin")):
        raise CheckpointError("the weights are in PyTorch's pickle format; convert them to safetensors")
    raise CheckpointError(f"neither {_SINGLE} nor {_INDEX} is in the model folder")


def _read_shards(model_dir: Path) -> dict[str, StoredTensor]:
    weight_map = read_json(model_dir / _INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CheckpointError(f"{_INDEX} has no weight_map")
    names = sorted(set(weight_map.values()))
    if outside := [name for name in names if Path(name).name != name]:
        raise CheckpointError(f"{_INDEX} names a file outside the model folder: {outside[0]}")
    return {key: tensor for name in names for key, tensor in read_safetensors(model_dir / name).items()}


def _pick(stored: Mapping[str, StoredTensor], name: str, shape: tuple[int, ...]) -> StoredTensor:
    if (tensor := stored.get(name)) is None:
        raise CheckpointError(f"tensor {name} is missing from the weights")
    if tensor.shape != shape:
        raise CheckpointError(f"tensor {name} has shape {tensor.shape}; config.json makes it {shape}")
    return tensor
