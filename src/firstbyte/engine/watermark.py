"""The watermark of Kirchenbauer et al. 2023 (arXiv:2301.10226) in TGI's form: which tokens each next token favours.

The token before seeds a generator, which names a part `gamma` of the vocabulary green; `delta` is added to the scores
of the green tokens, before anything else is done with them. Whoever knows the generator can count the green tokens of a
text, and finds more of them than chance would give.

TGI takes the green ones from torch's `randperm`, whose numbers belong to one version of torch and one kind of device.
Here they are the tokens with the smallest of one random word each, of NumPy's Philox4x64-10, whose raw words are the
same everywhere: a set of the same size, as likely as any other, but another one. A detector has to be given
`green_tokens`.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HASH_KEY = 15485863
"""Kirchenbauer et al.'s and TGI's: the seed is this times the token before."""
_REMEMBERED = 1024
"""Lists of bits that are kept; 4 KiB each for a vocabulary of 32,000, and a text returns to its frequent tokens."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """How many tokens are green, and by how much they are favoured."""

    gamma: float = 0.5
    """The part of the vocabulary that is green, 0 to 1."""
    delta: float = 2.0
    """What is added to the scores of the green tokens."""


def green_tokens(previous_id: int, vocab_size: int, gamma: float) -> NDArray[np.int64]:
    """The ids that are green after `previous_id`, in order."""
    words = np.random.Philox(key=HASH_KEY * previous_id).random_raw(vocab_size)
    num_green = int(vocab_size * gamma)
    if num_green == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(words <= np.partition(words, num_green - 1)[num_green - 1])


@functools.lru_cache(_REMEMBERED)
def green_bits(previous_id: int, vocab_size: int, gamma: float) -> NDArray[np.int32]:
    """The same as bits, [ceil(vocabulary / 32)], the least significant first; not to be written to."""
    is_green = np.zeros(-(-vocab_size // 32) * 32, np.bool_)
    is_green[green_tokens(previous_id, vocab_size, gamma)] = True
    bits = np.packbits(is_green, bitorder="little").view(np.int32)
    bits.flags.writeable = False
    return bits
