"""The one loop of the control plane: observe, plan, act. It alone starts and stops anything.

`run` sleeps until `notify` is called (a resource changed, a job is done, the relay met a dead instance) or until it is
time to look again: every 50 ms while an instance is starting, every 2 s otherwise.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from firstbyte.hosting.errors import LaunchFailed, PortError
from firstbyte.hosting.facts import ComponentChanged, ControllerFaulted, EndpointChanged
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.jobs import Jobs
from firstbyte.hosting.lifecycle import INSTANCE_TABLE, EndpointEvent, InstanceEvent, can_advance
from firstbyte.hosting.multi_model import LoadedModels
from firstbyte.hosting.plan import (
    Action,
    AdvanceEndpoint,
    EndInstance,
    Observed,
    RestartInstance,
    StartInstance,
    StepUpdate,
    StopInstance,
    next_look_s,
    plan,
)
from firstbyte.hosting.ports import InstancePhase, InstanceState, Ports
from firstbyte.hosting.provision import Provisioner, new_instance_id
from firstbyte.hosting.reasons import clip, exited, ping_failure, with_log
from firstbyte.hosting.records import DeployedVariant, Instance, InstanceStatus
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store

_WORST_FIRST = (InstancePhase.EXITED, InstancePhase.STARTING, InstancePhase.HEALTHY)


class Controller:
    """Brings what is into line with what is wanted."""

    def __init__(
        self, store: Store, fleet: Fleet, models: LoadedModels, ports: Ports, settings: HostingSettings
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._models = models
        self._ports = ports
        self._settings = settings
        self._provisioner = Provisioner(ports, settings)
        self._jobs = Jobs(self.notify, self._faulted)
        self._looks = Jobs(lambda: None, self._faulted)
        self._woken = asyncio.Event()
        self._looked_at_all: datetime | None = None
        self._is_closing = False

    def notify(self) -> None:
        """Have the next round now: something changed."""
        self._woken.set()

    async def run(self) -> None:
        """Go round until `close` is called."""
        await self._provisioner.clear_strays()
        while not self._is_closing:
            try:
                await self.step()
            except Exception as error:  # the loop outlives its mistakes; the next round starts afresh
                self._faulted("round", error)
            await self._sleep()

    async def step(self) -> None:
        """One round."""
        await self._observe()
        if self._is_closing:
            return
        for action in plan(self._store.workloads(), self._observed(), self._settings):
            self._act(action)

    async def rest(self) -> None:
        """Return when no job is under way."""
        await self._jobs.wait()

    async def close(self) -> None:
        """End the loop and stop every instance. Nothing stored changes, so the next run brings them back."""
        self._is_closing = True
        self.notify()
        for instance in self._fleet.all():
            if can_advance(INSTANCE_TABLE, instance.status, InstanceEvent.STOP_REQUESTED):
                self._stop(instance.id)
        await self._jobs.wait()
        await self._looks.wait()

    async def _sleep(self) -> None:
        wait_s = next_look_s(self._store.workloads(), self._observed(), self._settings)
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return

    def _observed(self) -> Observed:
        return Observed(self._fleet.all(), self._ports.clock.now())

    # Observe

    async def _observe(self) -> None:
        """Look at the instances that are starting, and now and then, or when woken, at the healthy ones too."""
        now = self._ports.clock.now()
        age = timedelta(seconds=self._settings.idle_poll_s)
        everything = self._woken.is_set() or self._looked_at_all is None or now - self._looked_at_all >= age
        self._woken.clear()
        if everything:
            self._looked_at_all = now
        for instance in self._fleet.all():
            is_starting = instance.status is InstanceStatus.STARTING and bool(instance.urls)
            is_due = is_starting or (everything and instance.status is InstanceStatus.HEALTHY)
            if is_due and instance.id not in self._looks:
                self._looks.add(instance.id, "look", partial(self._look, instance))
        # A container that accepts a ping and does not answer it must not hold up the others.
        await self._looks.wait(self._settings.busy_poll_s)

    async def _look(self, before: Instance) -> None:
        """Look at one instance, and note what was seen unless it has moved on meanwhile."""
        launched = [number for number, url in enumerate(before.urls) if url]
        states = await asyncio.gather(*(self._ports.launcher.observe(before.container_ids[n]) for n in launched))
        if before.id not in self._fleet or self._fleet[before.id].since != before.since:
            return
        # An instance is as well as the worst of its containers is.
        found = [*zip(launched, states, strict=True), (0, InstanceState(InstancePhase.HEALTHY))]
        suspect, state = min(found, key=lambda one: _WORST_FIRST.index(one[1].phase))
        if state.phase is InstancePhase.EXITED:
            self._crashed(replace(before, suspect=suspect), state)
        elif before.status is InstanceStatus.HEALTHY:
            self._fleet.pinged(before.id, passed=state.phase is InstancePhase.HEALTHY)
        elif state.phase is InstancePhase.HEALTHY:
            self._fleet.advance(before.id, InstanceEvent.PING_PASSED)
            self.notify()
        else:
            self._fleet.suspect(before.id, suspect)

    def _crashed(self, before: Instance, state: InstanceState) -> None:
        """Note that a container ended by itself, and have the instance's others end."""
        if before.status is InstanceStatus.STARTING:
            reason = ping_failure(self._container_name(before), before.variant_name)
        else:
            reason = exited(self._container_name(before), before.variant_name, state.exit_code)
        stable = timedelta(seconds=self._settings.stable_after_s)
        was_stable = before.status is InstanceStatus.HEALTHY and self._ports.clock.now() - before.since >= stable
        num_starts = 1 if was_stable else before.num_starts
        self._fleet.advance(
            before.id,
            InstanceEvent.EXITED,
            lambda instance: replace(instance, failure_reason=reason, num_starts=num_starts, suspect=before.suspect),
        )
        self._jobs.add(before.id, "end", partial(self._end_containers, before))
        self.notify()

    def _container_name(self, instance: Instance) -> str:
        deployed = self._deployed(instance)
        return deployed.containers[instance.suspect].name if deployed else "primary"

    def _deployed(self, instance: Instance) -> DeployedVariant | None:
        workload = self._store.workload(instance.place)
        return workload.deployed(instance.key) if workload else None

    # Act

    def _act(self, action: Action) -> None:
        match action:
            case StartInstance():
                self._start(action)
            case RestartInstance():
                self._restart(action.instance_id)
            case EndInstance():
                self._end(action)
            case StopInstance():
                self._stop(action.instance_id, drains=action.drains)
            case StepUpdate():
                self._store.step_update((action.endpoint_name, action.component_name), action.update)
                self.notify()
            case AdvanceEndpoint():
                self._advance(action)

    def _start(self, action: StartInstance) -> None:
        workload = self._store.workload((action.endpoint_name, action.component_name))
        deployed = workload.deployed((action.variant_name, action.generation)) if workload else None
        assert deployed is not None, "what is to be started was planned from what is stored"
        instance = self._fleet.add(
            new_instance_id(),
            action.endpoint_name,
            action.variant_name,
            action.generation,
            action.component_name,
            deployed.container_names,
        )
        self._jobs.add(instance.id, "launch", partial(self._launch, instance.id))

    def _restart(self, instance_id: str) -> None:
        self._fleet.advance(
            instance_id,
            InstanceEvent.RESTARTED,
            lambda instance: replace(
                instance,
                urls=(),
                suspect=0,
                num_starts=instance.num_starts + 1,
                num_missed_pings=0,
                failure_reason=None,
            ),
        )
        self._jobs.add(instance_id, "launch", partial(self._launch, instance_id))

    def _end(self, action: EndInstance) -> None:
        instance = self._fleet.advance(
            action.instance_id,
            InstanceEvent.TIMED_OUT,
            lambda instance: replace(instance, failure_reason=action.reason),
        )
        self._jobs.add(action.instance_id, "end", partial(self._end_containers, instance))

    def _stop(self, instance_id: str, *, drains: bool = False) -> None:
        instance = self._fleet.advance(instance_id, InstanceEvent.STOP_REQUESTED)
        self._jobs.interrupt(instance_id)
        self._jobs.add(instance_id, "stop", partial(self._finish, instance, drains=drains))

    async def _finish(self, instance: Instance, *, drains: bool) -> None:
        """Stop an instance's containers, clear its folder away, forget it.

        One that `drains` first answers what it was asked; nothing new is sent to it meanwhile.
        """
        try:
            if drains:
                await self._drain(instance.id)
            await self._end_containers(instance)
            await self._provisioner.clear(instance.id)
        finally:
            self._fleet.advance(instance.id, InstanceEvent.STOPPED)

    async def _end_containers(self, instance: Instance) -> None:
        stopping = map(self._ports.launcher.stop, instance.container_ids)
        await asyncio.gather(self._models.end(instance.container_ids), *stopping)

    async def _drain(self, instance_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.stream_timeout_s
        while self._fleet.num_outstanding[instance_id] and not self._is_closing:
            if asyncio.get_running_loop().time() >= deadline:
                return
            await asyncio.sleep(self._settings.busy_poll_s)

    async def _launch(self, instance_id: str) -> None:
        """Launch an instance's containers, or note why that cannot be."""
        instance = self._fleet[instance_id]
        deployed = self._deployed(instance)
        assert deployed is not None, "an instance is stopped before its endpoint is forgotten"
        try:
            await self._end_containers(instance)
            urls = await self._provisioner.launch(instance, deployed)
        except (LaunchFailed, OSError) as error:
            await self._fell(instance, InstanceEvent.EXITED, f"The instance could not be started: {error}")
        except PortError as error:
            await self._fell(instance, InstanceEvent.START_REFUSED, error.message)
        except Exception as error:
            await self._fell(instance, InstanceEvent.EXITED, f"The instance could not be started: {error!r}")
            raise
        else:
            self._models.open(instance.container_ids)
            self._fleet.launched(instance_id, urls)

    async def _fell(self, instance: Instance, event: InstanceEvent, reason: str) -> None:
        await self._end_containers(instance)
        self._fleet.advance(instance.id, event, lambda instance: replace(instance, failure_reason=clip(reason)))

    def _advance(self, action: AdvanceEndpoint) -> None:
        reason = action.reason
        if reason and action.container_id:
            lines = self._ports.launcher.tail_log(action.container_id, self._settings.num_log_lines)
            reason = with_log(reason, lines)
        endpoint_name, component_name = action.endpoint_name, action.component_name
        goal = self._store.advance((endpoint_name, component_name), action.event, self._ports.clock.now(), reason)
        if goal is not None and component_name is None:
            self._ports.emit(EndpointChanged(endpoint_name, str(action.event), str(goal), reason))
        elif goal is not None and component_name is not None:
            self._ports.emit(ComponentChanged(component_name, endpoint_name, str(action.event), str(goal), reason))
        self._fleet.announce()
        if action.event not in (EndpointEvent.ALL_HEALTHY, EndpointEvent.ALL_GONE):
            self.notify()  # what still runs for it must stop

    def _faulted(self, where: str, error: Exception) -> None:
        self._ports.emit(ControllerFaulted(where, repr(error)))
