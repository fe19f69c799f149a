"""New events only, each with its stream; botocore checks our calls."""

import io
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from rich.console import Console

from firstbyte.cli.logs import LOOKBACK_MS, LogReader, LogWriter

GROUP = "/aws/sagemaker/Endpoints/chat"
NOW = 1_769_860_800_000


def event(number: int, at_ms: int, stream: str = "v/i-1") -> dict[str, Any]:
    return {"eventId": f"e{number}", "timestamp": at_ms, "logStreamName": stream, "message": f"line {number}\n"}


@pytest.fixture
def client() -> Any:
    return boto3.client("logs", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")


def test_each_read_gives_what_is_new(client: Any) -> None:
    reader = LogReader(client, GROUP)
    with Stubber(client) as stub:
        first = {"logGroupName": GROUP, "startTime": 0}
        stub.add_response("filter_log_events", {"events": [event(1, NOW)], "nextToken": "t"}, first)
        stub.add_response("filter_log_events", {"events": [event(2, NOW + 7)]}, {**first, "nextToken": "t"})
        assert [each["eventId"] for each in reader.read()] == ["e1", "e2"]

        again = {"logGroupName": GROUP, "startTime": NOW + 7 - LOOKBACK_MS}
        late = event(3, NOW + 5, "v/i-2")
        stub.add_response("filter_log_events", {"events": [event(1, NOW), late, event(2, NOW + 7)]}, again)
        assert list(reader.read()) == [late]

        stub.add_response("filter_log_events", {"events": []}, again)
        assert list(reader.read()) == []


def test_lines_come_after_the_name_of_their_stream() -> None:
    out = io.StringIO()
    LogWriter(Console(file=out, width=20, soft_wrap=True)).write(iter([event(1, 5), event(2, 6, "v/i-2")]))
    assert out.getvalue() == "v/i-1  line 1\nv/i-2  line 2\n"
