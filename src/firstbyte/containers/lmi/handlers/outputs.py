"""`djl_python.Output`: what a handler returns. Used by user code only."""

import datetime
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Self

from firstbyte.containers.lmi.handlers.inputs import PairList

StreamContent = Iterable[Any] | AsyncIterator[Any]


def encode_json(value: Any) -> bytes:
    """JSON as handlers' answers have it: indented by two, dates as text, NumPy's numbers and arrays as JSON's."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2, default=_plain, separators=(",", ":"))
    return text.encode(errors="backslashreplace")  # half of a surrogate pair stays an escape


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return str(value)
    for method in ("tolist", "item"):  # NumPy's arrays and numbers, without importing NumPy for everybody
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def encode_item(value: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    return value.encode() if isinstance(value, str) else encode_json(value)


def format_outputs(item: Any) -> bytes:
    """One step of a stream as a line, unless the handler brings a formatter of its own."""
    message = {"error_msg": str(item)} if isinstance(item, Exception) else {"outputs": item}
    return f"{json.dumps(message, default=_plain)}\n".encode()


class Output:
    """One answer: a status, properties that become headers, and content or a stream of it."""

    def __init__(self, code: int = 200, message: str = "OK") -> None:
        self.code = code
        self.message = message
        self.properties: dict[str, Any] = {}
        self.content = PairList()
        self.stream_content: StreamContent | None = None
        self._finish: Callable[[], Any] | None = None

    def __str__(self) -> str:
        return f"{self.code} {self.message}, properties: {self.properties}, content: {self.content.get_keys()}"

    def set_code(self, code: int) -> Self:
        """Set the HTTP status."""
        self.code = code
        return self

    def set_message(self, message: str) -> Self:
        """Set the words that go with the status."""
        self.message = message
        return self

    def error(self, error: str, code: int = 424, message: str = "prediction failure") -> Self:
        """Make this the report of a failure."""
        self.code, self.message = code, message
        self.add_property("content-type", "application/json")
        return self.add_as_json({"code": code, "message": message, "error": error})

    def add_property(self, key: str, val: Any) -> Self:
        """Add a header."""
        self.properties[key] = val
        return self

    def add(self, value: Any, key: str | None = None, batch_index: int | None = None) -> Self:
        """Add content; what is neither bytes nor text is added as JSON. `batch_index` is 0: calls are not batched."""
        del batch_index
        self.content.add(None if key is None else str(key), encode_item(value))
        return self

    def add_as_json(self, val: Any, key: str | None = None, batch_index: int | None = None) -> Self:
        """Add content as JSON."""
        return self.add(encode_json(val), key, batch_index)

    def add_as_string(self, val: str, key: str | None = None, batch_index: int | None = None) -> Self:
        """Add text."""
        return self.add(val, key, batch_index)

    def add_as_npz(self, np_list: list[Any], key: str | None = None, batch_index: int | None = None) -> Self:
        """Add arrays as an .npz file."""
        import numpy  # only handlers that deal in arrays pay for it

        file = io.BytesIO()
        numpy.savez(file, *np_list)
        return self.add(file.getvalue(), key, batch_index)

    def add_as_numpy(self, *_: Any, **__: Any) -> Self:
        """Raise: DJL's own format of arrays is not written here."""
        raise ValueError("tensor/ndlist is not written here; use add_as_npz")

    def add_stream_content(
        self, stream_content: StreamContent, output_formatter: Callable[[Any], Any] | None = format_outputs
    ) -> Self:
        """Stream: each item becomes one chunk, through the formatter, or as it is where that is None."""
        self.stream_content = stream_content
        if output_formatter is not None:
            stream = _Formatted(stream_content, output_formatter)
            self.stream_content = stream if hasattr(stream_content, "__aiter__") else stream.items()
        return self

    def finalize(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a function when the answer has gone out."""
        self._finish = lambda: func(*args, **kwargs)
        return self

    def execute_finalize(self) -> Any:
        """Call what `finalize` was given."""
        return None if self._finish is None else self._finish()

    @property
    def body(self) -> bytes:
        """The content that is sent: that of the name `data`, or the first."""
        if self.content.is_empty():
            return b""
        data = self.content.get("data")
        return self.content.value_at(0) if data is None else data


class _Formatted:
    """A stream whose items go through a formatter; a failure is formatted, too, and ends it."""

    def __init__(self, content: StreamContent, format_item: Callable[[Any], Any]) -> None:
        self._content = content
        self._format = format_item
        self._has_failed = False

    def items(self) -> Iterator[Any]:
        """Of a stream that is not asynchronous."""
        assert isinstance(self._content, Iterable), "the other kind is iterated over by `__anext__`"
        try:
            for item in self._content:
                yield self._format(item)
        except Exception as error:
            yield self._format(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        assert not isinstance(self._content, Iterable), "the other kind is iterated over by `items`"
        if self._has_failed:
            raise StopAsyncIteration
        try:
            return self._format(await anext(self._content))
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._has_failed = True
            return self._format(error)
