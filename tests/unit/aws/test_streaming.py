import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.model import ServiceModel

from firstbyte.aws.errors import ServiceError, UnservableAnswer
from firstbyte.aws.eventstream import EventStreamDecoder, Message, payload_part
from firstbyte.aws.streaming import EncodedStream
from oracle import operation_of

INVOKE = operation_of("sagemaker-runtime", "InvokeEndpointWithResponseStream")


class Events:
    """A source of events that says whether it was closed."""

    def __init__(self, *events: bytes | BaseException) -> None:
        self._events = list(events)
        self.is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._events:
            raise StopAsyncIteration
        event = self._events.pop(0)
        if isinstance(event, BaseException):
            raise event
        return event

    async def aclose(self) -> None:
        self.is_closed = True


async def read(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in stream]


def message(wire: bytes) -> Message:
    decoder = EventStreamDecoder()
    decoder.feed(wire)
    [only] = list(decoder)
    return only


async def test_one_event_is_one_message() -> None:
    chunks = await read(EncodedStream(INVOKE, Events(b"one", b"", b"\xe6\x97")))
    assert chunks == [payload_part(b"one"), payload_part(b""), payload_part(b"\xe6\x97")]


async def test_a_modelled_failure_is_an_exception_that_ends_the_stream() -> None:
    failure = ServiceError("ModelStreamError", "It broke.", members={"ErrorCode": "StreamBroken"})
    events = Events(b"one", failure, b"never")
    chunks = await read(EncodedStream(INVOKE, events))
    last = message(chunks[-1])
    assert (len(chunks), events.is_closed) == (2, True)
    assert last.headers == {
        ":exception-type": "ModelStreamError",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    assert last.payload == b'{"Message":"It broke.","ErrorCode":"StreamBroken"}'


async def test_an_unmodelled_failure_is_an_error() -> None:
    [wire] = await read(EncodedStream(INVOKE, Events(ServiceError("Throttling", "Slow down."))))
    assert message(wire).headers == {
        ":error-code": "Throttling",
        ":error-message": "Slow down.",
        ":message-type": "error",
    }


async def test_an_unexpected_failure_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        [wire] = await read(EncodedStream(INVOKE, Events(KeyError("a secret"))))
    assert message(wire).headers[":exception-type"] == "InternalStreamFailure"
    assert b"secret" not in wire
    assert "broke off in the middle of its stream" in caplog.text


async def test_a_failure_that_cannot_be_told_is_an_internal_one(caplog: pytest.LogCaptureFixture) -> None:
    failure = ServiceError("ModelStreamError", "late", members={"ErrorCode": 5})
    with caplog.at_level(logging.ERROR):
        [wire] = await read(EncodedStream(INVOKE, Events(failure)))
    assert message(wire).headers[":exception-type"] == "InternalStreamFailure"
    assert "UnservableAnswer" in caplog.text


async def test_closing_closes_the_events_though_none_was_read() -> None:
    events = Events(b"one")
    stream = EncodedStream(INVOKE, events)
    await stream.aclose()
    assert events.is_closed
    assert await read(stream) == []


async def test_events_that_cannot_be_closed_are_let_go() -> None:
    class Endless:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            return b"x"

    stream = EncodedStream(INVOKE, Endless())
    assert await anext(stream) == payload_part(b"x")
    await stream.aclose()
    assert await read(stream) == []


def stream_of(*events: str) -> Any:
    """An operation whose stream has these kinds of events."""
    description: dict[str, Any] = {
        "metadata": {"protocol": "rest-json", "apiVersion": "1", "endpointPrefix": "x"},
        "operations": {"Watch": {"name": "Watch", "output": {"shape": "Out"}}},
        "shapes": {
            "Out": {"type": "structure", "members": {"Events": {"shape": "Stream"}}, "payload": "Events"},
            "Stream": {
                "type": "structure",
                "eventstream": True,
                "members": {name: {"shape": "Event"} for name in events},
            },
            "Event": {"type": "structure", "members": {}, "event": True},
        },
    }
    return ServiceModel(description, "x").operation_model("Watch")


async def test_other_streams_name_their_own_event() -> None:
    [wire] = await read(EncodedStream(stream_of("Tick"), Events(b"1")))
    assert message(wire).headers[":event-type"] == "Tick"
    [failed] = await read(EncodedStream(stream_of("Tick"), Events(KeyError())))
    assert message(failed).headers[":error-code"] == "InternalFailure"


def test_a_stream_of_several_kinds_is_refused_while_a_status_can_still_be_sent() -> None:
    with pytest.raises(UnservableAnswer, match="2 kinds of events"):
        EncodedStream(stream_of("Tick", "Tock"), Events())
