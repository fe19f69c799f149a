import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.containers.tgi.syntax import DEEPEST, Path, SyntaxProblem, place_of, scan_document

FIELDS: dict[Path, tuple[str, ...]] = {(): ("inputs", "stream")}


def told(body: bytes) -> str:
    """What is said of a body, its path in front as in an answer."""
    with pytest.raises(SyntaxProblem) as caught:
        scan_document(body, FIELDS)
    line, column = place_of(body, caught.value.num_read)
    path = "".join(f"{step}: " for step in caught.value.path)
    return f"{path}{caught.value} at line {line} column {column}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # Expectations of serde_json's own tests (tests/test.rs).
        (b"+", "expected value at line 1 column 1"),
        (b".0", "expected value at line 1 column 1"),
        (b"-", "EOF while parsing a value at line 1 column 1"),
        (b"00", "invalid number at line 1 column 2"),
        (b"0.", "EOF while parsing a value at line 1 column 2"),
        (b"1.a", "invalid number at line 1 column 3"),
        (b"1.e1", "invalid number at line 1 column 3"),
        (b"1e", "EOF while parsing a value at line 1 column 2"),
        (b"1e+", "EOF while parsing a value at line 1 column 3"),
        (b"n", "EOF while parsing a value at line 1 column 1"),
        (b"nul", "EOF while parsing a value at line 1 column 3"),
        (b"nulx", "expected ident at line 1 column 4"),
        (b'"', "EOF while parsing a string at line 1 column 1"),
        (b'"lol', "EOF while parsing a string at line 1 column 4"),
        (b'"\\q"', "invalid escape at line 1 column 3"),
        (b'"\\u12g4"', "invalid escape at line 1 column 7"),
        (b'"\\u12"', "EOF while parsing a string at line 1 column 6"),
        (b'"\\udc00"', "lone leading surrogate in hex escape at line 1 column 7"),
        (b'"a\nb"', "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0"),
        (b"[", "EOF while parsing a list at line 1 column 1"),
        (b"[ ", "EOF while parsing a list at line 1 column 2"),
        (b"[1", "EOF while parsing a list at line 1 column 2"),
        (b"[1,", "EOF while parsing a value at line 1 column 3"),
        (b"[1,]", "trailing comma at line 1 column 4"),
        (b"[1 2]", "expected `,` or `]` at line 1 column 4"),
        (b"{", "EOF while parsing an object at line 1 column 1"),
        (b"{1", "key must be a string at line 1 column 2"),
        (b'{"a"', "a: EOF while parsing an object at line 1 column 4"),
        (b'{"a" 1', "a: expected `:` at line 1 column 6"),
        (b'{"a":', "a: EOF while parsing a value at line 1 column 5"),
        (b'{"a":1', "EOF while parsing an object at line 1 column 6"),
        (b'{"a":1 1', "expected `,` or `}` at line 1 column 8"),
        (b'{"a":1,', "EOF while parsing a value at line 1 column 7"),
        (b'{"a":1,}', "trailing comma at line 1 column 8"),
        (b'{"a":[1,{"b":x}]}', "a: 1: b: expected value at line 1 column 14"),
        (b'{"inputs":1, "a":2, "a":3, "inputs"', "duplicate field `inputs` at line 1 column 35"),
        (b"1e999", "number out of range at line 1 column 5"),
    ],
)
def test_says_what_serde_json_says(body: bytes, message: str) -> None:
    assert told(body) == message


def test_goes_as_deep_as_serde_json() -> None:
    assert scan_document(b"[" * DEEPEST + b"]" * DEEPEST, {}) == 2 * DEEPEST
    assert told(b"[" * 200 + b"]" * 200).endswith("recursion limit exceeded at line 1 column 128")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(value=JSON, ascii_only=st.booleans(), rest=st.binary(max_size=3))
def test_takes_every_document_and_stops_behind_it(value: object, ascii_only: bool, rest: bytes) -> None:
    body = json.dumps([value], ensure_ascii=ascii_only).encode(errors="replace")
    assert scan_document(body + rest, {}) == len(body)


@given(value=JSON, num_kept=st.integers(min_value=0))
def test_a_cut_document_is_an_unexpected_end(value: object, num_kept: int) -> None:
    body = json.dumps([value]).encode()
    assert "EOF while parsing" in told(body[: num_kept % len(body)])
