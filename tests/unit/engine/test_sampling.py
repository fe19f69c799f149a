"""Each processor against its formula written out in plain Python, and the draw against the distribution."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.plans import plans_of
from firstbyte.engine import sampling
from firstbyte.engine.backends.backend import Choices, Float32, SamplingPlans
from firstbyte.engine.sampling import choose

finite = st.floats(-20, 20, width=32, allow_subnormal=False)
rows_of_scores = st.integers(2, 12).flatmap(
    lambda width: st.lists(st.lists(finite, min_size=width, max_size=width), min_size=1, max_size=4)
)


def scores_of(*rows: list[float]) -> Float32:
    return np.array(rows, np.float32)


def run(logits: Float32, given_plans: SamplingPlans) -> Choices:
    return choose(logits, given_plans, np.zeros(0, np.float32))


def softmax(row: list[float]) -> list[float]:
    best = max(row)
    powers = [math.exp(score - best) for score in row]
    return [power / sum(powers) for power in powers]


def kept(scores: Float32) -> list[list[int]]:
    return [[index for index, score in enumerate(row) if score > -math.inf] for row in scores.tolist()]


def plain_top_p(row: list[float], top_p: float) -> list[int]:
    """From the worst up, drop while what is dropped has at most 1 - p together; never the last."""
    order = sorted(range(len(row)), key=lambda index: (row[index], -index))
    shares, total, dropped = softmax(row), 0.0, []
    for index in order[:-1]:
        total += shares[index]
        if total <= 1 - top_p:
            dropped.append(index)
    return [index for index in range(len(row)) if index not in dropped]


def plain_typical(row: list[float], mass: float) -> list[int]:
    """The fewest tokens, nearest to the expected surprise first, that have the mass together; ties at the cut stay."""
    shares = softmax(row)
    entropy = -sum(share * math.log(share) for share in shares if share > 0)
    distance = [abs(-math.log(share) - entropy) if share > 0 else math.inf for share in shares]
    total, limit = 0.0, math.inf
    for index in sorted(range(len(row)), key=lambda index: distance[index]):
        total, limit = total + shares[index], distance[index]
        if total >= mass:
            break
    return [index for index in range(len(row)) if distance[index] <= limit]


@given(rows=rows_of_scores, penalty=st.floats(0.5, 2.0, width=32), data=st.data())
def test_repetition_penalty(rows: list[list[float]], penalty: float, data: st.DataObject) -> None:
    history = [data.draw(st.lists(st.integers(0, len(row) - 1), max_size=5)) for row in rows]
    scores = scores_of(*rows)

    sampling.penalise_repetition(scores, plans_of(len(rows), history, repetition_penalty=penalty))

    expected = [
        [(s * penalty if s < 0 else s / penalty) if index in seen else s for index, s in enumerate(row)]
        for row, seen in zip(rows, history, strict=True)
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


@given(rows=rows_of_scores, penalty=st.floats(-2.0, 2.0, width=32), data=st.data())
def test_frequency_penalty_is_by_share_of_all_tokens(
    rows: list[list[float]], penalty: float, data: st.DataObject
) -> None:
    history = [data.draw(st.lists(st.integers(0, len(row) - 1), min_size=1, max_size=5)) for row in rows]
    scores = scores_of(*rows)

    sampling.penalise_frequency(scores, plans_of(len(rows), history, frequency_penalty=penalty))

    expected = [
        [s - penalty * seen.count(index) / len(seen) for index, s in enumerate(row)]
        for row, seen in zip(rows, history, strict=True)
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


@given(rows=rows_of_scores, temperature=st.floats(0.125, 4.0, width=32))
def test_temperature_divides(rows: list[list[float]], temperature: float) -> None:
    scores = scores_of(*rows)

    sampling.apply_temperature(scores, plans_of(len(rows), temperature=temperature))

    np.testing.assert_allclose(scores, [[score / temperature for score in row] for row in rows], rtol=1e-6, atol=1e-30)


@given(rows=rows_of_scores, top_k=st.integers(0, 15))
def test_top_k_keeps_the_k_best_and_their_ties(rows: list[list[float]], top_k: int) -> None:
    scores = scores_of(*rows)

    sampling.keep_top_k(scores, plans_of(len(rows), top_k=top_k))

    cuts = [sorted(row, reverse=True)[min(top_k or len(row), len(row)) - 1] for row in rows]
    expected = [[i for i, s in enumerate(row) if s >= cut] for row, cut in zip(rows, cuts, strict=True)]
    assert kept(scores) == expected


# Multiples of a quarter keep the sums far enough from the cut for float32 and float64 to agree.
coarse_rows = st.lists(st.integers(-12, 12).map(lambda n: n / 4), min_size=2, max_size=10, unique=True)


@given(row=coarse_rows, top_p=st.sampled_from([0.0123, 0.2345, 0.5432, 0.6, 0.8765, 0.9, 0.98765]))
def test_top_p(row: list[float], top_p: float) -> None:
    scores = scores_of(row)

    sampling.keep_top_p(scores, plans_of(1, top_p=top_p))

    assert kept(scores) == [plain_top_p(row, top_p)]


@given(row=coarse_rows, mass=st.sampled_from([0.0123, 0.2345, 0.5432, 0.8765, 0.98765]))
def test_typical_p(row: list[float], mass: float) -> None:
    scores = scores_of(row)

    sampling.keep_typical(scores, plans_of(1, typical_p=mass))

    assert kept(scores) == [plain_typical(row, mass)]


def test_a_vanishing_top_p_keeps_the_best() -> None:
    scores = scores_of([1.0, 3.0, 2.0])

    sampling.keep_top_p(scores, plans_of(1, top_p=1e-60))

    assert kept(scores) == [[1]]


@pytest.mark.parametrize("field", ["temperature", "repetition_penalty"])
@pytest.mark.parametrize("value", [1e-38, 1e38])
def test_extreme_values_leave_finite_scores(field: str, value: float) -> None:
    scores = scores_of([5.0, -5.0, 20.0, 0.0])

    choices = run(scores, plans_of(1, [[0, 1, 2]], **{field: value}))

    assert np.isfinite(choices.logprobs).all()


def test_processors_run_in_tgis_order() -> None:
    """All but the last on, where any other order of these would keep other tokens or give other probabilities."""
    row, seen = [3.0, 2.5, 2.0, 1.0, 0.5, -1.0], [0, 0, 1, 5]
    warped = [s if i not in seen else s * 1.5 if s < 0 else s / 1.5 for i, s in enumerate(row)]
    warped = [(s - 1.2 * seen.count(i) / len(seen)) / 0.7 for i, s in enumerate(warped)]
    top_k = sorted(range(6), key=lambda i: -warped[i])[:4]
    top_p = [top_k[i] for i in plain_top_p([warped[i] for i in top_k], 0.8)]

    choices = run(
        scores_of(row),
        plans_of(
            1,
            [seen],
            is_sampled=True,
            repetition_penalty=1.5,
            frequency_penalty=1.2,
            temperature=0.7,
            top_k=4,
            top_p=0.8,
            num_top=6,
        ),
    )

    shares = softmax([warped[i] for i in top_p])
    assert choices.top_ids.tolist() == top_p
    np.testing.assert_allclose(choices.top_logprobs, np.log(shares), rtol=1e-5)


def test_greedy_takes_the_best_after_the_repetition_penalty() -> None:
    choices = run(scores_of([4.0, 3.0, -1.0]), plans_of(1, [[0]], repetition_penalty=2.0))

    assert choices.token_ids.tolist() == [1]
    assert choices.logprobs[0] == pytest.approx(math.log(softmax([2.0, 3.0, -1.0])[1]), abs=1e-6)


def test_the_logprob_is_that_of_the_warped_scores() -> None:
    choices = run(scores_of([1.0, 2.0, 3.0]), plans_of(1, is_sampled=True, temperature=0.5, top_k=2))

    expected = softmax([4.0, 6.0])
    assert choices.logprobs[0] == pytest.approx(math.log(expected[choices.token_ids[0] - 1]), abs=1e-6)


def test_rows_are_processed_each_by_its_own_plan() -> None:
    logits = np.random.default_rng(1).standard_normal((6, 30)).astype(np.float32) * 3
    own: dict[str, list[Any]] = {
        "is_sampled": [False, True, True, True, True, False],
        "temperature": [1.0, 0.5, 1.0, 2.0, 1.0, 1.0],
        "top_k": [0, 5, 0, 3, 0, 0],
        "top_p": [1.0, 0.6, 0.9, 1.0, 1.0, 1.0],
        "typical_p": [1.0, 1.0, 1.0, 0.7, 0.4, 1.0],
        "repetition_penalty": [1.3, 1.0, 1.1, 1.0, 1.0, 1.0],
        "frequency_penalty": [0.0, 0.7, 0.0, 0.0, 0.0, 0.0],
        "seeds": [1, 2, 3, 4, 5, 6],
        "draws": [0, 9, 3, 1, 2, 7],
        "num_top": [2, 0, 3, 1, 0, 5],
    }
    history = [[1, 2], [3, 3], [4], [5], [6], [7]]

    together = run(logits.copy(), plans_of(6, history, **own))

    for row in range(6):
        alone = run(logits[[row]].copy(), plans_of(1, [history[row]], **{name: own[name][row] for name in own}))
        span = slice(together.top_starts[row], together.top_starts[row + 1])
        assert alone.token_ids[0] == together.token_ids[row]
        assert alone.logprobs[0] == together.logprobs[row]
        assert alone.top_ids.tolist() == together.top_ids[span].tolist()


def test_alternatives_include_ties_at_the_cut_and_exclude_the_impossible() -> None:
    ties = run(scores_of([1.0, 3.0, 2.0, 2.0, 0.0]), plans_of(1, num_top=2))
    filtered = run(scores_of([1.0, 3.0, 2.0]), plans_of(1, is_sampled=True, top_k=2, num_top=3))

    assert ties.top_ids.tolist() == [1, 2, 3]
    assert filtered.top_ids.tolist() == [1, 2]


def test_the_random_number_is_a_function_of_seed_and_draw() -> None:
    numbers = {(seed, draw): sampling.uniform(seed, draw) for seed in (0, 1, 2**64 - 1) for draw in range(50)}

    assert all(0 <= number < 1 for number in numbers.values())
    assert len(set(numbers.values())) == len(numbers)
    assert sampling.uniform(7, 3) == sampling.uniform(7, 3)


def test_a_native_backend_can_make_the_same_number() -> None:
    """Philox4x64-10 written out, for key (seed, 0) and counter (draw + 1, 0, 0, 0)."""
    mask = 2**64 - 1

    def philox(counter: list[int], key: list[int]) -> int:
        for round_ in range(10):
            if round_:
                key = [(key[0] + 0x9E3779B97F4A7C15) & mask, (key[1] + 0xBB67AE8584CAA73B) & mask]
            low = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
            counter = [
                (low[1] >> 64) ^ counter[1] ^ key[0],
                low[1] & mask,
                (low[0] >> 64) ^ counter[3] ^ key[1],
                low[0] & mask,
            ]
        return counter[0]

    for seed, draw in [(0, 0), (42, 5), (2**64 - 1, 1000)]:
        assert sampling.uniform(seed, draw) == (philox([draw + 1, 0, 0, 0], [seed, 0]) >> 11) / 2**53


@pytest.mark.parametrize("warp", [{}, {"top_k": 4}, {"temperature": 1.7, "top_p": 0.8}])
def test_draws_follow_the_distribution(warp: dict[str, Any]) -> None:
    """Pearson's chi-squared over 6 000 seeds; 30 is beyond the 99.97th percentile at up to 8 degrees of freedom."""
    num_rows, row = 6000, [2.0, 1.0, 0.5, 0.0, -0.5, -1.0, 1.5, 0.2, -3.0]
    logits = np.tile(np.array(row, np.float32), (num_rows, 1))

    choices = run(logits, plans_of(num_rows, is_sampled=True, seeds=np.arange(num_rows), **warp))

    expected = np.exp(sampling.log_softmax(logits))[0] * num_rows
    observed = np.bincount(choices.token_ids, minlength=len(row))
    possible = expected > 0
    assert not observed[~possible].any()
    assert float((((observed - expected) ** 2)[possible] / expected[possible]).sum()) < 30


