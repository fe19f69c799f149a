"""`application/vnd.amazon.eventstream`: messages in one stream of bytes, encoded and decoded.

One message, all integers big-endian
(https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html, smithy.io "Amazon Event Stream"):

    ┌────────────┬─────────────┬─────────────┬─────────┬─────────┬─────────────┐
    │ total u32  │ headers u32 │ prelude crc │ headers │ payload │ message crc │
    └────────────┴─────────────┴─────────────┴─────────┴─────────┴─────────────┘
      whole message  headers only   of the 8 bytes before            of all bytes before it

    header = name length u8 · name · type u8 · value
    type     0 true   1 false   2 i8   3 i16   4 i32   5 i64   6 bytes, u16 length first   7 string, likewise
             8 milliseconds since 1970, i64   9 UUID

Both checksums are CRC-32 as in zlib. A message is one of three by its `:message-type`: an `event` (`:event-type` names
the member of the stream's shape), a modelled `exception` (`:exception-type`), or an unmodelled `error`. REST-JSON has
no first and no last message: the stream ends where the HTTP body ends.

The path of a token is `payload_part`: its header block never changes, so it is built once, and an event costs two
checksums and one join. The gateway encodes; the decoder serves tests and clients that have no botocore.
"""

import datetime
import struct
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias
from zlib import crc32

import orjson

from firstbyte.aws.errors import ChecksumMismatch, FrameTooLong, MalformedFrame

MAX_HEADERS_BYTES = 128 * 1024
"""Limit on the header block of one message; the same as botocore's."""
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024
"""Limit on the payload of one message; the same as botocore's."""
MAX_NAME_BYTES = 255
MAX_VALUE_BYTES = 32 * 1024 - 1

_LENGTHS = struct.Struct(">II")
_U32 = struct.Struct(">I")
_U16 = struct.Struct(">H")
_PRELUDE_BYTES = 12
_CRC_BYTES = 4
_FRAME_BYTES = _PRELUDE_BYTES + _CRC_BYTES
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)


class Byte(int):
    """An integer sent in 8 bits."""


class Short(int):
    """An integer sent in 16 bits."""


class Integer(int):
    """An integer sent in 32 bits."""


class Long(int):
    """An integer sent in 64 bits."""


Encoder: TypeAlias = Callable[[bytes], bytes]
"""From the payload of a message to its bytes."""

HeaderValue: TypeAlias = bool | Byte | Short | Integer | Long | bytes | str | datetime.datetime | uuid.UUID

_TRUE, _FALSE, _BYTES, _STRING, _TIMESTAMP, _UUID = 0, 1, 6, 7, 8, 9
_INTEGERS: Mapping[type[Byte | Short | Integer | Long], tuple[int, struct.Struct]] = {
    Byte: (2, struct.Struct(">b")),
    Short: (3, struct.Struct(">h")),
    Integer: (4, struct.Struct(">i")),
    Long: (5, struct.Struct(">q")),
}
_I64 = _INTEGERS[Long][1]


@dataclass(frozen=True, slots=True)
class Message:
    """One decoded message."""

    headers: Mapping[str, HeaderValue] = field(default_factory=lambda: MappingProxyType({}))
    payload: bytes = b""


