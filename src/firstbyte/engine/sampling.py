"""From logits to chosen tokens, for all rows of a step at once, in float32.

The order of the processors and their formulas are TGI's (`server/text_generation_server/utils/tokens.py` and
`logits_process.py`; the warpers are those of transformers). The reported log-probability is the log-softmax of the
scores after all of them, and a greedy choice is the best of those scores.

The draw differs in form and not in distribution: TGI takes argmax(p / Exponential(1)) with one random number for each
entry of the vocabulary; here one number is looked up in the cumulative distribution. The number is a pure function of
the request's seed and of how many tokens it has generated, so that a seed gives the same tokens whatever shares the
batch and however often a sequence is computed anew.

Masses of probability are measured in float64, in one order of summation which the native sampler shares: so no token
more or less is kept there than here. top_p and typical_p are float32: a mass that comes as near to one of them as that
type can tell counts as equal to what it was rounded from (`_SLACK`).

All functions take scores of shape [R, V] and change them in place; entry i of every array in the plans is for row i.
"""

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.backends.backend import Choices, Float32, Int32, SamplingPlans

Float64 = NDArray[np.float64]


_SLACK = 1e-7
"""Relative; half a unit in the last place of a float32 is 6e-8."""


def choose(logits: Float32, plans: SamplingPlans, prompt_scores: Float32) -> Choices:
    """Choose one token for each row of `logits` [R, V], which is overwritten.

    Raises `FloatingPointError` if a row's scores are not numbers, as after an overflow in the model.
    """
    with np.errstate(over="ignore"):  # an extreme temperature or penalty is cut to what float32 holds
        for process in PROCESSORS:
            process(logits, plans)
        logprobs = log_softmax(logits)
    token_ids = np.argmax(logits, axis=1).astype(np.int32)
    sampled = np.flatnonzero(plans.is_sampled)
    token_ids[sampled] = _draw(logits[sampled], plans.seeds[sampled], plans.draws[sampled])
    chosen = logprobs[np.arange(len(token_ids)), token_ids]
    if not np.isfinite(chosen).all():
        raise FloatingPointError("the model's scores are not finite numbers")
    top_starts, top_ids, top_logprobs = _best(logprobs, plans.num_top)
    return Choices(token_ids, chosen, top_starts, top_ids, top_logprobs, prompt_scores)


def log_softmax(scores: Float32) -> Float32:
    """Natural logarithms of the probabilities, row by row."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sums: Float32 = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logprobs: Float32 = shifted - log_sums
    return logprobs


def favour_green(scores: Float32, plans: SamplingPlans) -> None:
    """Add the bias of a row's watermark to the scores of its green tokens."""
    if plans.green is None:
        return
    bits = np.unpackbits(plans.green.view(np.uint8), axis=1, bitorder="little", count=scores.shape[1])
    for row in np.flatnonzero(plans.green_bias != 0.0):
        is_green = bits[row] == 1
        scores[row, is_green] = _finite(scores[row, is_green] + plans.green_bias[row])


def penalise_repetition(scores: Float32, plans: SamplingPlans) -> None:
    """Make tokens seen before less likely: divide their score, or multiply it where it is below 0."""
    for row in np.flatnonzero(plans.repetition_penalty != 1.0):
        penalty, seen = plans.repetition_penalty[row], _history(plans, int(row))
        values = scores[row, seen]
        scores[row, seen] = _finite(np.where(values < 0, values * penalty, values / penalty))


def penalise_frequency(scores: Float32, plans: SamplingPlans) -> None:
    """Take the penalty times the token's share of all tokens so far off its score."""
    for row in np.flatnonzero(plans.frequency_penalty != 0.0):
        seen = _history(plans, int(row))
        shares = np.bincount(seen, minlength=scores.shape[1]).astype(np.float32) / np.float32(len(seen))
        scores[row] -= plans.frequency_penalty[row] * shares


def rule_out_disallowed(scores: Float32, plans: SamplingPlans) -> None:
    """Take away the tokens that a row's grammar does not allow; fails if that leaves none."""
    if plans.allowed is None:
        return
    bits = np.unpackbits(plans.allowed.view(np.uint8), axis=1, bitorder="little", count=scores.shape[1])
    if not bits.any(axis=1).all():
        raise FloatingPointError("a grammar allows no token")
    scores[bits == 0] = -np.inf


def apply_temperature(scores: Float32, plans: SamplingPlans) -> None:
    """Divide the scores; what has been ruled out stays so."""
    rows = np.flatnonzero(plans.temperature != 1.0)
    values = scores[rows]
    scores[rows] = np.where(values > -np.inf, _finite(values / plans.temperature[rows, None]), values)


def keep_top_k(scores: Float32, plans: SamplingPlans) -> None:
    """Keep the k best scores, and what ties with the last of them."""
    vocab_size = scores.shape[1]
    rows = np.flatnonzero((plans.top_k > 0) & (plans.top_k < vocab_size))
    for k in np.unique(plans.top_k[rows]):
        group = rows[plans.top_k[rows] == k]
        values = scores[group]
        kth_best = np.partition(values, vocab_size - k, axis=1)[:, vocab_size - k, None]
        scores[group] = np.where(values < kth_best, -np.inf, values)


