"""New events only, each with its stream; botocore checks our calls."""

import io
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from rich.console import Console

from firstbyte.cli.logs import LogReader, LogWriter

GROUP = "/aws/sagemaker/Endpoints/chat"


def event(number: int, at_ms: int, stream: str = "v/i-1") -> dict[str, Any]:
    return {"eventId": f"e{number}", "timestamp": at_ms, "logStreamName": stream, "message": f"line {number}\n"}


@pytest.fixture
def client() -> Any:
    return boto3.client("logs", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")


def test_each_read_gives_what_is_new(client: Any) -> None:
    reader = LogReader(client, GROUP)
    with Stubber(client) as stub:
        first = {"logGroupName": GROUP, "startTime": 0}
        stub.add_response("filter_log_events", {"events": [event(1, 5)], "nextToken": "t"}, first)
        stub.add_response("filter_log_events", {"events": [event(2, 7), event(3, 7)]}, {**first, "nextToken": "t"})
        assert [each["eventId"] for each in reader.read()] == ["e1", "e2", "e3"]

        again = {"logGroupName": GROUP, "startTime": 7}
        stub.add_response("filter_log_events", {"events": [event(2, 7), event(3, 7), event(4, 7), event(5, 9)]}, again)
        assert [each["eventId"] for each in reader.read()] == ["e4", "e5"]

        stub.add_response("filter_log_events", {"events": [event(5, 9)]}, {"logGroupName": GROUP, "startTime": 9})
        assert list(reader.read()) == []


def test_lines_come_after_the_name_of_their_stream() -> None:
    out = io.StringIO()
    LogWriter(Console(file=out, width=20, soft_wrap=True)).write(iter([event(1, 5), event(2, 6, "v/i-2")]))
    assert out.getvalue() == "v/i-1  line 1\nv/i-2  line 2\n"