def encode_message(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """Return the bytes of one message.

    Raises `FrameTooLong` over a limit and `MalformedFrame` for a header value that has no wire type.
    """
    block = b"".join(_encode_header(name, value) for name, value in headers.items())
    if len(block) > MAX_HEADERS_BYTES:
        raise FrameTooLong(f"Headers take {len(block)} bytes, at most {MAX_HEADERS_BYTES}")
    return _frame(block)(payload)


def _frame(block: bytes) -> Encoder:
    """Return the encoder of messages whose header block is `block`."""
    overhead, block_len = _FRAME_BYTES + len(block), len(block)
    lengths, u32 = _LENGTHS.pack, _U32.pack

    def encode(payload: bytes) -> bytes:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise FrameTooLong(f"A payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
        prelude = lengths(overhead + len(payload), block_len)
        head = prelude + u32(crc32(prelude)) + block
        return b"".join((head, payload, u32(crc32(payload, crc32(head)))))

    return encode


def _encode_header(name: str, value: HeaderValue) -> bytes:
    raw_name = name.encode()
    if not raw_name:
        raise MalformedFrame("A header without a name")
    if len(raw_name) > MAX_NAME_BYTES:
        raise FrameTooLong(f"A header name of {len(raw_name)} bytes, at most {MAX_NAME_BYTES}")
    return bytes((len(raw_name),)) + raw_name + _encode_value(value)


def _encode_value(value: HeaderValue) -> bytes:
    """Write the type byte and the value."""
    if isinstance(value, bool):
        return bytes((_TRUE if value else _FALSE,))
    if isinstance(value, Byte | Short | Integer | Long):
        kind, form = _INTEGERS[type(value)]
        return bytes((kind,)) + form.pack(value)
    if isinstance(value, str):
        return _encode_counted(_STRING, value.encode())
    if isinstance(value, bytes):
        return _encode_counted(_BYTES, value)
    if isinstance(value, datetime.datetime):
        return bytes((_TIMESTAMP,)) + _I64.pack((value - _EPOCH) // _MILLISECOND)
    if isinstance(value, uuid.UUID):
        return bytes((_UUID,)) + value.bytes
    raise MalformedFrame(f"A {type(value).__name__} cannot be a header; give an integer its width, as in Integer(1)")


def _encode_counted(kind: int, raw: bytes) -> bytes:
    if len(raw) > MAX_VALUE_BYTES:
        raise FrameTooLong(f"A header value of {len(raw)} bytes, at most {MAX_VALUE_BYTES}")
    return bytes((kind,)) + _U16.pack(len(raw)) + raw


def event_encoder(event_type: str, content_type: str) -> Encoder:
    """Return a function from the payload of an event to its message; the header block is built here, once."""
    headers = {":event-type": event_type, ":content-type": content_type, ":message-type": "event"}
    return _frame(b"".join(_encode_header(name, value) for name, value in headers.items()))


payload_part = event_encoder("PayloadPart", "application/octet-stream")
"""Encode one chunk of a model's answer as a `PayloadPart` event: raw bytes, no JSON, no base64."""


def exception(exception_type: str, members: Mapping[str, Any]) -> bytes:
    """Encode a modelled exception, such as ModelStreamError; its members go as JSON."""
    headers: dict[str, HeaderValue] = {
        ":exception-type": exception_type,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_message(headers, orjson.dumps(dict(members)))


def error(code: str, message: str) -> bytes:
    """Encode an error that the stream's shape does not model; it has no payload."""
    shown = message.encode()[:MAX_VALUE_BYTES].decode(errors="ignore")
    headers: dict[str, HeaderValue] = {":error-code": code, ":error-message": shown, ":message-type": "error"}
    return encode_message(headers)


class EventStreamDecoder:
    """Feed it bytes as they come, cut anywhere; take messages as they become whole.

    After an `EventStreamError` the stream cannot be read on: the place where the next message begins is lost, so the
    decoder raises the same error again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken: ChecksumMismatch | FrameTooLong | MalformedFrame | None = None

    def feed(self, data: bytes) -> None:
        """Add bytes from the wire."""
        self._buffer += data

    @property
    def is_between_messages(self) -> bool:
        """Tell whether the stream may end here."""
        return not self._buffer

    def take(self) -> Message | None:
        """Return the next whole message, or None while it is still under way."""
        if self._broken:
            raise self._broken
        try:
            return self._take()
        except (ChecksumMismatch, FrameTooLong, MalformedFrame) as broken:
            self._broken = broken
            raise

    def __iter__(self) -> Iterator[Message]:
        """Take messages until no whole one is left."""
        while (message := self.take()) is not None:
            yield message

    def _take(self) -> Message | None:
        if len(self._buffer) < _PRELUDE_BYTES:
            return None
        total_len, headers_len = _read_prelude(bytes(self._buffer[:_PRELUDE_BYTES]))
        if len(self._buffer) < total_len:
            return None
        frame = bytes(self._buffer[:total_len])
        del self._buffer[:total_len]
        _check(frame[-_CRC_BYTES:], frame[:-_CRC_BYTES], "message")
        headers_end = _PRELUDE_BYTES + headers_len
        headers = _read_headers(frame[_PRELUDE_BYTES:headers_end])
        return Message(MappingProxyType(headers), frame[headers_end:-_CRC_BYTES])


def _check(crc: bytes, covered: bytes, part: str) -> None:
    expected, actual = _U32.unpack(crc)[0], crc32(covered)
    if expected != actual:
        raise ChecksumMismatch(f"The {part} says checksum {expected:08x}, its bytes give {actual:08x}")


def _read_prelude(prelude: bytes) -> tuple[int, int]:
    """Return the length of the message and of its headers, once both are known to be sane."""
    _check(prelude[8:], prelude[:8], "prelude")
    total_len, headers_len = _LENGTHS.unpack(prelude[:8])
    payload_len = total_len - headers_len - _FRAME_BYTES
    if payload_len < 0:
        raise MalformedFrame(f"A message of {total_len} bytes cannot have {headers_len} bytes of headers")
    if headers_len > MAX_HEADERS_BYTES:
        raise FrameTooLong(f"Headers take {headers_len} bytes, at most {MAX_HEADERS_BYTES}")
    if payload_len > MAX_PAYLOAD_BYTES:
        raise FrameTooLong(f"A payload of {payload_len} bytes, at most {MAX_PAYLOAD_BYTES}")
    return total_len, headers_len


def _read_headers(block: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    rest = _Cursor(block)
    while rest:
        name = rest.text(rest.take(1)[0])
        if name in headers:
            raise MalformedFrame(f"Header {name!r} is there twice")
        headers[name] = _read_value(rest.take(1)[0], rest)
    return headers


def _read_value(kind: int, rest: "_Cursor") -> HeaderValue:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE
    for integer, (code, form) in _INTEGERS.items():
        if kind == code:
            return integer(form.unpack(rest.take(form.size))[0])
    if kind == _BYTES:
        return rest.take(_U16.unpack(rest.take(2))[0])
    if kind == _STRING:
        return rest.text(_U16.unpack(rest.take(2))[0])
    if kind == _TIMESTAMP:
        return _read_timestamp(_I64.unpack(rest.take(8))[0])
    if kind == _UUID:
        return uuid.UUID(bytes=rest.take(16))
    raise MalformedFrame(f"Header type {kind} is none of 0 to 9")


def _read_timestamp(milliseconds: int) -> datetime.datetime:
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError as overflow:
        raise MalformedFrame(f"{milliseconds} ms since 1970 is no date") from overflow


class _Cursor:
    """Bytes that are read from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, num_bytes: int) -> bytes:
        end = self._at + num_bytes
        if end > len(self._data):
            raise MalformedFrame("The headers end in the middle of one")
        taken, self._at = self._data[self._at : end], end
        return taken

    def text(self, num_bytes: int) -> str:
        try:
            return self.take(num_bytes).decode()
        except UnicodeDecodeError as no_text:
            raise MalformedFrame("A header's text is not UTF-8") from no_text
