"""Turns a planned step into the flat arrays that a backend takes."""

from collections.abc import Sequence as Ordered

import numpy as np

from firstbyte.engine.backends.backend import Batch, Float32, Int32, SamplingPlans
from firstbyte.engine.grammar import num_words
from firstbyte.engine.requests import Sampling
from firstbyte.engine.scheduler import Run, Step
from firstbyte.engine.sequence import Sequence

_NOTHING = np.zeros(0, np.int32)


def build_batch(step: Step, vocab_size: int = 0) -> Batch:
    """Flatten a step of at least one run. The size of the vocabulary is needed for grammars only."""
    runs = step.runs
    lens = np.array([run.num_tokens for run in runs], np.int32)
    starts = _starts(lens)
    context_lens = np.array([run.start for run in runs], np.int32) + lens
    score_tokens, score_targets = _scored(runs, starts)
    return Batch(
        token_ids=np.concatenate([run.sequence.token_ids[run.start : run.start + run.num_tokens] for run in runs]),
        positions=np.concatenate([np.arange(run.start, run.start + run.num_tokens, dtype=np.int32) for run in runs]),
        starts=starts,
        context_lens=context_lens,
        block_tables=_block_tables(runs),
        plans=_plans(runs, vocab_size),
        score_tokens=score_tokens,
        score_targets=score_targets,
    )


def score_starts(run: Run) -> range:
    """Positions of `run` whose next token belongs to the prompt and is to be scored."""
    sequence = run.sequence
    if not sequence.request.prompt_logprobs:
        return range(0)
    return range(run.start, min(run.start + run.num_tokens, sequence.num_prompt - 1))


def _starts(lens: Int32) -> Int32:
    starts = np.zeros(len(lens) + 1, np.int32)
    np.cumsum(lens, out=starts[1:])
    return starts


def _block_tables(runs: Ordered[Run]) -> Int32:
    width = max(len(run.sequence.table.blocks) for run in runs)
    tables = np.full((len(runs), width), -1, np.int32)
    for row, run in zip(tables, runs, strict=True):
        blocks = run.sequence.table.blocks
        row[: len(blocks)] = blocks
    return tables


def _plans(runs: Ordered[Run], vocab_size: int) -> SamplingPlans:
    rows = [(index, run.sequence) for index, run in enumerate(runs) if run.is_choosing]
    samplings = [sequence.request.sampling for _, sequence in rows]
    histories = [sequence.token_ids if _has_penalty(sequence.request.sampling) else _NOTHING for _, sequence in rows]
    return SamplingPlans(
        sequences=np.array([index for index, _ in rows], np.int32),
        is_sampled=np.array([not sampling.is_greedy for sampling in samplings], np.bool_),
        temperature=_positive([sampling.temperature for sampling in samplings]),
        top_k=np.array([sampling.top_k for sampling in samplings], np.int32),
        top_p=_positive([sampling.top_p for sampling in samplings]),
        typical_p=_positive([sampling.typical_p for sampling in samplings]),
        repetition_penalty=_positive([sampling.repetition_penalty for sampling in samplings]),
        frequency_penalty=np.array([sampling.frequency_penalty for sampling in samplings], np.float32),
        seeds=np.array([sequence.seed for _, sequence in rows], np.uint64),
        draws=np.array([sequence.num_generated for _, sequence in rows], np.uint64),
        num_top=np.array([sequence.request.num_top_tokens for _, sequence in rows], np.int32),
        history_ids=np.concatenate([*histories, _NOTHING]),
        history_starts=_starts(np.array([len(history) for history in histories], np.int32)),
        allowed=_allowed([sequence for _, sequence in rows], vocab_size),
    )


def _allowed(sequences: Ordered[Sequence], vocab_size: int) -> Int32 | None:
    """What the rows' grammars allow; None when there is no grammar among them."""
    if all(sequence.mask is None for sequence in sequences):
        return None
    allowed = np.full((len(sequences), num_words(vocab_size)), -1, np.int32)
    for row, sequence in zip(allowed, sequences, strict=True):
        if sequence.mask is not None:
            sequence.mask.fill(row)
    return allowed


def _positive(values: list[float]) -> Float32:
    """As float32; what is too small or too large for it becomes the smallest or largest it holds above 0."""
    limits = np.finfo(np.float32)
    return np.clip(np.array(values, np.float64), float(limits.tiny), float(limits.max)).astype(np.float32)


def _has_penalty(sampling: Sampling) -> bool:
    return sampling.repetition_penalty != 1.0 or sampling.frequency_penalty != 0.0


def _scored(runs: Ordered[Run], starts: Int32) -> tuple[Int32, Int32]:
    tokens, targets = [_NOTHING], [_NOTHING]
    for run, first in zip(runs, starts[:-1], strict=True):
        if scored := score_starts(run):
            tokens.append(np.arange(first, first + len(scored), dtype=np.int32))
            targets.append(run.sequence.token_ids[scored.start + 1 : scored.stop + 1])
    return np.concatenate(tokens), np.concatenate(targets)
