"""Inference components that have no copies: the first request brings one back, and waits for it. The relay asks.

On AWS such a request is refused until somebody, mostly Application Auto Scaling, has scaled out. There is no auto
scaling here, and a copy starts in seconds, so the host scales out itself; `strict` settings have it refuse as AWS does.
"""

import asyncio
from collections.abc import Callable

from firstbyte.hosting.deployment import fleet_generation, wanted, with_counts
from firstbyte.hosting.errors import NotReady, QuotaExceeded, Unavailable, ValidationFailed
from firstbyte.hosting.facts import ComponentChanged
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.lifecycle import EndpointEvent
from firstbyte.hosting.messages import NO_CAPACITY
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.quota import Quota
from firstbyte.hosting.records import SERVING_GOALS, EndpointGoal, InferenceComponent, InstanceStatus, Update
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store


class Waking:
    """Brings components back from zero copies; whoever asks meanwhile waits for the same copy."""

    def __init__(
        self, store: Store, fleet: Fleet, ports: Ports, settings: HostingSettings, notify: Callable[[], None]
    ) -> None:
        """`notify` wakes the controller, which does the starting."""
        self._store = store
        self._fleet = fleet
        self._ports = ports
        self._settings = settings
        self._notify = notify
        self._quota = Quota(store, settings)

    async def wake(self, component: InferenceComponent, limit_s: float, *, streaming: bool) -> InferenceComponent:
        """Return the component as it is once it can take requests: mostly at once.

        Raises ValidationFailed where it has no copies and gets none, and where its copy does not come up; NotReady
        (Unavailable for a stream, whose API does not know the other) where that is not known within `limit_s`.
        """
        try:
            async with asyncio.timeout(limit_s):
                return await self._wake(component)
        except TimeoutError:
            message = f"Inference component {component.name} is still starting. Wait and try again."
            raise (Unavailable if streaming else NotReady)(message) from None

    async def _wake(self, component: InferenceComponent) -> InferenceComponent:
        has_tried = False
        while not self._is_awake(component):
            if self._settings.strict or component.goal not in SERVING_GOALS:
                raise ValidationFailed(NO_CAPACITY)
            if _is_coming_back(component):
                has_tried = True
            elif component.goal is EndpointGoal.SERVE:
                if has_tried:
                    raise ValidationFailed(f"{NO_CAPACITY} Its last start failed: {component.failure_reason}")
                self._bring_back(component)
                has_tried = True
            await self._fleet.wait_for_change()
            component = self._look_again(component)
        return component

    def _is_awake(self, component: InferenceComponent) -> bool:
        """Whether it is not at zero copies, or not any more; copies that crashed are the controller's business."""
        if component.goal not in SERVING_GOALS:
            return False
        if component.variants[0].num_instances or (self._settings.strict and any(wanted(component).values())):
            return True
        copies = self._fleet.of(*component.place)
        return any(copy.status is InstanceStatus.HEALTHY and component.deployed(copy.key) for copy in copies)

    def _bring_back(self, component: InferenceComponent) -> None:
        """Have one copy started, as UpdateInferenceComponentRuntimeConfig would."""
        generation = fleet_generation(component)
        variants = (with_counts(component.variants[0], num_instances=1, weight=None, generation=generation),)
        try:
            self._quota.check(variants)
        except QuotaExceeded as exceeded:
            raise ValidationFailed(f"{NO_CAPACITY} {exceeded.message}") from exceeded
        now, event = self._ports.clock.now(), EndpointEvent.UPDATE_REQUESTED
        goal = self._store.begin_update(component.place, Update("", variants, {}, now), now)
        self._ports.emit(ComponentChanged(component.name, component.endpoint_name, str(event), str(goal)))
        self._notify()

    def _look_again(self, component: InferenceComponent) -> InferenceComponent:
        found = self._store.workload(component.place)
        if not isinstance(found, InferenceComponent):
            raise ValidationFailed(NO_CAPACITY)
        return found


def _is_coming_back(component: InferenceComponent) -> bool:
    """Whether it is on its way from zero copies to some."""
    return component.update is not None and component.update.variants[0].num_instances > 0
