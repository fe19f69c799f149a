"""Temporary credentials through unmodified boto3: they sign for every service, and are nothing without their token."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from firstbyte.settings import KeyRing, Rights
from scenarios.conftest import RunningHost
from scenarios.test_keys import Caller

ROLE = "arn:aws:iam::123456789012:role/trainer"


def assume(host: RunningHost, sts: Any, **params: Any) -> boto3.Session:
    made = sts.assume_role(RoleArn=ROLE, RoleSessionName="nightly", **params)["Credentials"]
    return boto3.Session(
        made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=host.settings.hosting.region
    )


def client(host: RunningHost, session: boto3.Session, service: Any) -> Any:
    return session.client(service, endpoint_url=host.url)


def test_a_session_signs_for_every_service(host: RunningHost) -> None:
    session = assume(host, host.client("sts"), DurationSeconds=900)

    caller = client(host, session, "sts").get_caller_identity()
    assert caller["Arn"] == "arn:aws:sts::123456789012:assumed-role/trainer/nightly"
    s3 = client(host, session, "s3")
    s3.create_bucket(Bucket="of-a-session")
    s3.put_object(Bucket="of-a-session", Key="a", Body=b"kept")
    assert s3.get_object(Bucket="of-a-session", Key="a")["Body"].read() == b"kept"
    assert client(host, session, "sagemaker").list_models()["Models"] == []


def test_a_session_has_no_more_rights_than_its_key(host: RunningHost) -> None:
    reader = Caller(host, KeyRing(host.settings).add("night-reader", Rights.READ_ONLY))
    made = reader("sts", "assume_role", RoleArn=ROLE, RoleSessionName="nightly")["Credentials"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name="us-east-1")

    client(host, session, "sagemaker").list_models()
    with pytest.raises(ClientError) as caught:
        client(host, session, "sagemaker").delete_model(ModelName="any")
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_key_pair_alone_is_worth_nothing(host: RunningHost) -> None:
    made = host.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="nightly")["Credentials"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], "another", region_name="us-east-1")

    with pytest.raises(ClientError) as caught:
        client(host, session, "sts").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
