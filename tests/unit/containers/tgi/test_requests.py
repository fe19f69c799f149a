import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.containers.tgi.dialect import TgiDialect
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.watermark import Watermark

SAMPLED = {"do_sample": True}
DEEP_SCHEMA = '{"properties": {}, "items": ' + '{"items": ' * 500 + "{}" + "}" * 501
# Every message of TGI's validation, in the order in which TGI checks; each row breaks this rule and all those after it.
RULES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"best_of": 2, "do_sample": False}, "you must use sampling when `best_of` is > 1"),
    ({"temperature": 0.0}, "`temperature` must be strictly positive"),
    ({"repetition_penalty": 0.0}, "`repetition_penalty` must be strictly positive"),
    ({"frequency_penalty": 2.5}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 0.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": 0}, "`top_k` must be strictly positive"),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
    ({"stop": ["1", "2", "3", "4", "5"]}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ({"best_of": 2, "seed": 1}, "`seed` must not be set when `best_of` > 1"),
    ({"top_n_tokens": 6}, "`top_n_tokens` must be >= 0 and <= 5. Given: 6"),
    ({"truncate": 4096}, "`truncate` must be strictly positive and less than 4095. Given: 4096"),
)
VALUES = [
    *RULES,
    ({"temperature": -1}, "`temperature` must be strictly positive"),
    ({"temperature": 1e-300}, "`temperature` must be strictly positive"),
    ({"frequency_penalty": -2.1}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ({"top_p": 0.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 1.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": -3}, "`top_k` must be strictly positive"),
    ({"truncate": 0}, "`truncate` must be strictly positive and less than 4095. Given: 0"),
    ({"best_of": 3}, "`best_of` must be > 0 and <= 2. Given: 3"),
    (
        {"max_new_tokens": 4095},
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3 `inputs` tokens and 4095 `max_new_tokens`",
    ),
    ({"grammar": {"type": "json", "value": {}}}, "grammar is not valid: Grammar must have a 'properties' field"),
    ({"grammar": {"type": "json", "value": DEEP_SCHEMA}}, "grammar is not valid: recursion limit exceeded"),
]


async def invoke(parameters: Any, inputs: str = "hi", dialect: TgiDialect | None = None, **more: Any) -> Any:
    body = {"inputs": inputs, "parameters": parameters, **more}
    return await play(dialect or tgi(), post("/invocations", body))


@pytest.mark.parametrize(("parameters", "message"), VALUES)
async def test_refuses_values_in_tgis_words(parameters: dict[str, Any], message: str) -> None:
    answer = await invoke(SAMPLED | parameters)
    assert answer.status == 422
    assert answer.json == {"error": f"Input validation error: {message}", "error_type": "validation"}


@pytest.mark.parametrize("first", range(1, len(RULES)))
async def test_checks_in_tgis_order(first: int) -> None:
    """Of several broken rules the first one is named; the very first cannot be broken together with a warper's."""
    everything: dict[str, Any] = dict(SAMPLED)
    for broken, _ in reversed(RULES[first:]):
        everything |= broken
    everything["do_sample"] = True
    answer = await invoke(everything)
    assert answer.json["error"] == f"Input validation error: {RULES[first][1]}"


async def test_prompt_lengths_are_checked_after_the_values() -> None:
    dialect = tgi(MAX_INPUT_LENGTH="4", MAX_TOTAL_TOKENS="10", MAX_CONCURRENT_REQUESTS="1")
    assert (await invoke({}, "", dialect)).json["error"] == "Input validation error: `inputs` cannot be empty"
    too_long = await invoke({"max_new_tokens": 1}, "abcde", dialect)
    assert too_long.json["error"] == "Input validation error: `inputs` must have less than 4 tokens. Given: 6"
    both = await invoke({"max_new_tokens": 9}, "abcde", dialect)
    assert both.json["error"] == (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 10. "
        "Given: 6 `inputs` tokens and 9 `max_new_tokens`"
    )


async def test_adapters_are_refused_from_the_version_that_knows_them() -> None:
    """Before 2.1 serde ignores the member as any other it does not know; a mistake in a value is told first."""
    assert (await invoke({"adapter_id": "x"}, dialect=tgi("2.0.2"))).status == 200
    refused = await invoke({"adapter_id": "x"}, dialect=tgi("2.1.0"))
    assert (refused.status, refused.json["error"]) == (
        422,
        "Input validation error: This model does not support adapter loading.",
    )
    first = await invoke({"adapter_id": "x", "top_p": 1.0}, dialect=tgi("2.1.0"))
    assert first.json["error"] == "Input validation error: `top_p` must be > 0.0 and < 1.0"
    assert (await invoke({"adapter_id": None}, dialect=tgi("2.1.0"))).status == 200


async def test_best_of_may_be_switched_off() -> None:
    answer = await invoke(SAMPLED | {"best_of": 2}, dialect=tgi(MAX_BEST_OF="1"))
    assert answer.json["error"] == "Input validation error: `best_of` != 1 is not allowed for this endpoint"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"best_of": 2, "do_sample": True}, "`best_of` != 1 is not supported when streaming tokens"),
        ({"best_of": 0}, "`best_of` != 1 is not supported when streaming tokens"),
        ({"decoder_input_details": True}, "`decoder_input_details` == true is not supported when streaming tokens"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ],
)
async def test_errors_of_a_stream_come_inside_it(parameters: dict[str, Any], message: str) -> None:
    answer = await invoke(parameters, stream=True)
    text = json.dumps(
        {"error": f"Input validation error: {message}", "error_type": "validation"}, separators=(",", ":")
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.chunks == [f"data:{text}\n\n".encode()]


async def asked(body: dict[str, Any], dialect: TgiDialect | None = None) -> GenerateRequest:
    engine = FakeEngine()
    answer = await play(dialect or tgi(), post("/invocations", body), engine)
    assert answer.status == 200
    return engine.requests[0]


async def test_parameters_reach_the_engine() -> None:
    request = await asked(
        {
            "inputs": "[INST] hi [/INST]",
            "parameters": {
                "do_sample": True,
                "top_p": 0.5,
                "temperature": 0.75,
                "top_k": 50,
                "max_new_tokens": 512,
                "repetition_penalty": 1.25,
                "stop": ["</s>"],
                "seed": 2**64 - 1,
                "top_n_tokens": 2,
                "decoder_input_details": True,
            },
        }
    )
    assert request.sampling == Sampling(
        do_sample=True, temperature=0.75, top_k=50, top_p=0.5, repetition_penalty=1.25, seed=2**64 - 1
    )
    assert (request.max_new_tokens, request.stop) == (512, ("</s>",))
    assert (request.num_top_tokens, request.prompt_logprobs) == (2, True)
    assert request.prompt_ids[0] == 1
    assert len(request.prompt_ids) == 18


async def test_a_watermark_is_made_as_the_variables_say() -> None:
    body = {"inputs": "hi", "parameters": {"watermark": True}}
    assert (await asked(body)).sampling.watermark == Watermark(0.5, 2.0)
    marking = tgi(WATERMARK_GAMMA="0.25", WATERMARK_DELTA="4")
    assert (await asked(body, marking)).sampling.watermark == Watermark(0.25, 4.0)
    assert (await asked({"inputs": "hi"}, marking)).sampling.watermark is None


async def test_without_parameters_tgi_samples_and_with_them_it_does_not() -> None:
    assert (await asked({"inputs": "hi"})).sampling.do_sample is True
    assert (await asked({"inputs": "hi", "parameters": {}})).sampling.is_greedy is True


@pytest.mark.parametrize(
    ("version", "parameters", "max_new_tokens"),
    [
        ("2.0.2", {}, 100),
        ("2.0.2", None, 100),
        ("2.0.2", {"max_new_tokens": None}, 4093),
        ("3.3.0", {}, 4093),
        ("3.3.0", None, 4093),
    ],
)
async def test_default_of_max_new_tokens_changed_with_3_0(
    version: str, parameters: dict[str, Any] | None, max_new_tokens: int
) -> None:
    body = {"inputs": "hi"} | ({} if parameters is None else {"parameters": parameters})
    assert (await asked(body, tgi(version))).max_new_tokens == max_new_tokens


async def test_truncate_keeps_the_end() -> None:
    request = await asked({"inputs": "abcdef", "parameters": {"truncate": 2}})
    assert request.prompt_ids == (ord("e") + 3, ord("f") + 3)


NAMES = ["best_of", "temperature", "top_k", "top_p", "stop", "seed", "truncate", "details", "grammar", "do_sample", "x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)  # the machine may be busy
@given(
    value=JSON
    | st.fixed_dictionaries({"inputs": JSON, "parameters": JSON | st.dictionaries(st.sampled_from(NAMES), JSON)})
)
async def test_no_json_makes_the_dialect_fail(value: Any) -> None:
    """Whatever comes in, the answer is one of the four kinds: served, or refused as the client's mistake."""
    answer = await play(tgi(), post("/invocations", value))
    assert answer.status in (200, 400, 422)


@settings(deadline=None)  # the machine may be busy
@given(body=st.binary(max_size=50))
async def test_no_bytes_make_the_dialect_fail(body: bytes) -> None:
    answer = await play(tgi(), post("/generate", body))
    assert answer.status in (400, 422)


async def test_a_schema_with_properties_is_one_of_an_object() -> None:
    engine = FakeEngine()
    grammar = {"type": "json", "value": {"properties": {"a": {"type": "boolean"}}, "required": ["a"]}}
    await play(tgi(), post("/generate", {"inputs": "hi", "parameters": {"grammar": grammar}}), engine)
    asked = engine.requests[0].grammar
    assert asked is not None
    assert json.loads(asked.text) == {"type": "object", **grammar["value"], "additionalProperties": False}  # type: ignore[dict-item]
