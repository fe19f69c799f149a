"""The rules of the stream, on the wire: one chunk is one part is one HTTP chunk, at once, and nothing is held back."""

import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from firstbyte.telemetry.facts import InvocationFinished, RequestServed
from scenarios.conftest import RunningHost
from scenarios.wire import send_signed


def stream(host: RunningHost, endpoint: str, script: dict[str, Any]) -> Any:
    return send_signed(
        host,
        "sagemaker",
        f"/endpoints/{endpoint}/invocations-response-stream",
        json.dumps(script).encode(),
        {"Content-Type": "application/json"},
    )


def open_gate(host: RunningHost, endpoint: str, gate: str) -> None:
    host.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=json.dumps({"open": gate}), ContentType="application/json"
    )


def payload_of(http_chunk: bytes) -> Any:
    """Give the payload of the one message in an HTTP chunk."""
    buffer = EventStreamBuffer()
    buffer.add_data(http_chunk)
    (event,) = list(buffer)
    return event.payload


def test_a_part_arrives_before_the_container_has_made_the_next(host: RunningHost, echo: str) -> None:
    chunks = ["one ", "two ", "three"]
    with stream(host, echo, {"chunks": chunks, "gate": "slow"}) as response:
        # The status line is here although the container has not written a single chunk.
        assert response.status == 200
        for chunk in chunks:
            open_gate(host, echo, "slow")
            assert chunk.encode() == payload_of(response.read_chunk())
        assert response.read_chunk() is None


def test_chunks_written_in_one_go_are_not_merged(host: RunningHost, echo: str) -> None:
    chunks = [f"t{n} " for n in range(200)]
    with stream(host, echo, {"chunks": chunks}) as response:
        received = []
        while (http_chunk := response.read_chunk()) is not None:
            received.append(payload_of(http_chunk).decode())

    assert chunks == received


def test_the_head_of_a_stream_is_that_of_sagemaker(host: RunningHost, echo: str) -> None:
    with stream(host, echo, {"chunks": ["x"], "content_type": "text/event-stream"}) as response:
        assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert response.headers["x-amzn-sagemaker-content-type"] == "text/event-stream"
        assert response.headers["x-amzn-invoked-production-variant"] == "AllTraffic"
        assert response.headers["transfer-encoding"] == "chunked"
        assert "content-encoding" not in response.headers
        assert response.headers["x-amzn-requestid"]
        assert response.headers["date"].endswith("GMT")


def test_a_client_that_leaves_mid_stream_frees_the_container(host: RunningHost, echo: str) -> None:
    response = stream(host, echo, {"chunks": ["one"], "stall_after": 1})
    assert payload_of(response.read_chunk()) == b"one"
    request_id = response.headers["x-amzn-requestid"]
    response.close()

    assert host.hook.wait_for(RequestServed, request_id=request_id).is_abandoned
    assert host.hook.wait_for(InvocationFinished, outcome="client_gone", num_chunks=1).streaming


def test_the_connection_can_be_used_again_after_a_stream(host: RunningHost, echo: str) -> None:
    runtime = host.client("sagemaker-runtime")
    for _ in range(3):
        answer = runtime.invoke_endpoint_with_response_stream(
            EndpointName=echo, Body=b'{"chunks": ["a", "b"]}', ContentType="application/json"
        )
        assert len(list(answer["Body"])) == 2


@pytest.mark.parametrize("num_streams", [8])
def test_streams_do_not_wait_for_each_other(host: RunningHost, echo: str, num_streams: int) -> None:
    responses = [stream(host, echo, {"chunks": ["x"], "gate": f"gate{n}"}) for n in range(num_streams)]
    for n, response in reversed(list(enumerate(responses))):
        with response:
            open_gate(host, echo, f"gate{n}")
            assert payload_of(response.read_chunk()) == b"x"
