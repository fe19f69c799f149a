"""Loads the model of a TGI container: options from the environment, the model's folder, the engine, the dialect.

`lmi.loading` does the same for LMI. Called once by `__main__`, before the port opens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firstbyte.artifacts.models import resolve_model
from firstbyte.containers.dialect import Application, Dialect
from firstbyte.containers.resumption import StreamShelf
from firstbyte.containers.server import ContainerServer
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


class Loaded(Protocol):
    """A container whose model is loaded."""

    @property
    def application(self) -> Application:
        """What serves it."""
        ...

    @property
    def description(self) -> str:
        """What was loaded, for the log."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell in the log about the options."""
        ...

    async def close(self) -> None:
        """End everything that was started for it."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedContainer:
    """A model that the engine runs."""

    dialect: Dialect
    engine: EngineService
    notes: tuple[str, ...]
    keeps_streams: bool = False
    """Whether a client may resume a stream, see resumption.py."""

    @property
    def application(self) -> Application:
        """What serves it."""
        return ContainerServer(self.dialect, self.engine, shelf=StreamShelf() if self.keeps_streams else None)

    @property
    def description(self) -> str:
        """What was loaded."""
        model = self.engine.model
        return f"{model.model_type}: backend {model.backend}, {model.dtype}"

    async def close(self) -> None:
        """End the engine."""
        await self.engine.close()


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
    notes = (f"model {options.model_id} is {model_dir}", *options.notes)
    return LoadedContainer(dialect, engine, notes, settings.keeps_streams)


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
