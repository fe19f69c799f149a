import json
from typing import Any

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.engine.errors import GenerationFailed


def chat(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], **members}


async def test_pieces_of_one_completion_up_to_0_28() -> None:
    answer = await play(lmi(), post("/invocations", chat()), FakeEngine(["a", '"']))
    assert answer.chunks[1] == b'\\"'
    completion = answer.json
    assert completion["object"] == "chat.completion"
    assert completion["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": 'a"'}, "logprobs": None, "finish_reason": "eos_token"}
    ]
    assert completion["usage"] == {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}


async def test_lines_name_the_role_first() -> None:
    answer = await play(lmi(), post("/v1/chat/completions", chat(stream=True)), FakeEngine(["a", "b"]))
    choices = [json.loads(line)["choices"][0] for line in answer.chunks]
    assert [choice["delta"] for choice in choices] == [
        {"content": "a", "role": "assistant"},
        {"content": "b"},
        {"content": ""},
    ]
    assert [choice["finish_reason"] for choice in choices] == [None, None, "eos_token"]


async def test_whole_from_0_29() -> None:
    answer = await play(lmi("0.29.0"), post("/invocations", chat(max_tokens=1)), FakeEngine(["a", "b"]))
    assert len(answer.chunks) == 1
    assert answer.json["choices"][0]["message"]["content"] == "a"
    assert answer.json["choices"][0]["finish_reason"] == "length"


async def test_chat_samples_and_its_prompt_gets_no_second_bos() -> None:
    engine = FakeEngine()
    await play(lmi(), post("/invocations", chat(temperature=0.5)), engine)
    assert engine.requests[0].sampling.do_sample
    assert engine.requests[0].prompt_ids[0] == ord("[") + 3


async def test_failure_closes_the_object() -> None:
    engine = FakeEngine(["a", "b"], fail_at=1)
    engine.failure = GenerationFailed("broken")
    pieces = await play(lmi(), post("/invocations", chat()), engine)
    assert pieces.json["choices"][0]["finish_reason"] == "error"
    lines = await play(lmi(), post("/invocations", chat(stream=True)), engine)
    assert json.loads(lines.chunks[-1])["choices"][0]["finish_reason"] == "error"


def entry(text: str, codes: list[int] | None, alternative: Any = None) -> dict[str, Any]:
    token = {"token": text, "logprob": -0.25, "bytes": codes}
    return {**token, "top_logprobs": [token | {"token": text if alternative is None else alternative}]}


LOGPROBS = {"logprobs": True, "top_logprobs": 1, "max_tokens": 2}


async def test_logprobs_of_the_whole_up_to_0_34() -> None:
    expected = {"content": [entry("é", [233]), entry(" b", [32, 98])]}
    for version in ("0.28.0", "0.29.0"):
        answer = await play(lmi(version), post("/invocations", chat(**LOGPROBS)), FakeEngine(["é", " b"]))
        assert answer.json["choices"][0]["logprobs"] == expected


async def test_logprobs_of_lines_up_to_0_34_with_their_mistakes() -> None:
    body = chat(stream=True, **LOGPROBS | {"max_tokens": 9})
    answer = await play(lmi(), post("/v1/chat/completions", body), FakeEngine(["é"]))
    assert [json.loads(line)["choices"][0]["logprobs"] for line in answer.chunks] == [
        [{"content": [entry("é", [233], -0.25)]}],
        [{"content": [entry("", None, -0.25)]}],
    ]


async def test_logprobs_need_a_number_up_to_0_34() -> None:
    answer = await play(lmi(), post("/invocations", chat(logprobs=True)))
    assert answer.json["choices"][0]["logprobs"] is None


async def test_logprobs_of_today_are_openais() -> None:
    engine = FakeEngine(["é"])
    answer = await play(lmi("0.36.0"), post("/invocations", chat(**LOGPROBS | {"top_logprobs": 3})), engine)
    first, _ = answer.json["choices"][0]["logprobs"]["content"]
    best = [{"token": f"t{i}", "logprob": -0.25 - i, "bytes": [ord("t"), ord("0") + i]} for i in range(3)]
    assert first == {"token": "é", "logprob": -0.25, "bytes": [195, 169], "top_logprobs": best}
    assert engine.requests[0].num_top_tokens == 3


async def test_usage_is_the_last_line_where_it_is_asked_for_today() -> None:
    body = chat(stream=True, stream_options={"include_usage": True}, max_tokens=1)
    last = json.loads((await play(lmi("0.36.0"), post("/invocations", body))).chunks[-1])
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 1)
    before = await play(lmi("0.28.0"), post("/invocations", body))
    assert len(before.chunks) == 1


async def test_failure_has_no_logprobs() -> None:
    engine = FakeEngine(["a", "b"], fail_at=1)
    engine.failure = GenerationFailed("broken")
    answer = await play(lmi(), post("/invocations", chat(**LOGPROBS)), engine)
    assert answer.json["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "a"},
        "logprobs": None,
        "finish_reason": "error",
    }


async def test_configured_formatter_does_not_concern_chat() -> None:
    whole = await play(lmi("0.29.0", output_formatter="jsonlines"), post("/invocations", chat()))
    assert whole.json["object"] == "chat.completion"
    lines = await play(lmi("0.29.0", output_formatter="json"), post("/invocations", chat(stream=True)))
    assert lines.headers["content-type"] == "application/jsonlines"
