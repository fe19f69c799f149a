"""Named keys with rights, through unmodified boto3, against a running host."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from firstbyte.settings import AccessKey, KeyRing, Rights
from scenarios.conftest import Hosts, RunningHost

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


class Caller:
    """boto3 with one key."""

    def __init__(self, host: RunningHost, key: AccessKey) -> None:
        self._session: Any = boto3.Session(key.access_key_id, key.secret_access_key, region_name="us-east-1")
        self._host = host

    def __call__(self, service: str, operation: str, **members: Any) -> Any:
        once: Any = Config(retries={"total_max_attempts": 1})
        client = self._session.client(service, endpoint_url=self._host.url, config=once)
        try:
            answer = getattr(client, operation)(**members)
            return {name: value.read() if name == "Body" else value for name, value in answer.items()}
        finally:
            client.close()

    def refused(self, service: str, operation: str, **members: Any) -> Any:
        with pytest.raises(ClientError) as caught:
            self(service, operation, **members)
        error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
        return error["Code"], metadata["HTTPStatusCode"], error["Message"]


@pytest.fixture(scope="module")
def ring(host: RunningHost) -> Any:
    return KeyRing(host.settings)


@pytest.fixture(scope="module")
def reader(host: RunningHost, ring: KeyRing) -> Any:
    return Caller(host, ring.add("reader", Rights.READ_ONLY))


@pytest.fixture(scope="module")
def invoker(host: RunningHost, ring: KeyRing) -> Any:
    return Caller(host, ring.add("invoker", Rights.INVOKE_ONLY))


@pytest.fixture(scope="module", autouse=True)
def bucket(host: RunningHost) -> Iterator[str]:
    s3 = host.client("s3")
    s3.create_bucket(Bucket="keys")
    s3.put_object(Bucket="keys", Key="a", Body=b"x")
    yield "keys"
    s3.delete_object(Bucket="keys", Key="a")


def denied(name: str, action: str, resource: str) -> str:
    return (
        f"User: arn:aws:sts::123456789012:assumed-role/sagemaker_execution_role/{name} is not authorized to perform: "
        f"{action} on resource: {resource} because no identity-based policy allows the {action} action"
    )


def test_a_reader_looks_and_changes_nothing(reader: Caller, echo: str) -> None:
    assert reader("sagemaker", "describe_endpoint", EndpointName=echo)["EndpointStatus"] == "InService"
    assert reader("s3", "get_object", Bucket="keys", Key="a")["Body"] == b"x"
    assert reader("s3", "list_objects_v2", Bucket="keys")["KeyCount"] == 1
    assert reader("iam", "get_role", RoleName="sagemaker_execution_role")["Role"]

    assert reader.refused("sagemaker", "delete_endpoint", EndpointName=echo) == (
        "AccessDeniedException",
        400,
        denied("reader", "sagemaker:DeleteEndpoint", f"{ARN}:endpoint/echo"),
    )
    assert reader.refused("sagemaker-runtime", "invoke_endpoint", EndpointName=echo, Body=b"") == (
        "AccessDeniedException",
        400,
        denied("reader", "sagemaker:InvokeEndpoint", f"{ARN}:endpoint/echo"),
    )
    assert reader.refused("s3", "put_object", Bucket="keys", Key="b", Body=b"y") == (
        "AccessDenied",
        403,
        denied("reader", "s3:PutObject", '"arn:aws:s3:::keys/b"'),
    )
    changing: dict[str, dict[str, Any]] = {
        "delete_object": {"Bucket": "keys", "Key": "a"},
        "delete_objects": {"Bucket": "keys", "Delete": {"Objects": [{"Key": "a"}]}},
        "create_bucket": {"Bucket": "more"},
        "delete_bucket": {"Bucket": "keys"},
        "create_multipart_upload": {"Bucket": "keys", "Key": "a"},
        "copy_object": {"Bucket": "keys", "Key": "b", "CopySource": "keys/a"},
    }
    for operation, members in changing.items():
        assert reader.refused("s3", operation, **members)[:2] == ("AccessDenied", 403), operation


def test_an_invoker_invokes_and_sees_nothing(invoker: Caller, echo: str) -> None:
    assert invoker("sagemaker-runtime", "invoke_endpoint", EndpointName=echo, Body=b"hello")["Body"]
    assert invoker("sts", "get_caller_identity")["Arn"].endswith("/invoker")

    for service, operation, members, code in (
        ("sagemaker", "list_endpoints", {}, "AccessDeniedException"),
        ("sagemaker", "create_model", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}}, "AccessDeniedException"),
        ("s3", "get_object", {"Bucket": "keys", "Key": "a"}, "AccessDenied"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("iam", "get_role", {"RoleName": "sagemaker_execution_role"}, "AccessDenied"),
    ):
        assert invoker.refused(service, operation, **members)[0] == code, operation


def test_full_rights_are_the_host_s(host: RunningHost, ring: KeyRing, echo: str) -> None:
    deputy = Caller(host, ring.add("deputy", Rights.FULL))

    deputy("sagemaker", "add_tags", ResourceArn=f"{ARN}:endpoint/{echo}", Tags=[{"Key": "by", "Value": "deputy"}])
    assert deputy("sagemaker", "list_tags", ResourceArn=f"{ARN}:endpoint/{echo}")["Tags"]


def test_a_key_taken_away_is_refused_at_once(host: RunningHost, ring: KeyRing) -> None:
    guest = Caller(host, ring.add("guest", Rights.READ_ONLY))
    assert guest("sagemaker", "list_models")["Models"] is not None

    ring.remove("guest")

    assert guest.refused("sagemaker", "list_models")[:2] == ("UnrecognizedClientException", 403)


def test_wrong_signatures_are_throttled_and_other_keys_are_not(hosts: Hosts) -> None:
    host = hosts.start(max_signature_failures=3)
    ring = KeyRing(host.settings)
    known, neighbour = ring.add("known", Rights.FULL), ring.add("neighbour", Rights.FULL)
    guesser = Caller(host, AccessKey("known", known.access_key_id, "0" * 40))

    codes = [guesser.refused("sagemaker", "list_models")[0] for _ in range(5)]

    assert codes == ["InvalidSignatureException"] * 3 + ["ThrottlingException"] * 2
    assert guesser.refused("sts", "get_caller_identity") == ("Throttling", 400, "Rate exceeded")
    assert guesser.refused("s3", "list_buckets") == ("SlowDown", 503, "Please reduce your request rate.")
    assert Caller(host, known).refused("sagemaker", "list_models")[0] == "ThrottlingException"
    assert "Models" in Caller(host, neighbour)("sagemaker", "list_models")
