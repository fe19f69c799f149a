"""Which of an instance's containers a request goes through. Pure; the relay and its shadow copies ask.

Sources: SageMaker developer guide, "Inference pipelines", "Invoke a multi-container endpoint with direct invocation",
"Invoke a multi-model endpoint".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.multi_model import HostedModel
from firstbyte.hosting.records import DeployedVariant, Instance


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for, within an instance."""

    container_hostname: str | None = None
    """`TargetContainerHostname`."""
    model: str | None = None
    """`TargetModel`."""

    def is_met_by(self, deployed: DeployedVariant) -> bool:
        """Whether the instances of a variant have what the request is for, and are asked in the right way."""
        if (self.model is not None) != deployed.is_multi_model:
            return False
        if self.container_hostname is None:
            return not deployed.is_direct
        return deployed.is_direct and any(one.name == self.container_hostname for one in deployed.containers)


@dataclass(frozen=True, slots=True)
class Station:
    """A container on a request's way."""

    name: str
    url: str
    model: HostedModel | None = None
    """The model that is asked for, where it is a multi-model container; its URL is found when it is loaded."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a request through one instance."""

    instance: Instance
    deployed: DeployedVariant
    target: Target
    stations: tuple[Station, ...]
    """One at least; each gets the answer of the one before."""


def find_route(instance: Instance, deployed: DeployedVariant, target: Target) -> Route:
    """The way of a request through a healthy instance of a variant that it may be for."""
    assert target.is_met_by(deployed), "an instance is chosen among those that can answer"
    stations = []
    for container, container_id, url in zip(deployed.containers, instance.container_ids, instance.urls, strict=True):
        model = None
        if container.is_multi_model and target.model is not None:
            model = HostedModel(instance, container_id, container, deployed.variant, target.model)
        if target.container_hostname in (None, container.name):
            stations.append(Station(container.name, url, model))
    return Route(instance, deployed, target, tuple(stations))


def check_target(endpoint_name: str, variants: Sequence[DeployedVariant], target: Target, request_id: str) -> None:
    """Refuse a request that none of the variants that could take it can answer. Raises ValidationFailed."""
    if target.model is not None and not _is_below(target.model):
        raise ValidationFailed(f"TargetModel {target.model} is not the path of an object below the ModelDataUrl.")
    if any(target.is_met_by(deployed) for deployed in variants):
        return
    if target.model is not None and not any(deployed.is_multi_model for deployed in variants):
        raise ValidationFailed(
            f"Endpoint {endpoint_name} is not a multi-model endpoint and does not support target model header."
        )
    if target.model is None and all(deployed.is_multi_model for deployed in variants):
        raise ValidationFailed(f"Request {request_id} is missing a target model header.")
    hostname = target.container_hostname
    if hostname is None:
        raise ValidationFailed(
            f"Endpoint {endpoint_name} is configured for direct invocation of its containers and requires target "
            "container hostname header."
        )
    if any(deployed.is_direct for deployed in variants):
        raise ValidationFailed(f"Container {hostname} of endpoint {endpoint_name} not found.")
    raise ValidationFailed(
        f"Endpoint {endpoint_name} is not configured for direct invocation of its containers and does not support "
        "target container hostname header."
    )


def _is_below(path: str) -> bool:
    """Whether a path leads to something below where it begins."""
    return "\0" not in path and not any(part in ("", ".", "..") for part in path.split("/"))
