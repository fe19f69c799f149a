"""From tokens to what a client reads: whatever the tokens are and wherever the bytes are cut, the text is the same.

Tokens are slices of bytes, as of a tokenizer that falls back to bytes; the engine's own detokenising makes texts of
them, a dialect chunks, the host's encoder frames; botocore takes the frames apart, and `firstbyte.client` reads.
"""

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.aws.errors import EventStreamError
from firstbyte.aws.eventstream import EventStreamDecoder, encode_message, payload_part
from firstbyte.client import LineIterator, stream_tokens
from firstbyte.containers.dialect import Dialect
from firstbyte.engine.text import TextStream

DIALECTS: dict[str, tuple[Dialect, bool | None]] = {
    "tgi 2.0.2": (tgi("2.0.2"), True),
    "tgi 3.3.6": (tgi("3.3.6"), True),
    "lmi 0.28.0, pieces": (lmi("0.28.0"), None),
    "lmi 0.28.0, lines": (lmi("0.28.0"), True),
    "lmi 0.36.0": (lmi("0.36.0"), True),
}
BODY = {"inputs": "hi", "parameters": {"return_full_text": False, "max_new_tokens": 4000}}
UNSAFE = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")
"""Any character but the one that stands for an incomplete one."""
TEXTS = st.text(UNSAFE | st.sampled_from('😀愛é"\\\n\r\u2028</s>{}:'), min_size=1, max_size=20)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


class ByteTokenizer:
    """Each token is the slice of bytes that stands at its id."""

    def __init__(self, slices: Sequence[bytes]) -> None:
        self.slices = slices

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        return b"".join(self.slices[token_id] for token_id in ids).decode(errors="replace")


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in the slices between places, which count around its end."""
    borders = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:stop] for start, stop in itertools.pairwise(borders)]


def texts_of(text: str, places: Iterable[int]) -> list[str]:
    """What the engine says of a text whose tokens are cut anywhere, inside of characters, too."""
    slices = cut(text.encode(), places)
    stream = TextStream(ByteTokenizer(slices), ())  # type: ignore[arg-type]
    return [stream.push(token_id) for token_id in range(len(slices))]


async def chunks_of(dialect: Dialect, stream: bool | None, texts: list[str]) -> list[bytes]:
    body = BODY if stream is None else BODY | {"stream": stream}
    answer = await play(dialect, post("/invocations", body), FakeEngine(texts))
    assert answer.status == 200
    return answer.chunks


def as_botocore_reads(wire: bytes, places: Iterable[int]) -> list[Mapping[str, Any]]:
    """The parts of an event stream that arrives in pieces."""
    buffer = EventStreamBuffer()
    parts: list[Mapping[str, Any]] = []
    for piece in cut(wire, places):
        buffer.add_data(piece)
        parts += [{"PayloadPart": {"Bytes": message.payload}} for message in buffer]
    return parts


@settings(deadline=None, max_examples=40)  # the machine may be busy
@pytest.mark.parametrize("name", DIALECTS)
@given(text=TEXTS, tokens=CUTS, network=CUTS)
async def test_the_text_comes_back_whatever_the_tokens_and_the_cuts(
    name: str, text: str, tokens: list[int], network: list[int]
) -> None:
    chunks = await chunks_of(*DIALECTS[name], texts_of(text, tokens))
    parts = as_botocore_reads(b"".join(map(payload_part, chunks)), network)
    assert [part["PayloadPart"]["Bytes"] for part in parts] == chunks
    assert "".join(stream_tokens({"Body": parts})) == text


@settings(deadline=None, max_examples=40)
@pytest.mark.parametrize("name", DIALECTS)
@given(text=TEXTS, tokens=CUTS)
async def test_no_chunk_is_cut_inside_a_character_or_an_escape(name: str, text: str, tokens: list[int]) -> None:
    chunks = [chunk.decode() for chunk in await chunks_of(*DIALECTS[name], texts_of(text, tokens))]
    if name.endswith("pieces"):
        inside = re.fullmatch(r'\{"generated_text": "(.*)"\}', "\0".join(chunks), re.DOTALL)
        assert inside is not None
        assert "".join(json.loads(f'"{piece}"') for piece in inside[1].split("\0")) == text
    else:
        for chunk in chunks:
            json.loads(chunk.removeprefix("data:"))
            assert chunk.endswith("\n\n" if chunk.startswith("data:") else "\n")
            assert chunk.rstrip("\n").count("\n") == 0


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line)), places=CUTS, network=CUTS)
def test_lines_are_those_of_the_bytes_that_botocore_reads(
    lines: list[bytes], places: list[int], network: list[int]
) -> None:
    """Two readers of one wire: botocore's parts through `LineIterator`, and the bytes themselves split at newlines."""
    body = b"".join(b"data:%b\n" % line for line in lines)
    parts = as_botocore_reads(b"".join(map(payload_part, cut(body, places))), network)
    assert list(LineIterator(parts)) == [b"data:%b" % line.rstrip() if line.strip() else b"data:" for line in lines]


def read_ours(wire: bytes, places: Iterable[int]) -> tuple[list[bytes], bool]:
    """The payloads until the first error, and whether there was one."""
    decoder, payloads = EventStreamDecoder(), []
    try:
        for piece in cut(wire, places):
            decoder.feed(piece)
            for message in decoder:
                payloads.append(message.payload)  # what came before an error counts
    except EventStreamError:
        return payloads, True
    return payloads, False


def read_botocores(wire: bytes) -> tuple[list[bytes], bool]:
    buffer, payloads = EventStreamBuffer(), []
    buffer.add_data(wire)
    try:
        for message in buffer:
            payloads.append(message.payload)
    except Exception:  # botocore's parser raises several kinds
        return payloads, True
    return payloads, False


@settings(deadline=None, max_examples=100)
@given(
    payloads=st.lists(st.binary(max_size=30), max_size=4),
    noise=st.binary(max_size=40),
    places=CUTS,
)
def test_our_decoder_and_botocores_agree_on_any_bytes(payloads: list[bytes], noise: bytes, places: list[int]) -> None:
    wire = b"".join(encode_message({":event-type": "PayloadPart"}, payload) for payload in payloads) + noise
    ours, is_ours_broken = read_ours(wire, places)
    theirs, is_theirs_broken = read_botocores(wire)
    assert is_ours_broken == is_theirs_broken
    assert ours == theirs
    assert ours[: len(payloads)] == payloads
