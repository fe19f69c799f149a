"""Golden transcripts: what a client of TGI reads, byte for byte, one list item for each HTTP chunk."""

from typing import Any

import pytest

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.engine.errors import GenerationFailed, Overloaded
from firstbyte.engine.requests import Finish, FinishReason, PromptToken, TokenEvent, TopToken

WITH_LENGTH = b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null,"input_length":3}'
FOR_BROWSERS = {"access-control-allow-origin": "*", "vary": "access-control-request-headers"}
"""And two more `vary`, of which the dictionary keeps the last."""
HI = {"inputs": "hi", "parameters": {"return_full_text": False}, "stream": True}


def asking(**parameters: Any) -> dict[str, Any]:
    return {"inputs": "hi", "parameters": {"return_full_text": False, **parameters}, "stream": True}


async def test_stream_of_2_0_2_has_no_space_after_data() -> None:
    answer = await play(tgi("2.0.2"), post("/invocations", HI), FakeEngine([" I", " 愛😀"]))
    assert answer.status == 200
    assert answer.chunks == [
        b'data:{"index":1,"token":{"id":10,"text":" I","logprob":-0.25,"special":false},'
        b'"generated_text":null,"details":null}\n\n',
        'data:{"index":2,"token":{"id":11,"text":" 愛😀","logprob":-0.25,"special":false},'
        '"generated_text":null,"details":null}\n\n'.encode(),
        'data:{"index":3,"token":{"id":2,"text":"</s>","logprob":-0.25,"special":true},'
        '"generated_text":" I 愛😀","details":null}\n\n'.encode(),
    ]
    assert answer.headers == {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
        "x-compute-type": "cpu+optimized",
        "x-compute-characters": "2",
        **FOR_BROWSERS,
    }


@pytest.mark.parametrize(
    ("version", "start", "details"),
    [
        ("1.3.4", b'data:{"token":{', b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null}'),
        ("1.4.0", b'data:{"index":1,', b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null}'),
        ("2.1.0", b'data: {"index":1,', b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null}'),
        (
            "2.3.0",
            b'data: {"index":1,',
            b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null,"input_length":3}',
        ),
        (
            "3.3.0",
            b'data: {"index":1,',
            b'{"finish_reason":"eos_token","generated_tokens":2,"seed":null,"input_length":3}',
        ),
    ],
)
async def test_versions_of_the_stream(version: str, start: bytes, details: bytes) -> None:
    answer = await play(tgi(version), post("/generate_stream", asking(details=True)), FakeEngine(["a"]))
    assert answer.chunks[0].startswith(start)
    assert answer.chunks[0].endswith(b'"generated_text":null,"details":null}\n\n')
    assert answer.chunks[-1].endswith(b'"generated_text":"a","details":' + details + b"}\n\n")


async def test_control_characters_are_escaped_and_nothing_else() -> None:
    answer = await play(tgi(), post("/invocations", HI), FakeEngine(['\n"\\\t\x01é\u2028']))
    assert '"text":"\\n\\"\\\\\\t\\u0001é\u2028"'.encode() in answer.chunks[0]


async def test_full_text_is_given_where_tgi_gives_it() -> None:
    """A local folder has no pipeline tag: /invocations and / give the full text unless told not to."""
    body = {"inputs": "hi", "parameters": {}}
    assert (await play(tgi(), post("/invocations", body))).json[0]["generated_text"] == "hi a b"
    assert (await play(tgi(), post("/", body))).json[0]["generated_text"] == "hi a b"
    assert (await play(tgi(), post("/generate", body))).json == {"generated_text": " a b"}
    full = {"inputs": "hi", "parameters": {"return_full_text": True}, "stream": True}
    assert b'"generated_text":"hi a b"' in (await play(tgi(), post("/generate_stream", full))).chunks[-1]
    assert b'"generated_text":"hi a b"' in (await play(tgi(), post("/invocations", full))).chunks[-1]


