"""How many instances there may be: asked before anything that brings more of them up."""

from collections.abc import Sequence

from firstbyte.hosting.errors import QuotaExceeded
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.records import DeployedVariant, EndpointGoal, Workload
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store


class Quota:
    """The limit on the instances of all endpoints together."""

    def __init__(self, store: Store, settings: HostingSettings) -> None:
        self._store = store
        self._max_instances = settings.max_instances
        self._wording = Wording(settings)

    def check(self, variants: Sequence[DeployedVariant], instead_of: Sequence[DeployedVariant] = ()) -> None:
        """Raise QuotaExceeded if there cannot be so many instances more, or in the place of others."""
        num_asked = _num_instances(variants) - _num_instances(instead_of)
        num_used = sum(map(_num_taken, self._store.workloads()))
        if num_used + num_asked > self._max_instances:
            raise QuotaExceeded(self._wording.quota_exceeded(self._max_instances, num_used, num_asked))


def _num_taken(workload: Workload) -> int:
    """What a workload has, or is on its way to if that is more."""
    update = workload.update if workload.goal is EndpointGoal.UPDATE else None
    return max(_num_instances(workload.variants), _num_instances(update.variants) if update else 0)


def _num_instances(variants: Sequence[DeployedVariant]) -> int:
    return sum(deployed.num_instances for deployed in variants)
