"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from typing import Any

from firstbyte.hosting.async_inference import check_async_inference
from firstbyte.hosting.data_capture import check_data_capture
from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import AlreadyExists, NotFound, ValidationFailed
from firstbyte.hosting.listing import Item, list_page
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import Clock
from firstbyte.hosting.records import EndpointConfig, Variant
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.tags import read_tags, without_tags


class EndpointConfigs:
    """The endpoint config operations."""

    def __init__(self, store: Store, wording: Wording, clock: Clock) -> None:
        self._store = store
        self._wording = wording
        self._clock = clock

    def create(self, members: Members) -> dict[str, Any]:
        """Make a config; its models must exist."""
        check_variants(members)
        name = members["EndpointConfigName"]
        config = EndpointConfig(
            name=name,
            arn=self._wording.arn("endpoint-config", name),
            created_at=self._clock.now(),
            variants=tuple(Variant.of(variant) for variant in members["ProductionVariants"]),
            spec=without_tags(members),
            shadows=tuple(Variant.of(variant) for variant in members.get("ShadowProductionVariants", ())),
        )
        if self._store.endpoint_configs.is_taken(name):
            raise AlreadyExists(self._wording.already_exists("endpoint-config", name))
        for variant in (*config.variants, *config.shadows) if not config.hosts_components else ():
            if self._store.models.get(variant.model_name) is None:
                raise NotFound(self._wording.not_found("model", variant.model_name))
        if not self._store.endpoint_configs.add(config, read_tags(members)):
            raise AlreadyExists(self._wording.already_exists("endpoint-config", name))
        return {"EndpointConfigArn": config.arn}

    def describe(self, members: Members) -> dict[str, Any]:
        """Give a config's members back, with what AWS fills in."""
        name = members["EndpointConfigName"]
        config = self._store.endpoint_configs.get(name)
        if config is None:
            raise NotFound(self._wording.not_found("endpoint-config", name))
        shown = dict(config.spec) | {"EndpointConfigArn": config.arn, "CreationTime": config.created_at}
        for kind in ("ProductionVariants", "ShadowProductionVariants"):
            if kind in shown:
                shown[kind] = [{"InitialVariantWeight": 1.0} | dict(variant) for variant in shown[kind]]
        shown.setdefault("EnableNetworkIsolation", False)
        return shown

    def list(self, members: Members) -> dict[str, Any]:
        """A page of configs."""
        items = (
            Item(
                config.name,
                config.created_at,
                {
                    "EndpointConfigName": config.name,
                    "EndpointConfigArn": config.arn,
                    "CreationTime": config.created_at,
                },
            )
            for config in self._store.endpoint_configs.all()
        )
        return list_page(items, members).members("EndpointConfigs")

    def delete(self, members: Members) -> dict[str, Any]:
        """Forget a config; endpoints made from it keep running."""
        name = members["EndpointConfigName"]
        if not self._store.endpoint_configs.delete(name):
            raise NotFound(self._wording.not_found("endpoint-config", name))
        return {}


def check_variants(members: Members) -> None:
    """Refuse what this host cannot serve, now and in words."""
    variants, shadows = members["ProductionVariants"], members.get("ShadowProductionVariants", [])
    names = [variant["VariantName"] for variant in (*variants, *shadows)]
    if len(set(names)) < len(names):
        raise ValidationFailed("The names of the ProductionVariants must differ.")
    if not all(variant.get("ModelName") for variant in (*variants, *shadows)):
        _check_for_components(members)
    if not any(variant.get("InitialVariantWeight", 1.0) > 0 for variant in variants):
        raise ValidationFailed("The InitialVariantWeight of at least one variant must be greater than 0.")
    if shadows and (len(variants), len(shadows)) != (1, 1):
        raise ValidationFailed(
            "With ShadowProductionVariants there must be one ProductionVariant and one shadow of it."
        )
    if shadows and members.get("AsyncInferenceConfig"):
        raise ValidationFailed("An asynchronous endpoint has no shadow variants.")
    if inference := members.get("AsyncInferenceConfig"):
        check_async_inference(inference)
    if capture := members.get("DataCaptureConfig"):
        check_data_capture(capture)


def _check_for_components(members: Members) -> None:
    """Refuse variants without models where inference components cannot run on them."""
    if any(variant.get("ModelName") for variant in members["ProductionVariants"]):
        raise ValidationFailed("Either every variant needs a ModelName, or none has one and inference components run.")
    if not members.get("ExecutionRoleArn"):
        raise ValidationFailed("ExecutionRoleArn must be given for variants without a ModelName.")
    for name in ("ShadowProductionVariants", "AsyncInferenceConfig"):
        if members.get(name):
            raise ValidationFailed(f"{name} cannot be given for variants without a ModelName.")
    for variant in members["ProductionVariants"]:
        if "ServerlessConfig" in variant or "InitialInstanceCount" not in variant:
            raise ValidationFailed("InitialInstanceCount must be given for variants without a ModelName.")
