"""The environment of an instance's process: the container contract's variables, the model's own, and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firstbyte.hosting.ports import InstanceSpec
from firstbyte.launchers.images import StandIn

INHERITED = ("PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
"""What a process needs to run at all; nothing else of the host's environment reaches an instance."""


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What every container on this host is told."""

    cache_dir: Path
    """For packed weights and hub downloads, shared by all instances."""
    objects_dir: Path | None = None
    """The folder behind the embedded object store: s3://bucket/key is objects_dir/bucket/key."""
    model_map: Mapping[str, str] = field(default_factory=dict)
    """Patterns of model ids to the models that stand for them."""
    engine_threads: int | None = None
    engine_backend: str | None = None
    host_environment: Mapping[str, str] = field(default_factory=dict)
    """The host's own environment; only INHERITED is taken from it."""


def container_environment(
    spec: InstanceSpec, stand_in: StandIn, settings: ContainerSettings, *, host: str, port: int
) -> dict[str, str]:
    """All variables of one instance's process. The contract's win over the model's, the model's over the inherited."""
    optional = {
        "FIRSTBYTE_OBJECTS_DIR": settings.objects_dir,
        "FIRSTBYTE_ENGINE_THREADS": settings.engine_threads,
        "FIRSTBYTE_ENGINE_BACKEND": settings.engine_backend,
    }
    contract = {
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "FIRSTBYTE_BIND_HOST": host,
        "FIRSTBYTE_DIALECT": str(stand_in.dialect),
        "FIRSTBYTE_DIALECT_VERSION": stand_in.version,
        "FIRSTBYTE_MODEL_DIR": str(spec.model_dir.absolute()),
        "FIRSTBYTE_MODEL_MAP": json.dumps(dict(settings.model_map)),
        "FIRSTBYTE_CACHE_DIR": str(settings.cache_dir.absolute()),
        **{name: str(value) for name, value in optional.items() if value is not None},
    }
    inherited = {name: settings.host_environment[name] for name in INHERITED if name in settings.host_environment}
    return inherited | dict(spec.environment) | contract
