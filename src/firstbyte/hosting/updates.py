"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities: what an endpoint is to become."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.deployment import check_deployment, fleet_generation, with_counts
from firstbyte.hosting.endpoints import UNDER_WAY, Endpoints
from firstbyte.hosting.errors import InProgress, NotFound, ValidationFailed
from firstbyte.hosting.facts import EndpointChanged
from firstbyte.hosting.lifecycle import EndpointEvent, IllegalTransition
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.records import DeployedVariant, Endpoint, EndpointConfig, EndpointGoal, Update
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store


class Updates:
    """The two operations. They say what is wanted; the controller, which `notify` wakes, does the rest."""

    def __init__(
        self, store: Store, endpoints: Endpoints, ports: Ports, settings: HostingSettings, notify: Callable[[], None]
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._ports = ports
        self._notify = notify
        self._strict = settings.strict
        self._wording = Wording(settings)

    def update(self, members: Members) -> dict[str, Any]:
        """Have an endpoint brought to another config, or to the same one anew, by a new fleet."""
        endpoint = self._updatable(members["EndpointName"])
        config_name = members["EndpointConfigName"]
        config = self._store.endpoint_configs.get(config_name)
        if config is None:
            raise NotFound(self._wording.not_found("endpoint-config", config_name))
        deployment = self._deployment(endpoint, members)
        generation = fleet_generation(endpoint) + 1
        self._check_components(endpoint, config)
        variants = tuple(
            _retained(endpoint, replace(deployed, generation=generation), members)
            for deployed in self._endpoints.deployed(config)
        )
        self._endpoints.check_quota(variants)
        spec: dict[str, Any] = {"AsyncInferenceConfig": config.spec.get("AsyncInferenceConfig")}
        if deployment:
            spec["LastDeploymentConfig"] = deployment
        if not _retains(members, "DataCaptureConfig"):
            spec["DataCaptureConfig"] = config.spec.get("DataCaptureConfig")
        self._begin(endpoint, Update(config.name, variants, deployment, self._ports.clock.now(), spec=spec))
        return {"EndpointArn": endpoint.arn}

    def update_weights_and_capacities(self, members: Members) -> dict[str, Any]:
        """Change how many instances variants have and how much of the traffic they take."""
        endpoint = self._updatable(members["EndpointName"])
        variants = {deployed.name: deployed for deployed in endpoint.variants}
        for wish in members["DesiredWeightsAndCapacities"]:
            name = wish["VariantName"]
            if name not in variants:
                raise ValidationFailed(f"Variant {name} of endpoint {endpoint.name} not found.")
            if "ServerlessUpdateConfig" in wish:
                raise ValidationFailed(f"Variant {name} is not serverless: ServerlessUpdateConfig is not allowed.")
            num_instances = wish.get("DesiredInstanceCount")
            if num_instances == 0:
                raise ValidationFailed(f"DesiredInstanceCount of variant {name} must be at least 1.")
            variants[name] = with_counts(
                variants[name],
                num_instances=num_instances,
                weight=wish.get("DesiredWeight"),
                generation=variants[name].generation,
            )
        wanted = tuple(variants.values())
        if not any(one.variant.initial_variant_weight > 0 for one in wanted if not one.is_shadow):
            raise ValidationFailed("The DesiredWeight of at least one variant must be greater than 0.")
        self._endpoints.check_quota(wanted, instead_of=endpoint.variants)
        self._begin(endpoint, Update(endpoint.config_name, wanted, {}, self._ports.clock.now()))
        return {"EndpointArn": endpoint.arn}

    def _updatable(self, name: str) -> Endpoint:
        """An endpoint that may be updated just now."""
        endpoint = self._store.endpoints.get(name)
        if endpoint is None:
            raise NotFound(self._wording.not_found("endpoint", name))
        if endpoint.goal is EndpointGoal.FAIL:
            raise ValidationFailed(f'Endpoint "{endpoint.arn}" is Failed: it can only be deleted.')
        is_under_way = self._strict and self._endpoints.status(endpoint) in UNDER_WAY
        if endpoint.goal is not EndpointGoal.SERVE or is_under_way:
            raise InProgress(self._wording.in_progress(name))
        return endpoint

    def _check_components(self, endpoint: Endpoint, config: EndpointConfig) -> None:
        """Refuse a config that takes from inference components what they run on."""
        if config.hosts_components != endpoint.hosts_components:
            raise ValidationFailed(
                f'Endpoint "{endpoint.arn}" cannot change between models and inference components: make a new one.'
            )
        names = {variant.variant_name for variant in config.variants}
        for component in self._store.components_on(endpoint.name):
            if component.variant_name not in names:
                raise ValidationFailed(
                    f'Inference component "{component.arn}" runs on variant {component.variant_name}, which endpoint '
                    f'configuration "{config.arn}" does not have.'
                )

    def _begin(self, endpoint: Endpoint, update: Update) -> None:
        try:
            goal = self._store.begin_update(endpoint.place, update, self._ports.clock.now())
        except IllegalTransition:
            raise InProgress(self._wording.in_progress(endpoint.name)) from None
        self._ports.emit(EndpointChanged(endpoint.name, str(EndpointEvent.UPDATE_REQUESTED), str(goal)))
        self._notify()

    def _deployment(self, endpoint: Endpoint, members: Members) -> Members:
        """The DeploymentConfig that holds, checked."""
        deployment: Members = members.get("DeploymentConfig", {})
        if members.get("RetainDeploymentConfig"):
            if deployment:
                raise ValidationFailed("DeploymentConfig must not be given together with RetainDeploymentConfig.")
            deployment = endpoint.spec.get("LastDeploymentConfig") or endpoint.spec.get("DeploymentConfig", {})
        check_deployment(deployment)
        return deployment


def _retains(members: Members, kind: str) -> bool:
    """Whether variants keep the property `kind` (RetainAllVariantProperties, ExcludeRetainedVariantProperties)."""
    excluded = {one["VariantPropertyType"] for one in members.get("ExcludeRetainedVariantProperties", ())}
    return bool(members.get("RetainAllVariantProperties")) and kind not in excluded


def _retained(endpoint: Endpoint, deployed: DeployedVariant, members: Members) -> DeployedVariant:
    """A new variant, with what it keeps of the one of its name."""
    before = endpoint.variant(deployed.name)
    if before is None:
        return deployed
    keeps_count, keeps_weight = _retains(members, "DesiredInstanceCount"), _retains(members, "DesiredWeight")
    return with_counts(
        deployed,
        num_instances=before.variant.initial_instance_count if keeps_count else None,
        weight=before.variant.initial_variant_weight if keeps_weight else None,
        generation=deployed.generation,
    )
