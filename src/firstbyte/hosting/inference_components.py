"""CreateInferenceComponent, DescribeInferenceComponent, ListInferenceComponents, DeleteInferenceComponent.

A component is copies of one model on a variant without a model of its own. On this machine a copy is an instance like
any other; what AWS reserves for it (cores, accelerators, memory) is kept and shown, and reserved nowhere.
"""

from collections.abc import Callable
from typing import Any

from firstbyte.hosting.definitions import Members, Model
from firstbyte.hosting.endpoints import Endpoints
from firstbyte.hosting.errors import AlreadyExists, InProgress, NotFound, ValidationFailed
from firstbyte.hosting.facts import ComponentChanged
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.lifecycle import EndpointEvent, IllegalTransition, component_status
from firstbyte.hosting.listing import Item, list_page
from firstbyte.hosting.messages import COMPONENTS_UNSUPPORTED, Wording
from firstbyte.hosting.models import check_environment
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.records import (
    ComponentStatus,
    DeployedVariant,
    Endpoint,
    EndpointGoal,
    InferenceComponent,
    InstanceStatus,
    Variant,
)
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.tags import read_tags, without_tags

KIND = "inference-component"


class InferenceComponents:
    """The operations. They change what is wanted; the controller, which `notify` wakes, does the rest."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        endpoints: Endpoints,
        ports: Ports,
        settings: HostingSettings,
        notify: Callable[[], None],
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._endpoints = endpoints
        self._ports = ports
        self._notify = notify
        self._strict = settings.strict
        self._wording = Wording(settings)

    def create(self, members: Members) -> dict[str, Any]:
        """Have copies of a model brought up on an endpoint."""
        name = members["InferenceComponentName"]
        if self._store.inference_components.is_taken(name):
            raise AlreadyExists(self._wording.already_exists(KIND, name))
        place = self._find_variant(members)
        copies = members.get("RuntimeConfig", {}).get("CopyCount", 1)
        variants = (self.deployed(place, members.get("Specification", {}), copies),)
        self._endpoints.check_quota(variants)
        now = self._ports.clock.now()
        component = InferenceComponent(
            name=name,
            arn=self._wording.arn(KIND, name),
            created_at=now,
            modified_at=now,
            endpoint_name=members["EndpointName"],
            variants=variants,
            goal=EndpointGoal.CREATE,
            spec=without_tags(members),
        )
        if not self._store.inference_components.add(component, read_tags(members)):
            raise AlreadyExists(self._wording.already_exists(KIND, name))
        self._ports.emit(ComponentChanged(name, component.endpoint_name, "created", str(component.goal)))
        self._notify()
        return {"InferenceComponentArn": component.arn}

    def _find_variant(self, members: Members) -> DeployedVariant:
        """The endpoint's variant that copies are to run on."""
        endpoint_name, variant_name = members["EndpointName"], members.get("VariantName")
        endpoint = self._store.endpoints.get(endpoint_name)
        if endpoint is None:
            raise NotFound(self._wording.not_found("endpoint", endpoint_name))
        if not endpoint.hosts_components:
            raise ValidationFailed(COMPONENTS_UNSUPPORTED)
        if endpoint.goal is not EndpointGoal.SERVE:
            raise InProgress(self._wording.in_progress(endpoint_name))
        if variant_name is None:
            raise ValidationFailed("VariantName must be given.")
        return _variant(endpoint, variant_name)

    def deployed(self, place: DeployedVariant, specification: Members, copies: int) -> DeployedVariant:
        """The variant `place` with a component's container and so many copies of it."""
        own = {"InitialInstanceCount": copies, "InitialVariantWeight": 1.0}
        variant = Variant.of({**place.variant.spec, **specification.get("StartupParameters", {}), **own})
        model = self._model(specification)
        return DeployedVariant(variant, model.containers, execution_mode=model.execution_mode)

    def _model(self, specification: Members) -> Model:
        """The model that copies run: one that was created, or one that the specification's container makes."""
        model_name, own = specification.get("ModelName"), specification.get("Container", {})
        if bool(model_name) == bool(own):
            raise ValidationFailed("Exactly one of ModelName and Container must be given in the Specification.")
        if model_name:
            model = self._store.models.get(model_name)
            if model is None:
                raise NotFound(self._wording.not_found("model", model_name))
            return model
        if not own.get("Image"):
            raise ValidationFailed("An Image must be given in the Container of the Specification.")
        check_environment(own.get("Environment", {}))
        spec = {"Image": own["Image"], "Environment": own.get("Environment", {})}
        if "ArtifactUrl" in own:
            spec["ModelDataUrl"] = own["ArtifactUrl"]
        return Model("", "", self._ports.clock.now(), {"PrimaryContainer": spec})

    def describe(self, members: Members) -> dict[str, Any]:
        """Show a component: its status, its copies, why it failed."""
        component = self.get(members["InferenceComponentName"])
        deployed = component.update.variants[0] if component.update else component.variants[0]
        shown = self._summary(component) | {
            "Specification": _shown_specification(component),
            "RuntimeConfig": {
                "DesiredCopyCount": deployed.num_instances,
                "CurrentCopyCount": self._num_healthy(component),
            },
        }
        if component.failure_reason:
            shown["FailureReason"] = component.failure_reason
        if last := component.spec.get("LastDeploymentConfig"):
            shown["LastDeploymentConfig"] = last
        return shown

    def list(self, members: Members) -> dict[str, Any]:
        """A page of components, of one endpoint or variant if the call says so."""
        items = []
        for component in self._store.inference_components.all():
            summary = self._summary(component)
            status = summary["InferenceComponentStatus"]
            is_there = members.get("EndpointNameEquals", component.endpoint_name) == component.endpoint_name
            if is_there and members.get("VariantNameEquals", component.variant_name) == component.variant_name:
                items.append(Item(component.name, component.created_at, summary, component.modified_at, status))
        return list_page(items, members).members("InferenceComponents")

    def delete(self, members: Members) -> dict[str, Any]:
        """Have a component's copies taken down.

        On AWS one that is being made or changed cannot be deleted; here it can, unless the settings are strict.
        """
        component = self.get(members["InferenceComponentName"])
        if self._strict and component_status(component.goal) in _UNDER_WAY:
            raise InProgress(self._wording.in_progress(component.name, KIND))
        event = EndpointEvent.DELETE_REQUESTED
        try:
            goal = self._store.advance(component.place, event, self._ports.clock.now())
        except IllegalTransition:
            raise InProgress(self._wording.in_progress(component.name, KIND)) from None
        self._ports.emit(ComponentChanged(component.name, component.endpoint_name, str(event), str(goal)))
        self._notify()
        return {}

    def get(self, name: str) -> InferenceComponent:
        """The component of this name. Raises NotFound."""
        component = self._store.inference_components.get(name)
        if component is None:
            raise NotFound(self._wording.not_found(KIND, name))
        return component

    def _summary(self, component: InferenceComponent) -> dict[str, Any]:
        """`InferenceComponentSummary`."""
        return {
            "InferenceComponentName": component.name,
            "InferenceComponentArn": component.arn,
            "EndpointName": component.endpoint_name,
            "EndpointArn": self._wording.arn("endpoint", component.endpoint_name),
            "VariantName": component.variant_name,
            "InferenceComponentStatus": str(component_status(component.goal)),
            "CreationTime": component.created_at,
            "LastModifiedTime": component.modified_at,
        }

    def _num_healthy(self, component: InferenceComponent) -> int:
        copies = self._fleet.of(*component.place)
        return sum(copy.status is InstanceStatus.HEALTHY for copy in copies)


_UNDER_WAY = (ComponentStatus.CREATING, ComponentStatus.UPDATING)


def _variant(endpoint: Endpoint, name: str) -> DeployedVariant:
    deployed = endpoint.variant(name)
    if deployed is None:
        raise ValidationFailed(f"Variant {name} of endpoint {endpoint.name} not found.")
    return deployed


def _shown_specification(component: InferenceComponent) -> dict[str, Any]:
    """`InferenceComponentSpecificationSummary`."""
    shown = dict(component.spec["Specification"])
    if own := shown.get("Container"):
        image, at = component.variants[0].containers[0].image, component.created_at
        resolved = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": at}
        kept = {name: own[name] for name in ("ArtifactUrl", "Environment") if name in own}
        shown["Container"] = {"DeployedImage": resolved, **kept}
    return shown
