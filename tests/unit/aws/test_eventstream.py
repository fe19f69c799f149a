import datetime
import struct
import uuid
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws.errors import ChecksumMismatch, EventStreamError, FrameTooLong, MalformedFrame
from firstbyte.aws.eventstream import (
    MAX_HEADERS_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_VALUE_BYTES,
    Byte,
    EventStreamDecoder,
    Integer,
    Long,
    Message,
    Short,
    encode_message,
    error,
    exception,
    payload_part,
)

GOLDEN: dict[str, tuple[Message, bytes]] = {
    "empty": (
        Message(),
        b"\x00\x00\x00\x10"  # total length: 16
        b"\x00\x00\x00\x00"  # headers length: 0
        b"\x05\xc2\x48\xeb"  # prelude checksum
        b"\x7d\x98\xc8\xff",  # message checksum
    ),
    "payload without headers": (
        Message(payload=b"{'foo':'bar'}"),
        b"\x00\x00\x00\x1d"  # total length: 29
        b"\x00\x00\x00\x00"  # headers length: 0
        b"\xfd\x52\x8c\x5a"  # prelude checksum
        b"{'foo':'bar'}"
        b"\xc3\x65\x39\x36",  # message checksum
    ),
    "part of a model's answer": (
        Message(
            {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"},
            b"Hello",
        ),
        b"\x00\x00\x00\x6e"  # total length: 110
        b"\x00\x00\x00\x59"  # headers length: 89
        b"\x51\x97\xff\x15"  # prelude checksum
        b"\x0b:event-type"  # name of 11 bytes
        b"\x07\x00\x0bPayloadPart"  # string of 11 bytes
        b"\x0d:content-type"
        b"\x07\x00\x18application/octet-stream"
        b"\x0d:message-type"
        b"\x07\x00\x05event"
        b"Hello"
        b"\xe8\xb2\xa5\xb0",  # message checksum
    ),
    "modelled exception": (
        Message(
            {
                ":exception-type": "ModelStreamError",
                ":content-type": "application/json",
                ":message-type": "exception",
            },
            b'{"Message":"late","ErrorCode":"ModelInvocationTimeExceeded"}',
        ),
        b"\x00\x00\x00\xaa"  # total length: 170
        b"\x00\x00\x00\x5e"  # headers length: 94
        b"\xd3\x66\x24\xad"  # prelude checksum
        b"\x0f:exception-type"
        b"\x07\x00\x10ModelStreamError"
        b"\x0d:content-type"
        b"\x07\x00\x10application/json"
        b"\x0d:message-type"
        b"\x07\x00\x09exception"
        b'{"Message":"late","ErrorCode":"ModelInvocationTimeExceeded"}'
        b"\xb1\xb8\x2e\x48",  # message checksum
    ),
    "unmodelled error": (
        Message({":error-code": "InternalFailure", ":error-message": "oops", ":message-type": "error"}),
        b"\x00\x00\x00\x5a"  # total length: 90
        b"\x00\x00\x00\x4a"  # headers length: 74
        b"\x81\x88\xa0\x8d"  # prelude checksum
        b"\x0b:error-code"
        b"\x07\x00\x0fInternalFailure"
        b"\x0e:error-message"
        b"\x07\x00\x04oops"
        b"\x0d:message-type"
        b"\x07\x00\x05error"
        b"\x10\x09\x47\x8c",  # message checksum
    ),
    "every type of header": (
        Message(
            {
                "true": True,
                "false": False,
                "byte": Byte(-2),
                "short": Short(42),
                "int": Integer(-1),
                "long": Long(7),
                "bytes": b"\x00\xff",
                "str": "é",
                "time": datetime.datetime(1970, 1, 1, 0, 0, 1, 1000, tzinfo=datetime.UTC),
                "uuid": uuid.UUID(bytes=bytes(range(1, 17))),
            }
        ),
        b"\x00\x00\x00\x7c"  # total length: 124
        b"\x00\x00\x00\x6c"  # headers length: 108
        b"\x1d\x04\xff\xd4"  # prelude checksum
        b"\x04true\x00"
        b"\x05false\x01"
        b"\x04byte\x02\xfe"
        b"\x05short\x03\x00\x2a"
        b"\x03int\x04\xff\xff\xff\xff"
        b"\x04long\x05\x00\x00\x00\x00\x00\x00\x00\x07"
        b"\x05bytes\x06\x00\x02\x00\xff"
        b"\x03str\x07\x00\x02\xc3\xa9"
        b"\x04time\x08\x00\x00\x00\x00\x00\x00\x03\xe9"  # 1001 ms
        b"\x04uuid\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
        b"\xa9\xc2\x5c\x18",  # message checksum
    ),
}
PART, PART_WIRE = GOLDEN["part of a model's answer"]
golden = pytest.mark.parametrize(("message", "wire"), GOLDEN.values(), ids=GOLDEN)


def decode(wire: bytes) -> list[Message]:
    decoder = EventStreamDecoder()
    decoder.feed(wire)
    return list(decoder)


def frame(
    headers: bytes, payload: bytes = b"", *, headers_len: int | None = None, total_len: int | None = None
) -> bytes:
    """A message with good checksums, however bad the rest."""
    headers_len = len(headers) if headers_len is None else headers_len
    total_len = 16 + len(headers) + len(payload) if total_len is None else total_len
    prelude = struct.pack(">II", total_len, headers_len)
    head = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return head + struct.pack(">I", crc32(head))


@golden
def test_encodes_byte_for_byte(message: Message, wire: bytes) -> None:
    assert encode_message(message.headers, message.payload) == wire


@golden
def test_decodes(message: Message, wire: bytes) -> None:
    assert decode(wire) == [message]


@golden
def test_decoded_headers_keep_their_width(message: Message, wire: bytes) -> None:
    types = {name: type(value) for name, value in decode(wire)[0].headers.items()}
    assert types == {name: type(value) for name, value in message.headers.items()}


@golden
def test_botocore_decodes_the_same(message: Message, wire: bytes) -> None:
    decoded = as_botocore_decodes(wire)
    assert decoded.payload == message.payload
    assert decoded.headers == {name: as_botocore(value) for name, value in message.headers.items()}


def as_botocore_decodes(wire: bytes) -> Any:
    buffer: Any = EventStreamBuffer()
    buffer.add_data(wire)
    [decoded] = list(buffer)
    return decoded


def as_botocore(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    return value.bytes if isinstance(value, uuid.UUID) else value


def test_decodes_byte_by_byte() -> None:
    decoder = EventStreamDecoder()
    taken: list[Message] = []
    for byte in b"".join(wire for _, wire in GOLDEN.values()):
        decoder.feed(bytes([byte]))
        taken += decoder
    assert taken == [message for message, _ in GOLDEN.values()]
    assert decoder.is_between_messages


def test_an_unfinished_message_waits() -> None:
    wire = PART_WIRE
    decoder = EventStreamDecoder()
    decoder.feed(wire[:-1])
    assert decoder.take() is None
    assert not decoder.is_between_messages
    decoder.feed(wire[-1:])
    assert decoder.take() == PART


def test_the_three_kinds_of_messages_are_written_as_in_the_table() -> None:
    assert payload_part(b"Hello") == PART_WIRE
    members = {"Message": "late", "ErrorCode": "ModelInvocationTimeExceeded"}
    assert exception("ModelStreamError", members) == GOLDEN["modelled exception"][1]
    assert error("InternalFailure", "oops") == GOLDEN["unmodelled error"][1]


def test_a_long_error_message_is_cut_between_characters() -> None:
    [message] = decode(error("InternalFailure", "é" * MAX_VALUE_BYTES))
    assert message.headers[":error-message"] == "é" * (MAX_VALUE_BYTES // 2)


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 50))
def test_parts_come_back_however_they_are_cut(parts: list[bytes], cut: int) -> None:
    wire = b"".join(map(payload_part, parts))
    decoder = EventStreamDecoder()
    taken: list[bytes] = []
    for start in range(0, len(wire), cut):
        decoder.feed(wire[start : start + cut])
        taken += [message.payload for message in decoder]
    assert taken == parts


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.one_of(
            st.booleans(),
            st.integers(-128, 127).map(Byte),
            st.integers(-(2**15), 2**15 - 1).map(Short),
            st.integers(-(2**31), 2**31 - 1).map(Integer),
            st.integers(-(2**63), 2**63 - 1).map(Long),
            st.binary(max_size=50),
            st.text(max_size=50),
            st.uuids(),
        ),
        max_size=5,
    ),
    st.binary(max_size=100),
)
def test_any_message_comes_back_and_botocore_agrees(headers: Mapping[str, Any], payload: bytes) -> None:
    wire = encode_message(headers, payload)
    assert decode(wire) == [Message(headers, payload)]
    decoded = as_botocore_decodes(wire)
    assert (decoded.headers, decoded.payload) == ({name: as_botocore(v) for name, v in headers.items()}, payload)


