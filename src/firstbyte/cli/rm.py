"""`firstbyte rm`: endpoints and what they are made of."""

from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from firstbyte.cli.endpoints import gather, is_missing, list_names
from firstbyte.cli.errors import UsageMistake
from firstbyte.cli.target import TargetOption, find_target
from firstbyte.cli.workload import POLL


def rm(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="The endpoints' names.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every endpoint of the target.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    target: TargetOption = None,
) -> None:
    """Delete endpoints, configurations and models, and wait."""
    if bool(names) == every:
        raise UsageMistake("rm takes either names or --all")
    found = find_target(target)
    sagemaker = found.client("sagemaker")
    doomed = list_names(sagemaker) if every else list(names or ())
    if doomed and (every or found.is_aws) and not yes:
        typer.confirm(f"Delete {', '.join(doomed)}?", abort=True)
    for name in doomed:
        delete_deployment(sagemaker, name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=POLL)
        typer.echo(f"deleted {name}")


def delete_deployment(sagemaker: Any, name: str) -> None:
    """Delete an endpoint, then its configuration and models. Raises ClientError when there is no such endpoint."""
    deployment = gather(sagemaker, name)
    sagemaker.delete_endpoint(EndpointName=name)
    if deployment.config:
        _delete_unless_gone(
            sagemaker.delete_endpoint_config, EndpointConfigName=deployment.config["EndpointConfigName"]
        )
    for model in deployment.models:
        _delete_unless_gone(sagemaker.delete_model, ModelName=model["ModelName"])


def _delete_unless_gone(delete: Any, **members: str) -> None:
    try:
        delete(**members)
    except ClientError as error:
        if not is_missing(error):
            raise
