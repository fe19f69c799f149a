"""A model's own code on an endpoint, and an answer that is polled: LMI as unmodified boto3 sees it."""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scenarios.conftest import RunningHost

LMI_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.28.0-lmi10.0.0-cu124"
HANDLER = """
from djl_python import Input, Output

def handle(inputs: Input) -> Output | None:
    if inputs.is_empty():
        print("initialised in", inputs.get_property("dtype"))
        return None
    asked = inputs.get_as_json()
    if asked.get("stream"):
        words = (f"{word} " for word in asked["inputs"].split())
        return Output().add_property("Content-Type", "text/plain").add_stream_content(words, None)
    return Output().add_as_json({"said": asked["inputs"], "mood": inputs.get_property("mood")})
"""


@pytest.fixture(scope="module")
def mine(host: RunningHost) -> Iterator[str]:
    """An endpoint whose model.tar.gz holds a handler and nothing else."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, text in (("model.py", HANDLER), ("serving.properties", "engine=Python\noption.dtype=fp16\n")):
            member = tarfile.TarInfo(f"mine/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    s3 = host.client("s3")
    s3.create_bucket(Bucket="handlers")
    s3.put_object(Bucket="handlers", Key="model.tar.gz", Body=archive.getvalue())
    host.deploy("mine", image=LMI_IMAGE, ModelDataUrl="s3://handlers/model.tar.gz")
    yield "mine"
    for kind in ("endpoint", "endpoint_config", "model"):
        name = "".join(word.capitalize() for word in kind.split("_")) + "Name"
        getattr(host.client("sagemaker"), f"delete_{kind}")(**{name: "mine"})


def ask(**body: Any) -> dict[str, Any]:
    return {"Body": json.dumps(body), "ContentType": "application/json"}


def test_a_handler_answers_and_reads_custom_attributes(host: RunningHost, mine: str) -> None:
    runtime = host.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=mine, CustomAttributes="mood=calm", **ask(inputs="hi"))
    assert json.loads(answer["Body"].read()) == {"said": "hi", "mood": "calm"}


def test_a_handlers_items_are_payload_parts(host: RunningHost, mine: str) -> None:
    runtime = host.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName=mine, **ask(inputs="a b c", stream=True))
    assert answer["ContentType"] == "text/plain"
    assert [event["PayloadPart"]["Bytes"] for event in answer["Body"]] == [b"a ", b"b ", b"c "]


def test_a_handlers_failure_is_a_model_error(host: RunningHost, mine: str) -> None:
    with pytest.raises(ClientError) as caught:
        host.client("sagemaker-runtime").invoke_endpoint(EndpointName=mine, Body=b"not JSON")
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 424)
    assert json.loads(response["OriginalMessage"])["message"] == "prediction failure"


def test_an_answer_can_be_polled(host: RunningHost, mine: str) -> None:
    runtime = host.client("sagemaker-runtime")
    asked = ask(inputs="a b", stream=True)
    begun = runtime.invoke_endpoint(EndpointName=mine, CustomAttributes="x-synchronous=false", **asked)
    text, attributes = b"", begun["CustomAttributes"]
    while attributes.startswith("x-next-token="):
        wanted = attributes.replace("x-next-token", "x-starting-token")
        page = runtime.invoke_endpoint(EndpointName=mine, CustomAttributes=wanted, Body=b"{}")
        text, attributes = text + page["Body"].read(), page.get("CustomAttributes", "")
    assert text == b"a b "