@given(st.integers(0, len(PART_WIRE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(at: int, change: int) -> None:
    wire = bytearray(PART_WIRE)
    wire[at] ^= change
    with pytest.raises(ChecksumMismatch, match="prelude" if at < 12 else "message"):
        decode(bytes(wire))


LONG = MAX_HEADERS_BYTES + 1
CORRUPT: dict[str, tuple[bytes, type[EventStreamError]]] = {
    "headers longer than the message": (frame(b"", headers_len=1), MalformedFrame),
    "message shorter than its frame": (frame(b"", total_len=15), MalformedFrame),
    "headers over the limit": (frame(b"", headers_len=LONG, total_len=LONG + 16), FrameTooLong),
    "payload over the limit": (frame(b"", total_len=MAX_PAYLOAD_BYTES + 17), FrameTooLong),
    "name runs out of the headers": (frame(b"\x05ab"), MalformedFrame),
    "value runs out of the headers": (frame(b"\x01a\x07\x00\x05b"), MalformedFrame),
    "name without a type": (frame(b"\x01a"), MalformedFrame),
    "unknown type": (frame(b"\x01a\x0a"), MalformedFrame),
    "same name twice": (frame(b"\x01a\x00\x01a\x01"), MalformedFrame),
    "name that is no UTF-8": (frame(b"\x01\xff\x00"), MalformedFrame),
    "string that is no UTF-8": (frame(b"\x01a\x07\x00\x01\xff"), MalformedFrame),
    "time after the last year": (frame(b"\x01a\x08" + b"\x7f" * 8), MalformedFrame),
}


@pytest.mark.parametrize(("wire", "kind"), CORRUPT.values(), ids=CORRUPT)
def test_corrupt_bytes_are_named_and_end_the_stream(wire: bytes, kind: type[EventStreamError]) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(wire)
    with pytest.raises(kind) as first:
        decoder.take()
    decoder.feed(PART_WIRE)
    with pytest.raises(kind) as second:
        decoder.take()
    assert first.value is second.value


@pytest.mark.parametrize(
    ("headers", "payload", "kind"),
    [
        ({"a" * 256: True}, b"", FrameTooLong),
        ({"a": "b" * (MAX_VALUE_BYTES + 1)}, b"", FrameTooLong),
        ({f"{number}": "b" * MAX_VALUE_BYTES for number in range(5)}, b"", FrameTooLong),
        ({}, b"x" * (MAX_PAYLOAD_BYTES + 1), FrameTooLong),
        ({"": True}, b"", MalformedFrame),
        ({"a": 1}, b"", MalformedFrame),
        ({"a": 1.5}, b"", MalformedFrame),
    ],
)
def test_what_cannot_be_framed_is_refused(headers: Any, payload: bytes, kind: type[EventStreamError]) -> None:
    with pytest.raises(kind):
        encode_message(headers, payload)
