"""Models of several containers through boto3: one invoked by its name, and all of them in a row."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from firstbyte.telemetry.facts import InstanceChanged, InvocationFinished
from scenarios.conftest import ROLE_ARN, SOON, Hosts

ECHO = {"Image": "firstbyte/echo", "Mode": "SingleModel", "Environment": {}}
TGI = {"Image": "firstbyte/tgi", "Environment": {"HF_MODEL_ID": "demo"}}


def create(host: Any, name: str, containers: list[dict[str, Any]], mode: str, **config: Any) -> Any:
    """Make model, config and endpoint of one name, and wait for it; gives what becomes of it."""
    sagemaker = host.client("sagemaker")
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE_ARN, Containers=containers, InferenceExecutionConfig={"Mode": mode}
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}], **config
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return host.hook.wait_for(InstanceChanged, endpoint_name=name, status="healthy")


def wait(host: Any, name: str, waiter: str = "endpoint_in_service") -> None:
    host.client("sagemaker").get_waiter(waiter).wait(EndpointName=name, WaiterConfig=SOON)


def read_stream(answer: Any) -> list[bytes]:
    return [event["PayloadPart"]["Bytes"] for event in answer["Body"]]


def script(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_containers_are_invoked_directly(host: Any) -> None:
    containers = [{**ECHO, "ContainerHostname": "plain"}, {**TGI, "ContainerHostname": "chat"}]
    instance = create(host, "direct", containers, "Direct")
    wait(host, "direct")
    sagemaker, runtime = host.client("sagemaker"), host.client("sagemaker-runtime")
    described = sagemaker.describe_model(ModelName="direct")
    assert described["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert [one["ContainerHostname"] for one in described["Containers"]] == ["plain", "chat"]
    variant = sagemaker.describe_endpoint(EndpointName="direct")["ProductionVariants"][0]
    assert [one["SpecifiedImage"] for one in variant["DeployedImages"]] == ["firstbyte/echo", "firstbyte/tgi"]

    plain = runtime.invoke_endpoint(EndpointName="direct", TargetContainerHostname="plain", Body=b"as it is")
    assert plain["Body"].read() == b"as it is"
    parameters = {"inputs": "Hello", "parameters": {"max_new_tokens": 4}}
    chat = runtime.invoke_endpoint(
        EndpointName="direct", TargetContainerHostname="chat", Body=script(**parameters), ContentType="application/json"
    )
    assert "generated_text" in json.loads(chat["Body"].read())[0]
    stream = runtime.invoke_endpoint_with_response_stream(
        EndpointName="direct",
        TargetContainerHostname="chat",
        Body=script(**parameters, stream=True),
        ContentType="application/json",
    )
    assert len(read_stream(stream)) == 4

    events = host.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/direct")["events"]
    place = f"AllTraffic/{instance.instance_id}"
    assert {event["logStreamName"] for event in events} == {f"{place}/plain", f"{place}/chat"}
    sagemaker.delete_endpoint(EndpointName="direct")
    wait(host, "direct", "endpoint_deleted")


@pytest.mark.parametrize(
    ("hostname", "words"),
    [({}, "requires target container hostname header"), ({"TargetContainerHostname": "c"}, "Container c of endpoint")],
)
def test_direct_invocations_without_a_container(host: Any, hostname: dict[str, str], words: str) -> None:
    name = f"lost{len(hostname)}"
    create(host, name, [{**ECHO, "ContainerHostname": "a"}, {**ECHO, "ContainerHostname": "b"}], "Direct")
    wait(host, name)
    with pytest.raises(ClientError, match=words) as failure:
        host.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"", **hostname)
    assert failure.value.response["Error"]["Code"] == "ValidationError"


def test_an_inference_pipeline(host: Any) -> None:
    """The answer of the first is the request of the second, and so on; a stream comes from the last."""
    create(host, "row", [ECHO, ECHO, ECHO], "Serial")
    wait(host, "row")
    runtime = host.client("sagemaker-runtime")
    last = script(chunks=["a", "b"], content_type="text/plain").decode()
    body = script(body=script(body=last).decode())
    answer = runtime.invoke_endpoint(EndpointName="row", Body=body)
    assert (answer["Body"].read(), answer["ContentType"]) == (b"ab", "text/plain")
    stream = runtime.invoke_endpoint_with_response_stream(EndpointName="row", Body=body)
    assert read_stream(stream) == [b"a", b"b"]

    refused = script(body=script(status=422, body="no").decode())
    for operation in (runtime.invoke_endpoint, runtime.invoke_endpoint_with_response_stream):
        with pytest.raises(ClientError, match=r"client error \(422\) from container-2 with message") as failure:
            operation(EndpointName="row", Body=refused)
        error = failure.value.response
        assert (error["Error"]["Code"], error["OriginalStatusCode"]) == ("ModelError", 422)
        assert error["OriginalMessage"] == "no"
    facts = [fact for fact in host.hook.facts if isinstance(fact, InvocationFinished)]
    names = [{"Name": "ContainerName", "Value": f"container-{number}"} for number in (1, 2, 3)]
    listed = host.client("cloudwatch").list_metrics(MetricName="ContainerLatency")["Metrics"]
    assert [one["Dimensions"][2] for one in listed if one["Dimensions"][0]["Value"] == "row"] == names
    outcomes = [fact.outcome for fact in facts if fact.endpoint_name == "row"]
    assert outcomes == ["ok", "ok", "model_error", "model_error"]


def test_a_pipeline_ends_in_a_language_model(host: Any) -> None:
    create(host, "prepared", [ECHO, TGI], "Serial")
    wait(host, "prepared")
    request = script(inputs="Hello", parameters={"max_new_tokens": 3}, stream=True).decode()
    stream = host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName="prepared", Body=script(body=request)
    )
    assert len(read_stream(stream)) == 3


def test_one_container_that_fails_fails_the_endpoint(host: Any) -> None:
    broken = {**ECHO, "Environment": {"ECHO_EXIT_MESSAGE": "out of luck"}}
    sagemaker = host.client("sagemaker")
    sagemaker.create_model(ModelName="half", ExecutionRoleArn=ROLE_ARN, Containers=[ECHO, broken])
    variant = {"VariantName": "v", "ModelName": "half", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="half", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="half", EndpointConfigName="half")
    with pytest.raises(Exception, match="Waiter EndpointInService failed"):
        wait(host, "half")
    reason = sagemaker.describe_endpoint(EndpointName="half")["FailureReason"]
    assert reason.startswith("The container-2 container for production variant v did not pass the ping health check.")
    assert "error: out of luck" in reason


def test_a_pipeline_comes_back_after_a_restart_and_answers_from_a_queue(hosts: Hosts) -> None:
    host = hosts.start()
    host.client("s3").create_bucket(Bucket="out")
    config = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/a"}}}
    create(host, "again", [ECHO, ECHO], "Serial", **config)
    wait(host, "again")
    hosts.stop(host)

    host = hosts.start()
    wait(host, "again")
    host.client("s3").put_object(Bucket="out", Key="in", Body=script(body="through"))
    ticket = host.client("sagemaker-runtime").invoke_endpoint_async(EndpointName="again", InputLocation="s3://out/in")
    host.hook.wait_for(InvocationFinished, endpoint_name="again", outcome="ok")
    waiter = host.client("s3").get_waiter("object_exists")
    key = ticket["OutputLocation"].removeprefix("s3://out/")
    waiter.wait(Bucket="out", Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert host.client("s3").get_object(Bucket="out", Key=key)["Body"].read() == b"through"
