"""Prompt-lookup decoding: guess the next tokens from where the latest ones stood before, and let the model check.

Saxena 2023 (https://github.com/apoorvumang/prompt-lookup-decoding): speculative decoding (Leviathan et al. 2023,
arXiv:2211.17192) without a draft model. Answers that repeat their prompt, as summaries, edits and code do, gain most.
A guess costs nothing to make and is never believed: the model chooses every token, and a draft only lets one step
compute what would otherwise have taken several.
"""

import numpy as np

from firstbyte.engine.blocks import TokenIds

NGRAM_LENS = (3, 2)
"""How many of the latest tokens have to be found again; a single one is found by chance too often."""


def find_draft(token_ids: TokenIds, num_tokens: int) -> tuple[int, ...]:
    """Up to `num_tokens` tokens that may follow; none where the latest tokens are new.

    They are what followed the latest earlier occurrence of those that enough tokens follow, or else the earliest, which
    most do.
    """
    for ngram_len in NGRAM_LENS:
        ends = _find_ends(token_ids, ngram_len)
        if len(ends):
            followed = ends[ends + num_tokens <= len(token_ids)]
            end = int(followed[-1] if len(followed) else ends[0])
            return tuple(token_ids[end : end + num_tokens].tolist())
    return ()


def _find_ends(token_ids: TokenIds, ngram_len: int) -> TokenIds:
    """Where earlier occurrences of the last `ngram_len` tokens end, in order."""
    num_starts = len(token_ids) - ngram_len
    if num_starts < 1:
        return np.zeros(0, np.int32)
    is_start = np.ones(num_starts, np.bool_)
    for offset, token_id in enumerate(token_ids[num_starts:].tolist()):
        is_start &= token_ids[offset : offset + num_starts] == token_id
    return np.flatnonzero(is_start).astype(np.int32) + ngram_len
