"""The whole control plane under arbitrary commands and crashes: it settles, leaks nothing, and never lies."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakes.control_plane import ECHO, FakeHost
from firstbyte.hosting.errors import AlreadyExists, InProgress, NotFound
from firstbyte.hosting.facts import ControllerFaulted
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.records import InstanceStatus

NAMES = st.sampled_from(["a", "b", "A"])
LEGAL = {"gone", "Creating", "InService", "SystemUpdating", "OutOfService", "Failed", "Deleting"}


class ControlPlaneMachine(RuleBasedStateMachine):
    """Users come and go, containers crash, time passes, the host restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.host = FakeHost(Path(self.folder.name) / "instances")
        self.num_created = 0

    def teardown(self) -> None:
        self.settle()
        self.loop.run_until_complete(self.host.controller.close())
        assert self.host.launcher.states == {}
        self.host.store.close()
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def begin_in_service(self) -> None:
        """There is one endpoint of two variants, since what goes wrong goes wrong in service."""
        self.create("a", [2, 1], [""], ECHO)
        assert self.in_loop(self.host.settle("a")) == "InService"

    def in_loop(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    @rule(
        name=NAMES,
        counts=st.lists(st.integers(1, 2), min_size=1, max_size=2),
        on_starts=st.lists(st.sampled_from(["", "", "", "hang", "exit 1"]), min_size=1, max_size=3),
        image=st.sampled_from(["firstbyte/echo", "firstbyte/echo", "firstbyte/echo", "example/unknown"]),
    )
    def create(self, name: str, counts: list[int], on_starts: list[str], image: str) -> None:
        self.num_created += 1
        model = f"m{self.num_created}"
        environments = [{"ON_START": on_start} for on_start in on_starts]
        containers = [{"Image": ECHO, "Environment": environment} for environment in environments]
        containers[-1]["Image"] = image
        variants = [
            {"VariantName": f"v{n}", "ModelName": model, "InitialInstanceCount": count}
            for n, count in enumerate(counts)
        ]

        async def do() -> None:
            self.host.api.create_model({"ModelName": model, "Containers": containers})
            self.host.api.create_endpoint_config({"EndpointConfigName": model, "ProductionVariants": variants})
            taken = self.host.store.endpoints.is_taken(name)
            try:
                self.host.api.create_endpoint({"EndpointName": name, "EndpointConfigName": model})
            except AlreadyExists:
                assert taken
            self.host.api.delete_endpoint_config({"EndpointConfigName": model})
            self.host.api.delete_model({"ModelName": model})

        self.in_loop(do())

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        async def do() -> None:
            before = self.host.status(name)
            try:
                self.host.api.delete_endpoint({"EndpointName": name})
            except NotFound:
                assert before == "gone"
            except InProgress:
                assert before == "Deleting"
            else:
                assert self.host.status(name) == "Deleting"

        self.in_loop(do())

    @rule(number=st.integers(0, 11), phase=st.sampled_from(InstancePhase))
    def turn(self, number: int, phase: InstancePhase) -> None:
        """Something happens to a container, if there is one: after half a round that depends on threads' speed.

        What is drawn must not, or Hypothesis cannot draw it again.
        """
        if containers := list(self.host.launcher.states):
            container_id = containers[number % len(containers)]
            self.host.launcher.states[container_id] = InstanceState(phase, 1 if phase is InstancePhase.EXITED else None)

    @rule(seconds=st.sampled_from([0.1, 1, 30, 300]))
    def pass_time(self, seconds: float) -> None:
        self.host.clock.pass_time(seconds)

    @rule()
    def go_round(self) -> None:
        self.in_loop(self.host.round())

    @rule()
    def go_half_a_round(self) -> None:
        """What the round started is still under way when the next thing happens."""
        self.in_loop(self.host.controller.step())

    @rule()
    def restart(self) -> None:
        """The host ends and begins again on the same store."""
        self.in_loop(self.host.controller.close())
        assert self.host.launcher.states == {}
        goals = {endpoint.name: endpoint.goal for endpoint in self.host.store.endpoints.all()}
        clock = self.host.clock
        self.host = FakeHost(self.host.settings.instances_dir, store=self.host.store)
        self.host.clock.pass_time((clock.now() - self.host.clock.now()).total_seconds())
        assert {endpoint.name: endpoint.goal for endpoint in self.host.store.endpoints.all()} == goals

    def settle(self) -> None:
        """Give everything the time it may take; containers that hang keep hanging."""
        for _ in range(20):
            self.host.clock.pass_time(61)
            self.in_loop(self.host.round())
        for endpoint in self.host.store.endpoints.all():
            containers = [container for deployed in endpoint.variants for container in deployed.containers]
            hangs = any(container.environment["ON_START"] for container in containers)
            status = self.host.status(endpoint.name)
            assert status in ({"InService", "Failed"} | ({"OutOfService", "SystemUpdating"} if hangs else set()))

    @invariant()
    def every_status_is_legal(self) -> None:
        for name in ("a", "b", "A"):
            assert self.host.status(name) in LEGAL

    @invariant()
    def in_service_means_that_every_variant_has_a_healthy_instance(self) -> None:
        for endpoint in self.host.store.endpoints.all():
            healthy = {
                instance.variant_name
                for instance in self.host.fleet.of(endpoint.name)
                if instance.status is InstanceStatus.HEALTHY
            }
            if self.host.status(endpoint.name) == "InService":
                assert healthy == {deployed.name for deployed in endpoint.variants}

    @invariant()
    def every_container_is_known(self) -> None:
        known = {container_id for instance in self.host.fleet.all() for container_id in instance.container_ids}
        assert self.host.launcher.states.keys() <= known

    @invariant()
    def no_endpoint_is_forgotten_before_its_instances_are_gone(self) -> None:
        names = {endpoint.name for endpoint in self.host.store.endpoints.all()}
        assert {instance.endpoint_name for instance in self.host.fleet.all()} <= names

    @invariant()
    def no_more_instances_than_asked_for(self) -> None:
        for endpoint in self.host.store.endpoints.all():
            asked = sum(deployed.variant.initial_instance_count for deployed in endpoint.variants)
            assert len(self.host.fleet.of(endpoint.name)) <= asked

    @invariant()
    def nothing_went_wrong_in_here(self) -> None:
        assert not [fact for fact in self.host.facts if isinstance(fact, ControllerFaulted)]


ControlPlaneMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestControlPlane = ControlPlaneMachine.TestCase
