"""Gives a trained checkpoint more layers, each of which does nothing yet: its two outputs are zero.

python -m training.deepen training/runs/g.pt training/runs/deep.pt --at 1 3

A circuit that has formed stays as it is, and the new layers learn from the first step on, for the gradient of a zero
matrix is not zero. The optimiser starts afresh.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from training.model import LAYER, Llama, shape_of

SILENT = ("self_attn.o_proj.weight", "mlp.down_proj.weight")


def deepened(weights: dict[str, Tensor], new: list[int]) -> dict[str, Tensor]:
    """The weights of a model which has the layers of `weights`, and new ones at the places `new` of the result."""
    torch.manual_seed(0)
    shape = shape_of(weights)
    shape = replace(shape, num_layers=shape.num_layers + len(new))
    result = Llama(shape).state_dict()
    places = [index for index in range(shape.num_layers) if index not in new]
    for name, tensor in weights.items():
        match = LAYER.fullmatch(name)
        result[f"layers.{places[int(match[1])]}.{match[2]}" if match else name] = tensor
    for index in new:
        for name in SILENT:
            result[f"layers.{index}.{name}"].zero_()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--at", type=int, nargs="+", required=True, help="places of the new layers, below where tags are read"
    )
    options = parser.parse_args()
    saved = torch.load(options.source, weights_only=True)
    weights = deepened(saved["model"], options.at)
    torch.save({"model": weights, "tagger": saved["tagger"], "step": 0}, options.target)


if __name__ == "__main__":
    main()
