"""The same texts come back from every container's bytes, however they were cut."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.client.errors import GenerationFailed, MalformedStream
from firstbyte.client.stream import print_response_stream, stream_tokens


def response(*parts: bytes, content_type: str = "application/json") -> dict[str, Any]:
    return {"ContentType": content_type, "Body": [{"PayloadPart": {"Bytes": part}} for part in parts]}


def tokens(*parts: bytes) -> list[str]:
    return list(stream_tokens(response(*parts)))


def tgi_sse(texts: Sequence[str], space: bytes = b"") -> list[bytes]:
    """TGI's events: compact JSON, raw UTF-8, the last with the whole text."""
    events: list[dict[str, Any]] = [
        {"index": index, "token": {"id": 7, "text": text, "logprob": -0.5, "special": False}, "generated_text": None}
        for index, text in enumerate(texts, 1)
    ]
    end = {"id": 2, "text": "</s>", "logprob": -0.1, "special": True}
    events.append({"index": len(texts) + 1, "token": end, "generated_text": "".join(texts)})
    return [
        b"data:" + space + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
        for event in events
    ]


def lmi_jsonlines(texts: Sequence[str]) -> list[bytes]:
    lines: list[dict[str, Any]] = [{"token": {"id": 7, "text": text, "log_prob": -0.5}} for text in texts]
    if lines:
        lines[-1]["generated_text"] = "".join(texts)
    return [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines]


def lmi_pieces(texts: Sequence[str], details: str = "") -> list[bytes]:
    pieces = [json.dumps(text, ensure_ascii=False)[1:-1].encode() for text in texts] or [b""]
    pieces[0] = b'{"generated_text": "' + pieces[0]
    pieces[-1] += b'"' + details.encode() + b"}"
    return pieces


FORMS: list[Callable[[Sequence[str]], list[bytes]]] = [
    tgi_sse,
    lambda texts: tgi_sse(texts, space=b" "),
    lmi_jsonlines,
    lmi_pieces,
    lambda texts: lmi_pieces(texts, ', "details": {"finish_reason": "length", "tokens": [{"text": "\\"}"}]}'),
]


@pytest.mark.parametrize("form", FORMS)
def test_tokens_come_as_they_were_written(form: Callable[[Sequence[str]], list[bytes]]) -> None:
    assert tokens(*form(["Hi", " 🚀", '"quoted"', "\n"])) == ["Hi", " 🚀", '"quoted"', "\n"]


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)  # the machine may be busy
@given(texts=st.lists(st.text()), places=st.lists(st.integers(0, 100_000)))
def test_any_split_gives_back_the_same_texts(
    form: Callable[[Sequence[str]], list[bytes]], texts: list[str], places: list[int]
) -> None:
    body = b"".join(form(texts))
    borders = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    parts = [body[start:end] for start, end in pairwise(borders)]
    found = tokens(*parts)
    assert "".join(found) == "".join(texts)
    if form is not FORMS[3] and form is not FORMS[4]:
        assert found == [text for text in texts if text]


def test_a_token_is_yielded_before_the_next_part_is_read() -> None:
    read: list[bytes] = []

    def parts() -> Iterable[dict[str, Any]]:
        for part in tgi_sse(["a", "b"]):
            read.append(part)
            yield {"PayloadPart": {"Bytes": part}}

    stream = stream_tokens({"Body": parts()})
    assert next(stream) == "a"
    assert len(read) == 1


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b"", []),
        (b'[{"generated_text": "whole"}]', ["whole"]),
        (b'{"outputs": ["He"]}\n{"outputs": ["llo"]}\n', ["He", "llo"]),
        (b'{"index":0,"token":{"id":1,"text":"v","logprob":-1},"generated_text":null,"details":null}\n', ["v"]),
        (b'data: {"choices":[{"delta":{"role":"assistant","content":"hey"}}]}\n\ndata: [DONE]\n\n', ["hey"]),
        (b'{"choices": [{"message": {"role": "assistant", "content": "hey"}}]}', ["hey"]),
        (b'{"choices": [{"text": "hey"}]}\n{"choices": [{"text": "", "finish_reason": "stop"}]}\n', ["hey"]),
        (b'{"choices": [{"delta": {"role": "assistant"}}]}\n{"choices": []}\n', []),
    ],
)
def test_other_shapes_are_read_too(body: bytes, texts: list[str]) -> None:
    assert tokens(body) == texts


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([b'data:{"error":"Model is overloaded","error_type":"overloaded"}\n\n'], "overloaded: Model is overloaded"),
        ([b'{"code":424,"error":"Input parsing failed"}'], "424: Input parsing failed"),
        ([b'{"error":"","code":424}\n'], "424: the container gave no reason"),
        ([b'data: {"error":{"message":"no","http_status_code":422}}\n\n'], "422: no"),
        ([b'{"token": {"id": -1, "text": ""}, "details": {"finish_reason": "error"}}\n'], "stopped generating"),
        ([b'{"generated_text": "He', b'", "details": {"finish_', b'reason": "error"}}'], "stopped generating"),
    ],
)
def test_an_error_inside_the_stream_is_raised(parts: list[bytes], words: str) -> None:
    with pytest.raises(GenerationFailed, match=words):
        tokens(*parts)


def test_an_error_after_tokens_comes_after_them() -> None:
    body = tgi_sse(["a", "b"])[:2]
    stream = stream_tokens(response(*body, b'data:{"error":"CUDA","error_type":"generation"}\n\n'))
    assert [next(stream), next(stream)] == ["a", "b"]
    with pytest.raises(GenerationFailed) as caught:
        next(stream)
    assert (caught.value.message, caught.value.error_type) == ("CUDA", "generation")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>502</html>", "not JSON: <html>"),
        (b'data:{"token":{"te', "not JSON"),
        (b'{"generated_text": "cut', "ended in the middle"),
        (b'{"generated_text": "cut \\u12', "no JSON text"),
        (b'{"generated_text": "cut"', "not JSON"),
        (b'{"hello": 1}', "no text in"),
        (b'data:"' + b"x" * 500, "x…"),
    ],
)
def test_bytes_that_make_no_answer_are_an_error(body: bytes, words: str) -> None:
    with pytest.raises(MalformedStream, match=words):
        tokens(body)


def test_print_response_stream_writes_the_text_and_a_newline() -> None:
    out = io.StringIO()
    print_response_stream(response(*tgi_sse(["Dear", " Ana"])), file=out)
    assert out.getvalue() == "Dear Ana\n"


def test_print_response_stream_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_response_stream(response(*lmi_pieces(["a", "b"])))
    assert capsys.readouterr().out == "ab\n"
