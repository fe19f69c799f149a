"""Stateful sessions through unmodified boto3, over two instances of the echo container."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from firstbyte.telemetry.facts import InvocationStarted
from scenarios.conftest import SOON, RunningHost


def script(**headers: str) -> str:
    return json.dumps({"body": "", "headers": {f"x-amzn-sagemaker-{name}": text for name, text in headers.items()}})


def test_a_session_from_its_opening_to_its_end(host: RunningHost) -> None:
    name = host.deploy("stateful")
    sagemaker = host.client("sagemaker")
    wish = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2}
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[wish])
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    runtime: Any = host.client("sagemaker-runtime")

    opening = script(**{"new-session-id": "s1; Expires=2126-01-01T00:00:00Z"})
    opened = runtime.invoke_endpoint(EndpointName=name, SessionId="NEW_SESSION", Body=opening)
    assert opened["NewSessionId"] == "s1; Expires=2126-01-01T00:00:00Z"
    for _ in range(8):
        runtime.invoke_endpoint(EndpointName=name, SessionId="s1", Body=b"x")
    stream = runtime.invoke_endpoint_with_response_stream(EndpointName=name, SessionId="s1", Body='{"chunks": ["y"]}')
    assert [part["PayloadPart"]["Bytes"] for part in stream["Body"]] == [b"y"]

    started = [f for f in host.hook.facts if isinstance(f, InvocationStarted) and f.endpoint_name == name]
    assert len(started) == 10
    assert len({fact.instance_id for fact in started}) == 1

    closed = runtime.invoke_endpoint(EndpointName=name, SessionId="s1", Body=script(**{"closed-session-id": "s1"}))
    assert closed["ClosedSessionId"] == "s1"
    with pytest.raises(ClientError, match="Session s1 of endpoint stateful not found") as caught:
        runtime.invoke_endpoint(EndpointName=name, SessionId="s1", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
