"""Golden transcripts: what a client of LMI reads, byte for byte, one list item for each HTTP chunk."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.containers.lmi.options import read_options
from firstbyte.containers.versions import Version
from firstbyte.engine.errors import GenerationFailed, Overloaded

HELLO = ["He", "llo", " world"]


def body(stream: bool | None = None, **parameters: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"inputs": 'say "hi"\n', "parameters": parameters}
    return made if stream is None else made | {"stream": stream}


async def test_pieces_of_one_object_up_to_0_28() -> None:
    answer = await play(lmi("0.28.0"), post("/invocations", body(max_new_tokens=3)), FakeEngine(HELLO))
    assert answer.chunks == [b'{"generated_text": "He', b"llo", b' world"}']
    assert answer.headers["content-type"] == "application/json"


async def test_end_of_sequence_closes_the_object_and_shows_no_text() -> None:
    answer = await play(lmi(), post("/invocations", body()), FakeEngine(HELLO))
    assert answer.chunks == [b'{"generated_text": "He', b"llo", b" world", b'"}']


async def test_token_without_text_is_no_chunk() -> None:
    """The bytes of a character that several tokens make up come with its last one, never cut."""
    answer = await play(lmi(), post("/invocations", body()), FakeEngine(["", "", "", "😀", "\n"]))
    assert answer.chunks == [b'{"generated_text": "', "😀".encode(), b"\\n", b'"}']


async def test_details_close_the_pieces() -> None:
    answer = await play(lmi(), post("/invocations", body(details=True, max_new_tokens=1)), FakeEngine(["He"]))
    assert answer.body == (
        b'{"generated_text": "He", "details": {"finish_reason": "length", "generated_tokens": 1, '
        b'"inputs": "say \\"hi\\"\\n", "tokens": [{"id": 10, "text": "He", "log_prob": -0.25}]}}'
    )


async def test_full_text_is_escaped_and_so_stays_json() -> None:
    answer = await play(lmi(), post("/invocations", body(return_full_text=True)), FakeEngine(HELLO))
    assert answer.json == {"generated_text": 'say "hi"\nHello world'}


async def test_lines_when_the_request_streams() -> None:
    answer = await play(lmi(), post("/invocations", body(True, max_new_tokens=2)), FakeEngine(["He", "llo"]))
    assert answer.headers["content-type"] == "application/jsonlines"
    assert answer.chunks == [
        b'{"token": {"id": 10, "text": "He", "log_prob": -0.25}}\n',
        b'{"token": {"id": 11, "text": "llo", "log_prob": -0.25}, "generated_text": "Hello"}\n',
    ]


async def test_last_line_carries_the_details() -> None:
    answer = await play(lmi(), post("/invocations", body(True, details=True)), FakeEngine(["é"]))
    assert answer.chunks[-1] == (
        '{"token": {"id": 2, "text": "", "log_prob": -0.25, "special_token": true}, "generated_text": "é", '
        '"details": {"finish_reason": "eos_token", "generated_tokens": 2, "inputs": "say \\"hi\\"\\n"}}\n'.encode()
    )


@pytest.mark.parametrize(
    ("configured", "stream", "content_type"),
    [
        (None, None, "application/json"),
        (None, False, "application/json"),
        (None, True, "application/jsonlines"),
        ("json", True, "application/json"),
        ("jsonlines", None, "application/jsonlines"),
        ("sse", None, "text/event-stream"),
    ],
)
async def test_configured_formatter_wins_over_the_request(
    configured: str | None, stream: bool | None, content_type: str
) -> None:
    dialect = lmi(output_formatter=configured) if configured else lmi()
    answer = await play(dialect, post("/invocations", body(stream)))
    assert answer.headers["content-type"] == content_type


async def test_sse() -> None:
    answer = await play(lmi(output_formatter="sse"), post("/invocations", body(max_new_tokens=1)))
    assert answer.chunks == [
        b'data: {"token": {"id": 10, "text": " a", "log_prob": -0.25}, "generated_text": " a"}\n\n'
    ]


async def test_tgi_compatibility() -> None:
    dialect = lmi(tgi_compat="true")
    whole = await play(dialect, post("/invocations", body(max_new_tokens=1)))
    assert whole.json[0]["details"]["tokens"] == [{"id": 10, "text": " a", "logprob": -0.25}]
    stream = await play(dialect, post("/invocations", body(True)))
    assert stream.headers["content-type"] == "text/event-stream"
    assert b'"logprob": -0.25, "special": true}' in stream.chunks[-1]


async def test_lines_of_0_25() -> None:
    answer = await play(lmi("0.25.0"), post("/invocations", body(True, max_new_tokens=1)), FakeEngine(["tok"]))
    assert answer.chunks == [b'{"outputs": ["tok"]}\n']


async def test_from_0_29_what_is_not_streamed_is_one_body() -> None:
    answer = await play(lmi("0.29.0"), post("/invocations", body()), FakeEngine(HELLO))
    assert answer.chunks == [b'{"generated_text": "Hello world"}']
    assert answer.headers["content-length"] == "33"
    lines = await play(lmi("0.29.0"), post("/invocations", body(True)), FakeEngine(["a"]))
    assert lines.chunks[0] == b'{"token": {"id": 10, "text": "a", "log_prob": -0.25}}\n'


async def test_todays_lines() -> None:
    asked = body(True, max_new_tokens=2, details=True)
    answer = await play(lmi("0.36.0"), post("/invocations", asked), FakeEngine(["a", "b"]))
    assert answer.chunks == [
        b'{"index": 0, "token": {"id": 10, "text": "a", "logprob": -0.25}, "generated_text": null, "details": null}\n',
        b'{"index": 0, "token": {"id": 11, "text": "b", "logprob": -0.25}, "generated_text": "ab", "details": '
        b'{"finish_reason": "length", "seed": null, "generated_tokens": 2, "input_length": 10}}\n',
    ]
    whole = await play(lmi("0.36.0"), post("/invocations", body(details=True)), FakeEngine(["a"]))
    assert list(whole.json["details"]) == ["finish_reason", "generated_tokens", "seed", "prefill", "tokens"]


@pytest.mark.parametrize(
    ("stream", "last"),
    [
        (None, b'", "details": {"finish_reason": "error"}}'),
        (
            True,
            b'{"token": {"id": -1, "text": "", "log_prob": -1, "special_token": true, "error_msg": "no memory"}, '
            b'"generated_text": "He", "details": {"finish_reason": "error"}}\n',
        ),
    ],
)
async def test_generation_that_fails_mid_stream(stream: bool | None, last: bytes) -> None:
    engine = FakeEngine(HELLO, fail_at=1)
    engine.failure = GenerationFailed("no memory")
    answer = await play(lmi(), post("/invocations", body(stream)), engine)
    assert answer.status == 200
    assert answer.chunks[1:] == [last]
    assert answer.is_whole


async def test_generation_that_fails_at_once_from_0_29_is_424() -> None:
    engine = FakeEngine(HELLO, fail_at=0)
    engine.failure = GenerationFailed("no memory")
    for stream in (None, True):
        answer = await play(lmi("0.29.0"), post("/invocations", body(stream)), engine)
        assert (answer.status, answer.json) == (424, {"code": 424, "error": "no memory"})


@pytest.mark.parametrize("version", ["0.28.0", "0.29.0", "0.36.0"])
async def test_overload_is_503_of_the_front_end(version: str) -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = Overloaded("full")
    for stream in (None, True):
        answer = await play(lmi(version), post("/invocations", body(stream)), engine)
        assert (answer.status, answer.json["type"]) == (503, "WlmCapacityException")


async def test_status_codes_can_be_had_in_0_28() -> None:
    options = read_options({"SERVING_BACKPORT_FOR_NON_STREAMING_HTTP_ERROR_CODES": "true"}, {}, Version(0, 28))
    dialect = dataclasses.replace(lmi(), options=options)
    engine = FakeEngine(HELLO, fail_at=1)
    engine.failure = GenerationFailed("no memory")
    assert (await play(dialect, post("/invocations", body()), engine)).status == 424
    assert (await play(dialect, post("/invocations", body()), FakeEngine(HELLO))).chunks == [
        b'{"generated_text": "Hello world"}'
    ]


async def test_pieces_may_end_in_a_newline_for_readers_of_lines() -> None:
    dialect = dataclasses.replace(lmi(), options=read_options({"FIRSTBYTE_FINAL_NEWLINE": "true"}, {}, Version(0, 28)))
    answer = await play(dialect, post("/invocations", body(max_new_tokens=1)), FakeEngine(["He"]))
    assert answer.chunks == [b'{"generated_text": "He"}', b"\n"]


async def test_waiting_too_long_is_a_translate_exception() -> None:
    dialect = dataclasses.replace(lmi(), options=dataclasses.replace(lmi().options, predict_timeout_s=0.001))
    answer = await play(dialect, post("/invocations", body()), FakeEngine(HELLO, pause_at=0))
    assert (answer.status, answer.json) == (
        400,
        {"code": 400, "type": "TranslateException", "message": "Time out in: 0.001"},
    )


@settings(deadline=None)  # the machine may be busy
@given(texts=st.lists(st.text(), min_size=1), details=st.booleans(), chat=st.booleans())
async def test_pieces_are_one_json_object_with_the_right_text(texts: list[str], details: bool, chat: bool) -> None:
    """Whatever the tokens say: all pieces together are JSON, and each piece alone is whole characters and escapes."""
    asked = {"messages": [{"role": "user", "content": "hi"}]} if chat else body(details=details)
    answer = await play(lmi(), post("/invocations", asked), FakeEngine(texts))
    text = answer.json["choices"][0]["message"]["content"] if chat else answer.json["generated_text"]
    limited = texts[:30]
    assert text == "".join(limited)
    middle = [piece.decode() for piece in answer.chunks[1:-1]]
    assert [json.loads(f'"{piece}"') for piece in middle] == [text for text in limited[1:] if text][: len(middle)]


@settings(deadline=None)  # the machine may be busy
@given(texts=st.lists(st.text(), min_size=1, max_size=29))
async def test_lines_are_json_each(texts: list[str]) -> None:
    answer = await play(lmi(), post("/invocations", body(True)), FakeEngine(texts))
    assert all(chunk.count(b"\n") == 1 and chunk.endswith(b"\n") for chunk in answer.chunks)
    assert [json.loads(chunk)["token"]["text"] for chunk in answer.chunks] == [*texts, ""]
