from typing import Any

import pytest

from firstbyte.containers.lmi.handlers.decoding import decode, encode
from firstbyte.containers.lmi.handlers.inputs import Input
from firstbyte.containers.lmi.handlers.outputs import Output


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"inputs": "a"}', {"inputs": "a"}),
        (None, b'{"inputs": "a"}', {"inputs": "a"}),
        (None, b"", {"inputs": ""}),
        ("text/plain; charset=utf-8", b"a", {"inputs": ["a"]}),
        ("text/csv", b"inputs,x\na,1\nb,2\n", {"inputs": ["a", "b"]}),
        ("text/csv", b"question\na\n", {"inputs": [{"question": "a"}]}),
        ("application/octet-stream", b"\xff", {"inputs": b"\xff"}),
        ("application/x-www-form-urlencoded", b"a=1", {"inputs": "a=1"}),
    ],
)
def test_decode(content_type: str | None, body: bytes, value: Any) -> None:
    inputs = Input()
    inputs.content.add("data", body)
    assert decode(inputs, content_type) == value


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        ("", "application/json", b'[\n  {\n    "a":1\n  }\n]'),
        ("application/json", "application/json", b'[\n  {\n    "a":1\n  }\n]'),
        ("text/csv", "text/csv", b"a\r\n1\r\n"),
    ],
)
def test_encode(accept: str, content_type: str, body: bytes) -> None:
    output = Output()
    encode(output, [{"a": 1}], accept)
    assert (output.body, output.properties) == (body, {"Content-Type": content_type})


def test_what_is_not_written_is_said() -> None:
    with pytest.raises(ValueError, match="tensor/ndlist"):
        encode(Output(), [1], "tensor/ndlist")
