"""The container's own variables, beside those of the model's environment: SageMaker's port and FIRSTBYTE_*."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from firstbyte.artifacts.models import ArtifactSettings
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.versions import Version
from firstbyte.engine.options import BackendName

DEFAULT_VERSIONS = {"tgi": "2.0.2", "lmi": "0.28.0", "echo": "0"}
"""Dialect -> the version that is spoken when none is given: the reference workload's."""


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """Where to listen, what to speak, where things lie."""

    dialect: str
    version: Version
    host: str
    port: int
    model_dir: Path
    """Stands for /opt/ml/model."""
    artifacts: ArtifactSettings
    backend: BackendName = "auto"
    num_threads: int | None = None
    keeps_streams: bool = True
    """Whether a client may ask for a stream that outlives its connection; FIRSTBYTE_RESUMABLE_STREAMS."""


def read_settings(environment: Mapping[str, str], home: Path) -> ContainerSettings:
    """Read the settings from a process's environment; `home` is where caches lie when nothing else is said.

    Raises:
        StartupFailed: a value is missing or cannot be read.
    """
    dialect = environment.get("FIRSTBYTE_DIALECT", "")
    if dialect not in DEFAULT_VERSIONS:
        raise StartupFailed(f"FIRSTBYTE_DIALECT must be one of {', '.join(DEFAULT_VERSIONS)}, not {dialect!r}")
    backend = environment.get("FIRSTBYTE_ENGINE_BACKEND", "auto")
    for name in get_args(BackendName):
        if name == backend:
            chosen: BackendName = name
            break
    else:
        raise StartupFailed(f"FIRSTBYTE_ENGINE_BACKEND must be one of {', '.join(get_args(BackendName))}")
    return ContainerSettings(
        dialect=dialect,
        version=Version.parse(environment.get("FIRSTBYTE_DIALECT_VERSION") or DEFAULT_VERSIONS[dialect]),
        host=environment.get("FIRSTBYTE_BIND_HOST", "127.0.0.1"),
        port=_port(environment.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        model_dir=Path(environment.get("FIRSTBYTE_MODEL_DIR", "/opt/ml/model")),
        artifacts=_artifacts(environment, home),
        backend=chosen,
        num_threads=_threads(environment.get("FIRSTBYTE_ENGINE_THREADS", "")),
        keeps_streams=_flag("FIRSTBYTE_RESUMABLE_STREAMS", environment.get("FIRSTBYTE_RESUMABLE_STREAMS") or "true"),
    )


def _artifacts(environment: Mapping[str, str], home: Path) -> ArtifactSettings:
    objects_dir = environment.get("FIRSTBYTE_OBJECTS_DIR")
    return ArtifactSettings(
        objects_dir=Path(objects_dir) if objects_dir else None,
        cache_dir=Path(environment.get("FIRSTBYTE_CACHE_DIR") or home / ".firstbyte" / "cache"),
        model_map=_model_map(environment.get("FIRSTBYTE_MODEL_MAP") or "{}"),
        s3_endpoint_url=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"),
        offline=environment.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"),
    )


def _model_map(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise StartupFailed(f"FIRSTBYTE_MODEL_MAP is not JSON: {error}") from error
    if not isinstance(value, dict) or not all(isinstance(model, str) for model in value.values()):
        raise StartupFailed("FIRSTBYTE_MODEL_MAP must be a JSON object of pattern: model")
    return value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise StartupFailed(f"SAGEMAKER_BIND_TO_PORT must be a port, not {text!r}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise StartupFailed(f"{name} must be true or false, not {text!r}")
    return text.lower() == "true"


def _threads(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise StartupFailed(f"FIRSTBYTE_ENGINE_THREADS must be a number above 0, not {text!r}")
    return int(text) if text else None
