"""The operations: what they answer, and every sentence they refuse with."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost, refusal
from firstbyte.hosting.errors import AlreadyExists, InProgress, NotFound, QuotaExceeded, ValidationFailed
from firstbyte.hosting.ports import InstancePhase, InstanceState

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
START = datetime(2026, 1, 1, tzinfo=UTC)
CONTAINER = {"Image": ECHO}
ROLE = "arn:aws:iam::123456789012:role/r"


def variant(**more: Any) -> dict[str, Any]:
    return {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, **more}


async def test_an_endpoint_config_is_described_as_created(host: FakeHost) -> None:
    host.api.create_model({"ModelName": "m", "PrimaryContainer": CONTAINER})
    spec = variant(RoutingConfig={"RoutingStrategy": "RANDOM"}, InstanceType="ml.g5.2xlarge")
    answer = host.api.create_endpoint_config({"EndpointConfigName": "c", "ProductionVariants": [spec]})

    assert answer == {"EndpointConfigArn": f"{ARN}:endpoint-config/c"}
    assert host.api.describe_endpoint_config({"EndpointConfigName": "c"}) == {
        "EndpointConfigName": "c",
        "EndpointConfigArn": f"{ARN}:endpoint-config/c",
        "ProductionVariants": [{**spec, "InitialVariantWeight": 1.0}],
        "CreationTime": START,
        "EnableNetworkIsolation": False,
    }


async def test_an_endpoint_is_described_from_creating_to_in_service(host: FakeHost) -> None:
    host.deploy("e", variants=({"RoutingConfig": {"RoutingStrategy": "RANDOM"}},))
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert described == {
        "EndpointName": "e",
        "EndpointArn": f"{ARN}:endpoint/e",
        "EndpointConfigName": "e",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "DeployedImages": [{"SpecifiedImage": ECHO, "ResolvedImage": ECHO, "ResolutionTime": START}],
                "CurrentWeight": 1.0,
                "DesiredWeight": 1.0,
                "CurrentInstanceCount": 0,
                "DesiredInstanceCount": 1,
                "RoutingConfig": {"RoutingStrategy": "RANDOM"},
            }
        ],
        "EndpointStatus": "Creating",
        "CreationTime": START,
        "LastModifiedTime": START,
    }
    host.clock.pass_time(1)
    await host.settle()
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert described["EndpointStatus"] == "InService"
    assert described["LastModifiedTime"] > START
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1


async def test_clean_up_back_to_back_succeeds_while_the_endpoint_is_deleting(host: FakeHost) -> None:
    host.deploy("e")
    await host.settle()
    host.api.delete_endpoint({"EndpointName": "e"})
    assert host.api.delete_endpoint_config({"EndpointConfigName": "e"}) == {}
    assert host.api.delete_model({"ModelName": "e"}) == {}
    assert host.status() == "Deleting"
    assert await host.settle() == "gone"
    host.deploy("e")
    assert await host.settle() == "InService"


async def test_config_and_model_may_go_while_the_endpoint_lives(host: FakeHost) -> None:
    host.deploy("e")
    host.api.delete_endpoint_config({"EndpointConfigName": "e"})
    host.api.delete_model({"ModelName": "e"})
    assert await host.settle() == "InService"


@pytest.mark.parametrize("goal", ["Creating", "Failed"])
async def test_an_endpoint_can_be_deleted_while_creating_and_when_failed(host: FakeHost, goal: str) -> None:
    host.deploy("e", Environment={"ON_START": "hang" if goal == "Creating" else "exit 1"})
    assert await host.settle() == goal
    host.api.delete_endpoint({"EndpointName": "e"})
    assert await host.settle() == "gone"


async def test_a_strict_host_deletes_no_endpoint_that_is_under_way(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, strict=True)
    host.deploy("e", Environment={"ON_START": "hang"})
    host.deploy("failed", Environment={"ON_START": "exit 1"})
    assert await host.settle() == "Creating"

    refused = refusal(host.api.delete_endpoint, {"EndpointName": "e"})
    host.api.delete_endpoint({"EndpointName": "failed"})

    assert refused == (InProgress, f'Cannot update in-progress endpoint "{ARN}:endpoint/e".')
    assert host.status() == "Creating"
    assert await host.settle("failed") == "gone"
    assert refusal(host.api.delete_endpoint, {"EndpointName": "none"})[0] is NotFound


async def test_a_strict_host_leaves_alone_what_is_system_updating(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, strict=True)
    host.deploy("e")
    await host.settle()
    (instance,) = host.fleet.all()
    host.launcher.states[instance.id] = InstanceState(InstancePhase.EXITED, 1)
    host.controller.notify()
    await host.round()
    assert host.status() == "SystemUpdating"

    in_progress = (InProgress, f'Cannot update in-progress endpoint "{ARN}:endpoint/e".')
    weights = [{"VariantName": "AllTraffic", "DesiredWeight": 2.0}]
    for operation, members in (
        (host.api.delete_endpoint, {}),
        (host.api.update_endpoint, {"EndpointConfigName": "e"}),
        (host.api.update_endpoint_weights_and_capacities, {"DesiredWeightsAndCapacities": weights}),
    ):
        assert refusal(operation, {"EndpointName": "e", **members}) == in_progress
    host.clock.pass_time(host.settings.max_restart_backoff_s)
    assert await host.settle() == "InService"
    host.api.delete_endpoint({"EndpointName": "e"})


async def test_what_is_not_there(host: FakeHost) -> None:
    for operation, member, kind, spoken in (
        (host.api.describe_model, "ModelName", "model", "model"),
        (host.api.delete_model, "ModelName", "model", "model"),
        (host.api.describe_endpoint_config, "EndpointConfigName", "endpoint-config", "endpoint configuration"),
        (host.api.delete_endpoint_config, "EndpointConfigName", "endpoint-config", "endpoint configuration"),
        (host.api.describe_endpoint, "EndpointName", "endpoint", "endpoint"),
        (host.api.delete_endpoint, "EndpointName", "endpoint", "endpoint"),
    ):
        expected = (NotFound, f'Could not find {spoken} "{ARN}:{kind}/None".')
        assert refusal(operation, {member: "None"}) == expected


async def test_a_name_in_another_case_is_not_there_but_taken(host: FakeHost) -> None:
    host.deploy("Name")
    assert refusal(host.api.describe_model, {"ModelName": "name"})[0] is NotFound
    assert refusal(host.api.delete_endpoint, {"EndpointName": "NAME"})[0] is NotFound
    for operation, members, kind, spoken in (
        (host.api.create_model, {"ModelName": "name", "PrimaryContainer": CONTAINER}, "model", "model"),
        (
            host.api.create_endpoint_config,
            {"EndpointConfigName": "name", "ProductionVariants": [variant(ModelName="Name")]},
            "endpoint-config",
            "endpoint configuration",
        ),
        (host.api.create_endpoint, {"EndpointName": "name", "EndpointConfigName": "Name"}, "endpoint", "endpoint"),
    ):
        expected = (AlreadyExists, f'Cannot create already existing {spoken} "{ARN}:{kind}/name".')
        assert refusal(operation, members) == expected


async def test_what_a_new_resource_names_must_be_there(host: FakeHost) -> None:
    config = {"EndpointConfigName": "c", "ProductionVariants": [variant()]}
    endpoint = {"EndpointName": "e", "EndpointConfigName": "c"}
    no_model = (NotFound, f'Could not find model "{ARN}:model/m".')

    assert refusal(host.api.create_endpoint_config, config) == no_model
    assert refusal(host.api.create_endpoint, endpoint) == (
        NotFound,
        f'Could not find endpoint configuration "{ARN}:endpoint-config/c".',
    )
    host.api.create_model({"ModelName": "m", "PrimaryContainer": CONTAINER})
    host.api.create_endpoint_config(config)
    host.api.delete_model({"ModelName": "m"})
    assert refusal(host.api.create_endpoint, endpoint) == no_model
    assert host.api.list_endpoints({}) == {"Endpoints": []}


async def test_an_endpoint_that_is_being_deleted_is_in_progress(host: FakeHost) -> None:
    host.deploy("e")
    host.api.delete_endpoint({"EndpointName": "e"})
    assert refusal(host.api.delete_endpoint, {"EndpointName": "e"}) == (
        InProgress,
        f'Cannot update in-progress endpoint "{ARN}:endpoint/e".',
    )
    assert refusal(host.api.create_endpoint, {"EndpointName": "e", "EndpointConfigName": "e"})[0] is AlreadyExists


async def test_more_instances_than_the_host_runs(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_instances=3)
    host.deploy("a", variants=({"InitialInstanceCount": 2},))
    with pytest.raises(QuotaExceeded) as error:
        host.deploy("b", variants=({"InitialInstanceCount": 2},))
    assert error.value.message == (
        "The account-level service limit 'instances for endpoint usage' is 3 Instances, with current utilization of "
        "2 Instances and a request delta of 2 Instances."
    )
    host.store.close()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ProductionVariants": [variant(), variant()]}, "The names of the ProductionVariants must differ."),
        (
            {"ProductionVariants": [{"VariantName": "v"}]},
            "ExecutionRoleArn must be given for variants without a ModelName.",
        ),
        (
            {"ProductionVariants": [{"VariantName": "w"}, variant()]},
            "Either every variant needs a ModelName, or none has one and inference components run.",
        ),
        (
            {"ProductionVariants": [{"VariantName": "w"}], "ExecutionRoleArn": "r"},
            "InitialInstanceCount must be given for variants without a ModelName.",
        ),
        (
            {"ProductionVariants": [variant(InitialVariantWeight=0.0)]},
            "The InitialVariantWeight of at least one variant must be greater than 0.",
        ),
        (
            {"ProductionVariants": [variant()], "ShadowProductionVariants": [variant()]},
            "The names of the ProductionVariants must differ.",
        ),
        (
            {"ProductionVariants": [variant()], "AsyncInferenceConfig": {"OutputConfig": {}}},
            "S3OutputPath of AsyncInferenceConfig must be given: there is no other way to answer.",
        ),
        (
            {"ProductionVariants": [variant()], "DataCaptureConfig": {"DestinationS3Uri": "https://example.com/x"}},
            "DestinationS3Uri https://example.com/x is not in Amazon S3: it should look like s3://bucket/key.",
        ),
    ],
)
async def test_endpoint_configs_that_cannot_be(host: FakeHost, members: dict[str, Any], message: str) -> None:
    host.api.create_model({"ModelName": "m", "PrimaryContainer": CONTAINER})
    request = {"EndpointConfigName": "c", **members}
    assert refusal(host.api.create_endpoint_config, request) == (ValidationFailed, message)
    assert host.api.list_endpoint_configs({}) == {"EndpointConfigs": []}


async def test_lists_show_summaries(host: FakeHost) -> None:
    host.deploy("e")
    assert host.api.list_models({}) == {
        "Models": [{"ModelName": "e", "ModelArn": f"{ARN}:model/e", "CreationTime": START}]
    }
    assert host.api.list_endpoint_configs({}) == {
        "EndpointConfigs": [
            {"EndpointConfigName": "e", "EndpointConfigArn": f"{ARN}:endpoint-config/e", "CreationTime": START}
        ]
    }
    assert host.api.list_endpoints({"StatusEquals": "Creating"}) == {
        "Endpoints": [
            {
                "EndpointName": "e",
                "EndpointArn": f"{ARN}:endpoint/e",
                "CreationTime": START,
                "LastModifiedTime": START,
                "EndpointStatus": "Creating",
            }
        ]
    }
    assert host.api.list_endpoints({"StatusEquals": "InService"}) == {"Endpoints": []}


async def test_data_capture_and_serverless_are_shown_as_given(host: FakeHost) -> None:
    host.api.create_model({"ModelName": "m", "PrimaryContainer": CONTAINER})
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    capture = {"InitialSamplingPercentage": 50, "DestinationS3Uri": "s3://b/c", "CaptureOptions": []}
    spec = {"VariantName": "v", "ModelName": "m", "ServerlessConfig": serverless}
    host.api.create_endpoint_config(
        {"EndpointConfigName": "c", "ProductionVariants": [spec], "DataCaptureConfig": capture}
    )
    host.api.create_endpoint({"EndpointName": "e", "EndpointConfigName": "c"})
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"] == serverless
    assert described["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Stopped",
        "CurrentSamplingPercentage": 50,
        "DestinationS3Uri": "s3://b/c",
        "KmsKeyId": "",
    }


async def test_the_logs_of_an_endpoints_instances(host: FakeHost) -> None:
    host.deploy("e", variants=({"InitialInstanceCount": 2},))
    await host.settle()
    logs = host.api.tail_logs("e", 1)
    assert [(log.variant_name, log.lines) for log in logs] == [("AllTraffic", ("said: hello",))] * 2
    assert host.api.tail_logs("none", 1) == ()


async def test_an_asynchronous_endpoint_has_no_containers_to_be_named(host: FakeHost) -> None:
    config = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}}}
    host.deploy("row", containers=({}, {}), config=config)
    with pytest.raises(ValidationFailed, match="and InvokeEndpointAsync does not"):
        host.deploy("e", containers=({"ContainerHostname": "a"},), mode="Direct", config=config)
