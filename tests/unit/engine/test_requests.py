"""When a request is sampled and when it is greedy: TGI's rule."""

from typing import Any

import pytest

from firstbyte.engine.requests import Sampling


@pytest.mark.parametrize(
    ("given", "is_greedy"),
    [
        ({}, True),
        ({"do_sample": True}, False),
        ({"temperature": 0.9}, False),  # although do_sample is false
        ({"top_k": 50}, False),
        ({"top_p": 0.6}, False),
        ({"typical_p": 0.5}, False),
        ({"repetition_penalty": 1.03, "frequency_penalty": 0.5, "seed": 7}, True),
    ],
)
def test_any_warper_turns_sampling_on(given: dict[str, Any], is_greedy: bool) -> None:
    assert Sampling(**given).is_greedy is is_greedy
