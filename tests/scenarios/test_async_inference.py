"""Asynchronous inference as a program does it: upload, invoke, wait for the object, all through unmodified boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from firstbyte.telemetry.facts import BacklogChanged
from scenarios.conftest import SOON, Hosts, RunningHost
from scenarios.wire import send

CONFIG = {
    "AsyncInferenceConfig": {
        "OutputConfig": {"S3OutputPath": "s3://async/out", "S3FailurePath": "s3://async/failed"},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
    }
}


@pytest.fixture(scope="module")
def endpoint(host: RunningHost) -> Any:
    host.client("s3").create_bucket(Bucket="async")
    return host.deploy("async", config=CONFIG)


def wait_for_object(host: RunningHost, location: str) -> Any:
    """The object at a location, once it is there."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    s3 = host.client("s3")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key=key, WaiterConfig=SOON)
    answer = s3.get_object(Bucket=bucket, Key=key)
    return answer["ContentType"], answer["Body"].read()


def script(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_upload_invoke_wait(host: RunningHost, endpoint: str) -> None:
    host.client("s3").put_object(Bucket="async", Key="in/a.json", Body=script(body="done", content_type="text/plain"))

    answer = host.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=endpoint, InputLocation="s3://async/in/a.json", ContentType="application/json", InferenceId="mine"
    )

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "mine"
    assert answer["OutputLocation"].startswith("s3://async/out/")
    assert answer["FailureLocation"].startswith("s3://async/failed/")
    assert wait_for_object(host, answer["OutputLocation"]) == ("text/plain", b"done")


def test_a_body_in_the_request(host: RunningHost, endpoint: str) -> None:
    answer = host.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=endpoint,
        Body=b"hello",
        ContentType="text/plain",
        S3OutputPathExtension="letters",
        Filename="one.txt",
    )

    assert answer["OutputLocation"] == "s3://async/out/letters/one.txt"
    assert wait_for_object(host, answer["OutputLocation"]) == ("text/plain", b"hello")


def test_what_fails_is_told_in_s3(host: RunningHost, endpoint: str) -> None:
    runtime = host.client("sagemaker-runtime")
    refused = runtime.invoke_endpoint_async(EndpointName=endpoint, Body=script(status=400, body="bad prompt"))
    missing = runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation="s3://async/none")

    assert (
        b'Received client error (400) from primary with message "bad prompt"'
        in (wait_for_object(host, refused["FailureLocation"])[1])
    )
    assert b"s3://async/none could not be read" in wait_for_object(host, missing["FailureLocation"])[1]


def test_one_at_a_time_and_the_rest_is_the_backlog(host: RunningHost, endpoint: str) -> None:
    runtime = host.client("sagemaker-runtime")
    held = runtime.invoke_endpoint_async(EndpointName=endpoint, Body=script(stall_after=0), InvocationTimeoutSeconds=3)
    runtime.invoke_endpoint_async(EndpointName=endpoint, Body=b"2")
    last = runtime.invoke_endpoint_async(EndpointName=endpoint, Body=b"3")

    host.hook.wait_for(BacklogChanged, endpoint_name=endpoint, num_waiting=2)
    assert wait_for_object(host, last["OutputLocation"])[1] == b"3"
    assert b"timed out" in wait_for_object(host, held["FailureLocation"])[1]
    with send(host, "GET", "/metrics", b"", {}) as response:
        assert b'ApproximateBacklogSize{EndpointName="async"} 0.0' in response.read_body()


def test_what_is_refused_is_refused_at_once(host: RunningHost, endpoint: str, echo: str) -> None:
    runtime = host.client("sagemaker-runtime")
    for operation, members, says in (
        (runtime.invoke_endpoint_async, {"EndpointName": echo, "Body": b"x"}, "is not asynchronous"),
        (runtime.invoke_endpoint_async, {"EndpointName": endpoint}, "Exactly one of Body and InputLocation"),
        (runtime.invoke_endpoint_async, {"EndpointName": "none", "Body": b"x"}, "not found"),
        (runtime.invoke_endpoint, {"EndpointName": endpoint, "Body": b"x"}, "is asynchronous"),
        (
            runtime.invoke_endpoint_async,
            {"EndpointName": endpoint, "Body": b"x", "RequestTTLSeconds": 21_601},
            "less than or equal to 21600",
        ),
    ):
        with pytest.raises(ClientError, match=says) as caught:
            operation(**members)
        assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_the_queue_outlives_the_host(hosts: Hosts) -> None:
    before = hosts.start()
    before.client("s3").create_bucket(Bucket="async")
    before.deploy("async", config=CONFIG)
    runtime = before.client("sagemaker-runtime")
    held = runtime.invoke_endpoint_async(EndpointName="async", Body=script(stall_after=0), InvocationTimeoutSeconds=1)
    waiting = runtime.invoke_endpoint_async(EndpointName="async", Body=b"later")
    hosts.stop(before)

    after = hosts.start()

    assert wait_for_object(after, waiting["OutputLocation"])[1] == b"later"
    assert b"timed out" in wait_for_object(after, held["FailureLocation"])[1]
