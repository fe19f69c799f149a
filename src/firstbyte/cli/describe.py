"""`firstbyte describe`: everything the API says of one endpoint."""

import json
from typing import Annotated, Any

import typer

from firstbyte.cli.endpoints import Answer, gather
from firstbyte.cli.target import TargetOption, find_target


def describe(
    name: Annotated[str, typer.Argument(help="The endpoint's name.")],
    target: TargetOption = None,
) -> None:
    """Show an endpoint, its configuration and its model, as JSON."""
    deployment = gather(find_target(target).client("sagemaker"), name)
    shown = {
        "Endpoint": _members(deployment.endpoint),
        "EndpointConfig": _members(deployment.config or {}),
        "Models": [_members(model) for model in deployment.models],
    }
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False, default=_moment))


def _members(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _moment(value: Any) -> str:
    return str(value.isoformat())
