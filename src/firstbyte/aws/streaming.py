"""Turns a handler's events into the bytes of an event stream, failures included. Made by `rest_json`.

Once the 200 is out, an exception frame is the only way to tell a failure: a `ServiceError` that the stream's shape
models goes as an exception of that type, any other as an unmodelled error, and an unexpected exception is logged and
goes as the shape's own internal failure. Each of them ends the stream.
"""

import logging
from collections.abc import AsyncIterator
from typing import cast

from botocore.model import OperationModel, StructureShape

from firstbyte.aws import eventstream
from firstbyte.aws.errors import ServiceError, UnservableAnswer
from firstbyte.aws.protocol import StreamEvent, close_events, describe_error

_log = logging.getLogger(__name__)


class EncodedStream:
    """One message for each event. Close it (`aclose`) to close the events, whether or not it was read.

    Not a generator, since closing one that was never started would leave the events open. Raises `UnservableAnswer` at
    once, while a status can still be sent, for a stream that has several kinds of events.
    """

    def __init__(self, operation: OperationModel, events: AsyncIterator[StreamEvent]) -> None:
        self._operation = operation
        self._shape = cast(StructureShape, operation.get_event_stream_output())
        self._encode = _data_encoder(self._shape)
        self._events = events
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next event's message, or once the message of a failure."""
        if self._is_over:
            raise StopAsyncIteration
        try:
            return self._encode(await anext(self._events))
        except StopAsyncIteration:
            self._is_over = True
            raise
        except Exception as failure:
            self._is_over = True
            await self.aclose()
            return self._failure(failure)

    async def aclose(self) -> None:
        """Close the events, so that their maker stops."""
        self._is_over = True
        await close_events(self._events)

    def _failure(self, failure: Exception) -> bytes:
        if isinstance(failure, ServiceError):
            try:
                return self._message(failure)
            except Exception as unservable:
                failure = unservable
        _log.error("%s broke off in the middle of its stream", self._operation.name, exc_info=failure)
        return self._message(_internal_failure(self._shape))

    def _message(self, failure: ServiceError) -> bytes:
        if failure.code not in self._shape.members:
            return eventstream.error(failure.code, failure.message)
        return eventstream.exception(failure.code, describe_error(self._operation.service_model, failure))


def _data_encoder(shape: StructureShape) -> eventstream.Encoder:
    """Return the encoder of the stream's one data event."""
    names = [name for name, member in shape.members.items() if not member.metadata.get("exception")]
    if names == ["PayloadPart"]:
        return eventstream.payload_part
    if len(names) != 1:
        raise UnservableAnswer(f"{shape.name} has {len(names)} kinds of events, and only one is served")
    return eventstream.event_encoder(names[0], "application/octet-stream")


def _internal_failure(shape: StructureShape) -> ServiceError:
    """Return the failure that the shape has for what nobody expected, such as InternalStreamFailure."""
    exceptions = (name for name, member in shape.members.items() if member.metadata.get("exception"))
    code = next((name for name in exceptions if name.startswith("Internal")), "InternalFailure")
    return ServiceError(code, "An internal failure occurred.", status=500, fault="server")
