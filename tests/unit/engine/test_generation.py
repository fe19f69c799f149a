"""From chosen tokens to events."""

import numpy as np
import pytest

from firstbyte.engine.backends.backend import Choices
from firstbyte.engine.backends.echo import WordTokenizer
from firstbyte.engine.generation import Generation
from firstbyte.engine.requests import Finish, FinishReason, GenerateRequest, PromptToken, Sampling, TopToken
from firstbyte.engine.sequence import Sequence

EOS = 2


def choices_of(*token_ids: int) -> Choices:
    """Row by row: a token with log-probability -0.5, and as alternatives itself and EOS."""
    num_rows = len(token_ids)
    return Choices(
        token_ids=np.array(token_ids, np.int32),
        logprobs=np.full(num_rows, -0.5, np.float32),
        top_starts=np.arange(0, 2 * num_rows + 1, 2, dtype=np.int32),
        top_ids=np.array([token_id for each in token_ids for token_id in (each, EOS)], np.int32),
        top_logprobs=np.array([-0.5, -1.5] * num_rows, np.float32),
        scores=np.zeros(0, np.float32),
    )


@pytest.fixture
def tokenizer() -> WordTokenizer:
    return WordTokenizer()


def test_an_event_is_made_of_its_row(tokenizer: WordTokenizer) -> None:
    prompt, (other, mine) = tuple(tokenizer.encode("one two")), tokenizer.encode(" other mine", False)
    generation = Generation(Sequence(1, GenerateRequest(prompt, 5, num_top_tokens=2)), tokenizer, frozenset({EOS}))
    generation.sequence.append(mine)

    event = generation.advance(choices_of(other, mine), row=1)

    assert (event.index, event.token_id, event.text, event.logprob, event.special) == (1, mine, " mine", -0.5, False)
    assert event.top_tokens == (TopToken(mine, " mine", -0.5, False), TopToken(EOS, "</s>", -1.5, True))
    assert event.finish is None


def test_the_last_event_sums_up(tokenizer: WordTokenizer) -> None:
    prompt = tuple(tokenizer.encode("one two"))
    request = GenerateRequest(prompt, 5, Sampling(do_sample=True), prompt_logprobs=True)
    generation = Generation(Sequence(1, request, seed=77), tokenizer, frozenset({EOS}))
    generation.score_prompt(1, [-2.0])
    generation.score_prompt(2, [-3.0])
    generation.sequence.append(EOS)

    event = generation.advance(choices_of(EOS), row=0)

    assert event.special
    assert event.finish == Finish(
        reason=FinishReason.EOS_TOKEN,
        generated_text="",
        num_generated=1,
        seed=77,
        num_prompt=3,
        prompt_tokens=(
            PromptToken(prompt[0], "<s>", None),
            PromptToken(prompt[1], "one", -2.0),
            PromptToken(prompt[2], " two", -3.0),
        ),
    )
