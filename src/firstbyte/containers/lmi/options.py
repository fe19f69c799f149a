"""LMI's configuration: serving.properties first, then OPTION_* variables, then translations of other variables.

Sources: ModelInfo.loadServingProperties, SageMakerCompatibility, properties_manager/*.py at v0.28.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.changes import LMI_DIST_IS_GONE, REAL_STATUS_CODES
from firstbyte.containers.lmi.keys import notes_of, unknown_notes
from firstbyte.containers.lmi.speculation import read_speculation
from firstbyte.containers.versions import Version

BACKPORT = "SERVING_BACKPORT_FOR_NON_STREAMING_HTTP_ERROR_CODES"

OutputFormatter = Literal["json", "jsonlines", "sse"]
ROLLING_BATCHES = ("auto", "disable", "trtllm", "lmi-dist", "vllm", "scheduler", "tnx")
LATER_ROLLING_BATCHES = ("auto", "disable", "trtllm", "vllm", "tnx", "lmi-dist")
ENGINES = ("MPI", "Python")
NEEDED_ENGINES = {
    "lmi-dist": ("MPI", "Need MPI engine to start lmi-dist RollingBatcher"),
    "trtllm": ("MPI", "Need MPI engine to start trtllm RollingBatcher"),
    "vllm": ("Python", "Need python engine to start vLLM RollingBatcher"),
}
"""Rolling batch -> the engine it runs in, and what LMI says when another one is given."""

TGI_NAMES = {
    "HF_MODEL_QUANTIZE": "OPTION_QUANTIZE",
    "SM_NUM_GPUS": "TENSOR_PARALLEL_DEGREE",
    "MAX_CONCURRENT_REQUESTS": "SERVING_JOB_QUEUE_SIZE",
    "MAX_BATCH_PREFILL_TOKENS": "OPTION_MAX_ROLLING_BATCH_PREFILL_TOKENS",
    "MAX_BATCH_SIZE": "OPTION_MAX_ROLLING_BATCH_SIZE",
    "CUDA_MEMORY_FRACTION": "OPTION_GPU_MEMORY_UTILIZATION",
}
TRANSLATIONS = {
    "HF_MODEL_ID": "option.model_id",
    "HF_REVISION": "option.revision",
    "HF_TASK": "option.task",
    "HF_MODEL_TRUST_REMOTE_CODE": "option.trust_remote_code",
    "TENSOR_PARALLEL_DEGREE": "option.tensor_parallel_degree",
    "PIPELINE_PARALLEL_DEGREE": "option.pipeline_parallel_degree",
    "SERVING_MIN_WORKERS": "minWorkers",
    "SERVING_MAX_WORKERS": "maxWorkers",
    "SERVING_JOB_QUEUE_SIZE": "job_queue_size",
}
ROLLING_MEANING = "served by this engine's continuous batching"
STATIC_MEANING = "requests and answers are lists, as in static batching; the engine batches continuously all the same"


@dataclass(frozen=True, slots=True)
class LmiOptions:
    """What one LMI container is configured to do."""

    version: Version
    model_id: str | None = None
    """A folder, `s3://` prefix or hub id; None for the model folder itself."""
    revision: str | None = None
    hub_token: str | None = None
    rolling_batch: str = "auto"
    is_static: bool = False
    """Whether requests and answers have the form of static batching; see `static_batch`."""
    is_static_streaming: bool = False
    """Whether answers in that form stream: `option.enable_streaming`."""
    max_rolling_batch_size: int = 32
    max_rolling_batch_prefill_tokens: int | None = None
    max_model_len: int | None = None
    tensor_parallel_degree: int | None = None
    """None for `max`."""
    quantize: str | None = None
    """The engine's own names, or a GPU kernel's, for which it takes what is nearest on a CPU."""
    output_formatter: OutputFormatter | None = None
    """None leaves it to each request: pieces of JSON, or lines when it asks to stream."""
    custom_output_formatter: str | None = None
    """Of another name: a function of the model's own code."""
    is_tgi_compatible: bool = False
    num_draft_tokens: int = 0
    """Tokens of prompt lookup; greedy generations only."""
    job_queue_size: int = 1000
    max_request_bytes: int = 64 * 1024 * 1024
    has_status_codes: bool = False
    """Whether what is not streamed is answered at once with a status of its own."""
    predict_timeout_s: float = 240.0
    """How long a request may wait for its first token; the images set 240."""
    model_loading_timeout_s: float = 1200.0
    """How long the start may take; the images set 1200."""
    num_workers: int = 1
    """Processes of a model's own code: `minWorkers`."""
    retry_threshold: int = 10
    """How often in a row such a process may fail to start before the model counts as failed."""
    allows_multi_status: bool = False
    """Whether /ping answers 207 while the model is not up."""
    waits_for_model: bool = True
    """Whether the port opens only when the model is loaded."""
    has_metrics: bool = False
    """Whether /metrics is served: SERVING_PROMETHEUS."""
    num_polled_answers: int = 1024
    """How many answers are kept for clients that poll."""
    model_properties: Mapping[str, str] = field(default_factory=dict)
    """All properties, as a handler is told them: without `option.`."""
    stops_anywhere: bool = False
    """Whether a stop string also counts across tokens; FIRSTBYTE_STOP_ANYWHERE, which LMI does not have."""
    has_final_newline: bool = False
    """Whether a stream of pieces ends in a newline, for readers of lines; FIRSTBYTE_FINAL_NEWLINE, likewise."""
    notes: tuple[str, ...] = ()
    """One line for each property that is accepted but changes nothing here."""
    unknown_notes: tuple[str, ...] = ()
    """One line for each property that is not known; a handler may know it."""

    @property
    def batching_note(self) -> str:
        """What stands for the rolling batch that was asked for."""
        return f"rolling_batch={self.rolling_batch}: {STATIC_MEANING if self.is_static else ROLLING_MEANING}"


