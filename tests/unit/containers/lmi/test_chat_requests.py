from typing import Any

import pytest

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.engine.requests import GenerateRequest, Sampling

PREFIX = "Input Parsing failed. Ensure that the request payload is valid. "
HELLO = {"role": "user", "content": "hi"}


async def asked(version: str = "0.28.0", **members: Any) -> GenerateRequest:
    engine = FakeEngine()
    await play(lmi(version), post("/invocations", {"messages": [HELLO], **members}), engine)
    return engine.requests[0]


async def test_fields_become_parameters() -> None:
    request = await asked(
        max_tokens=7, temperature=0.5, top_p=0.25, seed=3, stop="x", ignore_eos=True, user="me", model="any"
    )
    assert request.sampling == Sampling(do_sample=True, temperature=0.5, top_p=0.25, seed=3)
    assert (request.max_new_tokens, request.stop, request.ignore_eos) == (7, ("x",), True)


async def test_temperature_of_0_is_greedy_and_none_samples() -> None:
    assert (await asked(temperature=0)).sampling.is_greedy
    assert (await asked(temperature=None)).sampling == Sampling(do_sample=True)


async def test_length_that_is_not_given() -> None:
    assert (await asked()).max_new_tokens == 30
    assert (await asked("0.36.0")).max_new_tokens == 4096 - len("[user]hi")
    assert (await asked("0.36.0", max_completion_tokens=5, max_tokens=9)).max_new_tokens == 5


async def test_contents_in_parts_are_one_text() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    request = await asked(messages=[{"role": "user", "content": parts}])
    assert "".join(chr(i - 3) for i in request.prompt_ids) == "[user]one\ntwo"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"messages": "hi"}, "'messages' must be a list of objects"),
        ({"messages": ["hi"]}, "'messages' must be a list of objects"),
        (
            {"messages": [{"role": "user"}]},
            "When passing chat dicts as input, each dict must have a 'role' and 'content' key.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "a message's content of the type image_url is not served here; text is",
        ),
        ({"frequency_penalty": 3}, "frequency_penalty must be between -2.0 and 2.0."),
        ({"presence_penalty": -2.5}, "presence_penalty must be between -2.0 and 2.0."),
        ({"temperature": 2.5}, "temperature must be between 0 and 2."),
        ({"temperature": "hot"}, "temperature must be between 0 and 2."),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs must be between 0 and 20."),
    ],
)
@pytest.mark.parametrize(("version", "status"), [("0.28.0", 200), ("0.29.0", 424), ("0.36.0", 424)])
async def test_what_cannot_be_read(members: dict[str, Any], reason: str, version: str, status: int) -> None:
    answer = await play(lmi(version), post("/v1/chat/completions", {"messages": [HELLO], **members}))
    assert (answer.status, answer.json) == (status, {"code": 424, "error": PREFIX + reason})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"functions": [{"name": "f"}]}, "functions is not served here"),
        ({"logit_bias": {"1": 1.0}}, "logit_bias is not served here"),
        ({"n": 2}, "n must be 1: one choice is served here"),
    ],
)
async def test_what_vllm_would_do_is_refused_today_and_left_alone_before(members: dict[str, Any], message: str) -> None:
    body = {"messages": [HELLO], **members}
    answer = await play(lmi("0.36.0"), post("/invocations", body))
    assert (answer.status, answer.json) == (400, {"code": 400, "error": message})
    assert (await play(lmi("0.28.0"), post("/invocations", body))).json["object"] == "chat.completion"


async def test_plain_response_format_is_what_is_served() -> None:
    assert (await asked("0.36.0", response_format={"type": "text"}, n=1)).sampling.do_sample
