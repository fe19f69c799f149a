"""Turns a handler's events into the bytes of an event stream, failures included. Called by `rest_json`.

Once the 200 is out, an exception frame is the only way to tell a failure: a `ServiceError` that the stream's shape
models goes as an exception of that type, any other as an unmodelled error, and an unexpected exception is logged and
goes as the shape's own internal failure. Each of them ends the stream.
"""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import cast

from botocore.model import OperationModel, StructureShape

from firstbyte.aws import eventstream
from firstbyte.aws.errors import ServiceError, UnservableAnswer
from firstbyte.aws.protocol import StreamEvent, describe_error

_log = logging.getLogger(__name__)


async def encode_stream(operation: OperationModel, events: AsyncIterator[StreamEvent]) -> AsyncIterator[bytes]:
    """Yield one message per event. Closing this iterator closes `events`."""
    shape = cast(StructureShape, operation.get_event_stream_output())
    encode = _data_encoder(shape)
    async with contextlib.AsyncExitStack() as closing:
        if hasattr(events, "aclose"):
            closing.push_async_callback(events.aclose)
        try:
            async for event in events:
                yield encode(event)
        except ServiceError as failure:
            yield _failure(operation, shape, failure)
        except Exception:
            _log.exception("%s broke off in the middle of its stream", operation.name)
            yield _failure(operation, shape, _internal_failure(shape))


def _data_encoder(shape: StructureShape) -> "eventstream.Encoder":
    """Return the encoder of the stream's one data event."""
    names = [name for name, member in shape.members.items() if not member.metadata.get("exception")]
    if names == ["PayloadPart"]:
        return eventstream.payload_part
    if len(names) != 1:
        raise UnservableAnswer(f"{shape.name} has {len(names)} kinds of events, and only one is served")
    return eventstream.event_encoder(names[0], "application/octet-stream")


def _internal_failure(shape: StructureShape) -> ServiceError:
    faults = (name for name, member in shape.members.items() if _is_internal(name) and member.metadata.get("exception"))
    return ServiceError(next(faults, "InternalFailure"), "An internal failure occurred.", status=500, fault="server")


def _is_internal(name: str) -> bool:
    return name.startswith("Internal")


def _failure(operation: OperationModel, shape: StructureShape, failure: ServiceError) -> bytes:
    if failure.code not in shape.members:
        return eventstream.error(failure.code, failure.message)
    return eventstream.exception(failure.code, describe_error(operation.service_model, failure))
