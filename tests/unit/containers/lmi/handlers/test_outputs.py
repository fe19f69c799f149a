import datetime
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy
import pytest

from firstbyte.containers.lmi.handlers.outputs import Output, format_outputs


def test_json_as_djl_writes_it() -> None:
    output = Output().add_as_json({"text": "é", "n": [1]})
    assert output.body == '{\n  "text":"é",\n  "n":[\n    1\n  ]\n}'.encode()


def test_values_of_numpy_and_dates_are_json() -> None:
    value = {"a": numpy.arange(2), "b": numpy.float32(0.5), "c": datetime.datetime(2024, 1, 2)}
    assert json.loads(Output().add(value).body) == {"a": [0, 1], "b": 0.5, "c": "2024-01-02 00:00:00"}
    with pytest.raises(TypeError, match="object has no form in JSON"):
        Output().add_as_json(object())


@pytest.mark.parametrize(("value", "body"), [(b"\xff", b"\xff"), (bytearray(b"a"), b"a"), ("é", "é".encode())])
def test_bytes_and_text_stay(value: Any, body: bytes) -> None:
    assert Output().add(value).body == body


def test_data_is_what_is_sent() -> None:
    assert Output().add("1", key="other").add("2", key="data").body == b"2"
    assert Output().body == b""


def test_error_in_djls_words() -> None:
    output = Output().error("broken")
    assert (output.code, output.properties) == (424, {"content-type": "application/json"})
    assert json.loads(output.body) == {"code": 424, "message": "prediction failure", "error": "broken"}


def test_arrays_as_npz_only() -> None:
    assert Output().add_as_npz([numpy.arange(2)]).body.startswith(b"PK")
    with pytest.raises(ValueError, match="add_as_npz"):
        Output().add_as_numpy([])


def failing() -> Iterator[list[str]]:
    yield ["a"]
    raise ValueError("broken")


def test_stream_goes_through_the_formatter_failures_too() -> None:
    stream: Any = Output().add_stream_content(failing()).stream_content
    assert list(stream) == [b'{"outputs": ["a"]}\n', b'{"error_msg": "broken"}\n']


def test_stream_without_a_formatter_is_as_it_is() -> None:
    stream: Any = Output().add_stream_content(iter(["a", b"b"]), output_formatter=None).stream_content
    assert list(stream) == ["a", b"b"]


async def test_asynchronous_stream_is_formatted() -> None:
    async def items() -> AsyncIterator[str]:
        yield "a"
        raise ValueError("broken")

    stream: Any = Output().add_stream_content(items(), format_outputs).stream_content
    assert [item async for item in stream] == [b'{"outputs": "a"}\n', b'{"error_msg": "broken"}\n']


def test_finalize_runs_afterwards() -> None:
    calls: list[int] = []
    output = Output().finalize(calls.append, 1)
    assert calls == []
    output.execute_finalize()
    assert calls == [1]
    assert Output().execute_finalize() is None


def test_status_and_headers() -> None:
    output = Output().set_code(201).set_message("made").add_property("X-A", "b")
    assert (output.code, output.message, output.properties) == (201, "made", {"X-A": "b"})
