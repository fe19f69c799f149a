"""What CreateModel defines: a model and its containers, as frozen values.

Member names and limits: SageMaker API 2017-07-24, CreateModel and ContainerDefinition.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

Members = Mapping[str, Any]
"""A structure of the API: AWS's member names to values."""


MULTI_MODEL = "MultiModel"
"""`Mode` of a container that serves many models."""


class ExecutionMode(enum.StrEnum):
    """How a request goes through the containers of a model (`InferenceExecutionConfig.Mode`)."""

    SERIAL = "Serial"
    """Through all of them: the answer of one is the request of the next."""
    DIRECT = "Direct"
    """To the one that it names in TargetContainerHostname."""


@dataclass(frozen=True, slots=True)
class Container:
    """One `ContainerDefinition`."""

    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    model_data_url: str | None = None
    """Where the model's files lie: a .tar.gz, or a prefix that ends in "/" (from ModelDataUrl or ModelDataSource).

    For a multi-model container the prefix that its models lie below.
    """
    name: str = "primary"
    """What AWS's messages and log streams call it: its ContainerHostname, if it has one."""
    mode: str = "SingleModel"
    spec: Members = field(default_factory=dict)

    @property
    def is_multi_model(self) -> bool:
        """Whether it serves any model below its `model_data_url`, as requests ask for them (`Mode`)."""
        return self.mode == MULTI_MODEL

    @property
    def caches_models(self) -> bool:
        """Whether such a model stays loaded when nobody uses it (`MultiModelConfig.ModelCacheSetting`)."""
        return bool(self.spec.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled") == "Enabled")

    @classmethod
    def of(cls, spec: Members, default_name: str = "primary") -> Self:
        """Read a `ContainerDefinition`."""
        source = spec.get("ModelDataSource", {}).get("S3DataSource", {})
        return cls(
            image=spec.get("Image", ""),
            environment=dict(spec.get("Environment", {})),
            model_data_url=spec.get("ModelDataUrl") or source.get("S3Uri"),
            name=spec.get("ContainerHostname") or default_name,
            mode=spec.get("Mode", "SingleModel"),
            spec=spec,
        )


def read_containers(specs: Sequence[Members]) -> tuple[Container, ...]:
    """Read the containers of one model. Of several, one without a hostname is called after its position, from 1."""
    if len(specs) == 1:
        return (Container.of(specs[0]),)
    return tuple(Container.of(spec, f"container-{position}") for position, spec in enumerate(specs, start=1))


@dataclass(frozen=True, slots=True)
class Model:
    """What CreateModel made: images, their environments, and where their data lies."""

    name: str
    arn: str
    created_at: datetime
    spec: Members
    """The members of CreateModel as given, without Tags."""

    @property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, in the order in which a request goes through them."""
        primary = self.spec.get("PrimaryContainer")
        return read_containers([primary] if primary else self.spec.get("Containers", ()))

    @property
    def execution_mode(self) -> ExecutionMode:
        """How requests go through its containers."""
        return ExecutionMode(self.spec.get("InferenceExecutionConfig", {}).get("Mode", ExecutionMode.SERIAL))
