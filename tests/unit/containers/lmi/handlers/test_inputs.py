import io
from typing import Any

import numpy
import pytest

from firstbyte.containers.lmi.handlers.inputs import Input, PairList


def made(body: bytes, content_type: str = "", **properties: str) -> Input:
    inputs = Input()
    inputs.properties.update({"content-type": content_type, **properties})
    inputs.content.add("data", body)
    return inputs


def test_the_input_that_initialises_is_empty() -> None:
    inputs = Input()
    assert inputs.is_empty()
    assert inputs.get_as_bytes() is None
    assert not made(b"").is_empty()


def test_properties_are_found_whatever_their_case() -> None:
    assert made(b"", Accept="text/csv").get_property("accept") == "text/csv"
    assert made(b"").get_property("accept") is None


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json; charset=utf-8", b'{"a": [1]}', {"a": [1]}),
        ("text/plain", "é".encode(), "é"),
        ("application/octet-stream", b"\xff", b"\xff"),
        ("", b"x", b"x"),
    ],
)
def test_data_is_read_by_its_content_type(content_type: str, body: bytes, data: Any) -> None:
    assert made(body, content_type).get_data() == data


def test_arrays_and_tables() -> None:
    file = io.BytesIO()
    numpy.savez(file, numpy.arange(3))
    [array] = made(file.getvalue(), "tensor/npz").get_data()
    assert array.tolist() == [0, 1, 2]
    assert made(b"a,b\n1,2\n").get_as_csv() == [{"a": "1", "b": "2"}]
    with pytest.raises(ValueError, match="tensor/ndlist is not read here"):
        made(b"", "tensor/ndlist").get_data()


def test_content_of_several_names() -> None:
    inputs = Input()
    inputs.content.add("first", b"1")
    inputs.content.add("second", b"2")
    assert (inputs.get_as_bytes(), inputs.get_as_string("second")) == (b"1", "2")
    assert inputs.contains_key("second")
    with pytest.raises(KeyError, match="third"):
        inputs.get_as_bytes("third")
    inputs.content.add("data", b"3")
    assert inputs.get_as_bytes() == b"3"


def test_each_request_is_its_own_call() -> None:
    inputs = made(b"x")
    assert (inputs.is_batch(), inputs.get_batch_size(), inputs.get_batches()) == (False, 1, [inputs])


def test_pairs_keep_their_order() -> None:
    pairs = PairList()
    pairs.add(None, b"1")
    pairs.add("k", b"2")
    assert (pairs.size(), pairs.key_at(0), pairs.value_at(1)) == (2, None, b"2")
    assert (pairs.get_keys(), pairs.get_values(), pairs.contains("x")) == ([None, "k"], [b"1", b"2"], False)
