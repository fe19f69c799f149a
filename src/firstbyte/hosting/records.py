"""The resources of the control plane as frozen values; every other file of the room passes these around.

A resource keeps the members it was created with (`spec`, AWS's names) beside the few fields that the room reads, so
that Describe gives back what Create was given. Member names and limits: SageMaker API 2017-07-24.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from firstbyte.hosting.definitions import Container, ExecutionMode, Members

DEFAULT_CONCURRENCY = 8
"""Requests that one instance gets at a time where MaxConcurrentInvocationsPerInstance does not say."""


class RoutingStrategy(enum.StrEnum):
    """How one of a variant's instances is chosen for a request (`RoutingConfig.RoutingStrategy`)."""

    RANDOM = "RANDOM"
    LEAST_OUTSTANDING_REQUESTS = "LEAST_OUTSTANDING_REQUESTS"


class EndpointGoal(enum.StrEnum):
    """What the host is doing for an endpoint. Stored; the status users see is computed from it and the instances."""

    CREATE = "create"
    """Bring every instance up for the first time; the first that cannot come up fails the endpoint."""
    SERVE = "serve"
    """Keep every instance up; one that dies is started again."""
    UPDATE = "update"
    """Bring the new fleet up beside the old one and lead the traffic over to it."""
    ROLL_BACK = "roll back"
    """The new fleet failed: have the old one whole again, and the new one gone."""
    FAIL = "fail"
    """Creation failed: keep nothing running, remember why, wait for DeleteEndpoint."""
    DELETE = "delete"
    """Stop every instance, then forget the endpoint."""
    GONE = "gone"
    """Forgotten; never stored."""


SERVING_GOALS = (EndpointGoal.SERVE, EndpointGoal.UPDATE, EndpointGoal.ROLL_BACK)
"""While these last, requests are answered."""


class EndpointStatus(enum.StrEnum):
    """`EndpointStatus` of DescribeEndpoint, as far as this host shows it."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    SYSTEM_UPDATING = "SystemUpdating"
    UPDATING = "Updating"
    ROLLING_BACK = "RollingBack"
    OUT_OF_SERVICE = "OutOfService"
    DELETING = "Deleting"
    FAILED = "Failed"


class ComponentStatus(enum.StrEnum):
    """`InferenceComponentStatus` of DescribeInferenceComponent."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    DELETING = "Deleting"
    FAILED = "Failed"


class InstanceStatus(enum.StrEnum):
    """Where one instance is in its life."""

    STARTING = "starting"
    """Its model data is being fetched, or a container of it has not answered /ping with 200 yet."""
    HEALTHY = "healthy"
    """Its containers answer /ping; requests may go to it."""
    CRASHED = "crashed"
    """A container of it ended, or had to be ended. It may be started again."""
    REFUSED = "refused"
    """It could not be started for a reason that will not go away by itself: unknown image, missing model data."""
    STOPPING = "stopping"
    """It was told to end and finishes what it streams."""
    STOPPED = "stopped"
    """Gone; never kept."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One `ProductionVariant`: a model, how many instances of it, and its share of the traffic."""

    variant_name: str
    model_name: str
    initial_instance_count: int = 1
    initial_variant_weight: float = 1.0
    instance_type: str | None = None
    model_data_download_timeout_s: int | None = None
    container_startup_health_check_timeout_s: int | None = None
    routing_strategy: RoutingStrategy = RoutingStrategy.RANDOM
    spec: Members = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Members) -> Self:
        """Read a `ProductionVariant`."""
        routing = spec.get("RoutingConfig", {})
        return cls(
            variant_name=spec["VariantName"],
            model_name=spec.get("ModelName", ""),
            initial_instance_count=spec.get("InitialInstanceCount", 1),
            initial_variant_weight=spec.get("InitialVariantWeight", 1.0),
            instance_type=spec.get("InstanceType"),
            model_data_download_timeout_s=spec.get("ModelDataDownloadTimeoutInSeconds"),
            container_startup_health_check_timeout_s=spec.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            routing_strategy=RoutingStrategy(routing.get("RoutingStrategy", RoutingStrategy.RANDOM)),
            spec=spec,
        )


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """What CreateEndpointConfig made."""

    name: str
    arn: str
    created_at: datetime
    variants: tuple[Variant, ...]
    spec: Members
    """The members of CreateEndpointConfig as given, without Tags."""
    shadows: tuple[Variant, ...] = ()
    """Its `ShadowProductionVariants`."""

    @property
    def hosts_components(self) -> bool:
        """Whether inference components are to run on its endpoints, in the place of models."""
        return not self.variants[0].model_name


