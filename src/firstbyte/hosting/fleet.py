"""The instances there are, in memory. The controller writes, the API and the relay read; all on one event loop."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from firstbyte.hosting.facts import InstanceChanged
from firstbyte.hosting.lifecycle import INSTANCE_TABLE, InstanceEvent, advance
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.records import Instance, InstanceStatus


class Fleet:
    """Every instance that is starting, running, stopping, or kept for its failure."""

    def __init__(self, ports: Ports) -> None:
        self._clock = ports.clock
        self._emit = ports.emit
        self._instances: dict[str, Instance] = {}
        self._changed = asyncio.Event()
        self.num_outstanding: Counter[str] = Counter()
        """Requests under way, by instance id; the relay counts them."""

    def __contains__(self, instance_id: object) -> bool:
        return instance_id in self._instances

    def __getitem__(self, instance_id: str) -> Instance:
        return self._instances[instance_id]

    def all(self) -> tuple[Instance, ...]:
        """Every instance, oldest first."""
        return tuple(self._instances.values())

    def on(self, endpoint_name: str) -> tuple[Instance, ...]:
        """The instances of one endpoint, copies of inference components too, oldest first."""
        return tuple(instance for instance in self._instances.values() if instance.endpoint_name == endpoint_name)

    def of(self, endpoint_name: str, component_name: str | None = None) -> tuple[Instance, ...]:
        """The instances of one endpoint, or the copies of one inference component on it, oldest first."""
        return tuple(instance for instance in self.on(endpoint_name) if instance.component_name == component_name)

    def add(
        self,
        instance_id: str,
        endpoint_name: str,
        variant_name: str,
        generation: int = 0,
        component_name: str | None = None,
        container_names: tuple[str, ...] = (),
    ) -> Instance:
        """Take in a new instance, STARTING."""
        assert instance_id not in self._instances, "an instance id is used once"
        status, now = InstanceStatus.STARTING, self._clock.now()
        instance = Instance(
            instance_id,
            endpoint_name,
            variant_name,
            status,
            now,
            generation=generation,
            component_name=component_name,
            container_names=container_names,
        )
        self._instances[instance_id] = instance
        self._tell(instance, "started")
        return instance

    def advance(
        self, instance_id: str, event: InstanceEvent, change: Callable[[Instance], Instance] | None = None
    ) -> Instance:
        """Let `event` happen to an instance; `change` sets further fields. Raises IllegalTransition, changing nothing.

        An instance that is STOPPED is forgotten.
        """
        before = self._instances[instance_id]
        status = advance(INSTANCE_TABLE, before.status, event)
        after = replace(before, status=status, since=self._clock.now())
        after = change(after) if change else after
        if status is InstanceStatus.STOPPED:
            del self._instances[instance_id]
        else:
            self._instances[instance_id] = after
        self._tell(after, str(event))
        return after

    def launched(self, instance_id: str, urls: tuple[str, ...]) -> None:
        """Note that an instance's containers were launched at `urls`: its health check starts now."""
        self._instances[instance_id] = replace(self._instances[instance_id], urls=urls, since=self._clock.now())

    def suspect(self, instance_id: str, container: int) -> None:
        """Note which of its containers an instance waits for."""
        before = self._instances[instance_id]
        if before.suspect != container:
            self._instances[instance_id] = replace(before, suspect=container)

    def pinged(self, instance_id: str, *, passed: bool) -> None:
        """Note how a healthy instance answered a ping."""
        before = self._instances[instance_id]
        num_missed = 0 if passed else before.num_missed_pings + 1
        if num_missed != before.num_missed_pings:
            self._instances[instance_id] = replace(before, num_missed_pings=num_missed)

    async def wait_for_change(self) -> None:
        """Return once an instance has come to another status, or `announce` was called."""
        await self._changed.wait()

    def announce(self) -> None:
        """Wake whoever waits for a change: one may have come to what is wanted."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _tell(self, instance: Instance, event: str) -> None:
        self._emit(
            InstanceChanged(
                instance.id,
                instance.endpoint_name,
                instance.variant_name,
                event,
                str(instance.status),
                instance.failure_reason,
                instance.component_name,
            )
        )
        self.announce()
