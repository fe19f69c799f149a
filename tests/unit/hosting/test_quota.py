"""There are never more instances than the host runs."""

import pytest

from firstbyte.hosting.definitions import Container
from firstbyte.hosting.errors import QuotaExceeded
from firstbyte.hosting.quota import Quota
from firstbyte.hosting.records import DeployedVariant, Variant
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store


def variants(*nums: int, image: str = "firstbyte/echo") -> tuple[DeployedVariant, ...]:
    return tuple(
        DeployedVariant(Variant(f"v{number}", "m", initial_instance_count=num), (Container(image),) if image else ())
        for number, num in enumerate(nums)
    )


def test_what_is_asked_for_counts_and_what_it_replaces_does_not() -> None:
    quota = Quota(Store(":memory:"), HostingSettings(max_instances=4))

    quota.check(variants(1, 3))
    quota.check(variants(7), instead_of=variants(2, 1))
    quota.check(variants(9, image=""))
    with pytest.raises(QuotaExceeded, match="is 4 Instances, with current utilization of 0 Instances and"):
        quota.check(variants(2, 3))
