"""Loads the model of an LMI container: options, the model's own code if it brings any, the engine, the dialect.

Called once by `firstbyte.containers.__main__`, before the port opens.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstbyte.containers.dialect import Application
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.lmi.front_end import FrontEnd
from firstbyte.containers.lmi.handlers.container import HandlerContainer, HandlerLimits
from firstbyte.containers.lmi.handlers.entry_point import EntryPoint, find_entry_point
from firstbyte.containers.lmi.handlers.formatting import InputFormatting, OutputFormatter
from firstbyte.containers.lmi.handlers.process import WorkerPlan
from firstbyte.containers.lmi.handlers.workers import Workers
from firstbyte.containers.lmi.model_store import StoredModel, find_stored_model
from firstbyte.containers.lmi.options import LmiOptions, read_options
from firstbyte.containers.lmi.pending import PendingLmi
from firstbyte.containers.lmi.polling import PolledAnswers
from firstbyte.containers.lmi.secure_mode import check_security
from firstbyte.containers.loading import DEFAULT_PREFILL_TOKENS, Loaded, locate_model
from firstbyte.containers.resumption import StreamShelf
from firstbyte.containers.server import ContainerServer
from firstbyte.containers.settings import ContainerSettings
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.service import EngineService

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedHandler:
    """A model that is a handler."""

    container: HandlerContainer
    application: Application
    """The container, behind what stands in front of it."""
    description: str
    notes: tuple[str, ...]

    async def close(self) -> None:
        """End the processes of user code."""
        await self.container.close()


@dataclass(frozen=True, slots=True)
class LoadedLmi:
    """A model that the engine runs."""

    dialect: LmiDialect
    engine: EngineService
    notes: tuple[str, ...]
    workers: Workers | None = None
    """Of a model whose own code reads requests or words answers."""
    shared: Mapping[str, Any] | None = None
    keeps_streams: bool = False
    """Whether a client may resume a stream, see resumption.py."""

    @property
    def application(self) -> Application:
        """What serves it."""
        shelf = StreamShelf() if self.keeps_streams else None
        application: Application = ContainerServer(self.dialect, self.engine, shelf=shelf)
        if self.workers is not None and self.workers.contents.has_input_formatter:
            application = InputFormatting(application, self.dialect, self.workers, self.shared or {})
        options = self.dialect.options
        return PolledAnswers(application, self.dialect.front_end, options.max_request_bytes, options.num_polled_answers)

    @property
    def description(self) -> str:
        """What was loaded."""
        model = self.engine.model
        return f"{model.model_type}: backend {model.backend}, {model.dtype}"

    async def close(self) -> None:
        """End the engine, and the processes of user code."""
        await self.engine.close()
        if self.workers is not None:
            await self.workers.close()


def load_lmi(settings: ContainerSettings, environment: Mapping[str, str]) -> Loaded:
    """Start as DJL Serving does.

    Raises:
        StartupFailed, firstbyte.artifacts.errors.ArtifactError, firstbyte.engine.errors.EngineError: it cannot.
    """
    stored = find_stored_model(settings.model_dir)
    options = read_options(environment, stored.properties, settings.version)
    front_end = FrontEnd(stored.name, options.allows_multi_status)

    def load() -> Loaded:
        return _load(settings, environment, stored, options, front_end)

    return load() if options.waits_for_model else PendingLmi(front_end, load)


def _load(
    settings: ContainerSettings,
    environment: Mapping[str, str],
    stored: StoredModel,
    options: LmiOptions,
    front_end: FrontEnd,
) -> Loaded:
    shared = {**options.model_properties, "model_dir": str(stored.folder), "device_id": "-1"}
    check_security(environment, (stored.folder,), options.model_properties)
    entry_point = find_entry_point(stored.folder, options.model_properties, options.custom_output_formatter)
    workers = _start_workers(entry_point, options, shared, environment)
    if workers is not None and workers.contents.has_handler:
        assert entry_point is not None, "there is a handler only where there is a file"
        limits = HandlerLimits(options.max_request_bytes, options.job_queue_size + options.num_workers)
        container = HandlerContainer(front_end, workers, shared, limits)
        polled = PolledAnswers(container, front_end, options.max_request_bytes, options.num_polled_answers)
        return LoadedHandler(container, polled, f"handler {entry_point.label}", options.notes)
    try:
        model_dir = _model_dir(settings, stored, options)
        check_security(environment, (model_dir,), options.model_properties)
        engine = within(options.model_loading_timeout_s, lambda: _load_engine(settings, model_dir, options))
    except BaseException:
        if workers is not None:
            workers.kill()
        raise
    formatter = OutputFormatter(workers) if workers is not None and workers.contents.has_output_formatter else None
    dialect = LmiDialect(options, front_end, engine.tokenizer, engine.max_total_tokens, formatter)
    origin = f"model {stored.name} is {model_dir}"
    notes = (origin, options.batching_note, *options.notes, *options.unknown_notes)
    return LoadedLmi(dialect, engine, notes, workers, options.model_properties, settings.keeps_streams)


def within(timeout_s: float, load: Callable[[], EngineService]) -> EngineService:
    """What `load` gives, if it does so in time; `model_loading_timeout`.

    Raises:
        StartupFailed: it does not. Its thread is left to itself, for the container ends.
    """
    results: queue.SimpleQueue[EngineService | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            results.put(load())
        except BaseException as error:
            results.put(error)

    threading.Thread(target=work, name="load engine", daemon=True).start()
    try:
        result = results.get(timeout=timeout_s)
    except queue.Empty as error:
        raise StartupFailed(
            f"the model was not loaded within {timeout_s:g} s (option.model_loading_timeout)"
        ) from error
    if isinstance(result, BaseException):
        raise result
    return result


def _start_workers(
    entry_point: EntryPoint | None, options: LmiOptions, shared: Mapping[str, str], environment: Mapping[str, str]
) -> Workers | None:
    """The processes of the model's own code; None where it has none that does anything."""
    if entry_point is None:
        if options.custom_output_formatter is not None:
            raise StartupFailed(
                f"option.output_formatter={options.custom_output_formatter} is not served here: "
                "choose json, jsonlines or sse, or name a function of model.py"
            )
        return None
    for note in entry_point.notes:
        logger.info("%s", note)
    plan = WorkerPlan(
        entry_point=entry_point,
        environment=environment,
        properties=shared,
        num_workers=options.num_workers,
        loading_timeout_s=options.model_loading_timeout_s,
        predict_timeout_s=options.predict_timeout_s,
        retry_threshold=options.retry_threshold,
    )
    workers = Workers.start(plan)
    found = workers.contents
    if not (found.has_handler or found.has_input_formatter or found.has_output_formatter):
        logger.info("%s has no function %s and no formatter; the engine serves", entry_point.label, entry_point.handler)
        workers.kill()
        return None
    return workers


def _model_dir(settings: ContainerSettings, stored: StoredModel, options: LmiOptions) -> Path:
    if options.model_id is None:
        return stored.folder
    if options.model_id.startswith("djl://"):
        raise StartupFailed(
            f"{options.model_id}: DJL's model zoo is not served; name a folder, an s3:// prefix or a hub id"
        )
    return locate_model(settings, options.model_id, options.revision, options.hub_token)


def _load_engine(settings: ContainerSettings, model_dir: Path, options: LmiOptions) -> EngineService:
    return EngineService.load(
        model_dir,
        EngineOptions(
            backend=settings.backend,
            max_batch_size=options.max_rolling_batch_size,
            max_batch_prefill_tokens=options.max_rolling_batch_prefill_tokens or DEFAULT_PREFILL_TOKENS,
            max_total_tokens=options.max_model_len,
            max_queue=options.job_queue_size,
            prompt_lookup_num_tokens=options.num_draft_tokens or None,
            quantize=options.quantize,
            num_threads=settings.num_threads,
            tensor_parallel_degree=options.tensor_parallel_degree or 1,
            cache_dir=settings.artifacts.cache_dir,
        ),
    )
