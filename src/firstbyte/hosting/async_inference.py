"""Asynchronous inference as values: what a configuration says about it, one request in the queue, where results go.

Source: SageMaker API reference, "AsyncInferenceConfig" and "InvokeEndpointAsync". Pure; `async_invoke` acts.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.records import AsyncInference

MAX_INLINE_BYTES = 128_000
"""Of an input in the request itself, by the API; what is longer has to lie in S3."""
DEFAULT_TTL_S = 21_600
DEFAULT_TIMEOUT_S = 900

_LOCATIONS = (
    re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL),
    re.compile(r"https://s3[.\-][a-z0-9.\-]*amazonaws\.com/(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL),
    re.compile(r"https://(?P<bucket>[a-z0-9][a-z0-9.\-]*)\.s3[.\-][a-z0-9.\-]*amazonaws\.com/?(?P<key>.*)", re.DOTALL),
)


@dataclass(frozen=True, slots=True)
class AsyncRequest:
    """The members of InvokeEndpointAsync."""

    endpoint_name: str
    body: bytes | None = None
    input_location: str | None = None
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    path_extension: str | None = None
    filename: str | None = None
    ttl_s: int = DEFAULT_TTL_S
    timeout_s: int = DEFAULT_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class QueuedInvocation:
    """A request that was taken in and is not answered yet. Its inline body, if it has one, stays in the store."""

    id: str
    endpoint_name: str
    inference_id: str
    received_at: datetime
    output_location: str
    failure_location: str | None
    input_location: str | None
    content_type: str | None
    accept: str | None
    custom_attributes: str | None
    ttl_s: int
    timeout_s: int

    def is_expired(self, now: datetime) -> bool:
        """Whether it waited longer than its RequestTTLSeconds."""
        return now - self.received_at > timedelta(seconds=self.ttl_s)


def check_async_inference(spec: Members) -> None:
    """Refuse an `AsyncInferenceConfig` that cannot work. Raises ValidationFailed."""
    output = spec["OutputConfig"]
    if not output.get("S3OutputPath"):
        raise ValidationFailed("S3OutputPath of AsyncInferenceConfig must be given: there is no other way to answer.")
    for member in ("S3OutputPath", "S3FailurePath"):
        if path := output.get(member):
            split_location(path, member)


def queue_request(request: AsyncRequest, inference: AsyncInference, now: datetime) -> QueuedInvocation:
    """Give a request its number, and its results their places. Raises ValidationFailed."""
    if (request.body is None) == (request.input_location is None):
        raise ValidationFailed("Exactly one of Body and InputLocation must be given.")
    if request.body is not None and len(request.body) > MAX_INLINE_BYTES:
        raise ValidationFailed(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_INLINE_BYTES}"
        )
    if request.input_location is not None and not split_location(request.input_location, "InputLocation")[1]:
        raise ValidationFailed(f"InputLocation {request.input_location} names no object.")
    number = str(uuid.uuid4())
    name = request.filename or f"{number}.out"
    extension = (request.path_extension or "").strip("/")
    failure = inference.failure_path
    return QueuedInvocation(
        id=number,
        endpoint_name=request.endpoint_name,
        inference_id=request.inference_id or number,
        received_at=now,
        output_location=_below(inference.output_path, extension, name),
        failure_location=_below(failure, extension, f"{name.removesuffix('.out')}-error.out") if failure else None,
        input_location=request.input_location,
        content_type=request.content_type,
        accept=request.accept,
        custom_attributes=request.custom_attributes,
        ttl_s=request.ttl_s,
        timeout_s=request.timeout_s,
    )


def split_location(location: str, member: str = "InputLocation") -> tuple[str, str]:
    """Return bucket and key of an S3 URI, or of an object's https address. Raises ValidationFailed."""
    for pattern in _LOCATIONS:
        if match := pattern.fullmatch(location):
            return match["bucket"], match["key"]
    raise ValidationFailed(f"{member} {location} is not in Amazon S3: it should look like s3://bucket/key.")


def _below(path: str, *parts: str) -> str:
    return "/".join((path.rstrip("/"), *(part for part in parts if part)))


def write_queued(queued: QueuedInvocation) -> Mapping[str, object]:
    """The columns of a request in the queue, but for its body and its time."""
    names = ("id", "endpoint_name", "inference_id", "output_location", "failure_location", "input_location")
    more = ("content_type", "accept", "custom_attributes", "ttl_s", "timeout_s")
    return {name: getattr(queued, name) for name in (*names, *more)}
