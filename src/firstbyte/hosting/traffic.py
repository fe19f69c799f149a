"""Which variant, then which instance, takes a request. Pure: randomness and counts come in as arguments."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from firstbyte.hosting.records import Instance, RoutingStrategy, Variant


class Random(Protocol):
    """The part of `random.Random` that is used."""

    def random(self) -> float:
        """A number in [0, 1)."""


def choose_variant(variants: Sequence[Variant], random: Random) -> Variant | None:
    """Choose a variant in proportion to its weight; None if no variant has any.

    A variant of weight 0 takes no traffic unless a request names it, as on AWS.
    """
    weighted = [variant for variant in variants if variant.initial_variant_weight > 0]
    point = random.random() * sum(variant.initial_variant_weight for variant in weighted)
    for variant in weighted:
        point -= variant.initial_variant_weight
        if point < 0:
            return variant
    return weighted[-1] if weighted else None  # rounding may leave a last crumb


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
