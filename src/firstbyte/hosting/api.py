"""The operations of the control plane, one method each, under AWS's names; `edge.control` calls these.

A method takes the operation's members, already validated against the service model (types, lengths, patterns, enums),
and returns the members of its answer, times as aware datetimes. Everything it refuses is a `ClientError`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firstbyte.hosting.component_updates import ComponentUpdates
from firstbyte.hosting.definitions import Members
from firstbyte.hosting.endpoint_configs import EndpointConfigs
from firstbyte.hosting.endpoints import Endpoints
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.inference_components import InferenceComponents
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.models import Models
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.tags import Tags
from firstbyte.hosting.updates import Updates


@dataclass(frozen=True, slots=True)
class InstanceLog:
    """The last lines of the log of one of an instance's containers."""

    variant_name: str
    container_id: str
    lines: tuple[str, ...]


class ControlPlane:
    """Models, endpoint configs, endpoints and their tags."""

    def __init__(
        self, store: Store, fleet: Fleet, ports: Ports, settings: HostingSettings, notify: Callable[[], None]
    ) -> None:
        """`notify` wakes the controller."""
        wording = Wording(settings)
        self._fleet = fleet
        self._launcher = ports.launcher
        self._models = Models(store, wording, ports.clock)
        self._endpoint_configs = EndpointConfigs(store, wording, ports.clock)
        self._endpoints = Endpoints(store, fleet, ports, settings, notify)
        self._updates = Updates(store, self._endpoints, ports, settings, notify)
        self._components = InferenceComponents(store, fleet, self._endpoints, ports, settings, notify)
        self._component_updates = ComponentUpdates(store, self._components, self._endpoints, ports, settings, notify)
        self._tags = Tags(store, wording)

    def create_model(self, members: Members) -> dict[str, Any]:
        """CreateModel."""
        return self._models.create(members)

    def describe_model(self, members: Members) -> dict[str, Any]:
        """DescribeModel."""
        return self._models.describe(members)

    def list_models(self, members: Members) -> dict[str, Any]:
        """ListModels."""
        return self._models.list(members)

    def delete_model(self, members: Members) -> dict[str, Any]:
        """DeleteModel; also while endpoints use it."""
        return self._models.delete(members)

    def create_endpoint_config(self, members: Members) -> dict[str, Any]:
        """CreateEndpointConfig."""
        return self._endpoint_configs.create(members)

    def describe_endpoint_config(self, members: Members) -> dict[str, Any]:
        """DescribeEndpointConfig."""
        return self._endpoint_configs.describe(members)

    def list_endpoint_configs(self, members: Members) -> dict[str, Any]:
        """ListEndpointConfigs."""
        return self._endpoint_configs.list(members)

    def delete_endpoint_config(self, members: Members) -> dict[str, Any]:
        """DeleteEndpointConfig; also while endpoints use it."""
        return self._endpoint_configs.delete(members)

    def create_endpoint(self, members: Members) -> dict[str, Any]:
        """CreateEndpoint."""
        return self._endpoints.create(members)

    def describe_endpoint(self, members: Members) -> dict[str, Any]:
        """DescribeEndpoint."""
        return self._endpoints.describe(members)

    def list_endpoints(self, members: Members) -> dict[str, Any]:
        """ListEndpoints."""
        return self._endpoints.list(members)

    def update_endpoint(self, members: Members) -> dict[str, Any]:
        """UpdateEndpoint."""
        return self._updates.update(members)

    def update_endpoint_weights_and_capacities(self, members: Members) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities."""
        return self._updates.update_weights_and_capacities(members)

    def delete_endpoint(self, members: Members) -> dict[str, Any]:
        """DeleteEndpoint; also while it is Creating."""
        return self._endpoints.delete(members)

    def create_inference_component(self, members: Members) -> dict[str, Any]:
        """CreateInferenceComponent."""
        return self._components.create(members)

    def describe_inference_component(self, members: Members) -> dict[str, Any]:
        """DescribeInferenceComponent."""
        return self._components.describe(members)

    def list_inference_components(self, members: Members) -> dict[str, Any]:
        """ListInferenceComponents."""
        return self._components.list(members)

    def update_inference_component(self, members: Members) -> dict[str, Any]:
        """UpdateInferenceComponent."""
        return self._component_updates.update(members)

    def update_inference_component_runtime_config(self, members: Members) -> dict[str, Any]:
        """UpdateInferenceComponentRuntimeConfig."""
        return self._component_updates.update_runtime_config(members)

    def delete_inference_component(self, members: Members) -> dict[str, Any]:
        """DeleteInferenceComponent; also while it is Creating."""
        return self._components.delete(members)

    def add_tags(self, members: Members) -> dict[str, Any]:
        """AddTags."""
        return self._tags.add(members)

    def list_tags(self, members: Members) -> dict[str, Any]:
        """ListTags."""
        return self._tags.list(members)

    def delete_tags(self, members: Members) -> dict[str, Any]:
        """DeleteTags."""
        return self._tags.delete(members)

    def tail_logs(self, endpoint_name: str, num_lines: int) -> tuple[InstanceLog, ...]:
        """The last lines of the logs of an endpoint's instances, also of those that crashed (what CloudWatch holds)."""
        return tuple(
            InstanceLog(instance.variant_name, container_id, tuple(self._launcher.tail_log(container_id, num_lines)))
            for instance in self._fleet.on(endpoint_name)
            for container_id in instance.container_ids
        )