class DetailedEngine(FakeEngine):
    """One token with everything that can be said of it."""

    def _event(self, request: Any, said: Any, index: int, text: str) -> TokenEvent:
        tops = (TopToken(7, "A", -0.1, False), TopToken(8, "B", float("nan"), False)) if request.num_top_tokens else ()
        prompt = (PromptToken(1, "<s>", None), PromptToken(5, "hi", -1e-7)) if request.prompt_logprobs else ()
        finish = Finish(FinishReason.LENGTH, "A", 1, 42 if request.sampling.do_sample else None, 2, prompt)
        logprob = -0.1 * len(self.requests)
        return TokenEvent(1, 7, "A", logprob, False, tops, finish)

    def __init__(self) -> None:
        super().__init__(["A"])


async def test_details_have_tgis_members_in_its_order() -> None:
    parameters = {"details": True, "decoder_input_details": True, "top_n_tokens": 2, "max_new_tokens": 1}
    body = {"inputs": "hi", "parameters": parameters}
    answer = await play(tgi(), post("/generate", body), DetailedEngine())
    assert answer.body == (
        b'{"generated_text":"A","details":{"finish_reason":"length","generated_tokens":1,"seed":null,'
        b'"prefill":[{"id":1,"text":"<s>","logprob":null},{"id":5,"text":"hi","logprob":-1e-7}],'
        b'"tokens":[{"id":7,"text":"A","logprob":-0.1,"special":false}],'
        b'"top_tokens":[[{"id":7,"text":"A","logprob":-0.1,"special":false},'
        b'{"id":8,"text":"B","logprob":null,"special":false}]]}}'
    )


async def test_top_tokens_in_a_stream() -> None:
    answer = await play(tgi(), post("/invocations", asking(top_n_tokens=2, max_new_tokens=1)), DetailedEngine())
    assert b'"special":false},"top_tokens":[{"id":7,' in answer.chunks[0]


async def test_best_of_gives_the_likeliest_and_lists_the_others() -> None:
    parameters = {"best_of": 2, "do_sample": True, "details": True, "max_new_tokens": 1, "top_n_tokens": 1}
    answer = await play(tgi(), post("/generate", {"inputs": "hi", "parameters": parameters}), DetailedEngine())
    details = answer.json["details"]
    assert list(details) == [
        "finish_reason", "generated_tokens", "seed", "prefill", "tokens", "best_of_sequences", "top_tokens",
    ]  # fmt: skip
    assert details["tokens"][0]["logprob"] == -0.1
    assert details["seed"] == 42
    [other] = details["best_of_sequences"]
    assert (other["generated_text"], other["tokens"][0]["logprob"]) == ("A", -0.2)


async def test_whole_answers_tell_how_long_everything_took() -> None:
    answer = await play(tgi(), post("/invocations", {"inputs": "hi"}))
    names = ["total", "validation", "queue", "inference"]
    assert all(answer.headers[f"x-{name}-time"].isdigit() for name in names)
    assert answer.headers["x-time-per-token"].isdigit()
    assert float(answer.headers["x-compute-time"]) >= 0
    assert (answer.headers["x-prompt-tokens"], answer.headers["x-generated-tokens"]) == ("3", "3")
    assert (answer.headers["x-compute-characters"], answer.headers["content-type"]) == ("2", "application/json")


async def test_generation_that_fails_mid_stream_ends_in_an_event() -> None:
    engine = FakeEngine(["a", "b"], fail_at=1)
    engine.failure = GenerationFailed("CUDA is not here")
    answer = await play(tgi(), post("/invocations", HI), engine)
    assert len(answer.chunks) == 2
    assert answer.chunks[1] == (
        b'data:{"error":"Request failed during generation: CUDA is not here","error_type":"generation"}\n\n'
    )
    assert answer.is_whole


async def test_generation_that_fails_whole_is_424() -> None:
    engine = FakeEngine(fail_at=1)
    engine.failure = GenerationFailed("broken")
    answer = await play(tgi(), post("/generate", {"inputs": "hi"}), engine)
    assert answer.status == 424
    assert answer.body == b'{"error":"Request failed during generation: broken","error_type":"generation"}'


@pytest.mark.parametrize("is_streaming", [False, True])
async def test_overload_is_429_or_an_event(is_streaming: bool) -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = Overloaded("full")
    answer = await play(tgi("2.1.0"), post("/invocations", HI | {"stream": is_streaming}), engine)
    error = b'{"error":"Model is overloaded","error_type":"overloaded"}'
    assert answer.status == (200 if is_streaming else 429)
    assert answer.body == (b"data: " + error + b"\n\n" if is_streaming else error)
