"""An endpoint is gathered from what Describe says; botocore checks our calls against its own models."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from firstbyte.cli.endpoints import gather, list_names

MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/sagemaker_execution_role"


@pytest.fixture
def sagemaker() -> Any:
    return boto3.client("sagemaker", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")


def endpoint(name: str = "a") -> dict[str, Any]:
    return {
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}",
        "EndpointConfigName": "c",
        "EndpointStatus": "InService",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "ProductionVariants": [{"VariantName": "v", "CurrentInstanceCount": 1, "DesiredInstanceCount": 2}],
    }


def config() -> dict[str, Any]:
    return {
        "EndpointConfigName": "c",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c",
        "ProductionVariants": [{"VariantName": "v", "ModelName": "m"}],
        "CreationTime": MOMENT,
    }


def model(**container: Any) -> dict[str, Any]:
    return {
        "ModelName": "m",
        "ModelArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m",
        "PrimaryContainer": container,
        "ExecutionRoleArn": ROLE,
        "CreationTime": MOMENT,
    }


def missing(what: str) -> dict[str, Any]:
    return {"service_error_code": "ValidationException", "service_message": f'Could not find {what} "x".'}


def test_gather_collects_endpoint_configuration_and_models(sagemaker: Any) -> None:
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_endpoint", endpoint(), {"EndpointName": "a"})
        stub.add_response("describe_endpoint_config", config(), {"EndpointConfigName": "c"})
        stub.add_response("describe_model", model(Image="i", Environment={"HF_MODEL_ID": "demo"}), {"ModelName": "m"})
        deployment = gather(sagemaker, "a")
    assert deployment.images() == ["i"]
    assert deployment.model_ids() == ["demo"]
    assert deployment.num_instances() == (1, 2)


def test_parts_that_were_deleted_are_missing_not_an_error(sagemaker: Any) -> None:
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_endpoint", endpoint())
        stub.add_client_error("describe_endpoint_config", **missing("endpoint configuration"))
        deployment = gather(sagemaker, "a")
    assert deployment.config is None
    assert deployment.models == ()
    assert deployment.images() == []


def test_an_endpoint_that_is_not_there_is_an_error(sagemaker: Any) -> None:
    with Stubber(sagemaker) as stub:
        stub.add_client_error("describe_endpoint", **missing("endpoint"))
        with pytest.raises(ClientError, match="Could not find endpoint"):
            gather(sagemaker, "a")


def test_another_refusal_passes_through(sagemaker: Any) -> None:
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_endpoint", endpoint())
        stub.add_client_error("describe_endpoint_config", service_error_code="AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            gather(sagemaker, "a")


def test_every_page_of_endpoints_is_read(sagemaker: Any) -> None:
    summary = {name: endpoint()[name] for name in ("EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")}
    order = {"SortBy": "CreationTime", "SortOrder": "Ascending"}
    with Stubber(sagemaker) as stub:
        first = {"Endpoints": [{"EndpointName": "a", **summary}], "NextToken": "t"}
        stub.add_response("list_endpoints", first, order)
        stub.add_response(
            "list_endpoints", {"Endpoints": [{"EndpointName": "b", **summary}]}, {**order, "NextToken": "t"}
        )
        assert list_names(sagemaker) == ["a", "b"]
