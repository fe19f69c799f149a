"""Which variant, then which instance, takes a request. Pure: randomness and counts come in as arguments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from firstbyte.hosting.deployment import new_fleet_share
from firstbyte.hosting.records import DeployedVariant, Endpoint, Instance, RoutingStrategy, Workload


class Random(Protocol):
    """The part of `random.Random` that is used."""

    def random(self) -> float:
        """A number in [0, 1)."""


def has_variant(endpoint: Endpoint, name: str) -> bool:
    """Whether a request may name this variant."""
    new = endpoint.update.variants if endpoint.update else ()
    return any(deployed.name == name and not deployed.is_shadow for deployed in (*endpoint.variants, *new))


def order_fleets(
    workload: Workload, healthy: Sequence[Instance], now: datetime, random: Random
) -> tuple[tuple[DeployedVariant, ...], ...]:
    """The workload's fleets, first the one that takes this request, then the one that does if the first cannot."""
    share = new_fleet_share(workload, healthy, now)
    if share is None or workload.update is None:
        return (workload.production,)
    new, old = tuple(one for one in workload.update.variants if not one.is_shadow), workload.production
    return (new, old) if random.random() < share else (old, new)


def choose_variant(
    variants: Sequence[DeployedVariant], random: Random, *, is_named: bool = False
) -> DeployedVariant | None:
    """Choose a variant in proportion to its weight; None if no variant has any.

    A variant of weight 0 takes no traffic unless a request names it (`is_named`), as on AWS.
    """
    if is_named:
        return variants[0] if variants else None
    weighted = [deployed for deployed in variants if deployed.variant.initial_variant_weight > 0]
    point = random.random() * sum(deployed.variant.initial_variant_weight for deployed in weighted)
    for deployed in weighted:
        point -= deployed.variant.initial_variant_weight
        if point < 0:
            return deployed
    return weighted[-1] if weighted else None  # rounding may leave a last crumb


def choose_shadow(endpoint: Endpoint, production: DeployedVariant, random: Random) -> DeployedVariant | None:
    """Choose whether a request that `production` answers is copied, and to which variant of its fleet.

    The share of the copied requests is the shadow's weight over that of the variant it shadows, 1 at most.
    """
    new = endpoint.update.variants if endpoint.update else ()
    variants = (*endpoint.variants, *new)
    shadow = next((one for one in variants if one.is_shadow and one.generation == production.generation), None)
    if shadow is None:
        return None
    point = random.random() * production.variant.initial_variant_weight
    return shadow if point < shadow.variant.initial_variant_weight else None


def choose_instance(
    strategy: RoutingStrategy, instances: Sequence[Instance], num_outstanding: Mapping[str, int], random: Random
) -> Instance | None:
    """Choose one of a variant's healthy instances; None if there is none.

    `num_outstanding`: requests under way, by instance id. Among equally idle instances the choice is random, so that
    idle ones share.
    """
    if not instances:
        return None
    if strategy is RoutingStrategy.LEAST_OUTSTANDING_REQUESTS:
        fewest = min(num_outstanding.get(instance.id, 0) for instance in instances)
        instances = [instance for instance in instances if num_outstanding.get(instance.id, 0) == fewest]
    return instances[int(random.random() * len(instances))]
