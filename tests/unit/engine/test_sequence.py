"""What a sequence counts."""

from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.sequence import Sequence


def test_pending_tokens_are_those_known_and_not_computed() -> None:
    sequence = Sequence(1, GenerateRequest((5, 6, 7), max_new_tokens=4))
    assert (sequence.num_pending, sequence.num_generated, sequence.max_tokens) == (3, 0, 7)

    sequence.num_computed = 3
    sequence.append(9)

    assert (sequence.num_pending, sequence.num_generated) == (1, 1)
    assert sequence.token_ids.tolist() == [5, 6, 7, 9]
    assert repr(sequence) == "<Sequence 1: 3 of 4 computed>"


def test_its_tokens_are_a_view_that_costs_nothing() -> None:
    sequence = Sequence(1, GenerateRequest((5, 6), max_new_tokens=4))

    assert sequence.token_ids.base is sequence.token_ids[:1].base


def test_drafts_are_for_greedy_generations_and_end_with_them() -> None:
    greedy = Sequence(0, GenerateRequest((1, 2), 3))
    assert greedy.num_draftable == 2
    greedy.append(5)
    greedy.append(5)
    assert greedy.num_draftable == 0
    assert Sequence(0, GenerateRequest((1, 2), 3, Sampling(do_sample=True))).num_draftable == 0