def merge_properties(environment: Mapping[str, str], properties: Mapping[str, str]) -> dict[str, str]:
    """All configuration as properties, each key from its highest source."""
    names = dict(environment)
    for tgi_name, lmi_name in TGI_NAMES.items():
        if tgi_name in environment:
            names.setdefault(lmi_name, environment[tgi_name])
    merged = dict(properties)
    for name, value in names.items():
        if name.startswith("OPTION_"):
            option = name.removeprefix("OPTION_").lower()
            key = {"engine": "engine", "entrypoint": "option.entryPoint"}.get(option, f"option.{option}")
            merged.setdefault(key, value)
    for name, key in TRANSLATIONS.items():
        if name in names:
            merged.setdefault(key, names[name])
    return merged


def read_options(environment: Mapping[str, str], properties: Mapping[str, str], version: Version) -> LmiOptions:
    """Read the configuration.

    Raises:
        StartupFailed: a value cannot be read, or two do not go together.
    """
    merged = {key: value.strip() for key, value in merge_properties(environment, properties).items() if value.strip()}
    degree = merged.get("option.tensor_parallel_degree", "max")
    rolling_batch = _rolling_batch(merged, version)
    # The asynchronous handler does its own batching, and is configured with the rolling batch disabled.
    is_static = rolling_batch == "disable" and merged.get("option.async_mode", "false").lower() != "true"
    speculation = read_speculation(merged)
    return LmiOptions(
        version=version,
        model_id=merged.get("option.model_id") or merged.get("option.s3url"),
        revision=merged.get("option.revision"),
        hub_token=environment.get("HF_TOKEN") or environment.get("HUGGING_FACE_HUB_TOKEN"),
        rolling_batch=rolling_batch,
        is_static=is_static,
        is_static_streaming=is_static and merged.get("option.enable_streaming", "false").lower() != "false",
        max_rolling_batch_size=_integer(merged, "option.max_rolling_batch_size", 32),
        max_rolling_batch_prefill_tokens=_optional(merged, "option.max_rolling_batch_prefill_tokens"),
        max_model_len=_optional(merged, "option.max_model_len"),
        tensor_parallel_degree=None if degree == "max" else _integer(merged, "option.tensor_parallel_degree", 1),
        quantize=merged.get("option.quantize"),
        output_formatter=_output_formatter(merged),
        custom_output_formatter=merged.get("option.output_formatter") if _output_formatter(merged) is None else None,
        is_tgi_compatible=merged.get("option.tgi_compat", "false").lower() == "true",
        job_queue_size=_integer(merged, "job_queue_size", 1000),
        has_status_codes=version >= REAL_STATUS_CODES or environment.get(BACKPORT, "").lower() == "true",
        predict_timeout_s=_integer(merged, "option.predict_timeout", _integer(environment, "PREDICT_TIMEOUT", 240)),
        model_loading_timeout_s=_integer(
            merged, "option.model_loading_timeout", _integer(environment, "MODEL_LOADING_TIMEOUT", 1200)
        ),
        num_workers=_integer(merged, "minWorkers", 1),
        retry_threshold=_integer(merged, "option.retry_threshold", _integer(merged, "retry_threshold", 10)),
        allows_multi_status=environment.get("SERVING_ALLOW_MULTI_STATUS", "false").lower() == "true",
        waits_for_model=environment.get("SERVING_WAIT_MODEL_LOADING", "true").lower() != "false",
        has_metrics=environment.get("SERVING_PROMETHEUS", "false").lower() == "true",
        num_polled_answers=_integer(environment, "SERVING_MEMORY_CACHE_CAPACITY", 1024),
        max_request_bytes=_integer(environment, "SERVING_MAX_REQUEST_SIZE", 64 * 1024 * 1024),
        model_properties={key.removeprefix("option."): value for key, value in merged.items()},
        stops_anywhere=environment.get("FIRSTBYTE_STOP_ANYWHERE", "").lower() == "true",
        has_final_newline=environment.get("FIRSTBYTE_FINAL_NEWLINE", "").lower() == "true",
        num_draft_tokens=speculation.num_tokens,
        notes=(*notes_of(merged), *speculation.notes),
        unknown_notes=unknown_notes(merged),
    )


