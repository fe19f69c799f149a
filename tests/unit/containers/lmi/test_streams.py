"""What every form of LMI's answers keeps, whatever the tokens say and wherever the bytes are cut."""

import codecs
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from fakes.vocabularies import byte_tokenizer_json
from firstbyte.client.line_iterator import LineIterator
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.engine.text import TextStream
from firstbyte.engine.tokenizer import CheckpointTokenizer

PROMPT: dict[str, Any] = {"inputs": "hi", "parameters": {"max_new_tokens": 2000}}
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2000}
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\\n\t\x00\u2028😀👩\u200d👩é\u0301愛'), max_size=30)


@dataclass(frozen=True)
class Form:
    """One form of an answer: how it is asked for, and where a chunk holds text."""

    name: str
    dialect: LmiDialect
    body: dict[str, Any]
    text_of: Callable[[Any], str]
    """Of the JSON of a line, or of the whole."""
    is_lines: bool = True

    def __str__(self) -> str:
        return self.name


def token_text(line: Any) -> str:
    return str(line["token"]["text"])


def first_output(line: Any) -> str:
    return str(line["outputs"][0])


def delta(line: Any) -> str:
    return str(line["choices"][0]["delta"]["content"])


def content(whole: Any) -> str:
    return str(whole["choices"][0]["message"]["content"])


STREAM = PROMPT | {"stream": True}
LINES = (
    Form("outputs of 0.25", lmi("0.25.0"), STREAM, first_output),
    Form("lines of 0.28", lmi("0.28.0"), STREAM, token_text),
    Form("lines of 0.36", lmi("0.36.0"), STREAM, token_text),
    Form("events", lmi(output_formatter="sse"), PROMPT, token_text),
    Form("events as TGI's", lmi(tgi_compat="true"), STREAM, token_text),
    Form("chat lines of 0.28", lmi(), CHAT | {"stream": True}, delta),
    Form("chat lines of 0.36", lmi("0.36.0"), CHAT | {"stream": True}, delta),
    Form("static lines", lmi(rolling_batch="disable", enable_streaming="true"), PROMPT, first_output),
)
OBJECTS = (
    Form("pieces", lmi(), PROMPT, lambda whole: str(whole["generated_text"]), False),
    Form("pieces as TGI's", lmi(tgi_compat="true"), PROMPT, lambda whole: str(whole[0]["generated_text"]), False),
    Form("chat in pieces", lmi(), CHAT, content, False),
    Form("whole of 0.29", lmi("0.29.0"), PROMPT, lambda whole: str(whole["generated_text"]), False),
    Form("chat of 0.36", lmi("0.36.0"), CHAT, content, False),
    Form("static list", lmi(rolling_batch="disable"), PROMPT, lambda whole: str(whole[0]["generated_text"]), False),
)


def in_tokens(data: st.DataObject, text: str) -> list[str]:
    """`text` as tokens give it that are cut anywhere, within characters too: each brings what it completes."""
    encoded, decoder = text.encode(), codecs.getincrementaldecoder("utf-8")()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(encoded)), max_size=8)))
    bounds = [0, *cuts, len(encoded)]
    return [decoder.decode(encoded[a:b]) for a, b in itertools.pairwise(bounds)]


async def chunks_of(form: Form, texts: list[str]) -> list[bytes]:
    answer = await play(form.dialect, post("/invocations", form.body), FakeEngine(texts))
    assert (answer.status, answer.is_whole) == (200, True)
    return answer.chunks


def line_in(chunk: bytes) -> Any:
    text = chunk.decode()
    assert text.endswith("\n")
    return json.loads(text.removeprefix("data: "))


@pytest.mark.parametrize("form", LINES, ids=str)
@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(text=TEXTS, data=st.data())
async def test_lines_are_whole_and_make_up_the_text(form: Form, text: str, data: st.DataObject) -> None:
    texts = in_tokens(data, text)
    chunks = await chunks_of(form, texts)
    assert [form.text_of(line_in(chunk)) for chunk in chunks] == [*texts, ""]


@pytest.mark.parametrize("form", OBJECTS, ids=str)
@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(text=TEXTS, data=st.data())
async def test_pieces_are_whole_and_make_up_the_text(form: Form, text: str, data: st.DataObject) -> None:
    chunks = await chunks_of(form, in_tokens(data, text))
    assert form.text_of(json.loads(b"".join(chunks))) == text
    for piece in chunks[1:-1]:
        assert json.loads(b'"' + piece + b'"')  # neither a character nor an escape is cut


@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(text=TEXTS, data=st.data())
@pytest.mark.parametrize("form", [LINES[1], LINES[3], OBJECTS[0]], ids=str)
async def test_reader_of_any_cut_of_the_bytes_reads_the_text(form: Form, text: str, data: st.DataObject) -> None:
    """A proxy may cut a part in two or glue two together; our own reader does not mind."""
    body = b"".join(await chunks_of(form, in_tokens(data, text)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=6)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    units = list(LineIterator({"PayloadPart": {"Bytes": part}} for part in parts if part))
    if form.is_lines:
        assert "".join(form.text_of(json.loads(unit[unit.index(b"{") :])) for unit in units) == text
    else:
        assert form.text_of(json.loads(b"".join(units))) == text
        assert all(unit.decode() for unit in units)


@pytest.fixture(scope="module")
def tokenizer() -> CheckpointTokenizer:
    return CheckpointTokenizer(tokenizers.Tokenizer.from_str(byte_tokenizer_json()), {}, None)


def pushed(tokenizer: CheckpointTokenizer, ids: list[int]) -> Iterator[str]:
    stream = TextStream(tokenizer, [])
    for token_id in ids:
        yield stream.push(token_id)


@settings(deadline=None, max_examples=50)  # the machine may be busy
@given(ids=st.lists(st.integers(0, 255), max_size=20))
async def test_any_tokens_stream_as_the_text_they_decode_to(tokenizer: CheckpointTokenizer, ids: list[int]) -> None:
    """Tokens of single bytes, which mostly make no character: the stream is what they decode to but for an open end."""
    texts = list(pushed(tokenizer, ids))
    answer = json.loads(b"".join(await chunks_of(OBJECTS[0], texts)))
    decoded = tokenizer.decode(ids)
    assert decoded.startswith(answer["generated_text"])
    assert set(decoded.removeprefix(answer["generated_text"])) <= {"\ufffd"}


@settings(deadline=None, max_examples=50)  # the machine may be busy
@given(text=TEXTS)
async def test_tokens_of_single_bytes_make_up_any_text(tokenizer: CheckpointTokenizer, text: str) -> None:
    texts = list(pushed(tokenizer, list(text.encode())))
    chunks = await chunks_of(LINES[1], texts)
    assert "".join(token_text(line_in(chunk)) for chunk in chunks) == text
