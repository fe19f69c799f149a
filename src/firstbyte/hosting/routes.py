"""Which of an instance's containers a request goes through. Pure; the relay and its shadow copies ask.

Sources: SageMaker developer guide, "Inference pipelines" and "Invoke a multi-container endpoint with direct
invocation".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.records import DeployedVariant, Instance


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for, within an instance."""

    container_hostname: str | None = None
    """`TargetContainerHostname`."""

    def is_met_by(self, deployed: DeployedVariant) -> bool:
        """Whether the instances of a variant have what the request is for, and are asked in the right way."""
        if self.container_hostname is None:
            return not deployed.is_direct
        return deployed.is_direct and any(one.name == self.container_hostname for one in deployed.containers)


@dataclass(frozen=True, slots=True)
class Station:
    """A container on a request's way."""

    name: str
    url: str


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
    containers = zip(deployed.containers, instance.urls, strict=True)
    stations = tuple(
        Station(container.name, url)
        for container, url in containers
        if target.container_hostname in (None, container.name)
    )
    return Route(instance, deployed, target, stations)


def check_target(endpoint_name: str, variants: Sequence[DeployedVariant], target: Target) -> None:
    """Refuse a request that none of the variants that could take it can answer. Raises ValidationFailed."""
    if any(target.is_met_by(deployed) for deployed in variants):
        return
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
