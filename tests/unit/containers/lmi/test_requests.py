from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.containers.exchange import Request
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.engine.requests import GenerateRequest, Sampling

SEVERAL = (
    "'inputs' must be one string: a rolling batch takes one prompt in a request, "
    "option.rolling_batch=disable takes several"
)
PREFIX = "Input Parsing failed. Ensure that the request payload is valid. "


async def asked(parameters: dict[str, Any], dialect: LmiDialect | None = None) -> GenerateRequest:
    engine = FakeEngine()
    await play(dialect or lmi(), post("/invocations", {"inputs": "hi", "parameters": parameters}), engine)
    return engine.requests[0]


async def test_defaults_of_0_28() -> None:
    request = await asked({})
    assert (request.max_new_tokens, request.sampling, request.stop) == (30, Sampling(), ())


async def test_temperature_is_forced_to_0_without_do_sample_until_0_32() -> None:
    assert (await asked({"temperature": 0.9, "top_p": 0.6, "top_k": 50})).sampling.is_greedy
    assert (await asked({"temperature": 0.9, "do_sample": False})).sampling.is_greedy
    later = await asked({"temperature": 0.5}, lmi("0.32.0"))
    assert later.sampling == Sampling(do_sample=True, temperature=0.5)
    assert (await asked({"temperature": 0}, lmi("0.32.0"))).sampling.is_greedy


async def test_parameters_reach_the_engine() -> None:
    request = await asked(
        {
            "do_sample": True,
            "top_p": 0.5,
            "temperature": 0.75,
            "top_k": 50,
            "max_new_tokens": 512,
            "repetition_penalty": 1.25,
            "stop": ["</s>"],
            "stop_sequences": ["\n\n"],
            "seed": "7",
            "ignore_eos_token": True,
            "decoder_input_details": True,
        }
    )
    assert request.sampling == Sampling(
        do_sample=True, temperature=0.75, top_k=50, top_p=0.5, repetition_penalty=1.25, seed=7
    )
    assert (request.max_new_tokens, request.stop) == (512, ("\n\n", "</s>"))
    assert (request.ignore_eos, request.prompt_logprobs) == (True, True)


async def test_new_tokens_are_cut_to_what_a_sequence_holds() -> None:
    assert (await asked({"max_new_tokens": 512}, lmi(max_total_tokens=10))).max_new_tokens == 7


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"inputs": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, None),
        (b"[1]", "'list' object has no attribute 'pop'"),
        (b"{}", "Invalid Request Property: 'inputs'"),
        (b'{"inputs": 1}', SEVERAL),
        (b'{"inputs": ["a", "b"]}', SEVERAL),
        (b'{"inputs": "a", "parameters": [1]}', "'parameters' must be an object"),
        (b'{"inputs": "\\ud800"}', None),
        (b'{"inputs": "\xff"}', None),
        (b'{"messages": "hi"}', "'messages' must be a list of objects"),
    ],
)
async def test_body_that_cannot_be_read_is_424_inside_a_200(body: bytes, reason: str | None) -> None:
    answer = await play(lmi("0.28.0"), post("/invocations", body))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["code"] == 424
    assert answer.json["error"].startswith(PREFIX)
    if reason is not None:
        assert answer.json["error"] == PREFIX + reason


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (post("/invocations", {"inputs": "a", "adapters": "fr"}), "Adapter fr is not registered"),
        (post("/invocations", {"inputs": "a", "adapters": ["fr"]}), "Adapter fr is not registered"),
        (post("/invocations", {"messages": [], "adapters": ["fr"]}), "Adapter fr is not registered"),
        (
            post("/invocations", {"inputs": "a"}, x_amzn_sagemaker_adapter_identifier="fr"),
            "Adapter fr is not registered",
        ),
        (Request("POST", "/invocations", {}, b'{"inputs": "a"}', "adapter=fr"), "Adapter fr is not registered"),
        (
            post("/invocations", {"requestType": "NEW_SESSION"}),
            "requestType=NEW_SESSION: stateful sessions are not served here",
        ),
    ],
)
async def test_adapters_and_sessions_are_refused(request_: Request, reason: str) -> None:
    answer = await play(lmi("0.29.0"), request_)
    assert (answer.status, answer.json) == (424, {"code": 424, "error": PREFIX + reason})


