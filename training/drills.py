"""Token drills that teach copying before there is any text: periodic sequences, and chunks repeated after gaps.

Used by `train.py` alone. A drill is a pair of arrays: tokens, and for each token the weight of the loss on predicting it.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Tokens = NDArray[np.int64]
Weights = NDArray[np.float32]
Batch = tuple[Tokens, Weights, Tokens, Tokens]
"""Tokens, weights, and what tagging.py asks of each token: its tag and its flag."""

FIRST_SYMBOL = 259  # after three special tokens and 256 byte tokens, see tokenizer.py
NUM_SYMBOLS = 36
NO_TAG = -100
SYMBOLS = np.arange(FIRST_SYMBOL, FIRST_SYMBOL + NUM_SYMBOLS)


def periodic(rng: Generator, alphabet: Tokens, rows: int, length: int, periods: tuple[int, int]) -> Batch:
    """Rows that repeat a random stretch; everything after the first period can be predicted."""
    tokens = np.empty((rows, length), dtype=np.int64)
    weights = np.zeros((rows, length), dtype=np.float32)
    for row in range(rows):
        period = int(rng.integers(*periods, endpoint=True))
        tokens[row] = np.resize(rng.choice(alphabet, period), length)
        weights[row, period + 1 :] = 1.0
    return tokens, weights, np.full_like(tokens, NO_TAG), np.full_like(tokens, NO_TAG)


def narrow(rng: Generator, alphabet: Tokens) -> Tokens:
    """A part of the alphabet, now and then a very small one, so that one token of context does not tell the next."""
    size = int(rng.choice([3, 6, 12, 36, 200, len(alphabet)], p=[0.1, 0.1, 0.15, 0.2, 0.15, 0.3]))
    source = SYMBOLS if size <= NUM_SYMBOLS and rng.random() < 0.6 else alphabet
    return rng.choice(source, min(size, len(source)), replace=False)


Chunks = Callable[[Generator], list[Tokens]]


def random_chunks(alphabet: Tokens) -> Chunks:
    """Chunks of random tokens; those of a small alphabet repeat themselves, which asks for more than one token of context."""

    def draw(rng: Generator) -> list[Tokens]:
        return [rng.choice(narrow(rng, alphabet), int(rng.integers(4, 24))) for _ in range(int(rng.integers(2, 9)))]

    return draw


def gapped(rng: Generator, alphabet: Tokens, draw: Chunks, rows: int, length: int) -> Batch:
    """Random text in which chunks come back later, in any order, with other tokens between them."""
    tokens = np.empty((rows, length), dtype=np.int64)
    weights = np.zeros((rows, length), dtype=np.float32)
    for row in range(rows):
        _fill_gapped(rng, alphabet, draw(rng), tokens[row], weights[row])
    return tokens, weights, np.full_like(tokens, NO_TAG), np.full_like(tokens, NO_TAG)


def _fill_gapped(rng: Generator, alphabet: Tokens, chunks: list[Tokens], tokens: Tokens, weights: Weights) -> None:
    at = 0
    first: set[int] = set()
    while at < len(tokens):
        if rng.random() < 0.25:
            piece, keep = rng.choice(alphabet, int(rng.integers(1, 40))), False
        else:
            index = int(rng.integers(len(chunks)))
            piece, keep = chunks[index], index in first
            first.add(index)
        piece = piece[: len(tokens) - at]
        tokens[at : at + len(piece)] = piece
        # The first two tokens of a chunk that returns say which one it is; the rest follows from them.
        weights[at + 2 : at + len(piece)] = float(keep)
        at += len(piece)