def keep_top_p(scores: Float32, plans: SamplingPlans) -> None:
    """Keep each token while the tokens better than it have less than p together; the best always stays."""
    rows = np.flatnonzero(plans.top_p < 1.0)
    values = scores[rows]
    order = np.argsort(-values, axis=1, kind="stable")
    weights = _weights(values)
    probabilities = np.take_along_axis(weights / _total(weights), order, axis=1)
    better = np.cumsum(probabilities, axis=1) - probabilities
    is_wanted = better < _limits(plans.top_p[rows])
    is_wanted[:, 0] = True
    is_kept = np.empty(values.shape, np.bool_)
    np.put_along_axis(is_kept, order, is_wanted, axis=1)
    scores[rows] = np.where(is_kept, values, -np.inf)


def keep_typical(scores: Float32, plans: SamplingPlans) -> None:
    """Keep the tokens whose surprise is nearest to the expected one, until they have `typical_p` together.

    A token's surprise is the logarithm of the total weight less (score - best score), so the expected one is that
    logarithm less the mean of (score - best score), and their distance needs no logarithm.
    """
    rows = np.flatnonzero(plans.typical_p < 1.0)
    values = scores[rows]
    weights = _weights(values)
    total = _total(weights)
    below = _below_best(values)
    with np.errstate(invalid="ignore"):  # 0 * -inf, which counts as 0
        mean = _total(np.where(weights > 0, weights * below, 0.0)) / total
    distance = np.abs(below - mean)
    order = np.argsort(distance, axis=1, kind="stable")
    mass = np.cumsum(np.take_along_axis(weights / total, order, axis=1), axis=1)
    last = np.minimum((mass < _limits(plans.typical_p[rows])).sum(axis=1, keepdims=True), values.shape[1] - 1)
    limit = np.take_along_axis(distance, np.take_along_axis(order, last, axis=1), axis=1)
    scores[rows] = np.where(distance > limit, -np.inf, values)


PROCESSORS = (
    favour_green,
    penalise_repetition,
    penalise_frequency,
    rule_out_disallowed,
    apply_temperature,
    keep_top_k,
    keep_top_p,
    keep_typical,
)
"""In TGI's order."""


def uniform(seed: int, draw: int) -> float:
    """The random number in [0, 1) of a seed's `draw`-th token, from 0.

    The first double of NumPy's Philox4x64-10 (Salmon et al. 2011) with key (seed, 0) and counter (draw, 0, 0, 0),
    which NumPy steps once before use: the top 53 bits of the first word for counter draw + 1.
    """
    bits = np.random.Philox(key=seed, counter=draw)
    return float(np.random.Generator(bits).random())


def _draw(scores: Float32, seeds: NDArray[np.uint64], draws: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Look one random number a row up in the cumulative distribution, in order of token id."""
    cumulative = np.cumsum(_weights(scores), axis=1)
    totals = cumulative[:, -1]
    numbers = np.array([uniform(int(seed), int(draw)) for seed, draw in zip(seeds, draws, strict=True)])
    # Rounding must not reach the total itself: what lies beyond it has been filtered out.
    marks = np.minimum(numbers * totals, np.nextafter(totals, 0.0))
    found: NDArray[np.int64] = np.argmax(cumulative > marks[:, None], axis=1)
    return found


def _best(logprobs: Float32, num_top: Int32) -> tuple[Int32, Int32, Float32]:
    """Rows' best alternatives as (starts, ids, log-probabilities): best first, ties at the cut included."""
    found = [_best_of_row(row, int(num)) for row, num in zip(logprobs, num_top, strict=True)]
    starts = np.zeros(len(found) + 1, np.int32)
    np.cumsum([len(ids) for ids in found], out=starts[1:])
    ids = np.concatenate([*found, np.zeros(0, np.int32)])
    return starts, ids, logprobs[np.repeat(np.arange(len(found)), np.diff(starts)), ids]


def _best_of_row(logprobs: Float32, num: int) -> Int32:
    if num == 0:
        return np.zeros(0, np.int32)
    num = min(num, len(logprobs))
    cut = np.partition(logprobs, -num)[-num]
    ids = np.flatnonzero((logprobs >= cut) & (logprobs > -np.inf))
    return ids[np.argsort(-logprobs[ids], kind="stable")].astype(np.int32)


def _below_best(scores: Float32) -> Float64:
    exact = scores.astype(np.float64)
    below: Float64 = exact - exact.max(axis=1, keepdims=True)
    return below


def _weights(scores: Float32) -> Float64:
    """Probabilities but for their common divisor: 1 for the best."""
    return np.exp(_below_best(scores))


def _total(values: Float64) -> Float64:
    """Sums of rows, [R, 1], added up from the first to the last."""
    totals: Float64 = np.cumsum(values, axis=1)[:, -1:]
    return totals


def _limits(p: Float32) -> Float64:
    """What a mass has to reach, [R, 1]."""
    return p[:, None].astype(np.float64) * (1 - _SLACK)


def _history(plans: SamplingPlans, row: int) -> Int32:
    return plans.history_ids[plans.history_starts[row] : plans.history_starts[row + 1]]


def _finite(scores: Float32) -> Float32:
    """Scores cut to what float32 holds, so that an extreme penalty or temperature makes no infinities of one sign."""
    limit = np.finfo(np.float32).max
    return np.clip(scores, -limit, limit)
