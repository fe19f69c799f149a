"""A whole control plane over fakes, one round at a time, with a transcript of what happened."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from fakes.clock import FakeClock
from fakes.instance_client import FakeInstanceClient
from fakes.launcher import FakeLauncher
from fakes.model_data import FakeModelData
from fakes.objects import FakeObjects
from firstbyte.hosting.api import ControlPlane
from firstbyte.hosting.controller import Controller
from firstbyte.hosting.errors import ClientError
from firstbyte.hosting.facts import ComponentChanged, ControllerFaulted, EndpointChanged, InstanceChanged
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.invoke import Invoker
from firstbyte.hosting.multi_model import LoadedModels
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store

ECHO = "firstbyte/echo"


def refusal(operation: Callable[[dict[str, Any]], object], members: dict[str, Any]) -> tuple[type, str]:
    """What an operation refuses with."""
    with pytest.raises(ClientError) as error:
        operation(members)
    return type(error.value), error.value.message


class FakeHost:
    """Everything of hosting, on fakes."""

    def __init__(self, folder: Path, *, store: Store | None = None, **settings: Any) -> None:
        self.clock, self.launcher, self.client = FakeClock(), FakeLauncher(), FakeInstanceClient()
        self.model_data = FakeModelData()
        self.facts: list[object] = []
        self._num_told = 0
        self._names: dict[str, str] = {}
        self.num_notified = 0
        self.is_serving = asyncio.Event()
        self.settings = HostingSettings(instances_dir=folder, **settings)
        self.store = store or Store(":memory:")
        self.objects = FakeObjects()
        ports = Ports(self.launcher, self.client, self.model_data, self.objects, self.clock, self._emit)
        self.ports = ports
        self.fleet = Fleet(ports)
        self.models = LoadedModels(ports, self.settings)
        self.controller = Controller(self.store, self.fleet, self.models, ports, self.settings)
        self.api = ControlPlane(self.store, self.fleet, ports, self.settings, self._notify)
        self.invoker = Invoker(self.store, self.fleet, self.models, ports, self.settings, self._notify)

    def _emit(self, fact: object) -> None:
        self.facts.append(fact)
        if isinstance(fact, EndpointChanged) and fact.goal == "serve":
            self.is_serving.set()

    def _notify(self) -> None:
        self.num_notified += 1
        self.controller.notify()

    def deploy(
        self,
        name: str = "e",
        *,
        variants: tuple[dict[str, Any], ...] = ({},),
        config: Mapping[str, Any] = MappingProxyType({}),
        containers: Sequence[Mapping[str, Any]] = (),
        mode: str = "Serial",
        **container: Any,
    ) -> None:
        """CreateModel, CreateEndpointConfig, CreateEndpoint, all called `name`."""
        several = [{"Image": ECHO, **own} for own in containers]
        model: dict[str, Any] = {"Containers": several, "InferenceExecutionConfig": {"Mode": mode}}
        if not several:
            model = {"PrimaryContainer": {"Image": ECHO, **container}}
        self.api.create_model({"ModelName": name, **model})
        spec = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
        self.api.create_endpoint_config(
            {"EndpointConfigName": name, "ProductionVariants": [spec | variant for variant in variants], **config}
        )
        self.api.create_endpoint({"EndpointName": name, "EndpointConfigName": name})

    async def round(self) -> list[str]:
        """One round of the controller, and what it started to its end; gives what happened since the last."""
        await self.controller.step()
        await self.controller.rest()
        told, self._num_told = self.facts[self._num_told :], len(self.facts)
        return [line for fact in told if (line := self._line(fact))]

    async def settle(self, name: str = "e") -> str:
        """Rounds until nothing more happens; gives the endpoint's status, "gone" if there is none."""
        while await self.round():
            pass
        return self.status(name)

    def status(self, name: str = "e") -> str:
        """The endpoint's status; "gone" if there is none."""
        if self.store.endpoints.get(name) is None:
            return "gone"
        return str(self.api.describe_endpoint({"EndpointName": name})["EndpointStatus"])

    def _line(self, fact: object) -> str | None:
        match fact:
            case EndpointChanged():
                return f"{fact.endpoint_name}: {fact.event} -> {fact.goal}"
            case ComponentChanged():
                return f"{fact.endpoint_name}/{fact.component_name}: {fact.event} -> {fact.goal}"
            case InstanceChanged():
                name = self._names.setdefault(fact.instance_id, f"#{len(self._names) + 1}")
                return f"{fact.endpoint_name}/{fact.variant_name} {name}: {fact.event} -> {fact.status}"
            case ControllerFaulted():
                return f"fault in {fact.where}: {fact.error}"
        return None
