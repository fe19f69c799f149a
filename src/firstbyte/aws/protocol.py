"""What the protocols have in common: the seam between the gateway and each of them, and the text of an error."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from botocore.model import OperationModel, ServiceModel, StructureShape

from firstbyte.aws.errors import Family, ServiceError
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.shapes import serialise, wire_name

Part: TypeAlias = bytes
"""The payload of one data event."""
StreamEvent: TypeAlias = Part


@dataclass(frozen=True, slots=True)
class EventStream:
    """A handler's streaming answer."""

    members: Mapping[str, Any]
    """The members that go ahead of the stream, as headers, by AWS's names."""

    events: AsyncIterator[StreamEvent]
    """Each item becomes one event message and one HTTP chunk. A `ServiceError` raised by it becomes an exception frame,
    which ends the stream. It is closed (`aclose`) when the client goes away."""


Answer: TypeAlias = Mapping[str, Any] | EventStream


class WireProtocol(Protocol):
    """One of AWS's protocols: where operation, parameters, results and errors stand in an HTTP message."""

    family: Family
    """Whose words it uses for a refused signature."""

    unknown_operation_code: str
    unknown_operation_status: int

    def find_operation(self, model: ServiceModel, request: HttpRequest) -> str | None:
        """Return the operation of `model` that the request names, known or not; None if it is for another service."""

    def parse(self, operation: OperationModel, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's parameters by AWS's names. Raises `MalformedRequest`."""

    def serialise(self, operation: OperationModel, answer: Answer, request_id: str) -> HttpResponse:
        """Return a success. Raises `UnservableAnswer` where the answer does not fit the output shape."""

    def serialise_error(self, model: ServiceModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """Return a failure. Without a model only code and message are told."""


def describe_error(model: ServiceModel | None, error: ServiceError) -> dict[str, Any]:
    """Return the JSON object of an error: its message and its members, called as its shape calls them."""
    shape = find_error_shape(model, error.code)
    members = shape.members if shape else {}
    message_name = next((name for name in members if name.lower() == "message"), "message")
    described: dict[str, Any] = {message_name: error.message}
    for name, value in error.members.items():
        described[wire_name(members[name], name) if name in members else name] = (
            serialise(members[name], value) if name in members else value
        )
    return described


def find_error_shape(model: ServiceModel | None, code: str) -> StructureShape | None:
    """Return the shape that `model` has for an error code, if any."""
    # The published stubs type the code as an int.
    return cast(StructureShape | None, cast(Any, model).shape_for_error_code(code)) if model else None


def is_query_compatible(model: ServiceModel | None) -> bool:
    """Whether a service once spoke AWS Query only, and still calls its errors as it did then."""
    return model is not None and "awsQueryCompatible" in model.metadata


async def close_events(events: AsyncIterator[StreamEvent]) -> None:
    """Close an iterator of events, if it can be closed, so that their maker stops."""
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
