"""An endpoint with its configuration and its models, gathered through the API.

Used by `ls`, `describe` and `rm`.
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What Describe said of an endpoint and of what it is made of; deleted parts are missing."""

    endpoint: Answer
    config: Answer | None
    models: tuple[Answer, ...]

    def images(self) -> list[str]:
        """Name the images of all containers."""
        return [container["Image"] for container in self._containers() if container.get("Image")]

    def model_ids(self) -> list[str]:
        """Say which model each container serves: its HF_MODEL_ID or its archive."""
        return [
            model_id
            for container in self._containers()
            if (model_id := container.get("Environment", {}).get("HF_MODEL_ID") or container.get("ModelDataUrl"))
        ]

    def num_instances(self) -> tuple[int, int]:
        """Count the instances that run and those that should."""
        variants = self.endpoint.get("ProductionVariants", [])
        running = sum(variant.get("CurrentInstanceCount", 0) for variant in variants)
        return running, sum(variant.get("DesiredInstanceCount", 0) for variant in variants)

    def _containers(self) -> list[Answer]:
        return [
            container
            for model in self.models
            for container in (model.get("Containers") or [model.get("PrimaryContainer", {})])
        ]


def gather(sagemaker: Any, name: str) -> Deployment:
    """Describe endpoint `name` and what it is made of. Raises ClientError when there is no such endpoint."""
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    config = _unless_gone(sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
    names = [variant["ModelName"] for variant in (config or {}).get("ProductionVariants", []) if "ModelName" in variant]
    models = [_unless_gone(sagemaker.describe_model, ModelName=name) for name in names]
    return Deployment(endpoint, config, tuple(model for model in models if model is not None))


def is_missing(error: ClientError) -> bool:
    """Tell whether a refusal means that the resource does not exist (a ValidationException, as SageMaker has it)."""
    details = error.response.get("Error", {})
    return details.get("Code") == "ValidationException" and "could not find" in details.get("Message", "").lower()


def list_names(sagemaker: Any) -> list[str]:
    """Name every endpoint, the oldest first."""
    pages = sagemaker.get_paginator("list_endpoints").paginate(SortBy="CreationTime", SortOrder="Ascending")
    return [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]]


def _unless_gone(describe: Any, **members: str) -> Answer | None:
    try:
        answer: Answer = describe(**members)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return answer
