"""CreateEndpoint, DescribeEndpoint, ListEndpoints, DeleteEndpoint."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from firstbyte.hosting.data_capture import is_capturing
from firstbyte.hosting.definitions import Members
from firstbyte.hosting.deployment import check_deployment
from firstbyte.hosting.errors import AlreadyExists, InProgress, NotFound, ValidationFailed
from firstbyte.hosting.facts import EndpointChanged
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.lifecycle import EndpointEvent, IllegalTransition, endpoint_status
from firstbyte.hosting.listing import Item, list_page
from firstbyte.hosting.messages import COMPONENTS_LEFT, Wording
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.quota import Quota
from firstbyte.hosting.records import (
    DeployedVariant,
    Endpoint,
    EndpointConfig,
    EndpointGoal,
    EndpointStatus,
    InstanceStatus,
)
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.tags import read_tags, without_tags

UNDER_WAY = (
    EndpointStatus.CREATING,
    EndpointStatus.UPDATING,
    EndpointStatus.ROLLING_BACK,
    EndpointStatus.SYSTEM_UPDATING,
)
"""In these AWS lets nobody update or delete an endpoint (API reference, DescribeEndpoint, EndpointStatus)."""


class Endpoints:
    """The endpoint operations. They change what is wanted; the controller, which `notify` wakes, does the rest."""

    def __init__(
        self, store: Store, fleet: Fleet, ports: Ports, settings: HostingSettings, notify: Callable[[], None]
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._ports = ports
        self._settings = settings
        self._notify = notify
        self._quota = Quota(store, settings)
        self._wording = Wording(settings)

    def create(self, members: Members) -> dict[str, Any]:
        """Have an endpoint brought up from a config."""
        name = members["EndpointName"]
        if self._store.endpoints.is_taken(name):
            raise AlreadyExists(self._wording.already_exists("endpoint", name))
        check_deployment(members.get("DeploymentConfig", {}))
        config_name = members["EndpointConfigName"]
        config = self._store.endpoint_configs.get(config_name)
        if config is None:
            raise NotFound(self._wording.not_found("endpoint-config", config_name))
        variants = self.deployed(config)
        self.check_quota(variants)
        now = self._ports.clock.now()
        endpoint = Endpoint(
            name=name,
            arn=self._wording.arn("endpoint", name),
            created_at=now,
            modified_at=now,
            config_name=config.name,
            variants=variants,
            goal=EndpointGoal.CREATE,
            spec=_kept(members, config),
        )
        if not self._store.endpoints.add(endpoint, read_tags(members)):
            raise AlreadyExists(self._wording.already_exists("endpoint", name))
        self._ports.emit(EndpointChanged(name, "created", str(endpoint.goal)))
        self._notify()
        return {"EndpointArn": endpoint.arn}

    def deployed(self, config: EndpointConfig) -> tuple[DeployedVariant, ...]:
        """The config's variants with their models' containers, as they are now."""
        if config.hosts_components:
            return tuple(DeployedVariant(variant, ()) for variant in config.variants)
        deployed = []
        for variant in (*config.variants, *config.shadows):
            model = self._store.models.get(variant.model_name)
            if model is None:
                raise NotFound(self._wording.not_found("model", variant.model_name))
            is_shadow = variant in config.shadows
            made = DeployedVariant(variant, model.containers, is_shadow=is_shadow, execution_mode=model.execution_mode)
            if (made.is_direct or made.is_multi_model) and config.spec.get("AsyncInferenceConfig"):
                raise ValidationFailed(
                    f"AsyncInferenceConfig is not allowed with model {model.name}: requests must name a container or a "
                    "model of it, and InvokeEndpointAsync does not."
                )
            deployed.append(made)
        return tuple(deployed)

    def check_quota(self, variants: tuple[DeployedVariant, ...], instead_of: tuple[DeployedVariant, ...] = ()) -> None:
        """Raise QuotaExceeded if there cannot be so many instances more, or in the place of others."""
        self._quota.check(variants, instead_of)

    def describe(self, members: Members) -> dict[str, Any]:
        """Show an endpoint: its status, its variants, why it failed."""
        endpoint = self._get(members["EndpointName"])
        shown = {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointConfigName": endpoint.config_name,
            "EndpointStatus": str(self.status(endpoint)),
            "CreationTime": endpoint.created_at,
            "LastModifiedTime": endpoint.modified_at,
        }
        shown |= _by_kind(endpoint.variants, partial(self._shown_variant, endpoint))
        if endpoint.update and endpoint.goal is not EndpointGoal.DELETE:
            shown["PendingDeploymentSummary"] = {
                "EndpointConfigName": endpoint.update.config_name,
                "StartTime": endpoint.update.started_at,
            } | _by_kind(endpoint.update.variants, partial(self._shown_pending, endpoint))
        if last := endpoint.spec.get("LastDeploymentConfig"):
            shown["LastDeploymentConfig"] = last
        if endpoint.failure_reason:
            shown["FailureReason"] = endpoint.failure_reason
        if inference := endpoint.spec.get("AsyncInferenceConfig"):
            shown["AsyncInferenceConfig"] = inference
        if capture := endpoint.spec.get("DataCaptureConfig"):
            shown["DataCaptureConfig"] = _shown_capture(capture, self.status(endpoint))
        return shown

    def _shown_variant(self, endpoint: Endpoint, deployed: DeployedVariant) -> dict[str, Any]:
        variant = deployed.variant
        num_healthy = sum(
            instance.key == deployed.key and instance.status is InstanceStatus.HEALTHY
            for instance in self._fleet.of(endpoint.name)
        )
        if deployed.hosts_components:
            num_healthy = variant.initial_instance_count  # there is one machine, and it is there
        shown: dict[str, Any] = {
            "VariantName": deployed.name,
            "CurrentWeight": variant.initial_variant_weight,
            "DesiredWeight": variant.initial_variant_weight,
            "CurrentInstanceCount": num_healthy,
            "DesiredInstanceCount": variant.initial_instance_count,
        }
        if not deployed.hosts_components:
            shown["DeployedImages"] = [
                {"SpecifiedImage": one.image, "ResolvedImage": one.image, "ResolutionTime": endpoint.created_at}
                for one in deployed.containers
            ]
        kept = ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig")
        shown |= {name: variant.spec[name] for name in kept if name in variant.spec}
        if serverless := variant.spec.get("ServerlessConfig"):
            shown |= {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
        return shown

    def _shown_pending(self, endpoint: Endpoint, deployed: DeployedVariant) -> dict[str, Any]:
        """`PendingProductionVariantSummary`: what a variant has of its new fleet, and will have."""
        shown = self._shown_variant(endpoint, deployed)
        is_whole = shown["CurrentInstanceCount"] >= shown["DesiredInstanceCount"]
        is_shifting = endpoint.update is not None and endpoint.update.step_at is not None
        status = "Creating" if not is_whole else "Baking" if is_shifting else "ActivatingTraffic"
        shown["VariantStatus"] = [{"Status": status}]
        if deployed.variant.instance_type:
            shown["InstanceType"] = deployed.variant.instance_type
        return shown

    def status(self, endpoint: Endpoint) -> EndpointStatus:
        """The endpoint's status, computed."""
        names = [deployed.name for deployed in endpoint.production if not deployed.hosts_components]
        instances = [one for one in self._fleet.of(endpoint.name) if one.variant_name in names]
        return endpoint_status(endpoint.goal, names, instances, crash_loop_starts=self._settings.crash_loop_starts)

    def list(self, members: Members) -> dict[str, Any]:
        """A page of endpoints."""
        items = []
        for endpoint in self._store.endpoints.all():
            status = str(self.status(endpoint))
            summary = {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "CreationTime": endpoint.created_at,
                "LastModifiedTime": endpoint.modified_at,
                "EndpointStatus": status,
            }
            items.append(Item(endpoint.name, endpoint.created_at, summary, endpoint.modified_at, status))
        return list_page(items, members).members("Endpoints")

    def delete(self, members: Members) -> dict[str, Any]:
        """Have an endpoint taken down; requests under way are finished.

        On AWS an endpoint that is being made or changed cannot be deleted; here it can, unless the settings are strict.
        """
        name = members["EndpointName"]
        if self._settings.strict and self.status(self._get(name)) in UNDER_WAY:
            raise InProgress(self._wording.in_progress(name))
        if self._store.components_on(name):
            raise ValidationFailed(COMPONENTS_LEFT)
        try:
            goal = self._store.advance((name, None), EndpointEvent.DELETE_REQUESTED, self._ports.clock.now())
        except IllegalTransition:
            raise InProgress(self._wording.in_progress(name)) from None
        if goal is None:
            raise NotFound(self._wording.not_found("endpoint", name))
        self._ports.emit(EndpointChanged(name, str(EndpointEvent.DELETE_REQUESTED), str(goal)))
        self._notify()
        return {}

    def _get(self, name: str) -> Endpoint:
        endpoint = self._store.endpoints.get(name)
        if endpoint is None:
            raise NotFound(self._wording.not_found("endpoint", name))
        return endpoint


def _by_kind(
    variants: Sequence[DeployedVariant], show: Callable[[DeployedVariant], dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """What is shown of production and shadow variants, each under the name of its kind."""
    shown = {"ProductionVariants": [show(deployed) for deployed in variants if not deployed.is_shadow]}
    if shadows := [show(deployed) for deployed in variants if deployed.is_shadow]:
        shown["ShadowProductionVariants"] = shadows
    return shown


def _kept(members: Members, config: EndpointConfig) -> dict[str, Any]:
    """What an endpoint keeps of its making, beyond its fields."""
    of_config = ("AsyncInferenceConfig", "DataCaptureConfig")
    return without_tags(members) | {name: config.spec[name] for name in of_config if name in config.spec}


def _shown_capture(capture: Members, status: EndpointStatus) -> dict[str, Any]:
    """`DataCaptureConfigSummary`."""
    captures = is_capturing(capture)
    return {
        "EnableCapture": captures,
        "CaptureStatus": "Started" if captures and status in _ANSWERING else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


_ANSWERING = (EndpointStatus.IN_SERVICE, EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK)