def test_scores_that_are_not_numbers_are_an_error() -> None:
    with pytest.raises(FloatingPointError, match="not finite"):
        run(scores_of([1.0, math.nan]), plans_of(1))


def test_no_rows_give_no_choices() -> None:
    choices = run(np.zeros((0, 5), np.float32), plans_of(0))

    assert (len(choices.token_ids), choices.top_starts.tolist()) == (0, [0])


def test_a_watermark_favours_the_green_before_the_penalties() -> None:
    plans = plans_of(2, [[2], []], repetition_penalty=[4.0, 1.0], green_bias=[3.0, 0.0])
    plans = dataclasses.replace(plans, green=np.array([[0b00101], [0b11111]], np.int32))
    scores = scores_of([1.0, 2.0, 1.0, 4.0], [1.0, 2.0, 1.0, 4.0])

    sampling.favour_green(scores, plans)
    sampling.penalise_repetition(scores, plans)

    assert scores.tolist() == [[4.0, 2.0, 1.0, 4.0], [1.0, 2.0, 1.0, 4.0]]
    assert sampling.PROCESSORS[:2] == (sampling.favour_green, sampling.penalise_repetition)


def test_a_grammar_leaves_only_what_it_allows() -> None:
    allowed = np.array([[0b10100], [-1]], np.int32)
    plans = dataclasses.replace(plans_of(2, num_top=5), allowed=allowed)
    logits = np.array([[9, 8, 1, 7, 2], [9, 8, 1, 7, 2]], np.float32)
    choices = choose(logits, plans, np.zeros(0, np.float32))
    assert choices.token_ids.tolist() == [4, 0]
    assert choices.top_ids[: choices.top_starts[1]].tolist() == [4, 2]
    assert choices.logprobs[0] == pytest.approx(-np.log1p(np.exp(-1.0)))


def test_no_temperature_brings_back_what_a_grammar_ruled_out() -> None:
    plans = plans_of(1, num_top=5, temperature=1e-38, is_sampled=True)
    plans = dataclasses.replace(plans, allowed=np.array([[0b10100]], np.int32))
    choices = choose(np.array([[9, 8, -1, 7, -2]], np.float32), plans, np.zeros(0, np.float32))
    assert choices.top_ids.tolist() == [2, 4]
    assert choices.token_ids[0] in (2, 4)


def test_a_grammar_that_allows_nothing_fails_the_step() -> None:
    plans = dataclasses.replace(plans_of(1), allowed=np.zeros((1, 1), np.int32))
    with pytest.raises(FloatingPointError, match="allows no token"):
        choose(np.zeros((1, 5), np.float32), plans, np.zeros(0, np.float32))