def _rolling_batch(merged: Mapping[str, str], version: Version) -> str:
    rolling_batch = merged.get("option.rolling_batch", "auto")
    permitted = ROLLING_BATCHES if version < LMI_DIST_IS_GONE else LATER_ROLLING_BATCHES
    if rolling_batch not in permitted:
        names = ", ".join(f"'{name}'" for name in permitted)
        raise StartupFailed(f"rolling_batch: value is not a valid enumeration member; permitted: {names}")
    if rolling_batch == "auto" and _integer(merged, "batch_size", 1) > 1:
        return "disable"
    if rolling_batch == "lmi-dist" and version >= LMI_DIST_IS_GONE:
        rolling_batch = "vllm"
    engine = merged.get("engine")
    if engine is not None and engine not in ENGINES:
        raise StartupFailed(f"engine={engine} is not served here: choose {' or '.join(ENGINES)}")
    needed, objection = NEEDED_ENGINES.get(rolling_batch, (engine, ""))
    if version < LMI_DIST_IS_GONE and engine is not None and engine != needed:
        raise StartupFailed(objection)
    return rolling_batch


def _output_formatter(merged: Mapping[str, str]) -> OutputFormatter | None:
    name = merged.get("option.output_formatter")
    for formatter in get_args(OutputFormatter):
        if name == formatter:
            return formatter  # type: ignore[no-any-return]
    return None


def _integer(merged: Mapping[str, str], key: str, default: int) -> int:
    text = merged.get(key, str(default))
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise StartupFailed(f"{key}: value is not a valid integer above 0: {text}")
    return int(text)


def _optional(merged: Mapping[str, str], key: str) -> int | None:
    return _integer(merged, key, 1) if key in merged else None
