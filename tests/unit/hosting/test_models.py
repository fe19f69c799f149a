"""CreateModel and DescribeModel: what is given back, and every sentence that refuses a model."""

from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost
from firstbyte.hosting.errors import ValidationFailed

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
CONTAINER = {"Image": ECHO}
ROLE = "arn:aws:iam::123456789012:role/r"
MULTI = {**CONTAINER, "Mode": "MultiModel", "ModelDataUrl": "s3://b/models/"}


async def test_a_model_is_described_as_created_with_what_aws_fills_in(host: FakeHost) -> None:
    container = {"Image": ECHO, "ModelDataUrl": "s3://b/m.tar.gz", "Environment": {"MODEL_LOADING_TIMEOUT": "3600"}}
    members = {"ModelName": "Llama-2", "ExecutionRoleArn": ROLE, "PrimaryContainer": container}
    answer = host.api.create_model({**members, "Tags": [{"Key": "k", "Value": "v"}]})

    assert answer == {"ModelArn": f"{ARN}:model/Llama-2"}
    assert host.api.describe_model({"ModelName": "Llama-2"}) == {
        "ModelName": "Llama-2",
        "ModelArn": f"{ARN}:model/Llama-2",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {**container, "Mode": "SingleModel"},
        "CreationTime": host.clock.now(),
        "EnableNetworkIsolation": False,
    }
    assert host.api.list_tags({"ResourceArn": f"{ARN}:model/Llama-2"}) == {"Tags": [{"Key": "k", "Value": "v"}]}


async def test_one_of_several_containers_is_a_primary_by_another_name(host: FakeHost) -> None:
    host.api.create_model({"ModelName": "m", "Containers": [CONTAINER]})
    described = host.api.describe_model({"ModelName": "m"})
    assert described["Containers"] == [{"Image": ECHO, "Mode": "SingleModel", "Environment": {}}]
    host.api.create_endpoint_config(
        {
            "EndpointConfigName": "c",
            "ProductionVariants": [{"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1}],
        }
    )
    host.api.create_endpoint({"EndpointName": "e", "EndpointConfigName": "c"})
    assert await host.settle() == "InService"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "Exactly one of PrimaryContainer and Containers must be given."),
        (
            {"PrimaryContainer": CONTAINER, "Containers": [CONTAINER]},
            "Exactly one of PrimaryContainer and Containers must be given.",
        ),
        (
            {"Containers": [CONTAINER, {"Environment": {}}]},
            "An Image must be given: model packages are not hosted here.",
        ),
        (
            {"Containers": [CONTAINER, {**CONTAINER, "ContainerHostname": "second"}]},
            "If any of the Containers has a ContainerHostname, every one of them must have one.",
        ),
        (
            {"Containers": [{**CONTAINER, "ContainerHostname": "same"}, {**CONTAINER, "ContainerHostname": "same"}]},
            "The ContainerHostnames of the Containers must differ.",
        ),
        (
            {"Containers": [CONTAINER, CONTAINER], "InferenceExecutionConfig": {"Mode": "Direct"}},
            "With InferenceExecutionConfig.Mode Direct every container needs a ContainerHostname.",
        ),
        (
            {"PrimaryContainer": CONTAINER, "InferenceExecutionConfig": {"Mode": "Direct"}},
            "InferenceExecutionConfig.Mode Direct is for Containers: PrimaryContainer has no other.",
        ),
        (
            {"PrimaryContainer": {"ModelPackageName": "p"}},
            "An Image must be given: model packages are not hosted here.",
        ),
        (
            {"PrimaryContainer": {**CONTAINER, "Mode": "MultiModel"}},
            "ModelDataUrl must be given for a container in MultiModel mode.",
        ),
        (
            {"PrimaryContainer": {**MULTI, "ModelDataUrl": "s3://b/m.tar.gz"}},
            "ModelDataUrl s3://b/m.tar.gz of a container in MultiModel mode must be the prefix that its models lie "
            "below.",
        ),
        (
            {"PrimaryContainer": {**CONTAINER, "Mode": "MultiModel", "ModelDataSource": {"S3DataSource": {}}}},
            "ModelDataSource is not supported with a container in MultiModel mode.",
        ),
        (
            {"PrimaryContainer": {**CONTAINER, "MultiModelConfig": {"ModelCacheSetting": "Disabled"}}},
            "MultiModelConfig is for containers whose Mode is MultiModel.",
        ),
        (
            {"Containers": [MULTI, MULTI]},
            "More than one container in MultiModel mode is not supported with inference pipeline.",
        ),
        (
            {"Containers": [{**MULTI, "ContainerHostname": "a"}], "InferenceExecutionConfig": {"Mode": "Direct"}},
            "A container in MultiModel mode is not supported with direct invocation.",
        ),
        (
            {"PrimaryContainer": {**CONTAINER, "ModelDataUrl": "s3://b/k", "ModelDataSource": {"S3DataSource": {}}}},
            "At most one of ModelDataUrl and ModelDataSource may be given.",
        ),
        (
            {"PrimaryContainer": {**CONTAINER, "Environment": {"A": "x" * 1025}}},
            "The Environment may have 100 entries of at most 1024 bytes for each key and value, 32 KB together.",
        ),
        (
            {"PrimaryContainer": CONTAINER, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "Duplicate tag keys found.",
        ),
    ],
)
async def test_models_that_cannot_be(host: FakeHost, members: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        host.api.create_model({"ModelName": "m", **members})
    assert failure.value.message == message
    assert host.api.list_models({}) == {"Models": []}
