from collections.abc import Iterator, Mapping
from typing import Any

import botocore.exceptions
import pytest
import urllib3.exceptions

from firstbyte.client import invoke_resumably, stream_tokens
from firstbyte.client.resumption import MAX_LOSSES

EVENTS = [b'data:{"token":{"text":"%d","special":false}}\n\n' % number for number in range(5)]
LOST = urllib3.exceptions.ProtocolError("Connection broken: IncompleteRead")


class Runtime:
    """Plays a script: for each call, how many events come before what goes wrong (None: the end)."""

    def __init__(self, *calls: tuple[int, Exception | None], attributes: str | None = "firstbyte-stream=abc") -> None:
        self.calls = list(calls)
        self.attributes = attributes
        self.asked: list[str] = []

    def invoke_endpoint_with_response_stream(self, **request: Any) -> Mapping[str, Any]:
        self.asked.append(request["CustomAttributes"])
        num_events, failure = self.calls.pop(0)
        if num_events < 0:
            assert failure is not None
            raise failure
        _, _, start = request["CustomAttributes"].partition("firstbyte-resume=abc:")
        named = {} if self.attributes is None else {"CustomAttributes": self.attributes}
        return {"Body": self._body(int(start or 0), num_events, failure), "ContentType": "text/event-stream"} | named

    def _body(self, start: int, num_events: int, failure: Exception | None) -> Iterator[Mapping[str, Any]]:
        for event in EVENTS[start : start + num_events]:
            yield {"PayloadPart": {"Bytes": b":\n\n"}}  # kept alive: no event
            yield {"PayloadPart": {"Bytes": event}}
        if failure is not None:
            raise failure


def said(runtime: Runtime, **request: Any) -> str:
    return "".join(stream_tokens(invoke_resumably(runtime, EndpointName="e", Body=b"{}", **request)))


def test_every_event_comes_once_however_often_the_connection_is_lost() -> None:
    runtime = Runtime((2, LOST), (0, LOST), (1, ConnectionResetError()), (2, None))
    assert said(runtime) == "01234"
    assert [each.rpartition(";")[2] for each in runtime.asked] == [
        "firstbyte-resumable=true",
        "firstbyte-resume=abc:2",
        "firstbyte-resume=abc:2",
        "firstbyte-resume=abc:3",
    ]


def test_the_callers_own_attributes_are_sent_along() -> None:
    runtime = Runtime((5, None))
    assert said(runtime, CustomAttributes="accept_eula=true") == "01234"
    assert runtime.asked == ["accept_eula=true;firstbyte-resumable=true"]


def test_a_connection_that_cannot_be_made_again_is_tried_again() -> None:
    refused = botocore.exceptions.EndpointConnectionError(endpoint_url="http://h")
    assert said(Runtime((2, LOST), (-1, refused), (3, None))) == "01234"


def test_what_keeps_failing_is_raised() -> None:
    runtime = Runtime(*[(0, LOST)] * (MAX_LOSSES + 1))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        said(runtime)
    assert runtime.calls == []


@pytest.mark.parametrize(
    "failure",
    [
        botocore.exceptions.EventStreamError({"Error": {"Code": "ModelStreamError"}}, "Invoke"),
        botocore.exceptions.ClientError({"Error": {"Code": "ModelError"}}, "Invoke"),
        ValueError("ours"),
    ],
)
def test_what_is_no_lost_connection_is_raised_at_once(failure: Exception) -> None:
    runtime = Runtime((2, failure))
    with pytest.raises(type(failure)):
        said(runtime)
    assert len(runtime.asked) == 1


def test_a_container_that_keeps_no_streams_is_used_as_ever() -> None:
    assert said(Runtime((5, None), attributes=None)) == "01234"
    with pytest.raises(urllib3.exceptions.ProtocolError):
        said(Runtime((2, LOST), attributes="something=else"))
