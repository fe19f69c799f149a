"""The workload's calls are what botocore's service models allow, and what the reference notebooks send."""

import json
import tarfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from firstbyte.cli import workload
from firstbyte.cli.workload import Container, Email

EMAIL = Email("Ana Silva", "Acme", "Rocket Skates", "CODE1", percent=10, months=2)


def client(service: str) -> Any:
    make: Any = boto3.client  # its stubs, where they are installed, know a list of names only
    return make(service, "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")


def test_the_prompt_is_the_llama_2_template_and_holds_every_field() -> None:
    prompt = EMAIL.prompt("Be warm.")
    assert prompt.startswith("<s>[INST] <<SYS>>\nBe warm.\n<</SYS>>\n\nWrite a short email to Ana Silva")
    assert prompt.endswith("[/INST]")
    for field in ("Acme", "Rocket Skates", "CODE1", "10%", "2 months"):
        assert field in prompt


def test_an_invocation_carries_the_reference_sampling() -> None:
    arguments = workload.invocation("a", "Hi", 7, stream=True)
    assert arguments["CustomAttributes"] == "accept_eula=true"
    body = json.loads(arguments["Body"])
    assert body["stream"] is True
    assert body["parameters"] == {
        "do_sample": True,
        "top_p": 0.6,
        "temperature": 0.9,
        "top_k": 50,
        "max_new_tokens": 512,
        "repetition_penalty": 1.03,
        "stop": ["</s>"],
        "return_full_text": False,
        "seed": 7,
    }


def test_a_container_without_data_leaves_the_member_out() -> None:
    assert workload.tgi_container("demo").definition()["Environment"]["HF_MODEL_ID"] == "demo"
    assert "ModelDataUrl" not in workload.tgi_container("demo").definition()
    assert Container("i", {}, "s3://b/k").definition()["ModelDataUrl"] == "s3://b/k"


def test_deploying_makes_model_configuration_and_endpoint_in_this_order() -> None:
    sagemaker = client("sagemaker")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:x/demo"
    state = {"EndpointName": "n", "EndpointArn": arn, "CreationTime": 0, "LastModifiedTime": 0}
    with Stubber(sagemaker) as stub:
        stub.add_response(
            "create_model", {"ModelArn": arn}, {"ModelName": "n", "ExecutionRoleArn": ANY, "PrimaryContainer": ANY}
        )
        stub.add_response("create_endpoint_config", {"EndpointConfigArn": arn})
        stub.add_response("create_endpoint", {"EndpointArn": arn}, {"EndpointName": "n", "EndpointConfigName": "n"})
        stub.add_response("describe_endpoint", {**state, "EndpointStatus": "InService"}, {"EndpointName": "n"})
        workload.deploy_container(sagemaker, "n", workload.tgi_container("demo"))
        stub.assert_no_pending_responses()


def test_clean_up_finds_everything_from_the_endpoint_alone() -> None:
    sagemaker = client("sagemaker")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:x/demo"
    endpoint = {
        "EndpointName": "e",
        "EndpointArn": arn,
        "EndpointConfigName": "c",
        "EndpointStatus": "InService",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    variants = [{"VariantName": "v", "ModelName": "m"}]
    config = {"EndpointConfigName": "c", "EndpointConfigArn": arn, "ProductionVariants": variants, "CreationTime": 0}
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_endpoint", endpoint, {"EndpointName": "e"})
        stub.add_response("describe_endpoint_config", config, {"EndpointConfigName": "c"})
        stub.add_response("delete_endpoint", {}, {"EndpointName": "e"})
        stub.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "c"})
        stub.add_response("delete_model", {}, {"ModelName": "m"})
        workload.clean_up(sagemaker, "e")
        stub.assert_no_pending_responses()


class Uploads:
    """Stands for an S3 client; keeps what was uploaded."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.objects[f"s3://{bucket}/{key}"] = Path(path).read_bytes()


def test_the_lmi_archive_has_one_top_folder_with_serving_properties(tmp_path: Path) -> None:
    model_dir, scratch = tmp_path / "model", tmp_path / "scratch"
    (model_dir / "nested").mkdir(parents=True)
    scratch.mkdir()
    (model_dir / "config.json").write_text("{}")
    (model_dir / "nested" / "weights").write_bytes(b"w")
    s3 = Uploads()
    container = workload.lmi_container(s3, "b", "p", model_dir, scratch)
    assert set(s3.objects) == {
        "s3://b/p/model/config.json",
        "s3://b/p/model/nested/weights",
        "s3://b/p/code/model.tar.gz",
    }
    assert container.model_data_url == "s3://b/p/code/model.tar.gz"
    with tarfile.open(scratch / "model.tar.gz") as tar:
        assert [member.name for member in tar] == ["chat_model", "chat_model/serving.properties"]
        properties = tar.extractfile("chat_model/serving.properties")
        assert properties is not None
        lines = properties.read().decode().splitlines()
    assert "engine=MPI" in lines
    assert "option.rolling_batch=lmi-dist" in lines
    assert "option.model_id=s3://b/p/model/" in lines


@pytest.mark.parametrize("image", [workload.TGI_IMAGE, workload.LMI_IMAGE])
def test_images_are_whole_uris_of_aws_own_registry(image: str) -> None:
    assert image.startswith("763104351884.dkr.ecr.us-east-1.amazonaws.com/")