@dataclass(frozen=True, slots=True)
class DeployedVariant:
    """A variant with its model's containers, copied when the endpoint was made.

    The copy is why the config and the model may be deleted while the endpoint lives, as on AWS.
    """

    variant: Variant
    containers: tuple[Container, ...]
    """What each of its instances runs; empty where inference components run on it."""
    generation: int = 0
    """Counts the endpoint's updates: variants of one generation are one fleet."""
    is_shadow: bool = False
    """Whether it only gets copies of requests, its answers dropped."""
    execution_mode: ExecutionMode = ExecutionMode.SERIAL

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.variant.variant_name

    @property
    def hosts_components(self) -> bool:
        """Whether it runs no container of its own: inference components do."""
        return not self.containers

    @property
    def is_direct(self) -> bool:
        """Whether a request names the container that it is for."""
        return self.execution_mode is ExecutionMode.DIRECT

    @property
    def is_multi_model(self) -> bool:
        """Whether a request names the model that it is for."""
        return any(container.is_multi_model for container in self.containers)

    @property
    def container_names(self) -> tuple[str, ...]:
        """What its containers are told apart by; empty where an instance is its one container."""
        return tuple(container.name for container in self.containers) if len(self.containers) > 1 else ()

    @property
    def num_instances(self) -> int:
        """How many instances of it there should be."""
        return 0 if self.hosts_components else self.variant.initial_instance_count

    @property
    def key(self) -> "VariantKey":
        """What tells it from the variant of the same name in another fleet."""
        return self.name, self.generation


VariantKey = tuple[str, int]
"""Name and generation."""
Place = tuple[str, str | None]
"""Whose an instance is: an endpoint's name, and the inference component's on it, if it is a copy of one."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an endpoint is on its way to."""

    config_name: str
    variants: tuple[DeployedVariant, ...]
    """The new fleet; of the old one's generation where only counts and weights change."""
    deployment: Members
    """`DeploymentConfig`; empty for one that shifts all traffic at once."""
    started_at: datetime
    step_at: datetime | None = None
    """When the present step's instances were all healthy: the traffic began to shift, or the batch to bake."""
    num_batches: int = 0
    """Batches that are done, of a rolling update."""
    spec: Members = field(default_factory=dict)
    """What replaces the endpoint's own `spec` at the end."""


@dataclass(frozen=True, slots=True)
class AsyncInference:
    """An endpoint's `AsyncInferenceConfig`."""

    output_path: str
    failure_path: str | None = None
    max_concurrent_per_instance: int = DEFAULT_CONCURRENCY

    @classmethod
    def of(cls, spec: Members) -> Self:
        """Read an `AsyncInferenceConfig`."""
        output = spec["OutputConfig"]
        most = spec.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY)
        return cls(output.get("S3OutputPath", ""), output.get("S3FailurePath"), most)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What CreateEndpoint made: the desired state of one endpoint."""

    name: str
    arn: str
    created_at: datetime
    modified_at: datetime
    config_name: str
    variants: tuple[DeployedVariant, ...]
    goal: EndpointGoal
    spec: Members
    """The members of CreateEndpoint as given, without Tags, and those of its config that DescribeEndpoint shows."""
    failure_reason: str | None = None
    update: Update | None = None
    """What it is on its way to, while its goal is UPDATE or ROLL_BACK."""

    @property
    def async_inference(self) -> AsyncInference | None:
        """How it is invoked asynchronously; None if it is not."""
        spec = self.spec.get("AsyncInferenceConfig")
        return AsyncInference.of(spec) if spec else None

    @property
    def place(self) -> Place:
        """What tells its instances from others."""
        return self.name, None

    @property
    def production(self) -> tuple[DeployedVariant, ...]:
        """The variants whose answers count."""
        return tuple(deployed for deployed in self.variants if not deployed.is_shadow)

    @property
    def hosts_components(self) -> bool:
        """Whether inference components run on it, in the place of models."""
        return self.variants[0].hosts_components

    def variant(self, name: str) -> DeployedVariant | None:
        """The variant called `name`."""
        return next((deployed for deployed in self.variants if deployed.name == name), None)

    def deployed(self, key: VariantKey) -> DeployedVariant | None:
        """The variant of the old fleet or the new one that `key` names; the new one's word counts."""
        return find_deployed(self, key)


