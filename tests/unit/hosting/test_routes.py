"""The way of a request through an instance, and the words for requests that have none."""

from datetime import UTC, datetime

import pytest

from firstbyte.hosting.definitions import Container, ExecutionMode
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.records import DeployedVariant, Instance, InstanceStatus, Variant
from firstbyte.hosting.routes import Station, Target, check_target, find_route

CONTAINERS = (Container("i", name="first"), Container("i", name="second"))
SERIAL = DeployedVariant(Variant("serial", "m"), CONTAINERS)
DIRECT = DeployedVariant(Variant("direct", "m"), CONTAINERS, execution_mode=ExecutionMode.DIRECT)
FIRST, SECOND = Station("first", "http://1"), Station("second", "http://2")
INSTANCE = Instance(
    "i-1",
    "e",
    "v",
    InstanceStatus.HEALTHY,
    datetime(2026, 1, 1, tzinfo=UTC),
    urls=(FIRST.url, SECOND.url),
    container_names=("first", "second"),
)


@pytest.mark.parametrize(
    ("deployed", "hostname", "stations"),
    [(SERIAL, None, (FIRST, SECOND)), (DIRECT, "first", (FIRST,)), (DIRECT, "second", (SECOND,))],
)
def test_ways(deployed: DeployedVariant, hostname: str | None, stations: tuple[Station, ...]) -> None:
    check_target("e", [deployed], Target(hostname), "r")
    assert find_route(INSTANCE, deployed, Target(hostname)).stations == stations


@pytest.mark.parametrize(
    ("variants", "hostname", "message"),
    [
        (
            [SERIAL],
            "first",
            "Endpoint e is not configured for direct invocation of its containers and does not support target "
            "container hostname header.",
        ),
        (
            [DIRECT],
            None,
            "Endpoint e is configured for direct invocation of its containers and requires target container hostname "
            "header.",
        ),
        ([DIRECT], "third", "Container third of endpoint e not found."),
        ([SERIAL, DIRECT], "third", "Container third of endpoint e not found."),
    ],
)
def test_requests_without_a_way(variants: list[DeployedVariant], hostname: str | None, message: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        check_target("e", variants, Target(hostname), "r")
    assert failure.value.message == message


def test_one_variant_that_can_answer_is_enough() -> None:
    check_target("e", [SERIAL, DIRECT], Target(), "r")
    check_target("e", [SERIAL, DIRECT], Target("second"), "r")
