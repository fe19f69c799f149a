import json
from typing import Any

import pytest

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.engine.requests import Sampling

ROUTE = "/v1/chat/completions"

TOOL = {"type": "function", "function": {"name": "f"}}


def chat(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], **members}


async def test_whole_answer() -> None:
    answer = (await play(tgi("3.3.0"), post(ROUTE, chat(max_tokens=9)))).json
    assert answer.pop("created") > 0
    assert answer == {
        "object": "chat.completion",
        "id": "",
        "model": "my/model",
        "system_fingerprint": "3.3.0-native",
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


async def test_object_before_2_3() -> None:
    answer = (await play(tgi("2.0.2"), post(ROUTE, chat()))).json
    assert list(answer) == ["id", "object", "created", "model", "system_fingerprint", "choices", "usage"]
    assert (answer["object"], answer["choices"][0]["finish_reason"]) == ("text_completion", "eos_token")


async def test_stream_ends_in_done_and_gives_the_usage_a_chunk_of_its_own() -> None:
    body = chat(stream=True, stream_options={"include_usage": True}, logprobs=True)
    answer = await play(tgi("3.3.0"), post(ROUTE, body))
    *chunks, usage, done = answer.chunks
    assert all(chunk.startswith(b"data: {") and chunk.endswith(b"\n\n") for chunk in chunks)
    assert [json.loads(chunk[6:])["choices"][0]["delta"]["content"] for chunk in chunks] == [" a", " b", ""]
    assert [json.loads(chunk[6:])["usage"] for chunk in chunks] == [None] * 3
    assert json.loads(chunks[0][6:])["choices"][0]["logprobs"]["content"][0]["logprob"] == -0.25
    assert json.loads(usage[6:])["usage"]["total_tokens"] == 11
    assert json.loads(usage[6:])["choices"] == []
    assert done == b"data: [DONE]\n\n"


async def test_usage_comes_with_the_last_token_before_3_1_1() -> None:
    body = chat(stream=True, stream_options={"include_usage": True})
    answer = await play(tgi("3.0.0"), post(ROUTE, body))
    assert json.loads(answer.chunks[-2][6:])["usage"]["total_tokens"] == 11
    assert json.loads(answer.chunks[-2][6:])["choices"][0]["finish_reason"] == "stop"


async def test_stream_of_2_0_2_shows_the_eos_and_has_no_done() -> None:
    answer = await play(tgi("2.0.2"), post(ROUTE, chat(stream=True)))
    deltas = [json.loads(chunk[5:])["choices"][0]["delta"] for chunk in answer.chunks]
    assert deltas[-1] == {"role": "assistant", "content": "</s>"}
    assert "usage" not in json.loads(answer.chunks[0][5:])


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
    await play(tgi("2.1.0"), post(ROUTE, chat(**members)), engine)
    assert engine.requests[0].sampling == sampling


async def test_temperature_0_is_refused_by_2_0_2() -> None:
    answer = await play(tgi("2.0.2"), post(ROUTE, chat(temperature=0)))
    assert answer.json["error"] == "Input validation error: `temperature` must be strictly positive"


@pytest.mark.parametrize(("version", "first"), [("2.0.2", 1), ("2.3.0", ord("[") + 3)])
async def test_prompt_of_the_template_gets_a_second_bos_only_in_old_versions(version: str, first: int) -> None:
    engine = FakeEngine()
    await play(tgi(version), post(ROUTE, chat(stop="x")), engine)
    assert engine.requests[0].prompt_ids[0] == first
    assert engine.requests[0].stop == ("x",)


@pytest.mark.parametrize(
    ("members", "error_type", "text"),
    [
        ({"tools": [{}]}, None, "tools[0]: missing field `function` at line 1 column"),
        ({"tools": "f"}, None, 'tools: invalid type: string "f", expected a sequence at line 1 column'),
        ({"tools": [1]}, None, "tools[0]: invalid type: integer `1`, expected struct Tool at line 1 column"),
        ({"tools": [{"function": {}}]}, None, "tools[0].function: missing field `name` at line 1 column"),
        ({"tools": [{"function": {"name": None}}]}, None, "name: invalid type: null, expected a string at line 1"),
        ({"tools": [TOOL], "tool_choice": {}}, None, "tool_choice: data did not match any variant of untagged enum"),
        ({"messages": None}, None, "messages: invalid type: null, expected a sequence at line 1 column 17"),
        ({"messages": ["hi"]}, None, 'messages[0]: invalid type: string "hi", expected struct Message at line 1'),
        ({"messages": [{"content": "hi"}]}, None, "messages[0]: missing field `role` at line 1 column 31"),
        ({"messages": [{"role": 1}]}, None, "messages[0].role: invalid type: integer `1`, expected a string at line 1"),
        (
            {"response_format": {"type": "json", "value": {}}},
            "validation",
            "Input validation error: grammar is not valid: Grammar must have a 'properties' field",
        ),
        ({"top_p": 1.0}, "validation", "Input validation error: `top_p` must be > 0.0 and < 1.0"),
    ],
)
async def test_refusals(members: dict[str, Any], error_type: str | None, text: str) -> None:
    answer = await play(tgi(), post(ROUTE, chat(**members)))
    assert answer.status == 422
    if error_type is None:
        assert text in answer.body.decode()
    else:
        assert answer.json == {"error": text, "error_type": error_type}


@pytest.mark.parametrize(
    ("version", "chunks"),
    [
        (
            "2.0.2",
            [b'data:{"error":"Input validation error: `top_p` must be > 0.0 and < 1.0","error_type":"validation"}\n\n'],
        ),
        (
            "3.3.0",
            [
                b'data: {"error":{"message":"Input validation error: `top_p` must be > 0.0 and < 1.0",'
                b'"http_status_code":422}}\n\n',
                b"data: [DONE]\n\n",
            ],
        ),
    ],
)
async def test_refusal_inside_a_stream(version: str, chunks: list[bytes]) -> None:
    answer = await play(tgi(version), post(ROUTE, chat(stream=True, top_p=1.0)))
    assert (answer.status, answer.chunks) == (200, chunks)


@pytest.mark.parametrize("messages", [None, "hi", ["hi"], {"role": "user"}, [{"role": "user", "content": 1}]])
async def test_messages_of_another_shape(messages: Any) -> None:
    assert (await play(tgi(), post(ROUTE, {"messages": messages}))).status == 422


async def test_content_in_parts_becomes_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}]
    body = {"messages": [{"role": "user", "content": parts}]}
    answer = await play(tgi("3.3.0"), post("/chat_tokenize", body))
    assert answer.json["templated_text"] == "[user]a![](u)"
    assert answer.json["tokenize_response"][0] == {"id": ord("[") + 3, "text": "[", "start": 0, "stop": 1}


async def test_unfinished_answer_is_gone_on_with() -> None:
    body = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "It is "}]}
    answer = await play(tgi("3.3.0"), post("/chat_tokenize", body))
    assert answer.json["templated_text"] == "[user]hi[assistant]It is"