@dataclass(frozen=True, slots=True)
class InferenceComponent:
    """What CreateInferenceComponent made: copies of one model on a variant of an endpoint.

    It lives as an endpoint does, by the same table: its copies are the instances of its one variant.
    """

    name: str
    arn: str
    created_at: datetime
    modified_at: datetime
    endpoint_name: str
    variants: tuple[DeployedVariant, ...]
    """One: its copies' container, the endpoint's variant that they run on, and how many there should be."""
    goal: EndpointGoal
    spec: Members
    """The members of CreateInferenceComponent as given, without Tags."""
    failure_reason: str | None = None
    update: Update | None = None
    """What it is on its way to, while its goal is UPDATE or ROLL_BACK."""

    @property
    def place(self) -> Place:
        """What tells its copies from other instances."""
        return self.endpoint_name, self.name

    @property
    def variant_name(self) -> str:
        """The endpoint's variant that its copies run on."""
        return self.variants[0].name

    @property
    def production(self) -> tuple[DeployedVariant, ...]:
        """Its variant: copies have no shadows."""
        return self.variants

    def deployed(self, key: VariantKey) -> DeployedVariant | None:
        """Its present copies' variant or its future ones' that `key` names; the new one's word counts."""
        return find_deployed(self, key)


Workload = Endpoint | InferenceComponent
"""What instances are run for."""


def find_deployed(workload: Workload, key: VariantKey) -> DeployedVariant | None:
    """The variant of a workload's old fleet or new one that `key` names; the new one's word counts."""
    new = workload.update.variants if workload.update else ()
    return next((deployed for deployed in (*new, *workload.variants) if deployed.key == key), None)


@dataclass(frozen=True, slots=True)
class Instance:
    """One running (or ended) copy of a variant's containers. Observed, never stored: it does not outlive the host."""

    id: str
    endpoint_name: str
    variant_name: str
    status: InstanceStatus
    since: datetime
    """When it came to its status; for STARTING, when its containers were launched."""
    urls: tuple[str, ...] = ()
    """`http://host:port` of each of its containers, once all of them are launched; "" of a multi-model container.

    That one has a process for each model that it has loaded, and none of its own.
    """
    num_starts: int = 1
    """How often in a row it was started without having been healthy for a while."""
    num_missed_pings: int = 0
    """How many times in a row a healthy instance did not answer."""
    failure_reason: str | None = None
    """Why it is CRASHED or REFUSED, in AWS's words where AWS has some."""
    generation: int = 0
    """Of the fleet that it belongs to."""
    component_name: str | None = None
    """The inference component that it is a copy of; None for an instance of an endpoint's own."""
    container_names: tuple[str, ...] = ()
    """What its containers are told apart by; empty where it is its one container."""
    suspect: int = 0
    """Which of its containers it waits for while STARTING, or was brought down by."""

    @property
    def container_ids(self) -> tuple[str, ...]:
        """What its containers are known by to the launcher; their folders and log streams are named after it."""
        return tuple(f"{self.id}/{name}" for name in self.container_names) or (self.id,)

    @property
    def place(self) -> Place:
        """Whose it is."""
        return self.endpoint_name, self.component_name

    @property
    def key(self) -> VariantKey:
        """The variant and fleet that it is an instance of."""
        return self.variant_name, self.generation
