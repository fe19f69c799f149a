"""The reference workload in plain boto3: deploy a chat model in two ways, ask it for an email, clean up.

Used by `demo`. Every call here is one that a program written for Amazon SageMaker makes, and runs there unchanged.
"""

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstbyte.client import build_llama2_prompt

ROLE_ARN = "arn:aws:iam::123456789012:role/sagemaker_execution_role"
ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
TGI_IMAGE = f"{ECR}/huggingface-pytorch-tgi-inference:2.3.0-tgi2.0.2-gpu-py310-cu121-ubuntu22.04"
LMI_IMAGE = f"{ECR}/djl-inference:0.28.0-lmi10.0.0-cu124"

TGI_LIMITS = {"MAX_INPUT_LENGTH": "2048", "MAX_TOTAL_TOKENS": "4096", "MAX_BATCH_TOTAL_TOKENS": "8192"}

SAMPLING: Mapping[str, Any] = {
    "do_sample": True,
    "top_p": 0.6,
    "temperature": 0.9,
    "top_k": 50,
    "max_new_tokens": 512,
    "repetition_penalty": 1.03,
    "stop": ["</s>"],
    "return_full_text": False,
}

SERVING_PROPERTIES = """\
engine=MPI
option.entryPoint=djl_python.huggingface
option.tensor_parallel_degree=1
option.rolling_batch=lmi-dist
option.max_rolling_batch_size=16
option.model_loading_timeout=3600
option.paged_attention=true
option.model_id={model_id}
"""

# How often the waiters ask; botocore's own default for these two is 30 s.
POLL = {"Delay": 0.05, "MaxAttempts": 12_000}


@dataclass(frozen=True, slots=True)
class Email:
    """What the email is to say."""

    recipient: str
    company: str
    product: str
    code: str
    percent: int
    months: int

    def request(self) -> str:
        """Ask for the email in a sentence or two."""
        return (
            f"Write a short email to {self.recipient} about the product launch of {self.product} by {self.company}. "
            f"Mention the coupon code {self.code} for {self.percent}% off for {self.months} months."
        )

    def prompt(self, persona: str) -> str:
        """Put the request into the Llama 2 chat template."""
        return build_llama2_prompt(
            [{"role": "system", "content": persona}, {"role": "user", "content": self.request()}]
        )


@dataclass(frozen=True, slots=True)
class Container:
    """What CreateModel needs: an image, its environment, and the model's archive for LMI."""

    image: str
    environment: Mapping[str, str]
    model_data_url: str | None = None

    def definition(self) -> dict[str, Any]:
        """Render the PrimaryContainer member."""
        optional = {"ModelDataUrl": self.model_data_url} if self.model_data_url else {}
        return {"Image": self.image, "Environment": dict(self.environment), **optional}


def tgi_container(model_id: str) -> Container:
    """Approach 1: Hugging Face's TGI, which loads a model by its id."""
    return Container(TGI_IMAGE, {"HF_MODEL_ID": model_id, "SM_NUM_GPUS": "1", **TGI_LIMITS})


def lmi_container(s3: Any, bucket: str, prefix: str, model_dir: Path, scratch: Path) -> Container:
    """Approach 2: DJL Serving's LMI, which reads serving.properties and the model's files from S3.

    Uploads the files of `model_dir` to `s3://bucket/prefix/model/` and a model.tar.gz with one top folder beside them.
    `scratch` is a folder for the archive.
    """
    for path in sorted(path for path in model_dir.rglob("*") if path.is_file()):
        s3.upload_file(str(path), bucket, f"{prefix}/model/{path.relative_to(model_dir).as_posix()}")
    top = scratch / "chat_model"
    top.mkdir()
    properties = SERVING_PROPERTIES.format(model_id=f"s3://{bucket}/{prefix}/model/")
    (top / "serving.properties").write_text(properties, encoding="utf-8")
    archive = scratch / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(top, arcname=top.name)
    s3.upload_file(str(archive), bucket, f"{prefix}/code/model.tar.gz")
    environment = {"MODEL_LOADING_TIMEOUT": "3600"}
    return Container(LMI_IMAGE, environment, f"s3://{bucket}/{prefix}/code/model.tar.gz")


def deploy_container(
    sagemaker: Any, name: str, container: Container, role_arn: str = ROLE_ARN, **variant_members: Any
) -> None:
    """Create model, endpoint configuration and endpoint, all called `name`, and wait until it is InService.

    `variant_members` go over the production variant's. Raises botocore's WaiterError when the endpoint fails; its last
    response carries the FailureReason.
    """
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role_arn, PrimaryContainer=container.definition())
    variant = {
        "VariantName": "variant1",
        "ModelName": name,
        "InstanceType": "ml.g5.2xlarge",
        "InitialInstanceCount": 1,
        "ModelDataDownloadTimeoutInSeconds": 3600,
        "ContainerStartupHealthCheckTimeoutInSeconds": 3600,
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        **variant_members,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=POLL)


def invocation(name: str, prompt: str, seed: int, *, stream: bool = False, **parameters: Any) -> dict[str, Any]:
    """Put together an invocation's arguments; `parameters` go over the reference workload's sampling.

    `stream` is what TGI has to be asked for; LMI streams whenever the call does.
    """
    body: dict[str, Any] = {"inputs": prompt, "parameters": {**SAMPLING, "seed": seed, **parameters}}
    if stream:
        body["stream"] = True
    return {
        "EndpointName": name,
        "Body": json.dumps(body),
        "ContentType": "application/json",
        "CustomAttributes": "accept_eula=true",
    }


def clean_up(sagemaker: Any, name: str) -> None:
    """Delete endpoint, configuration and model back to back, found from the endpoint alone."""
    config_name = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config_name)["ProductionVariants"]
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=config_name)
    sagemaker.delete_model(ModelName=variants[0]["ModelName"])


def delete_objects(s3_resource: Any, bucket: str, prefix: str) -> None:
    """Delete every object under a prefix."""
    s3_resource.Bucket(bucket).objects.filter(Prefix=prefix).delete()


def leftovers(sagemaker: Any, s3: Any, bucket: str, names: list[str]) -> list[str]:
    """Name what is still there once the endpoints `names` are gone."""
    for name in names:
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=POLL)
    return [
        *(endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]),
        *(config["EndpointConfigName"] for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        *(model["ModelName"] for model in sagemaker.list_models()["Models"]),
        *(f"s3://{bucket}/{entry['Key']}" for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])),
    ]
