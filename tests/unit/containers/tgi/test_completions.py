import asyncio
import json
from typing import Any

import pytest

from fakes.containers import play, play_on, post, tgi
from fakes.engine import FakeEngine
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

ROUTE = "/v1/completions"


async def test_whole_answer_has_a_choice_for_each_prompt() -> None:
    answer = await play(tgi("3.3.0"), post(ROUTE, {"prompt": ["x", "yz"], "max_tokens": 9}))
    body = answer.json
    assert body.pop("created") > 0
    assert body == {
        "object": "text_completion",
        "id": "",
        "model": "my/model",
        "system_fingerprint": "3.3.0-native",
        "choices": [
            {"index": 0, "text": " a b", "logprobs": None, "finish_reason": "stop"},
            {"index": 1, "text": " a b", "logprobs": None, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11},
    }
    assert (answer.headers["x-compute-characters"], answer.headers["x-generated-tokens"]) == ("3", "6")
    assert "x-compute-time" not in answer.headers


async def test_stream_of_one_prompt() -> None:
    answer = await play(tgi("3.3.0"), post(ROUTE, {"prompt": "x", "stream": True}), FakeEngine(["a"]))
    first, last, done = answer.chunks
    assert list(json.loads(first[6:])) == ["object", "id", "created", "choices", "model", "system_fingerprint"]
    assert list(json.loads(last[6:])) == ["object", "id", "created", "model", "system_fingerprint", "choices", "usage"]
    assert json.loads(last[6:])["choices"] == [
        {"index": 0, "text": "</s>", "logprobs": None, "finish_reason": "eos_token"}
    ]
    assert done == b"data: [DONE]\n\n"


async def test_streams_of_several_prompts_go_side_by_side() -> None:
    answer = await play(tgi("3.3.0"), post(ROUTE, {"prompt": ["x", "y"], "stream": True}), FakeEngine(["a", "b"]))
    *chunks, done = answer.chunks
    choices = [json.loads(chunk[6:])["choices"][0] for chunk in chunks]
    for index in (0, 1):
        assert [choice["text"] for choice in choices if choice["index"] == index] == ["a", "b", "</s>"]
    assert done == b"data: [DONE]\n\n"


async def test_one_prompt_that_fails_leaves_the_others_alone() -> None:
    class FailsOnce(FakeEngine):
        def _event(self, request: Any, said: Any, index: int, text: str) -> Any:
            if request.prompt_ids[-1] == ord("y") + 3:
                raise GenerationFailed("broken")
            return super()._event(request, said, index, text)

    answer = await play(tgi("3.3.0"), post(ROUTE, {"prompt": ["x", "y"], "stream": True}), FailsOnce(["a"]))
    assert len(answer.chunks) == 4
    assert (
        b'data: {"error":{"message":"Request failed during generation: broken","http_status_code":424}}\n\n'
        in answer.chunks
    )


@pytest.mark.parametrize(
    ("members", "error", "error_type"),
    [
        (
            {"suffix": "s"},
            "Suffix is not supported and can be achieved by preprocessing the prompt.",
            "suffix not supported",
        ),
        (
            {"prompt": ["1", "2", "3", "4", "5"]},
            "Number of prompts exceeds the maximum allowed batch size of 4",
            "batch size exceeded",
        ),
        ({"top_p": 1.0}, "Input validation error: `top_p` must be > 0.0 and < 1.0", "validation"),
    ],
)
async def test_refusals(members: dict[str, Any], error: str, error_type: str) -> None:
    answer = await play(tgi(), post(ROUTE, {"prompt": "x"} | members))
    assert (answer.status, answer.json) == (422, {"error": error, "error_type": error_type})


async def test_refusal_inside_a_stream() -> None:
    answer = await play(tgi("3.3.0"), post(ROUTE, {"prompt": "x", "stream": True, "top_p": 1.0}))
    assert (answer.status, len(answer.chunks), answer.chunks[-1]) == (200, 2, b"data: [DONE]\n\n")


async def test_each_prompt_needs_a_slot() -> None:
    engine = FakeEngine(pause_at=0)
    server = ContainerServer(tgi(MAX_CONCURRENT_REQUESTS="2"), engine)
    busy = asyncio.create_task(play_on(server, post(ROUTE, {"prompt": "x"})))
    await engine.paused.wait()
    assert (await play_on(server, post(ROUTE, {"prompt": ["x", "y"]}))).status == 429
    engine.resume.set()
    assert (await busy).status == 200


@pytest.mark.parametrize(
    ("version", "prompt", "text"),
    [
        ("2.0.2", [], "prompt: Empty array detected. Do not use an empty array for the prompt. at line 1 column 14"),
        ("3.3.6", [], "prompt: Empty array detected. Do not use an empty array for the prompt. at line 1 column 14"),
        ("2.0.2", ["a", 1], "prompt: Expected a string at line 1 column 20"),
        ("2.0.2", 1, "prompt: Expected a string or an array of strings at line 1 column 13"),
        ("3.3.6", 1, "prompt: data did not match any variant of untagged enum PromptDeserializer at line 1 column 13"),
    ],
)
async def test_prompts_of_another_shape(version: str, prompt: Any, text: str) -> None:
    answer = await play(tgi(version), post("/v1/completions", {"prompt": prompt}))
    assert (answer.status, answer.body.decode()) == (
        422,
        f"Failed to deserialize the JSON body into the target type: {text}",
    )
