"""What is refused, and in whose words: every refusal is a ClientError with AWS's code, once, without retries."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from scenarios.conftest import ROLE_ARN, RunningHost
from scenarios.wire import send, send_signed


def refusal(call: Any, **members: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**members)
    response = caught.value.response
    assert response["ResponseMetadata"]["RetryAttempts"] == 0, "clients must not try again what cannot succeed"
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def target(operation: str) -> Any:
    return {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}


def post(host: RunningHost, operation: str, body: Any) -> Any:
    """Send a control-plane request that boto3 would not send, and give status and error."""
    with send_signed(host, "sagemaker", "/", body, target(operation)) as response:
        return response.status, json.loads(response.read_body())


def test_another_secret_is_refused_by_every_service(host: RunningHost) -> None:
    keys = host.session.get_credentials()
    wrong: Any = boto3.Session(keys.access_key, "0" * 40, region_name="us-east-1")
    codes = {
        "sagemaker": ("list_endpoints", {}, "InvalidSignatureException"),
        "sts": ("get_caller_identity", {}, "SignatureDoesNotMatch"),
        "s3": ("list_buckets", {}, "SignatureDoesNotMatch"),
        "sagemaker-runtime": ("invoke_endpoint", {"EndpointName": "e", "Body": b""}, "InvalidSignatureException"),
    }
    for service, (operation, members, expected) in codes.items():
        client = wrong.client(service, endpoint_url=host.url)
        code, status, _ = refusal(getattr(client, operation), **members)
        client.close()
        assert (expected, 403) == (code, status), service


def test_another_key_is_refused(host: RunningHost) -> None:
    unknown: Any = boto3.Session("AKIAUNKNOWN000000000", "0" * 40, region_name="us-east-1")
    for service, operation, expected in (
        ("sagemaker", "list_models", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ):
        client = unknown.client(service, endpoint_url=host.url)
        assert (expected, 403) == refusal(getattr(client, operation))[:2]
        client.close()


def test_nothing_is_served_without_a_signature(host: RunningHost) -> None:
    with send(host, "POST", "/", b"{}", target("ListModels")) as response:
        assert response.status == 403
        assert b"MissingAuthenticationToken" in response.read_body()
    with send(host, "GET", "/some-bucket", b"", {}) as response:
        assert response.status == 403
        assert b"<Code>AccessDenied</Code>" in response.read_body()


def test_what_watches_the_host_needs_no_signature(host: RunningHost) -> None:
    with send(host, "GET", "/healthz", b"", {}) as response:
        assert (response.status, response.read_body()) == (200, b"ok\n")
    with send(host, "GET", "/metrics", b"", {}) as response:
        assert b"# TYPE Invocations_total counter" in response.read_body()


def test_an_operation_that_is_not_served_says_so(host: RunningHost) -> None:
    code, status, message = refusal(host.client("sagemaker").list_training_jobs)

    assert (code, status) == ("UnknownOperationException", 400)
    assert "ListTrainingJobs" in message


def test_an_operation_that_does_not_exist_is_unknown(host: RunningHost) -> None:
    status, error = post(host, "CreateEndpiont", b"{}")

    assert status == 400
    assert "UnknownOperationException" in error["__type"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"EndpointName": 1}'])
def test_a_body_that_is_not_the_operation_s_json_is_no_crash(host: RunningHost, body: Any) -> None:
    status, error = post(host, "DescribeEndpoint", body)

    assert status == 400
    assert error["__type"].rpartition("#")[2] in ("SerializationException", "ValidationException")


def test_a_missing_member_is_named(host: RunningHost) -> None:
    status, error = post(host, "CreateEndpoint", b'{"EndpointName": "e"}')

    assert status == 400
    assert "endpointConfigName" in error["message"] or "EndpointConfigName" in error["message"]


def test_a_name_that_is_too_long_is_refused_in_aws_s_words(host: RunningHost) -> None:
    code, status, message = refusal(
        host.client("sagemaker").create_model,
        ModelName="x" * 64,
        ExecutionRoleArn=ROLE_ARN,
        PrimaryContainer={"Image": "firstbyte/echo"},
    )

    assert (code, status) == ("ValidationException", 400)
    assert "at 'modelName' failed to satisfy constraint: Member must have length less than or equal to 63" in message


def test_a_second_endpoint_of_the_name_is_refused(host: RunningHost, echo: str) -> None:
    assert refusal(host.client("sagemaker").create_endpoint, EndpointName=echo, EndpointConfigName=echo) == (
        "ValidationException",
        400,
        'Cannot create already existing endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/echo".',
    )


@pytest.mark.parametrize(
    ("operation", "member", "kind", "path"),
    [
        ("describe_endpoint", "EndpointName", "endpoint", "endpoint"),
        ("delete_endpoint", "EndpointName", "endpoint", "endpoint"),
        ("describe_endpoint_config", "EndpointConfigName", "endpoint configuration", "endpoint-config"),
        ("delete_endpoint_config", "EndpointConfigName", "endpoint configuration", "endpoint-config"),
        ("describe_model", "ModelName", "model", "model"),
        ("delete_model", "ModelName", "model", "model"),
    ],
)
def test_what_is_not_there_could_not_be_found(
    host: RunningHost, operation: str, member: str, kind: Any, path: str
) -> None:
    code, status, message = refusal(getattr(host.client("sagemaker"), operation), **{member: "nowhere"})

    assert (code, status) == ("ValidationException", 400)
    assert f'Could not find {kind} "arn:aws:sagemaker:us-east-1:123456789012:{path}/nowhere".' == message


def test_a_config_needs_its_model_and_an_endpoint_its_config(host: RunningHost) -> None:
    sagemaker = host.client("sagemaker")
    variant = {"VariantName": "v", "ModelName": "nowhere", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    _, _, message = refusal(sagemaker.create_endpoint_config, EndpointConfigName="c", ProductionVariants=[variant])
    assert message.startswith('Could not find model "arn')
    _, _, message = refusal(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="nowhere")
    assert message.startswith('Could not find endpoint configuration "arn')


@pytest.mark.parametrize("operation", ["invoke_endpoint", "invoke_endpoint_with_response_stream"])
def test_the_runtime_calls_it_validation_error(host: RunningHost, operation: str) -> None:
    call = getattr(host.client("sagemaker-runtime"), operation)

    assert refusal(call, EndpointName="nowhere", Body=b"{}") == (
        "ValidationError",
        400,
        "Endpoint nowhere of account 123456789012 not found.",
    )


def test_a_body_over_the_limit_is_refused_before_the_container_sees_it(host: RunningHost, echo: str) -> None:
    code, status, message = refusal(
        host.client("sagemaker-runtime").invoke_endpoint, EndpointName=echo, Body=b"x" * (26 * 1024 * 1024)
    )

    assert (code, status) == ("ValidationError", 400)
    assert f"less than or equal to {25 * 1024 * 1024}" in message


def test_a_role_that_is_not_there_is_no_entity(host: RunningHost) -> None:
    code, status, _ = refusal(host.client("iam").get_role, RoleName="somebody")

    assert (code, status) == ("NoSuchEntity", 404)
