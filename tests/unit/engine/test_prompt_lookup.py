"""Guesses from what stood before, and that they change nothing but the number of steps."""

import asyncio
from typing import Any

import numpy as np
import pytest

from firstbyte.engine.backends.echo import EchoBackend, WordTokenizer
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.prompt_lookup import find_draft
from firstbyte.engine.requests import FinishReason, GenerateRequest, Sampling, TokenEvent
from firstbyte.engine.service import EngineService
from firstbyte.engine.stats import EngineStats

WORDS = WordTokenizer()
BOS, EOS = WORDS.encode("")[0], 2
NUM_BLOCKS = 64


@pytest.mark.parametrize(
    ("token_ids", "num_tokens", "draft"),
    [
        ([1, 2, 3, 4, 5, 2, 3], 2, (4, 5)),
        ([1, 2, 3, 4, 5, 2, 3], 9, (4, 5, 2, 3)),
        ([9, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3], 2, (5, 1)),  # three alike tell more than two
        ([2, 3, 4, 2, 3, 5, 8, 8, 2, 3], 2, (5, 8)),  # the latest
        ([2, 3, 4, 6, 7, 2, 3, 5, 2, 3], 4, (4, 6, 7, 2)),  # the latest that enough follows
        ([7, 7, 7], 3, (7,)),
        ([7, 7, 7, 7, 7], 9, (7, 7)),
        ([1, 2, 3, 4, 5, 3], 2, ()),  # a single one is chance
        ([2, 3], 2, ()),
        ([2], 2, ()),
    ],
)
def test_the_draft_is_what_followed_before(token_ids: list[int], num_tokens: int, draft: tuple[int, ...]) -> None:
    assert find_draft(np.array(token_ids, np.int32), num_tokens) == draft


async def play(*requests: GenerateRequest, **options: Any) -> tuple[list[list[TokenEvent]], EngineStats]:
    """All requests together on the echo backend, which says the prompt again."""
    defaults: dict[str, Any] = {"num_blocks": NUM_BLOCKS, "block_len": 4, "max_total_tokens": 128}
    service = EngineService(EchoBackend(), WORDS, EngineOptions(**(defaults | options)))
    try:
        events = await asyncio.gather(*[collect(service, request) for request in requests])
        return list(events), service.stats()
    finally:
        await service.close()


async def collect(service: EngineService, request: GenerateRequest) -> list[TokenEvent]:
    return [event async for event in service.generate(request)]


def song(*, prompt_ids: tuple[int, ...] = (), max_new_tokens: int = 40, **more: Any) -> GenerateRequest:
    """Words that come round again."""
    ids = prompt_ids or tuple(WORDS.encode("row row row your boat gently down the stream row row row your boat"))
    return GenerateRequest(ids, max_new_tokens, **more)


REQUESTS = {
    "to_the_end": song(),
    "length": song(max_new_tokens=7),
    "one_token": song(max_new_tokens=1),
    "stop_string": song(stop=(" gently",)),
    "eos_in_the_midst": song(prompt_ids=(BOS, 300, 301, 302, EOS, 303, 304, 300, 301, 302)),
    "eos_ignored": song(prompt_ids=(BOS, 300, 301, 302, EOS, 303, 304, 300, 301, 302), ignore_eos=True),
    "penalties": song(sampling=Sampling(repetition_penalty=1.2, frequency_penalty=0.3)),
    "alternatives": song(num_top_tokens=1),
    "prompt_scored": song(prompt_logprobs=True),
    "sampled": song(sampling=Sampling(do_sample=True, seed=5)),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("num_tokens", [1, 3, 10])
async def test_events_are_the_same_with_and_without(name: str, num_tokens: int) -> None:
    (expected,), plain = await play(REQUESTS[name])
    (events,), stats = await play(REQUESTS[name], prompt_lookup_num_tokens=num_tokens)

    assert events == expected
    assert stats.num_free_blocks == NUM_BLOCKS
    if name in ("sampled", "one_token"):
        assert stats.num_draft_tokens == 0
    else:
        assert 0 < stats.num_accepted_tokens <= stats.num_draft_tokens
        assert stats.num_steps < plain.num_steps


async def test_a_stop_string_in_a_draft_ends_the_text_there() -> None:
    (events,), _ = await play(REQUESTS["stop_string"], prompt_lookup_num_tokens=10)

    assert events[-1].finish is not None
    assert events[-1].finish.reason is FinishReason.STOP_SEQUENCE
    assert events[-1].finish.generated_text == "row row row your boat gently"
    assert events[-1].finish.num_generated == len(events) == 6


async def test_neighbours_and_little_memory_change_nothing() -> None:
    requests = [*REQUESTS.values()] * 2
    expected = [(await play(request))[0][0] for request in requests]

    events, stats = await play(
        *requests, prompt_lookup_num_tokens=6, num_blocks=24, max_batch_size=6, max_total_tokens=60
    )

    assert events == expected
    assert stats.num_preemptions > 0
    assert stats.num_accepted_tokens > 0
    assert stats.num_free_blocks == 24


async def test_it_is_off_unless_asked_for() -> None:
    _, stats = await play(song())

    assert (stats.num_draft_tokens, stats.num_accepted_tokens) == (0, 0)
