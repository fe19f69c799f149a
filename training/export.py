"""Writes the shipped folder from a training checkpoint.

python -m training.export training/runs/c.pt src/firstbyte/demo_model
"""

import argparse
from pathlib import Path

import torch

from training.checkpoint import save
from training.emails import tokenizer
from training.model import shape_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    saved = torch.load(options.checkpoint, weights_only=True)
    weights = saved.get("average", saved["model"])
    save(options.folder, shape_of(weights), weights, tokenizer())
    size = sum(path.stat().st_size for path in options.folder.iterdir() if path.is_file())
    print(f"{options.folder}: {sum(tensor.numel() for tensor in weights.values())} parameters, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