async def test_parsing_failures_by_version() -> None:
    assert (await play(lmi("0.27.0"), post("/invocations", b"{}"))).body == b'{"error":"","code":424}'
    later = await play(lmi("0.29.0"), post("/invocations", b"{}"))
    assert (later.status, later.json["code"]) == (424, 424)


OUT_OF_RANGE = [
    ({"max_new_tokens": 0}, "max_tokens must be at least 1, got 0."),
    ({"max_new_tokens": "9"}, "max_new_tokens must be an integer, got '9'"),
    ({"temperature": -1}, "temperature must be non-negative, got -1.0."),
    ({"temperature": True}, "temperature must be a number, got True"),
    ({"top_p": 0}, "top_p must be in (0, 1], got 0.0."),
    ({"top_p": 1.5}, "top_p must be in (0, 1], got 1.5."),
    ({"typical_p": 0}, "typical_p must be in (0, 1], got 0.0."),
    ({"top_k": 0}, "top_k must be -1 (disable), or at least 1, got 0."),
    ({"repetition_penalty": 0}, "repetition_penalty must be in (0, 2], got 0.0."),
    ({"stop": 1}, "stop must be a list of strings, got 1"),
    ({"num_beams": 2}, "num_beams > 1 is not supported by this server"),
    ({"seed": "x", "do_sample": True}, "seed must be an integer, got 'x'"),
]


@pytest.mark.parametrize(("parameters", "message"), OUT_OF_RANGE)
async def test_values_out_of_range_fail_in_the_engine(parameters: dict[str, Any], message: str) -> None:
    """As in LMI they end a generation in an error: told in lines, only marked in pieces, a status code from 0.29 on."""
    body = {"inputs": "hi", "parameters": parameters}
    pieces = await play(lmi(), post("/invocations", body))
    assert (pieces.status, pieces.body) == (200, b'{"generated_text": "", "details": {"finish_reason": "error"}}')
    [line] = (await play(lmi(), post("/invocations", body | {"stream": True}))).chunks
    assert b'"id": -1' in line
    assert line.endswith(b"\n")
    later = await play(lmi("0.29.0"), post("/invocations", body))
    assert (later.status, later.json) == (424, {"code": 424, "error": message})


async def test_prompt_over_the_limit() -> None:
    body = {"inputs": "a" * 20, "parameters": {}}
    assert b'"finish_reason": "error"' in (await play(lmi(max_total_tokens=8), post("/invocations", body))).body
    later = await play(lmi("0.29.0", max_total_tokens=8), post("/invocations", body))
    assert later.json["error"] == "Input prompt (21 tokens) is too long and exceeds limit of 8"


async def test_plain_text_is_a_prompt() -> None:
    request = Request("POST", "/invocations", {"content-type": "text/plain"}, b"hi")
    assert (await play(lmi(), request)).json == {"generated_text": " a b"}


async def test_list_of_one_prompt_is_that_prompt() -> None:
    assert (await play(lmi(), post("/invocations", {"inputs": ["hi"]}))).json == {"generated_text": " a b"}


async def test_stream_may_stand_among_the_parameters() -> None:
    answer = await play(lmi(), post("/invocations", {"inputs": "hi", "parameters": {"stream": True}}))
    assert answer.headers["content-type"] == "application/jsonlines"


NAMES = ["max_new_tokens", "temperature", "top_k", "top_p", "stop", "seed", "details", "do_sample", "num_beams", "x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)  # the machine may be busy
@given(parameters=st.dictionaries(st.sampled_from(NAMES), JSON))
async def test_no_parameters_make_the_dialect_fail(parameters: dict[str, Any]) -> None:
    answer = await play(lmi("0.29.0"), post("/invocations", {"inputs": "hi", "parameters": parameters}))
    assert answer.status in (200, 424)


@settings(deadline=None)  # the machine may be busy
@given(body=st.binary(max_size=50))
async def test_no_bytes_make_the_dialect_fail(body: bytes) -> None:
    assert (await play(lmi("0.29.0"), post("/invocations", body))).status == 424
