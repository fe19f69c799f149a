"""Streams that survive a lost connection, through any boto3 client of `sagemaker-runtime`.

Firstbyte's containers keep a stream for a minute where the request asks for it in its custom attributes, and go on
after the last event that the client has. Others say nothing back, and a lost connection is then an error as ever.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

STREAM_ATTRIBUTE = "firstbyte-stream"
MAX_LOSSES = 5
"""Connections that may be lost one after the other without an event between them."""
_KEEP_ALIVE = b":\n\n"
_LOST = frozenset({"HTTPClientError", "ConnectionError", "HTTPError", "HTTPException", "OSError"})
"""Names in the ancestry of what botocore, urllib3, http.client and the system raise for a connection that is gone."""


def invoke_resumably(runtime: Any, **request: Any) -> dict[str, Any]:
    """Call `invoke_endpoint_with_response_stream` so that its answer goes on over lost connections.

    `request` is what the operation takes. The result is its response with another `Body`, whose events come from as
    many connections as are needed; `stream_tokens`, `print_response_stream` and `LineIterator` take it as any other.

    The endpoint must lead every call to the same container: one instance, or one variant of one.
    """
    attributes = [each for each in (request.get("CustomAttributes"), "firstbyte-resumable=true") if each]

    def invoke(resume: str | None) -> Mapping[str, Any]:
        wanted = attributes if resume is None else [*attributes, resume]
        answer: Mapping[str, Any] = runtime.invoke_endpoint_with_response_stream(
            **request | {"CustomAttributes": ";".join(wanted)}
        )
        return answer

    response = invoke(None)
    stream_id = _stream_of(response.get("CustomAttributes", ""))
    if stream_id is None:
        return dict(response)
    return {**response, "Body": _events(response, lambda num: invoke(f"firstbyte-resume={stream_id}:{num}"))}


def _events(response: Mapping[str, Any], resume: Callable[[int], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The events of `response`, and of those that go on from it."""
    num_received = num_losses = 0
    events = response["Body"]
    while True:
        try:
            if events is None:
                events = resume(num_received)["Body"]
            for event in events:
                num_received += _is_counted(event)
                num_losses = 0
                yield event
            return
        except Exception as error:
            num_losses += 1
            if num_losses > MAX_LOSSES or not is_lost_connection(error):
                raise
            events = None


def is_lost_connection(error: BaseException) -> bool:
    """Whether an error says that the connection is gone; what the service itself reports never does."""
    return any(ancestor.__name__ in _LOST for ancestor in type(error).__mro__)


def _is_counted(event: Mapping[str, Any]) -> bool:
    """Whether the container counts an event: all that it sends but the comments that keep a silent stream alive."""
    part = event.get("PayloadPart")
    return part is not None and part.get("Bytes") != _KEEP_ALIVE


def _stream_of(attributes: str) -> str | None:
    for member in attributes.split(";"):
        name, _, value = member.partition("=")
        if name.strip() == STREAM_ATTRIBUTE:
            return value.strip()
    return None
