"""Loads the model of a TGI or LMI container: options from the environment, the model's folder, the engine, the dialect.

Called once by `__main__`, before the port opens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firstbyte.artifacts.models import resolve_model
from firstbyte.containers.dialect import Dialect
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.lmi.model_store import find_stored_model
from firstbyte.containers.lmi.options import read_options as read_lmi_options
from firstbyte.containers.settings import ContainerSettings
from firstbyte.containers.tgi.dialect import TgiDialect
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.options import read_options as read_tgi_options
from firstbyte.containers.tgi.options import settle_limits
from firstbyte.engine.checkpoint import read_longest_position
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.service import EngineService

SAGEMAKER_MODEL_DIR = "/opt/ml/model"
DEFAULT_BATCH_SIZE = 64
DEFAULT_PREFILL_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class LoadedContainer:
    """Everything that a server needs."""

    dialect: Dialect
    engine: EngineService
    notes: tuple[str, ...]
    """What to tell in the log about the options."""


def load_tgi(settings: ContainerSettings, environment: Mapping[str, str]) -> LoadedContainer:
    """Start as TGI does.

    Raises:
        StartupFailed, firstbyte.artifacts.errors.ArtifactError, firstbyte.engine.errors.EngineError: it cannot.
    """
    options = read_tgi_options(environment, settings.version)
    model_dir = locate_model(settings, options.model_id, options.revision, options.hub_token)
    limits = settle_limits(options, read_longest_position(model_dir))
    engine = EngineService.load(
        model_dir,
        EngineOptions(
            backend=settings.backend,
            max_batch_size=options.max_batch_size or DEFAULT_BATCH_SIZE,
            max_batch_prefill_tokens=limits.max_batch_prefill_tokens,
            max_total_tokens=limits.max_total_tokens,
            max_batch_total_tokens=limits.max_batch_total_tokens,
            max_queue=options.max_concurrent_requests,
            prompt_lookup_num_tokens=options.speculate or None,
            quantize=options.quantize,
            dtype=options.dtype,
            num_threads=settings.num_threads,
            tensor_parallel_degree=options.num_shard or 1,
            cache_dir=settings.artifacts.cache_dir,
        ),
    )
    dialect = TgiDialect(Served(options, limits, engine.model, engine.tokenizer))
    return LoadedContainer(dialect, engine, (f"model {options.model_id} is {model_dir}", *options.notes))


def load_lmi(settings: ContainerSettings, environment: Mapping[str, str]) -> LoadedContainer:
    """Start as DJL Serving does.

    Raises:
        StartupFailed, firstbyte.artifacts.errors.ArtifactError, firstbyte.engine.errors.EngineError: it cannot.
    """
    stored = find_stored_model(settings.model_dir)
    options = read_lmi_options(environment, stored.properties, settings.version)
    model_dir = stored.folder
    if options.model_id is not None:
        model_dir = locate_model(settings, options.model_id, options.revision, options.hub_token)
    engine = EngineService.load(
        model_dir,
        EngineOptions(
            backend=settings.backend,
            max_batch_size=options.max_rolling_batch_size,
            max_batch_prefill_tokens=options.max_rolling_batch_prefill_tokens or DEFAULT_PREFILL_TOKENS,
            max_total_tokens=options.max_model_len,
            max_queue=options.job_queue_size,
            quantize=options.quantize,
            num_threads=settings.num_threads,
            tensor_parallel_degree=options.tensor_parallel_degree or 1,
            cache_dir=settings.artifacts.cache_dir,
        ),
    )
    dialect = LmiDialect(options, stored.name, engine.tokenizer, engine.max_total_tokens)
    origin = f"model {stored.name} is {model_dir}, rolling batch {options.rolling_batch}"
    return LoadedContainer(dialect, engine, (origin, *options.notes))


def locate_model(settings: ContainerSettings, model_id: str, revision: str | None, token: str | None) -> Path:
    """The model's folder; /opt/ml/model means the instance's own, and the echo backend needs none.

    Raises:
        firstbyte.artifacts.errors.ArtifactError: there is none.
    """
    if settings.backend == "echo":
        return settings.model_dir
    inside = Path(model_id)
    if inside.is_relative_to(SAGEMAKER_MODEL_DIR):
        return settings.model_dir / inside.relative_to(SAGEMAKER_MODEL_DIR)
    return resolve_model(model_id, settings.artifacts, revision=revision, token=token)
