"""Units come out whole however the stream was cut."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.client.errors import GenerationFailed
from firstbyte.client.line_iterator import LineIterator, is_in_pieces, whole_len


def event_stream(parts: Iterable[bytes]) -> list[dict[str, Any]]:
    return [{"PayloadPart": {"Bytes": part}} for part in parts]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(borders)]


def units(*parts: bytes) -> list[bytes]:
    return list(LineIterator(event_stream(parts)))


def test_a_line_split_over_parts_is_joined() -> None:
    assert units(b'data:{"token":{"te', b'xt":"a"', b"}}\n", b"\n") == [b'data:{"token":{"text":"a"}}']


def test_several_events_in_one_part_come_one_by_one() -> None:
    assert units(b"data: {1}\n\ndata: {2}\n\ndata: {3}\n\n") == [b"data: {1}", b"data: {2}", b"data: {3}"]


def test_a_last_line_without_newline_ends_the_iteration() -> None:
    assert units(b'{"token": 1}\n', b'{"token": 2}') == [b'{"token": 1}', b'{"token": 2}']


def test_keep_alive_comments_blank_lines_and_ids_are_left_out() -> None:
    assert units(b":\n\n", b": ping\r\n\r\n", b"id: 7\nevent: token\nretry: 9\ndata:{}\r\n\r\n") == [b"data:{}"]


def test_an_empty_stream_has_no_units() -> None:
    assert units() == []
    assert units(b"", b"") == []
    assert units(b" \n ") == []


def test_too_few_bytes_to_tell_the_form_still_come_out() -> None:
    assert units(b'{"gene', b"rated") == [b'{"generated']


def test_pieces_come_out_as_they_arrive() -> None:
    assert units(b'{"generated_text": "He', b"llo", b' world"}') == [b'{"generated_text": "He', b"llo", b' world"}']


def test_a_piece_waits_for_the_rest_of_a_character_and_of_an_escape() -> None:
    snowman = "☃".encode()
    assert units(b'{"generated_text": "' + snowman[:1], snowman[1:] + b"\\", b"n\\u00e", b'9"}') == [
        b'{"generated_text": "',
        snowman,
        b"\\n",
        b'\\u00e9"}',
    ]


def test_a_surrogate_pair_stays_in_one_unit() -> None:
    assert units(b'{"generated_text": "\\ud83d', b'\\ude80"}') == [b'{"generated_text": "', b'\\ud83d\\ude80"}']


def test_an_error_member_of_the_event_stream_is_raised() -> None:
    broken: list[dict[str, Any]] = [
        {"ModelStreamError": {"Message": "the container died", "ErrorCode": "StreamBroken"}}
    ]
    with pytest.raises(GenerationFailed, match="ModelStreamError: the container died"):
        list(LineIterator(broken))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", None),
        (b"  {", None),
        (b'{ "generated_text"', None),
        (b'{"generated_text": "x', True),
        (b'{ "generated_text" :"', True),
        (b'{"generated_text": null', False),
        (b'{"token"', False),
        (b"data:", False),
        (b"[", False),
    ],
)
def test_the_form_is_told_by_the_first_bytes(head: bytes, expected: bool | None) -> None:
    assert is_in_pieces(head) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"ab\\", 2),
        (b"ab\\\\", 4),
        (b"\\u12", 0),
        (b"\\u1234x", 7),
        (b"a\\ud83d", 1),
        (b"a\\ud83dx", 8),
        (b"a\\ud83d\\n", 9),
        (b"a\\ud83d\\u0041", 13),
        ("é".encode()[:1], 0),
        ("a🚀".encode()[:4], 1),
        ("a🚀".encode(), 5),
    ],
)
def test_whole_len_ends_at_a_border(data: bytes, expected: int) -> None:
    assert whole_len(data) == expected


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.lists(st.integers(0, 10_000)), st.booleans())
def test_every_unit_of_pieces_can_be_decoded_by_itself(text: str, places: list[int], ascii_only: bool) -> None:
    body = ('{"generated_text": ' + json.dumps(text, ensure_ascii=ascii_only) + "}").encode()
    pieces = units(*cut(body, places))
    assert b"".join(pieces) == body
    for piece in pieces:
        piece.decode()


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.dictionaries(st.text(), st.text(), min_size=1)), st.lists(st.integers(0, 10_000)), st.booleans())
def test_lines_are_the_same_however_cut(values: list[dict[str, str]], places: list[int], last_newline: bool) -> None:
    lines = [b"data:" + json.dumps(value, ensure_ascii=False).encode() for value in values]
    body = b"\n\n".join(lines) + (b"\n\n" if last_newline else b"")
    assert units(*cut(body, places)) == lines
