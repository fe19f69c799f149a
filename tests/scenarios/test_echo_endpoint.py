"""The main job with a container that has no model: create, wait, invoke, stream, delete."""

import json

import pytest
from botocore.exceptions import ClientError

from scenarios.conftest import SOON, RunningHost


def test_an_endpoint_lives_from_create_to_delete(host: RunningHost) -> None:
    sagemaker = host.create_endpoint("life")
    description = sagemaker.describe_endpoint(EndpointName="life")
    assert description["EndpointStatus"] == "Creating"
    assert description["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/life"

    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="life", WaiterConfig=SOON)
    runtime = host.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="life", Body=b'{"inputs": "x"}', ContentType="application/json")
    assert answer["Body"].read() == b'{"inputs": "x"}'
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "AllTraffic")

    # The clean-up of the notebooks: back to back, nothing waits for anything.
    described = sagemaker.describe_endpoint(EndpointName="life")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    sagemaker.delete_endpoint(EndpointName="life")
    sagemaker.delete_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    sagemaker.delete_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="life", WaiterConfig=SOON)

    assert [e for e in sagemaker.list_endpoints()["Endpoints"] if e["EndpointName"] == "life"] == []
    assert sagemaker.list_endpoint_configs(NameContains="life")["EndpointConfigs"] == []
    assert sagemaker.list_models(NameContains="life")["Models"] == []
    with pytest.raises(ClientError, match=r"Endpoint life of account 123456789012 not found\."):
        runtime.invoke_endpoint(EndpointName="life", Body=b"{}")


def test_each_chunk_of_the_container_is_one_payload_part(host: RunningHost, echo: str) -> None:
    chunks = ["He", "llo, ", "wörld", "\n\n", "🙂"]
    answer = host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName=echo,
        Body=json.dumps({"chunks": chunks, "content_type": "text/event-stream"}),
        ContentType="application/json",
        CustomAttributes="accept_eula=true",
    )

    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/event-stream", "AllTraffic")
    assert chunks == [event["PayloadPart"]["Bytes"].decode() for event in answer["Body"]]


def test_a_stream_may_be_empty(host: RunningHost, echo: str) -> None:
    answer = host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName=echo, Body=b'{"chunks": []}', ContentType="application/json"
    )

    assert list(answer["Body"]) == []


def test_what_the_container_says_back_in_custom_attributes_arrives(host: RunningHost, echo: str) -> None:
    answer = host.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=echo,
        Body=json.dumps({"body": "hi", "headers": {"X-Amzn-SageMaker-Custom-Attributes": "c=1"}}),
        ContentType="application/json",
    )

    assert (answer["CustomAttributes"], answer["Body"].read()) == ("c=1", b"hi")


def test_a_large_body_goes_through_in_both_directions(host: RunningHost, echo: str) -> None:
    body = b"x" * (20 * 1024 * 1024)
    answer = host.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=echo, Body=body, ContentType="application/octet-stream"
    )

    assert body == answer["Body"].read()


def test_every_answer_has_a_request_id_and_a_date(host: RunningHost, echo: str) -> None:
    answers = [
        host.client("sagemaker").describe_endpoint(EndpointName=echo),
        host.client("sts").get_caller_identity(),
        host.client("s3").list_buckets(),
    ]
    for answer in answers:
        metadata = answer["ResponseMetadata"]
        assert metadata["HTTPHeaders"]["date"].endswith("GMT")
        assert metadata["RequestId"]
