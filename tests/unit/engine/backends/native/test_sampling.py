"""Native sampling against `engine/sampling.py`: the same tokens, ties and log-probabilities from the same logits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.engine.backends.backend import Choices, Float32, Int32, SamplingPlans
from firstbyte.engine.backends.native import _kernels
from firstbyte.engine.grammar import num_words
from firstbyte.engine.sampling import choose, uniform

NUM_ROWS, VOCAB_SIZE = 6, 1000


def plans_of(num_rows: int = NUM_ROWS, histories: list[list[int]] | None = None, **given: Any) -> SamplingPlans:
    """The same values for all rows; neutral where nothing is given."""
    neutral: dict[str, tuple[float, Any]] = {
        "is_sampled": (False, np.bool_),
        "temperature": (1.0, np.float32),
        "top_k": (0, np.int32),
        "top_p": (1.0, np.float32),
        "typical_p": (1.0, np.float32),
        "repetition_penalty": (1.0, np.float32),
        "frequency_penalty": (0.0, np.float32),
        "green_bias": (0.0, np.float32),
        "seeds": (0, np.uint64),
        "num_top": (0, np.int32),
    }
    arrays = {name: np.full(num_rows, given.get(name, value), dtype) for name, (value, dtype) in neutral.items()}
    histories = histories or [[] for _ in range(num_rows)]
    return SamplingPlans(
        sequences=np.arange(num_rows, dtype=np.int32),
        draws=np.arange(num_rows, dtype=np.uint64),
        history_ids=np.array([each for history in histories for each in history], np.int32),
        history_starts=np.cumsum([0, *map(len, histories)], dtype=np.int32),
        allowed=given.get("allowed"),
        green=given.get("green"),
        **arrays,
    )


def random_masks(seed: int, num_rows: int, vocab_size: int) -> Int32:
    """About half of the tokens; all in the last row; bits beyond the vocabulary are set or not."""
    words = np.random.default_rng(seed).integers(-(2**31), 2**31, (num_rows, num_words(vocab_size))).astype(np.int32)
    words[-1], words[:, 0] = -1, words[:, 0] | 1
    return words


def logits_of(seed: int, num_rows: int = NUM_ROWS, vocab_size: int = VOCAB_SIZE, scale: float = 3.0) -> Float32:
    return (scale * np.random.default_rng(seed).standard_normal((num_rows, vocab_size))).astype(np.float32)


def native(logits: Float32, plans: SamplingPlans, isa: str = "") -> Choices:
    return Choices(*_kernels.choose(logits, plans, isa))


def assert_same(logits: Float32, plans: SamplingPlans, isa: str = "", atol: float = 1e-5) -> None:
    got = native(logits, plans, isa)
    expected = choose(logits.copy(), plans, np.zeros(0, np.float32))
    np.testing.assert_array_equal(got.token_ids, expected.token_ids)
    np.testing.assert_allclose(got.logprobs, expected.logprobs, rtol=1e-5, atol=atol)
    np.testing.assert_array_equal(got.top_starts, expected.top_starts)
    np.testing.assert_array_equal(got.top_ids, expected.top_ids)
    np.testing.assert_allclose(got.top_logprobs, expected.top_logprobs, rtol=1e-5, atol=atol)


SETTINGS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "top_tokens": {"num_top": 5},
    "sampled": {"is_sampled": True},
    "temperature": {"is_sampled": True, "temperature": 0.7},
    "top_k": {"is_sampled": True, "top_k": 50},
    "top_p": {"is_sampled": True, "top_p": 0.6},
    "typical_p": {"is_sampled": True, "typical_p": 0.4},
    "top_p_of_all": {"is_sampled": True, "top_p": 0.9999},
    "tiny_top_p": {"is_sampled": True, "top_p": 1e-30},
    "tiny_typical_p": {"is_sampled": True, "typical_p": 1e-30},
    "huge_top_k": {"is_sampled": True, "top_k": 999},
    "cold": {"is_sampled": True, "temperature": 1e-30},
    "hot": {"is_sampled": True, "temperature": 1e30},
    "penalties": {"repetition_penalty": 1.3, "frequency_penalty": 0.5},
    "extreme_penalty": {"repetition_penalty": 1e38},
    "workload": {
        "is_sampled": True,
        "temperature": 0.9,
        "top_k": 50,
        "top_p": 0.6,
        "repetition_penalty": 1.03,
        "num_top": 3,
    },
    "all": {
        "is_sampled": True,
        "temperature": 1.4,
        "top_k": 300,
        "top_p": 0.95,
        "typical_p": 0.9,
        "repetition_penalty": 0.8,
        "frequency_penalty": -0.4,
        "num_top": 400,
    },
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("vocab_size", [3, 97, 1000, 32000])
def test_equals_the_reference(isa: str, name: str, vocab_size: int) -> None:
    histories = np.random.default_rng(1).integers(0, vocab_size, (NUM_ROWS, 40)).tolist()
    given_ = dict(SETTINGS[name])
    if "top_k" in given_:
        given_["top_k"] = min(given_["top_k"], vocab_size + 1)

    assert_same(logits_of(2, vocab_size=vocab_size), plans_of(histories=histories, seeds=11, **given_), isa)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("vocab_size", [3, 64, 97, 1000])
def test_masks_are_applied_as_in_the_reference(isa: str, name: str, vocab_size: int) -> None:
    histories = np.random.default_rng(1).integers(0, vocab_size, (NUM_ROWS, 40)).tolist()
    masks = random_masks(6, NUM_ROWS, vocab_size)

    plans = plans_of(histories=histories, seeds=12, allowed=masks, **SETTINGS[name])

    assert_same(logits_of(7, vocab_size=vocab_size), plans, isa)
    is_allowed = masks[np.arange(NUM_ROWS), (ids := native(logits_of(7, vocab_size=vocab_size), plans).token_ids) // 32]
    assert np.all(is_allowed >> ids % 32 & 1)


@pytest.mark.parametrize("vocab_size", [3, 64, 97, 1000])
def test_a_watermark_is_applied_before_all_else(isa: str, vocab_size: int) -> None:
    histories = np.random.default_rng(1).integers(0, vocab_size, (NUM_ROWS, 40)).tolist()
    green = random_masks(8, NUM_ROWS, vocab_size)

    for bias, name in ((2.0, "penalties"), (3e38, "greedy"), (-1.0, "all")):
        plans = plans_of(histories=histories, seeds=12, green=green, green_bias=bias, **SETTINGS[name])
        assert_same(logits_of(7, vocab_size=vocab_size), plans, isa)


@pytest.mark.parametrize("name", ["allowed", "green"])
def test_bits_that_differ_in_their_words_are_refused(name: str) -> None:
    words: dict[str, Any] = {other: random_masks(6, NUM_ROWS, VOCAB_SIZE) for other in ("allowed", "green")}
    words[name] = random_masks(6, NUM_ROWS, VOCAB_SIZE + 32)

    with pytest.raises(ValueError, match="differ in their words"):
        native(logits_of(7), plans_of(**words))


def test_a_mask_that_allows_nothing_fails() -> None:
    masks = random_masks(6, NUM_ROWS, VOCAB_SIZE)
    masks[3] = 0

    with pytest.raises(FloatingPointError, match="a grammar allows no token"):
        native(logits_of(7), plans_of(allowed=masks))


def test_masks_of_another_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match="a bit for each token"):
        native(logits_of(7), plans_of(allowed=random_masks(6, NUM_ROWS, VOCAB_SIZE + 32)))


@pytest.mark.parametrize("top_p", [0.2, 0.4, 0.6, 0.7])
@pytest.mark.parametrize("name", ["top_p", "typical_p"])
def test_a_sum_that_meets_p_is_seen_to_do_so(isa: str, name: str, top_p: float) -> None:
    """Ten tokens of equal probability, or five pairs: as float32 some of these p are a little more, some less."""
    flat = np.zeros((NUM_ROWS, 10), np.float32)
    steps = np.log(np.repeat([1, 2, 3, 4, 5], 2)).astype(np.float32)[None].repeat(NUM_ROWS, axis=0)
    share: dict[str, Any] = {name: top_p}
    for logits in (flat, np.ascontiguousarray(steps)):
        assert_same(logits, plans_of(is_sampled=True, num_top=10, **share), isa)
    if name == "top_p":
        assert len(native(flat, plans_of(is_sampled=True, num_top=10, top_p=top_p), isa).top_ids) == 60 * top_p


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32),
    st.fixed_dictionaries(
        {
            "is_sampled": st.booleans(),
            "temperature": st.sampled_from([1.0, 0.3, 1.7]),
            "top_k": st.sampled_from([0, 1, 5, 60, 700]),
            "top_p": st.sampled_from([1.0, 0.2, 0.95]),
            "typical_p": st.sampled_from([1.0, 0.2, 0.95]),
            "repetition_penalty": st.sampled_from([1.0, 1.5]),
            "frequency_penalty": st.sampled_from([0.0, 0.7]),
            "green_bias": st.sampled_from([0.0, 2.0, -1.5]),
            "num_top": st.sampled_from([0, 1, 7]),
        }
    ),
    st.sampled_from([0.2, 3.0]),
    st.booleans(),
    st.booleans(),
)
def test_equals_the_reference_for_any_settings(
    seed: int, chosen: dict[str, Any], scale: float, is_guided: bool, is_marked: bool
) -> None:
    histories = np.random.default_rng(seed).integers(0, VOCAB_SIZE, (NUM_ROWS, 30)).tolist()
    masks = random_masks(seed, NUM_ROWS, VOCAB_SIZE) if is_guided else None
    green = random_masks(seed + 1, NUM_ROWS, VOCAB_SIZE) if is_marked else None

    plans = plans_of(histories=histories, seeds=seed, allowed=masks, green=green, **chosen)

    assert_same(logits_of(seed, scale=scale), plans)


@pytest.mark.parametrize("name", ["greedy", "top_tokens", "top_k", "top_p", "typical_p", "workload"])
def test_ties_are_treated_alike(isa: str, name: str) -> None:
    logits = np.round(logits_of(3), 0)

    assert_same(logits, plans_of(seeds=5, **SETTINGS[name]), isa)


def test_tied_alternatives_are_all_listed() -> None:
    logits = np.zeros((1, 50), np.float32)
    logits[0, [7, 20, 33, 41]] = 2.0

    assert native(logits, plans_of(1, num_top=2)).top_ids.tolist() == [7, 20, 33, 41]


def test_filtered_alternatives_are_not_listed() -> None:
    assert len(native(logits_of(4, 1), plans_of(1, top_k=3, num_top=8)).top_ids) == 3


@pytest.mark.parametrize(("seed", "draw"), [(0, 0), (1, 2), (2**64 - 1, 5), (123456789, 2**64 - 2), (42, 2**64 - 1)])
def test_random_numbers_are_those_of_the_reference(seed: int, draw: int) -> None:
    if draw < 2**64 - 1:
        assert _kernels.uniform(seed, draw) == uniform(seed, draw)
    assert 0 <= _kernels.uniform(seed, draw) < 1


def test_draws_follow_the_distribution() -> None:
    """Chi-squared over 20 000 draws of 8 tokens: 29.9 is exceeded once in 10 000 times at 7 degrees of freedom."""
    logits = np.log(np.arange(1, 9, dtype=np.float32))[None].repeat(20_000, axis=0)

    drawn = native(np.ascontiguousarray(logits), plans_of(20_000, is_sampled=True, seeds=99)).token_ids

    expected = 20_000 * np.arange(1, 9) / 36
    assert np.sum((np.bincount(drawn, minlength=8) - expected) ** 2 / expected) < 29.9


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite_fail(value: float) -> None:
    logits = logits_of(5)
    logits[2, 500] = value

    with pytest.raises(FloatingPointError):
        native(logits, plans_of())
