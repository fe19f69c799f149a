"""Multi-model endpoints through boto3: two models, and memory for one of them at a time."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import firstbyte
from firstbyte.telemetry.facts import ModelLoaded, ModelUnloaded
from scenarios.conftest import RunningHost

BUDGET_BYTES = 10_000_000
"""The demonstration model has some six million bytes."""
TGI = {"image": "firstbyte/tgi", "environment": {"HF_MODEL_ID": "/opt/ml/model"}}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host with the endpoint `many` of two demonstration models."""
    running = RunningHost(tmp_path_factory.mktemp("home"), multi_model_memory_bytes=BUDGET_BYTES).start()
    s3, archive = running.client("s3"), demo_archive()
    s3.create_bucket(Bucket="models")
    for key in ("chat/a.tar.gz", "chat/deep/b.tar.gz", "secret.tar.gz"):
        s3.put_object(Bucket="models", Key=key, Body=archive)
    running.deploy("many", **TGI, Mode="MultiModel", ModelDataUrl="s3://models/chat/")
    yield running
    running.stop()


def demo_archive() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        for file in sorted((Path(firstbyte.__file__).parent / "demo_model").iterdir()):
            tar.add(file, file.name)
    return archive.getvalue()


def ask(host: Any, name: str | None) -> str:
    """One prompt to one model."""
    target = {} if name is None else {"TargetModel": name}
    body = json.dumps({"inputs": "Hello", "parameters": {"max_new_tokens": 4}})
    answer = host.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="many", ContentType="application/json", Body=body, **target
    )
    return str(json.loads(answer["Body"].read())[0]["generated_text"])


def refusal(host: Any, name: str | None) -> str:
    with pytest.raises(ClientError) as failure:
        ask(host, name)
    assert failure.value.response["Error"]["Code"] == "ValidationError"
    return str(failure.value.response["Error"]["Message"])


def changes(host: Any) -> list[tuple[str, str]]:
    facts = [fact for fact in host.hook.facts if isinstance(fact, ModelLoaded | ModelUnloaded)]
    return [(type(fact).__name__, fact.model_name) for fact in facts]


def test_models_take_turns_in_memory(host: RunningHost) -> None:
    assert ask(host, "a.tar.gz") == ask(host, "a.tar.gz") == ask(host, "deep/b.tar.gz") == ask(host, "a.tar.gz")
    assert changes(host) == [
        ("ModelLoaded", "a.tar.gz"),
        ("ModelUnloaded", "a.tar.gz"),
        ("ModelLoaded", "deep/b.tar.gz"),
        ("ModelUnloaded", "deep/b.tar.gz"),
        ("ModelLoaded", "a.tar.gz"),
    ]
    described = host.client("sagemaker").describe_model(ModelName="many")["PrimaryContainer"]
    assert (described["Mode"], described["ModelDataUrl"]) == ("MultiModel", "s3://models/chat/")
    events = host.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/many")["events"]
    assert len({event["logStreamName"] for event in events}) == 1
    assert sum("listening on" in event["message"] for event in events) == 3


def test_what_was_put_in_an_archives_place_is_loaded_next_time(host: RunningHost) -> None:
    s3 = host.client("s3")
    ask(host, "a.tar.gz")
    s3.delete_object(Bucket="models", Key="chat/a.tar.gz")
    assert ask(host, "a.tar.gz"), "what is loaded stays loaded"
    ask(host, "deep/b.tar.gz")
    assert "Failed to download model data(bucket: models, key: chat/a.tar.gz)" in refusal(host, "a.tar.gz")
    s3.put_object(Bucket="models", Key="chat/a.tar.gz", Body=b"no archive")
    assert "is not a whole .tar.gz" in refusal(host, "a.tar.gz")
    s3.put_object(Bucket="models", Key="chat/a.tar.gz", Body=demo_archive())
    assert ask(host, "a.tar.gz")


def test_requests_for_no_model(host: RunningHost) -> None:
    assert refusal(host, "none.tar.gz").startswith(
        "Failed to download model data(bucket: models, key: chat/none.tar.gz)"
    )
    assert "is not the path of an object below" in refusal(host, "../secret.tar.gz")
    assert refusal(host, None).endswith(" is missing a target model header.")
    with pytest.raises(ClientError, match="is missing a target model header"):
        host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName="many", Body=b"{}")
    host.deploy("one")
    with pytest.raises(
        ClientError, match="Endpoint one is not a multi-model endpoint and does not support target model header"
    ):
        host.client("sagemaker-runtime").invoke_endpoint(EndpointName="one", TargetModel="a.tar.gz", Body=b"")


def test_the_metrics_tell_of_loads(host: RunningHost) -> None:
    for name in ("a.tar.gz", "deep/b.tar.gz", "deep/b.tar.gz"):
        ask(host, name)
    cloudwatch = host.client("cloudwatch")
    listed = cloudwatch.list_metrics(Dimensions=[{"Name": "EndpointName", "Value": "many"}])["Metrics"]
    names = {(metric["Namespace"], metric["MetricName"]) for metric in listed}
    loads = ("ModelCacheHit", "ModelDownloadingTime", "ModelLoadingTime", "ModelLoadingWaitTime", "ModelUnloadingTime")
    assert {("AWS/SageMaker", name) for name in loads} <= names
    assert ("/aws/sagemaker/Endpoints", "LoadedModelCount") in names
