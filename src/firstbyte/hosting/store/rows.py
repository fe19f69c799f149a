"""Rows to records and back: one function each way for each kind of resource."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from firstbyte.hosting.records import (
    Container,
    DeployedVariant,
    Endpoint,
    EndpointConfig,
    EndpointGoal,
    Members,
    Model,
    Variant,
)

Row = Mapping[str, Any]
"""Column names to values."""


def write_model(model: Model) -> Row:
    """The row of a model."""
    return {
        "name": model.name,
        "arn": model.arn,
        "created_at": write_time(model.created_at),
        "spec": json.dumps(dict(model.spec)),
    }


def read_model(row: Row) -> Model:
    """The model of a row."""
    spec = json.loads(row["spec"])
    return Model(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        containers=read_containers(spec),
        execution_role_arn=spec.get("ExecutionRoleArn"),
        spec=spec,
    )


def read_containers(spec: Members) -> tuple[Container, ...]:
    """The containers that the members of CreateModel name."""
    primary = [spec["PrimaryContainer"]] if spec.get("PrimaryContainer") else []
    return tuple(Container.of(container) for container in primary or spec.get("Containers", ()))


def write_endpoint_config(config: EndpointConfig) -> Row:
    """The row of an endpoint config."""
    return {
        "name": config.name,
        "arn": config.arn,
        "created_at": write_time(config.created_at),
        "spec": json.dumps(dict(config.spec)),
    }


def read_endpoint_config(row: Row) -> EndpointConfig:
    """The endpoint config of a row."""
    spec = json.loads(row["spec"])
    return EndpointConfig(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        variants=tuple(Variant.of(variant) for variant in spec["ProductionVariants"]),
        spec=spec,
    )


def write_endpoint(endpoint: Endpoint) -> Row:
    """The row of an endpoint."""
    variants = [
        {"variant": dict(deployed.variant.spec), "container": dict(deployed.container.spec)}
        for deployed in endpoint.variants
    ]
    return {
        "name": endpoint.name,
        "arn": endpoint.arn,
        "created_at": write_time(endpoint.created_at),
        "modified_at": write_time(endpoint.modified_at),
        "config_name": endpoint.config_name,
        "variants": json.dumps(variants),
        "goal": endpoint.goal.value,
        "spec": json.dumps(dict(endpoint.spec)),
        "failure_reason": endpoint.failure_reason,
    }


def read_endpoint(row: Row) -> Endpoint:
    """The endpoint of a row."""
    return Endpoint(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        modified_at=read_time(row["modified_at"]),
        config_name=row["config_name"],
        variants=tuple(
            DeployedVariant(Variant.of(deployed["variant"]), Container.of(deployed["container"]))
            for deployed in json.loads(row["variants"])
        ),
        goal=EndpointGoal(row["goal"]),
        spec=json.loads(row["spec"]),
        failure_reason=row["failure_reason"],
    )


def write_time(moment: datetime) -> str:
    """A time as text that sorts as the times do: ISO 8601, UTC, always with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """The time of such a text."""
    return datetime.fromisoformat(text)
