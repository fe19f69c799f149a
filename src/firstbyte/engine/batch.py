"""Turns a planned step into the flat arrays that a backend takes."""

from collections.abc import Iterator
from collections.abc import Sequence as Ordered
from dataclasses import dataclass

import numpy as np

from firstbyte.engine.backends.backend import Batch, Float32, Int32, SamplingPlans
from firstbyte.engine.grammar import num_words
from firstbyte.engine.requests import Sampling
from firstbyte.engine.scheduler import Run, Step
from firstbyte.engine.sequence import Sequence
from firstbyte.engine.watermark import green_bits

_NOTHING = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What the backend takes for a sequence: the known tokens of a run, or one token of its draft.

    Every token of a draft comes as a sequence of its own that shares the blocks of its run. So it gets a row of its
    own, and its arithmetic is to the bit that of a step which decodes that token alone.
    """

    run: Run
    token_ids: Int32
    start: int
    num_drafted: int
    """Tokens of the draft up to here."""


def build_batch(step: Step, vocab_size: int = 0) -> Batch:
    """Flatten a step of at least one run. The size of the vocabulary is needed for grammars and watermarks only."""
    pieces = [piece for run in step.runs for piece in _cut(run)]
    lens = np.array([len(piece.token_ids) for piece in pieces], np.int32)
    starts = _starts(lens)
    firsts = np.array([piece.start for piece in pieces], np.int32)
    score_tokens, score_targets = _scored(pieces, starts)
    return Batch(
        token_ids=np.concatenate([piece.token_ids for piece in pieces]),
        positions=np.concatenate([_positions(piece) for piece in pieces]),
        starts=starts,
        context_lens=firsts + lens,
        block_tables=_block_tables(pieces),
        plans=_plans(pieces, vocab_size),
        score_tokens=score_tokens,
        score_targets=score_targets,
    )


def score_starts(run: Run) -> range:
    """Positions of `run` whose next token belongs to the prompt and is to be scored."""
    sequence = run.sequence
    if not sequence.request.prompt_logprobs:
        return range(0)
    return range(run.start, min(run.start + run.num_tokens, sequence.num_prompt - 1))


def _cut(run: Run) -> Iterator[_Piece]:
    end = run.start + run.num_tokens
    yield _Piece(run, run.sequence.token_ids[run.start : end], run.start, 0)
    for index, token_id in enumerate(run.draft):
        yield _Piece(run, np.array([token_id], np.int32), end + index, index + 1)


def _positions(piece: _Piece) -> Int32:
    return np.arange(piece.start, piece.start + len(piece.token_ids), dtype=np.int32)


def _starts(lens: Int32) -> Int32:
    starts = np.zeros(len(lens) + 1, np.int32)
    np.cumsum(lens, out=starts[1:])
    return starts


def _block_tables(pieces: Ordered[_Piece]) -> Int32:
    width = max(len(piece.run.sequence.table.blocks) for piece in pieces)
    tables = np.full((len(pieces), width), -1, np.int32)
    for row, piece in zip(tables, pieces, strict=True):
        blocks = piece.run.sequence.table.blocks
        row[: len(blocks)] = blocks
    return tables


def _plans(pieces: Ordered[_Piece], vocab_size: int) -> SamplingPlans:
    rows = [(index, piece) for index, piece in enumerate(pieces) if piece.run.is_choosing]
    sequences = [piece.run.sequence for _, piece in rows]
    samplings = [sequence.request.sampling for sequence in sequences]
    histories = [_history(piece) for _, piece in rows]
    return SamplingPlans(
        sequences=np.array([index for index, _ in rows], np.int32),
        is_sampled=np.array([not sampling.is_greedy for sampling in samplings], np.bool_),
        temperature=_positive([sampling.temperature for sampling in samplings]),
        top_k=np.array([sampling.top_k for sampling in samplings], np.int32),
        top_p=_positive([sampling.top_p for sampling in samplings]),
        typical_p=_positive([sampling.typical_p for sampling in samplings]),
        repetition_penalty=_positive([sampling.repetition_penalty for sampling in samplings]),
        frequency_penalty=np.array([sampling.frequency_penalty for sampling in samplings], np.float32),
        green_bias=np.array(
            [sampling.watermark.delta if sampling.watermark else 0 for sampling in samplings], np.float32
        ),
        seeds=np.array([sequence.seed for sequence in sequences], np.uint64),
        draws=np.array([piece.run.sequence.num_generated + piece.num_drafted for _, piece in rows], np.uint64),
        num_top=np.array([sequence.request.num_top_tokens for sequence in sequences], np.int32),
        history_ids=np.concatenate([*histories, _NOTHING]),
        history_starts=_starts(np.array([len(history) for history in histories], np.int32)),
        allowed=_allowed(sequences, vocab_size),
        green=_green([piece for _, piece in rows], vocab_size),
    )


def _history(piece: _Piece) -> Int32:
    """The tokens that the row's penalties count."""
    if not _has_penalty(piece.run.sequence.request.sampling):
        return _NOTHING
    drafted = np.array(piece.run.draft[: piece.num_drafted], np.int32)
    return np.concatenate([piece.run.sequence.token_ids, drafted])


def _allowed(sequences: Ordered[Sequence], vocab_size: int) -> Int32 | None:
    """What the rows' grammars allow; None when there is no grammar among them."""
    if all(sequence.mask is None for sequence in sequences):
        return None
    allowed = np.full((len(sequences), num_words(vocab_size)), -1, np.int32)
    for row, sequence in zip(allowed, sequences, strict=True):
        if sequence.mask is not None:
            sequence.mask.fill(row)
    return allowed


def _green(rows: Ordered[_Piece], vocab_size: int) -> Int32 | None:
    """What the rows' watermarks favour after the tokens before; None when there is no watermark among them."""
    watermarks = [piece.run.sequence.request.sampling.watermark for piece in rows]
    if not any(watermarks):
        return None
    green = np.zeros((len(rows), num_words(vocab_size)), np.int32)
    for row, piece, watermark in zip(green, rows, watermarks, strict=True):
        if watermark is not None:
            row[:] = green_bits(int(piece.token_ids[-1]), vocab_size, watermark.gamma)
    return green


def _positive(values: list[float]) -> Float32:
    """As float32; what is too small or too large for it becomes the smallest or largest it holds above 0."""
    limits = np.finfo(np.float32)
    return np.clip(np.array(values, np.float64), float(limits.tiny), float(limits.max)).astype(np.float32)


def _has_penalty(sampling: Sampling) -> bool:
    return sampling.repetition_penalty != 1.0 or sampling.frequency_penalty != 0.0


def _scored(pieces: Ordered[_Piece], starts: Int32) -> tuple[Int32, Int32]:
    tokens, targets = [_NOTHING], [_NOTHING]
    for piece, first in zip(pieces, starts[:-1], strict=True):
        if piece.num_drafted == 0 and (scored := score_starts(piece.run)):
            tokens.append(np.arange(first, first + len(scored), dtype=np.int32))
            targets.append(piece.run.sequence.token_ids[scored.start + 1 : scored.stop + 1])
    return np.concatenate(tokens), np.concatenate(targets)
