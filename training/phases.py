"""The curriculum as data: what each phase trains on, for how long, and how fast."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.drills import SYMBOLS, Batch, gapped, periodic, random_chunks

Source = Callable[[Generator, int], Batch]


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of training: `source(rng, step)` gives a batch; the rate is Muon's, AdamW's is in proportion."""

    name: str
    num_steps: int
    rate: float
    source: Source
    warm_up: int = 30
    cool_down: float = 0.0
    """Share of the steps, at the end, in which the rate falls to zero."""

    def rate_at(self, step: int, share: float) -> float:
        """Trapezoid: up over the first steps, flat, down to zero when `share`, the part of the phase done, is 1."""
        rising = min(1.0, (step + 1) / self.warm_up)
        falling = min(1.0, (1.0 - share) / self.cool_down) if self.cool_down else 1.0
        return self.rate * rising * falling


def symbols(rng: Generator, step: int) -> Batch:
    """A. Induction over capitals and digits alone, where it forms soonest."""
    return periodic(rng, SYMBOLS, 96, 48, (6, 20))


def whole_vocabulary(vocab_size: int) -> Source:
    """B. The same over all tokens, some batches long and with gaps."""
    alphabet = np.arange(3, vocab_size)
    chunks = random_chunks(alphabet)

    def source(rng: Generator, step: int) -> Batch:
        if step > 320 and step % 4 == 3:
            return gapped(rng, alphabet, chunks, 12, 640)
        if step % 2 and step > 80:
            return gapped(rng, alphabet, chunks, 24, 256)
        return periodic(rng, alphabet, 72, 72, (8, 36))

    return source
