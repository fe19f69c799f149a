"""Rows to records and back: one function each way for each kind of resource."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from firstbyte.hosting.definitions import ExecutionMode, Members, Model, read_containers
from firstbyte.hosting.records import (
    DeployedVariant,
    Endpoint,
    EndpointConfig,
    EndpointGoal,
    InferenceComponent,
    Update,
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
    return Model(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        spec=json.loads(row["spec"]),
    )


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
        shadows=tuple(Variant.of(variant) for variant in spec.get("ShadowProductionVariants", ())),
    )


def write_endpoint(endpoint: Endpoint) -> Row:
    """The row of an endpoint."""
    return {
        "name": endpoint.name,
        "arn": endpoint.arn,
        "created_at": write_time(endpoint.created_at),
        "modified_at": write_time(endpoint.modified_at),
        "config_name": endpoint.config_name,
        "variants": json.dumps(_write_variants(endpoint.variants)),
        "goal": endpoint.goal.value,
        "spec": json.dumps(dict(endpoint.spec)),
        "failure_reason": endpoint.failure_reason,
        "pending": json.dumps(_write_update(endpoint.update)) if endpoint.update else None,
    }


def write_inference_component(component: InferenceComponent) -> Row:
    """The row of an inference component."""
    return {
        "name": component.name,
        "arn": component.arn,
        "created_at": write_time(component.created_at),
        "modified_at": write_time(component.modified_at),
        "endpoint_name": component.endpoint_name,
        "variants": json.dumps(_write_variants(component.variants)),
        "goal": component.goal.value,
        "spec": json.dumps(dict(component.spec)),
        "failure_reason": component.failure_reason,
        "pending": json.dumps(_write_update(component.update)) if component.update else None,
    }


def read_inference_component(row: Row) -> InferenceComponent:
    """The inference component of a row."""
    return InferenceComponent(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        modified_at=read_time(row["modified_at"]),
        endpoint_name=row["endpoint_name"],
        variants=_read_variants(json.loads(row["variants"])),
        goal=EndpointGoal(row["goal"]),
        spec=json.loads(row["spec"]),
        failure_reason=row["failure_reason"],
        update=_read_update(json.loads(row["pending"])) if row["pending"] else None,
    )


def _write_variants(variants: Iterable[DeployedVariant]) -> list[dict[str, Any]]:
    return [
        {
            "variant": dict(deployed.variant.spec),
            "containers": [dict(container.spec) for container in deployed.containers],
            "execution_mode": deployed.execution_mode.value,
            "generation": deployed.generation,
            "is_shadow": deployed.is_shadow,
        }
        for deployed in variants
    ]


def _write_update(update: Update) -> dict[str, Any]:
    return {
        "config_name": update.config_name,
        "variants": _write_variants(update.variants),
        "deployment": dict(update.deployment),
        "started_at": write_time(update.started_at),
        "step_at": write_time(update.step_at) if update.step_at else None,
        "num_batches": update.num_batches,
        "spec": dict(update.spec),
    }


def read_endpoint(row: Row) -> Endpoint:
    """The endpoint of a row."""
    return Endpoint(
        name=row["name"],
        arn=row["arn"],
        created_at=read_time(row["created_at"]),
        modified_at=read_time(row["modified_at"]),
        config_name=row["config_name"],
        variants=_read_variants(json.loads(row["variants"])),
        goal=EndpointGoal(row["goal"]),
        spec=json.loads(row["spec"]),
        failure_reason=row["failure_reason"],
        update=_read_update(json.loads(row["pending"])) if row["pending"] else None,
    )


def _read_variants(written: Iterable[Members]) -> tuple[DeployedVariant, ...]:
    return tuple(
        DeployedVariant(
            Variant.of(deployed["variant"]),
            read_containers(_written_containers(deployed)),
            deployed.get("generation", 0),
            deployed.get("is_shadow", False),
            ExecutionMode(deployed.get("execution_mode", ExecutionMode.SERIAL)),
        )
        for deployed in written
    )


def _written_containers(deployed: Members) -> list[Members]:
    """What was written of a variant's containers; earlier versions wrote one, empty where there was none."""
    if "containers" in deployed:
        return list(deployed["containers"])
    return [deployed["container"]] if deployed["container"].get("Image") else []


def _read_update(written: Members) -> Update:
    return Update(
        config_name=written["config_name"],
        variants=_read_variants(written["variants"]),
        deployment=written["deployment"],
        started_at=read_time(written["started_at"]),
        step_at=read_time(written["step_at"]) if written["step_at"] else None,
        num_batches=written["num_batches"],
        spec=written["spec"],
    )


def write_time(moment: datetime) -> str:
    """A time as text that sorts as the times do: ISO 8601, UTC, always with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """The time of such a text."""
    return datetime.fromisoformat(text)
