from typing import Any

import pytest

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.engine.requests import GenerateRequest, Sampling


async def asked(**body: Any) -> GenerateRequest:
    engine = FakeEngine()
    await play(lmi("0.36.0"), post("/invocations", {"prompt": ["hi"], **body}), engine)
    return engine.requests[0]


async def test_defaults_are_vllms() -> None:
    request = await asked()
    assert (request.max_new_tokens, request.sampling, len(request.prompt_ids)) == (16, Sampling(do_sample=True), 3)


async def test_fields_become_parameters() -> None:
    request = await asked(max_tokens=5, temperature=0.5, top_p=0.25, top_k=3, seed=1, stop=["x"], model="any", n=1)
    assert request.sampling == Sampling(do_sample=True, temperature=0.5, top_p=0.25, top_k=3, seed=1)
    assert (request.max_new_tokens, request.stop) == (5, ("x",))
    assert (await asked(temperature=0)).sampling.is_greedy


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"prompt": ["a", "b"]}, 424, "'prompt' must be one string"),
        ({"prompt": [1, 2]}, 424, "'prompt' must be one string"),
        ({"echo": True}, 400, "echo is not served here"),
        ({"logprobs": 1}, 400, "logprobs is not served here"),
        ({"best_of": 2}, 400, "best_of must be 1: one choice is served here"),
        ({"max_tokens": 0}, 400, "max_tokens must be at least 1, got 0."),
    ],
)
async def test_what_is_refused(body: dict[str, Any], status: int, reason: str) -> None:
    answer = await play(lmi("0.36.0"), post("/invocations", {"prompt": "hi", **body}))
    assert (answer.status, answer.json["code"]) == (status, status)
    assert answer.json["error"].endswith(reason)


async def test_prompts_are_todays() -> None:
    answer = await play(lmi("0.29.0"), post("/invocations", {"prompt": "hi"}))
    assert (answer.status, answer.json["error"].endswith("Invalid Request Property: 'inputs'")) == (424, True)
