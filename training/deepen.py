"""Gives a trained checkpoint more layers, each of which does nothing yet: its two outputs are zero.

python -m training.deepen training/runs/g.pt training/runs/deep.pt

A circuit that has formed stays as it is, and the new layers learn from the first step on, for the gradient of a zero
matrix is not zero. The optimiser starts afresh.
"""

import argparse
import re
from pathlib import Path

import torch
from torch import Tensor

from training.model import Llama, Shape

LAYER = re.compile(r"layers\.(\d+)\.(.+)")
SILENT = ("self_attn.o_proj.weight", "mlp.down_proj.weight")
NEW_LAYERS = (1, 3)
"""Places of the new layers in the deeper model: below the layer where the tags are read."""


def deepened(weights: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    """The weights of a model of `shape`, which has the layers of `weights` and those of NEW_LAYERS between them."""
    torch.manual_seed(0)
    result = Llama(shape).state_dict()
    places = [index for index in range(shape.num_layers) if index not in NEW_LAYERS]
    for name, tensor in weights.items():
        match = LAYER.fullmatch(name)
        result[f"layers.{places[int(match[1])]}.{match[2]}" if match else name] = tensor
    for index in NEW_LAYERS:
        for name in SILENT:
            result[f"layers.{index}.{name}"].zero_()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    saved = torch.load(options.source, weights_only=True)
    torch.save({"model": deepened(saved["model"], Shape()), "tagger": saved["tagger"], "step": 0}, options.target)


if __name__ == "__main__":
    main()
