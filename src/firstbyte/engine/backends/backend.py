"""The seam between the engine and the arithmetic: one step, whole, as flat arrays in and flat arrays out.

A step holds T tokens of S sequences, of which R get a next token chosen and P prompt tokens are scored. Everything a
backend needs for it, sampling included, is in one `Batch`, so that a native backend makes one call per step and holds
no lock in it. A backend that only has logits (`reference`) hands them to `sampling.choose`. Backends keep the KV cache
and nothing else between steps: which block belongs to whom is the scheduler's business.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.model_info import ModelInfo

Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SamplingPlans:
    """How to choose a token for each of R rows; every array has R entries and C order, neutral values mean off.

    The order of the processors and their formulas are those of `sampling`. The random number of a row is a function of
    (seed, draw) alone, so that it depends neither on its neighbours nor on what was computed before.
    """

    sequences: Int32
    """Index into the batch's sequences; the logits of the sequence's last token in the step are the row."""
    is_sampled: NDArray[np.bool_]
    """Draw by probability; otherwise take the best score."""
    temperature: Float32
    top_k: Int32
    top_p: Float32
    typical_p: Float32
    repetition_penalty: Float32
    frequency_penalty: Float32
    green_bias: Float32
    """What the watermark adds to the scores of the row's green tokens, before all else; 0 is off."""
    seeds: NDArray[np.uint64]
    draws: NDArray[np.uint64]
    """How many tokens the sequence had generated before this one."""
    num_top: Int32
    """How many of the best alternatives to report."""
    history_ids: Int32
    """Prompt and generated ids of the rows with a penalty, one after another."""
    history_starts: Int32
    """[R + 1]: row i owns `history_ids[history_starts[i]:history_starts[i + 1]]`; empty without a penalty."""
    allowed: Int32 | None = None
    """[R, ceil(vocabulary / 32)]: bit t % 32 of word t // 32 says whether token t may be chosen (least significant bit
    first; a row without a grammar has all bits set). None when no row has a grammar. Applied before the temperature."""
    green: Int32 | None = None
    """The tokens that the rows' watermarks favour, in the form of `allowed`; None when no row has a watermark."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's work."""

    token_ids: Int32
    """[T] the tokens to run, sequence by sequence, in order of position."""
    positions: Int32
    """[T] position of each in its sequence, from 0; where its key and value are written."""
    starts: Int32
    """[S + 1]: sequence i owns tokens `starts[i]` to `starts[i + 1]` of the step, at least one."""
    context_lens: Int32
    """[S] tokens in the sequence's cache once the step has run, those of the step included."""
    block_tables: Int32
    """[S, W] the sequence's blocks by position // block_len; entries beyond the context are -1."""
    plans: SamplingPlans
    score_tokens: Int32
    """[P] tokens of the step after which the prompt's next token is to be scored."""
    score_targets: Int32
    """[P] that next token."""


@dataclass(frozen=True, slots=True)
class Choices:
    """One step's result."""

    token_ids: Int32
    """[R] the chosen tokens."""
    logprobs: Float32
    """[R] log-softmax of the row's scores, after all processors, at the chosen token."""
    top_starts: Int32
    """[R + 1]: row i's alternatives are `top_ids[top_starts[i]:top_starts[i + 1]]`, best first, ties by id."""
    top_ids: Int32
    top_logprobs: Float32
    scores: Float32
    """[P] log-softmax of the plain logits at `score_targets`."""


class Backend(Protocol):
    """Runs steps of one loaded model. Only the loop's thread calls it, one call at a time."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model."""

    def allocate(self, num_blocks: int, block_len: int) -> None:
        """Make the KV cache, once, before the first step. Memory should be touched only when it is used."""

    def run(self, batch: Batch) -> Choices:
        """Run one step: write keys and values of all its tokens, and choose the next tokens.

        Sequences of a step may share blocks that are computed in it (a common prefix, a draft). So in each layer all
        keys and values have to be there before any token attends.

        Any exception fails the requests of this step and no others.
        """

    def close(self) -> None:
        """Give back memory and threads; nothing is called afterwards."""
