"""`firstbyte deploy`: an endpoint for one model, in one step."""

import enum
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from firstbyte.cli.errors import UsageMistake
from firstbyte.cli.screen import make_console
from firstbyte.cli.target import TargetOption, find_target
from firstbyte.cli.workload import LMI_IMAGE, ROLE_ARN, TGI_IMAGE, Container, deploy_container

MAX_NAME_LEN = 63
"""SageMaker's limit for the names of endpoints."""


class Image(enum.StrEnum):
    """The two containers that can serve a chat model."""

    TGI = "tgi"
    LMI = "lmi"


_IMAGE_URIS = {Image.TGI: TGI_IMAGE, Image.LMI: LMI_IMAGE}


def deploy(
    model: Annotated[str, typer.Argument(help="`demo`, a Hugging Face id, a local folder or an s3:// prefix.")],
    name: Annotated[str | None, typer.Option(help="The endpoint's name.", show_default="from the model's")] = None,
    image: Annotated[Image, typer.Option(help="The container to serve it.")] = Image.TGI,
    environment: Annotated[
        list[str] | None, typer.Option("--env", "-e", metavar="NAME=VALUE", help="A variable for the container.")
    ] = None,
    instances: Annotated[int, typer.Option(min=1, help="How many instances.")] = 1,
    instance_type: Annotated[str, typer.Option(help="Matters on Amazon SageMaker only.")] = "ml.g5.2xlarge",
    role: Annotated[str, typer.Option(help="ARN of the execution role; matters on Amazon SageMaker only.")] = ROLE_ARN,
    target: TargetOption = None,
) -> None:
    """Create model, configuration and endpoint in one step.

    Waits until the endpoint is in service.
    """
    found = find_target(target)
    if found.is_aws and role == ROLE_ARN:
        raise UsageMistake("Amazon SageMaker needs --role, the ARN of an execution role of your account")
    endpoint_name = name or name_for(model)
    container = Container(_image_uri(image, found.session.region_name), environment_for(model, environment or []))
    console = make_console()
    console.print(f"deploying {model} as {endpoint_name} …")
    variant: dict[str, Any] = {"InstanceType": instance_type, "InitialInstanceCount": instances}
    deploy_container(found.client("sagemaker"), endpoint_name, container, role_arn=role, **variant)
    console.print(f"{endpoint_name} is InService; try: firstbyte chat {endpoint_name}")


def environment_for(model: str, given: list[str]) -> dict[str, str]:
    """Put together the container's environment. Raises UsageMistake for a variable that is not NAME=VALUE."""
    folder = Path(model)
    environment = {"HF_MODEL_ID": str(folder.absolute()) if folder.is_dir() else model, "SM_NUM_GPUS": "1"}
    for assignment in given:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise UsageMistake(f"--env takes NAME=VALUE, not {assignment!r}")
        environment[name] = value
    return environment


def name_for(model: str, now: datetime | None = None) -> str:
    """Make an endpoint's name of a model's: letters, digits and hyphens, and the time, so that it is unique."""
    stamp = (now or datetime.now(UTC)).strftime("%m%d-%H%M%S")
    words = re.sub(r"[^A-Za-z0-9]+", "-", model.rstrip("/").rpartition("/")[2]).strip("-") or "model"
    return f"{words[: MAX_NAME_LEN - len(stamp) - 1].rstrip('-')}-{stamp}"


def _image_uri(image: Image, region: str | None) -> str:
    return _IMAGE_URIS[image].replace("us-east-1", region or "us-east-1")
