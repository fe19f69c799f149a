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
