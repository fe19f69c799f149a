"""Inference components through boto3: several models on one endpoint, none and back, and again after a restart."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from firstbyte.telemetry.facts import ComponentChanged, InstanceChanged
from scenarios.conftest import ROLE_ARN, SOON, Hosts, RunningHost


def wait(host: RunningHost, name: str, event: str) -> Any:
    """Wait until something happened to a component (boto3 has no waiter for them), and describe it."""
    host.hook.wait_for(ComponentChanged, component_name=name, event=event)
    return host.client("sagemaker").describe_inference_component(InferenceComponentName=name)


def make_endpoint(host: RunningHost, name: str) -> Any:
    sagemaker = host.client("sagemaker")
    variant = {"VariantName": "AllTraffic", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ExecutionRoleArn=ROLE_ARN, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    return sagemaker


def create(sagemaker: Any, endpoint_name: str, name: str, copies: int = 1) -> None:
    sagemaker.create_inference_component(
        InferenceComponentName=name,
        EndpointName=endpoint_name,
        VariantName="AllTraffic",
        Specification={
            "Container": {"Image": "firstbyte/echo", "Environment": {"A": "1"}},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128, "NumberOfCpuCoresRequired": 1},
        },
        RuntimeConfig={"CopyCount": copies},
    )


def refusal(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_components_from_creation_to_deletion(hosts: Hosts) -> None:
    host = hosts.start()
    sagemaker, runtime = make_endpoint(host, "shared"), host.client("sagemaker-runtime")
    create(sagemaker, "shared", "one")
    create(sagemaker, "shared", "two", copies=0)
    shown = wait(host, "one", "all healthy")
    assert shown["InferenceComponentStatus"] == "InService"
    assert shown["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    wait(host, "two", "all healthy")

    asked = {"EndpointName": "shared", "Body": b'{"chunks": ["a", "b"]}'}
    stream = runtime.invoke_endpoint_with_response_stream(**asked, InferenceComponentName="one")
    assert [event["PayloadPart"]["Bytes"] for event in stream["Body"]] == [b"a", b"b"]
    code, message = refusal(runtime.invoke_endpoint, **asked)
    assert (code, message.partition(" is required")[0]) == ("ValidationError", "Inference Component Name header")

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="two", DesiredRuntimeConfig={"CopyCount": 2}
    )
    assert wait(host, "two", "update done")["RuntimeConfig"]["CurrentCopyCount"] == 2
    answer = runtime.invoke_endpoint(EndpointName="shared", Body=b"x", InferenceComponentName="two")
    assert answer["Body"].read() == b"x"
    pages = sagemaker.get_paginator("list_inference_components").paginate(
        EndpointNameEquals="shared", PaginationConfig={"PageSize": 1}
    )
    assert {one["InferenceComponentName"] for page in pages for one in page["InferenceComponents"]} == {"one", "two"}

    hosts.stop(host)
    host = hosts.start()
    sagemaker, runtime = host.client("sagemaker"), host.client("sagemaker-runtime")
    host.hook.wait_for(InstanceChanged, component_name="one", event="ping passed")
    answer = runtime.invoke_endpoint(EndpointName="shared", Body=b"y", InferenceComponentName="one")
    assert answer["Body"].read() == b"y"

    assert refusal(sagemaker.delete_endpoint, EndpointName="shared") == (
        "ValidationException",
        "Cannot delete endpoint with inference component associated. "
        "Please delete inference component and try it again.",
    )
    for name in ("one", "two"):
        sagemaker.delete_inference_component(InferenceComponentName=name)
        host.hook.wait_for(ComponentChanged, component_name=name, event="all gone")
    assert sagemaker.list_inference_components()["InferenceComponents"] == []
    sagemaker.delete_endpoint(EndpointName="shared")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="shared", WaiterConfig=SOON)


def test_the_first_requests_bring_a_component_back_from_zero(hosts: Hosts) -> None:
    host = hosts.start()
    sagemaker, runtime = make_endpoint(host, "shared"), host.client("sagemaker-runtime")
    create(sagemaker, "shared", "one", copies=0)
    wait(host, "one", "all healthy")

    def ask(number: int) -> bytes:
        body = b"%d" % number
        answer = runtime.invoke_endpoint(EndpointName="shared", Body=body, InferenceComponentName="one")
        return bytes(answer["Body"].read())

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [b"%d" % number for number in range(6)]
    assert wait(host, "one", "update done")["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    copies = {fact.instance_id for fact in host.hook.facts if isinstance(fact, InstanceChanged)}
    assert len(copies) == 1

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="one", DesiredRuntimeConfig={"CopyCount": 0}
    )
    host.hook.wait_for(InstanceChanged, instance_id=copies.pop(), status="stopped")
    shown = sagemaker.describe_inference_component(InferenceComponentName="one")
    assert shown["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}

    hosts.stop(host)
    host = hosts.start(strict=True)
    runtime = host.client("sagemaker-runtime")
    code, message = refusal(runtime.invoke_endpoint, EndpointName="shared", Body=b"x", InferenceComponentName="one")
    assert code == "ValidationError"
    assert message.startswith("Inference Component has no capacity to process this request.")
