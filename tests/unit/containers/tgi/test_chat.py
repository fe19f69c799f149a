import json
from typing import Any

import pytest

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.engine.requests import Sampling

ROUTE = "/v1/chat/completions"


def chat(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], **members}


async def test_whole_answer() -> None:
    answer = (await play(tgi(), post(ROUTE, chat(max_tokens=9)))).json
    assert answer.pop("created") > 0
    assert answer == {
        "object": "chat.completion",
        "id": "",
        "model": "my/model",
        "system_fingerprint": "2.0.2-native",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": " a b"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11},
    }


async def test_stream_ends_in_done_and_gives_the_usage_if_asked() -> None:
    body = chat(stream=True, stream_options={"include_usage": True}, logprobs=True)
    answer = await play(tgi("3.0.0"), post(ROUTE, body))
    *chunks, last = answer.chunks
    assert all(chunk.startswith(b"data: {") and chunk.endswith(b"\n\n") for chunk in chunks)
    deltas = [json.loads(chunk[6:])["choices"][0]["delta"]["content"] for chunk in chunks]
    assert deltas == [" a", " b", ""]
    assert json.loads(chunks[0][6:])["choices"][0]["logprobs"]["content"][0]["logprob"] == -0.25
    usage, done = last.split(b"\n\n")[:2]
    assert json.loads(usage[6:])["usage"]["total_tokens"] == 11
    assert json.loads(usage[6:])["choices"] == []
    assert done == b"data: [DONE]"


@pytest.mark.parametrize(
    ("members", "sampling"),
    [
        ({}, Sampling(do_sample=True)),
        ({"temperature": 0.0}, Sampling()),
        ({"temperature": 0.5, "top_p": 0.5, "seed": 1}, Sampling(True, 0.5, top_p=0.5, seed=1)),
        ({"presence_penalty": -0.5}, Sampling(True, repetition_penalty=1.5)),
    ],
)
async def test_openais_parameters_become_tgis(members: dict[str, Any], sampling: Sampling) -> None:
    engine = FakeEngine()
    await play(tgi(), post(ROUTE, chat(**members)), engine)
    assert engine.requests[0].sampling == sampling


async def test_prompt_of_the_template_gets_no_second_bos() -> None:
    engine = FakeEngine()
    await play(tgi(), post(ROUTE, chat(stop="x")), engine)
    assert engine.requests[0].prompt_ids[0] == ord("[") + 3
    assert engine.requests[0].stop == ("x",)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"tools": [{}]}, "Input validation error: `tools` are not supported by this server"),
        ({"response_format": {"type": "json"}}, "Input validation error: grammar is not supported"),
        ({"top_p": 1.0}, "Input validation error: `top_p` must be > 0.0 and < 1.0"),
    ],
)
async def test_refusals(members: dict[str, Any], text: str) -> None:
    answer = await play(tgi(), post(ROUTE, chat(**members)))
    assert (answer.status, answer.json["error"]) == (422, text)


async def test_refusal_inside_a_stream_has_openais_shape() -> None:
    answer = await play(tgi(), post(ROUTE, chat(stream=True, top_p=1.0)))
    assert answer.status == 200
    assert answer.body == (
        b'data:{"error":{"message":"Input validation error: `top_p` must be > 0.0 and < 1.0",'
        b'"http_status_code":422}}\n\n'
        b"data:[DONE]\n\n"
    )


@pytest.mark.parametrize("messages", [None, "hi", ["hi"], {"role": "user"}])
async def test_messages_of_another_shape(messages: Any) -> None:
    assert (await play(tgi(), post(ROUTE, {"messages": messages}))).status == 422
