"""Containers that cannot start, refuse, die or dawdle: what the client is told."""

import contextlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError, WaiterError

from scenarios.conftest import SOON, Hosts, RunningHost


def fail_to_deploy(host: RunningHost, name: str, **arguments: Any) -> Any:
    """Make an endpoint that cannot come up, and give its FailureReason."""
    sagemaker = host.create_endpoint(name, **arguments)
    with pytest.raises(WaiterError):
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    description = sagemaker.describe_endpoint(EndpointName=name)
    assert description["EndpointStatus"] == "Failed"
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=SOON)
    return description["FailureReason"]


def test_an_image_that_cannot_run_here_fails_and_says_which_can(host: RunningHost) -> None:
    reason = fail_to_deploy(host, "strange", image="123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:latest")

    assert "mine:latest" in reason
    assert "firstbyte/tgi" in reason


def test_a_container_that_ends_at_its_start_fails_with_its_last_words(host: RunningHost) -> None:
    reason = fail_to_deploy(host, "stillborn", environment={"ECHO_EXIT_MESSAGE": "no weights in sight"})

    assert "did not pass the ping health check" in reason
    assert "no weights in sight" in reason


def test_model_data_that_is_not_there_fails(host: RunningHost) -> None:
    reason = fail_to_deploy(host, "unfounded", ModelDataUrl="s3://no-such-bucket/model.tar.gz")

    assert "s3://no-such-bucket/model.tar.gz" in reason


@pytest.mark.parametrize("operation", ["invoke_endpoint", "invoke_endpoint_with_response_stream"])
@pytest.mark.parametrize(
    ("status", "words"), [(422, "Received client error (422) from primary"), (500, "Received server error (500)")]
)
def test_a_container_s_refusal_is_a_model_error_with_its_own_words(
    host: RunningHost, echo: str, operation: str, status: int, words: str
) -> None:
    script = {"status": status, "body": '{"error":"too long","error_type":"validation"}'}
    with pytest.raises(ClientError) as caught:
        getattr(host.client("sagemaker-runtime"), operation)(EndpointName=echo, Body=json.dumps(script))

    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert words in response["Error"]["Message"]
    assert status == response["OriginalStatusCode"]
    assert script["body"] == response["OriginalMessage"]
    assert response["LogStreamArn"].endswith(f"log-group:/aws/sagemaker/Endpoints/{echo}")
    assert response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize("how", ["break_after", "die_after"])
def test_a_container_that_breaks_off_mid_stream_is_told_in_the_stream(hosts: Hosts, how: str) -> None:
    host = hosts.start()
    host.deploy("brittle")
    answer = host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName="brittle", Body=json.dumps({"chunks": ["one", "two", "three"], how: 2})
    )

    parts: list[bytes] = []
    with contextlib.closing(answer["Body"]), pytest.raises(EventStreamError, match="ModelStreamError"):
        parts.extend(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert parts == [b"one", b"two"]
    if how == "die_after":
        host.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName="brittle", WaiterConfig=SOON)


def test_a_container_that_takes_too_long_is_given_up(hosts: Hosts) -> None:
    host = hosts.start(invoke_timeout_s=0.3, stream_timeout_s=0.3)
    host.deploy("slow")
    runtime = host.client("sagemaker-runtime")

    with pytest.raises(ClientError, match="timed out while waiting for a response") as caught:
        runtime.invoke_endpoint(EndpointName="slow", Body=b'{"stall_after": 0}')
    assert caught.value.response["Error"]["Code"] == "ModelError"

    answer = runtime.invoke_endpoint_with_response_stream(
        EndpointName="slow", Body=b'{"chunks": ["one"], "stall_after": 1}'
    )
    with (
        contextlib.closing(answer["Body"]),
        pytest.raises(EventStreamError, match="did not complete sending the inference response in the allotted time"),
    ):
        list(answer["Body"])
