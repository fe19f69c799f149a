"""UpdateInferenceComponent and UpdateInferenceComponentRuntimeConfig: what a component is to become."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.deployment import check_deployment, fleet_generation, with_counts
from firstbyte.hosting.endpoints import Endpoints
from firstbyte.hosting.errors import InProgress, ValidationFailed
from firstbyte.hosting.facts import ComponentChanged
from firstbyte.hosting.inference_components import KIND, InferenceComponents
from firstbyte.hosting.lifecycle import EndpointEvent, IllegalTransition
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.records import DeployedVariant, EndpointGoal, InferenceComponent, Update
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store


class ComponentUpdates:
    """The two operations. They say what is wanted; the controller, which `notify` wakes, does the rest."""

    def __init__(
        self,
        store: Store,
        components: InferenceComponents,
        endpoints: Endpoints,
        ports: Ports,
        settings: HostingSettings,
        notify: Callable[[], None],
    ) -> None:
        self._store = store
        self._components = components
        self._endpoints = endpoints
        self._ports = ports
        self._notify = notify
        self._wording = Wording(settings)

    def update(self, members: Members) -> dict[str, Any]:
        """Have a component's copies replaced by those of another specification, or their number changed."""
        component = self._updatable(members["InferenceComponentName"])
        specification, runtime = members.get("Specification"), members.get("RuntimeConfig")
        if not specification and not runtime:
            raise ValidationFailed("Specification or RuntimeConfig must be given.")
        deployment = members.get("DeploymentConfig", {})
        check_deployment(deployment)
        copies = (runtime or {}).get("CopyCount", component.variants[0].num_instances)
        spec: dict[str, Any] = {"LastDeploymentConfig": deployment} if deployment else {}
        deployed = with_counts(
            component.variants[0], num_instances=copies, weight=None, generation=fleet_generation(component)
        )
        if specification:
            spec["Specification"] = _merged(component.spec["Specification"], specification)
            deployed = self._components.deployed(deployed, spec["Specification"], copies)
            deployed = replace(deployed, generation=fleet_generation(component) + 1)
        return self._begin(component, deployed, deployment if specification else {}, spec)

    def update_runtime_config(self, members: Members) -> dict[str, Any]:
        """Change how many copies a component has; none is a number too."""
        component = self._updatable(members["InferenceComponentName"])
        copies = members["DesiredRuntimeConfig"]["CopyCount"]
        generation = fleet_generation(component)
        deployed = with_counts(component.variants[0], num_instances=copies, weight=None, generation=generation)
        return self._begin(component, deployed, {}, {})

    def _updatable(self, name: str) -> InferenceComponent:
        component = self._components.get(name)
        if component.goal is EndpointGoal.FAIL:
            raise ValidationFailed(f'Inference component "{component.arn}" is Failed: it can only be deleted.')
        if component.goal is not EndpointGoal.SERVE:
            raise InProgress(self._wording.in_progress(name, KIND))
        return component

    def _begin(
        self, component: InferenceComponent, deployed: DeployedVariant, deployment: Members, spec: Members
    ) -> dict[str, Any]:
        self._endpoints.check_quota((deployed,), instead_of=component.variants)
        now, event = self._ports.clock.now(), EndpointEvent.UPDATE_REQUESTED
        try:
            goal = self._store.begin_update(component.place, Update("", (deployed,), deployment, now, spec=spec), now)
        except IllegalTransition:
            raise InProgress(self._wording.in_progress(component.name, KIND)) from None
        self._ports.emit(ComponentChanged(component.name, component.endpoint_name, str(event), str(goal)))
        self._notify()
        return {"InferenceComponentArn": component.arn}


def _merged(before: Members, given: Members) -> dict[str, Any]:
    """A specification with what is given of it changed; a model and a container replace each other."""
    merged = {**before, **given}
    for name, other in (("ModelName", "Container"), ("Container", "ModelName")):
        if name in given and other not in given:
            merged.pop(other, None)
    return merged
