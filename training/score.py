"""Scores a checkpoint on a set of prompts: how many answers carry every field as the prompt has it.

    python -m training.score MODEL_DIR --set training/held_out/dev.jsonl [--sample SEED] [--show]

Prints ids and counts alone unless `--show` is given, so that a test set can be scored without being read.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.checkpoint import load
from training.generate import REFERENCE, Sampling, generate
from training.held_out.check import check
from training.model import Llama

BATCH = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One answer and what is wrong with it."""

    identifier: str
    answer: str
    faults: list[str]


def read_set(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def answers(model: Llama, tokenizer: Tokenizer, prompts: list[str], sampling: Sampling) -> list[str]:
    """Answers in the order of the prompts; prompts of like length share a batch."""
    encoded = [tokenizer.encode(prompt).ids for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda index: len(encoded[index]))
    found = [""] * len(prompts)
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        for index, ids in zip(part, generate(model, [encoded[i] for i in part], sampling), strict=True):
            found[index] = tokenizer.decode(ids)
    return found


def score(model: Llama, tokenizer: Tokenizer, records: list[dict], sampling: Sampling) -> list[Result]:
    texts = answers(model, tokenizer, [record["prompt"] for record in records], sampling)
    return [
        Result(record["id"], text, check(text, record["fields"], record["prompt"], record["emoji"]))
        for record, text in zip(records, texts, strict=True)
    ]


def summary(results: list[Result]) -> str:
    """The score, the kinds of fault, the ids that failed, and the lengths in words."""
    right = sum(not result.faults for result in results)
    kinds = Counter(" ".join(fault.split(":")[0].split()) for result in results for fault in result.faults)
    lengths = sorted(len(result.answer.split()) for result in results)
    failed = " ".join(result.identifier for result in results if result.faults)
    return (
        f"{right}/{len(results)} right; words {lengths[0]}-{lengths[-1]}, median {lengths[len(lengths) // 2]}; "
        f"faults {dict(kinds)}; failed: {failed or 'none'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--sample", type=int, metavar="SEED", help="sample as the reference workload does")
    parser.add_argument("--show", action="store_true", help="print the answers that are wrong; never for a test set")
    options = parser.parse_args()
    model, tokenizer = load(options.model)
    if options.sample is not None:
        torch.manual_seed(options.sample)
    began = time.time()
    results = score(model, tokenizer, read_set(options.set), Sampling() if options.sample is None else REFERENCE)
    print(f"{options.set.name}: {summary(results)}; {time.time() - began:.0f} s")
    for result in results:
        if options.show and result.faults:
            print(f"\n--- {result.identifier}: {result.faults}\n{result.answer}")


if __name__ == "__main__":
    main()
