"""TGI's launcher options, read from the environment as its SageMaker start script and launcher do.

Two stages: `read_options` needs the environment only; `settle_limits` also needs the model's longest position, so it
runs when the model's configuration is known. Both say what is wrong in the launcher's words.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import overload

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.tgi.changes import LIMITS_FOLLOW_MODEL
from firstbyte.containers.versions import Version
from firstbyte.engine.watermark import Watermark

LONGEST_DEFAULT_TOTAL = 4096
"""Before 3.0 the launcher goes no further than this by default, however long the model's positions are."""
PREFILL_MARGIN = 50

SAGEMAKER_NAMES = {
    "MODEL_ID": "HF_MODEL_ID",
    "REVISION": "HF_MODEL_REVISION",
    "NUM_SHARD": "SM_NUM_GPUS",
    "QUANTIZE": "HF_MODEL_QUANTIZE",
    "TRUST_REMOTE_CODE": "HF_MODEL_TRUST_REMOTE_CODE",
}
"""Launcher option -> the variable from which SageMaker's start script sets it; that variable wins."""

QUANTIZE_CHOICES = (
    "awq", "compressed-tensors", "eetq", "exl2", "gptq", "marlin",
    "bitsandbytes", "bitsandbytes-nf4", "bitsandbytes-fp4", "fp8",
    "int8", "int4", "none",
)  # fmt: skip
"""TGI's, for which the engine takes what is nearest on a CPU, and the engine's own three."""
MEANINGS = {
    "NUM_SHARD": "recorded; one CPU runs the whole model here",
    "SHARDED": "recorded; one CPU runs the whole model here",
    "DTYPE": "recorded; the engine chooses the type of its weights",
    "KV_CACHE_DTYPE": "recorded; the engine chooses the type of its cache",
    "TRUST_REMOTE_CODE": "recorded; no code from a model is ever run here",
    "CUDA_MEMORY_FRACTION": "has no effect on a CPU",
    "CUDA_GRAPHS": "has no effect on a CPU",
    "MAX_WAITING_TOKENS": "recorded; waiting requests join the batch at once here",
    "WAITING_SERVED_RATIO": "recorded; waiting requests join the batch at once here",
    "LORA_ADAPTERS": "has no effect here; requests that name an adapter are refused",
}
"""Options that are taken without changing anything here, and what to say of them in the log."""


@dataclass(frozen=True, slots=True)
class TgiOptions:
    """The launcher's options as given; None where a default depends on the model."""

    version: Version
    model_id: str
    revision: str | None = None
    hub_token: str | None = None
    max_concurrent_requests: int = 128
    max_best_of: int = 2
    max_stop_sequences: int = 4
    max_top_n_tokens: int = 5
    max_client_batch_size: int = 4
    max_input_tokens: int | None = None
    max_total_tokens: int | None = None
    max_batch_prefill_tokens: int | None = None
    max_batch_total_tokens: int | None = None
    max_batch_size: int | None = None
    max_waiting_tokens: int = 20
    waiting_served_ratio: float = 0.3
    validation_workers: int = 2
    payload_limit_bytes: int = 2_000_000
    graceful_termination_timeout_s: int = 90
    num_shard: int | None = None
    quantize: str | None = None
    dtype: str | None = None
    speculate: int = 0
    """Tokens of n-gram speculation; greedy generations only."""
    watermark: Watermark = field(default_factory=Watermark)
    """Of the requests that ask for one."""
    api_key: str | None = None
    cors_allow_origin: tuple[str, ...] = ()
    """Origins that a browser's page may come from; empty for any."""
    compute_type: str = "cpu+optimized"
    is_messages_api_enabled: bool = False
    is_grammar_supported: bool = True
    stops_anywhere: bool = False
    """Whether a stop string also counts across tokens; FIRSTBYTE_STOP_ANYWHERE, which TGI does not have."""
    notes: tuple[str, ...] = ()
    """One line for each option that is accepted but changes nothing here."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes that hold once the model is known, in tokens."""

    max_input_tokens: int
    max_total_tokens: int
    max_batch_prefill_tokens: int
    max_batch_total_tokens: int | None


def read_options(environment: Mapping[str, str], version: Version) -> TgiOptions:
    """Read the launcher's options from a container's environment.

    Raises:
        StartupFailed: HF_MODEL_ID is missing, or a value cannot be read.
    """
    values = {name: value for name, value in environment.items() if value != ""}
    for option, sagemaker_name in SAGEMAKER_NAMES.items():
        if sagemaker_name in values:
            values[option] = values[sagemaker_name]
    if "HF_MODEL_ID" not in values:
        raise StartupFailed("HF_MODEL_ID must be set")
    read = _Reader(values)
    return TgiOptions(
        version=version,
        model_id=values["MODEL_ID"],
        revision=values.get("REVISION"),
        hub_token=values.get("HF_TOKEN") or values.get("HUGGING_FACE_HUB_TOKEN"),
        max_concurrent_requests=read.integer("MAX_CONCURRENT_REQUESTS", 128),
        max_best_of=read.integer("MAX_BEST_OF", 2),
        max_stop_sequences=read.integer("MAX_STOP_SEQUENCES", 4),
        max_top_n_tokens=read.integer("MAX_TOP_N_TOKENS", 5),
        max_client_batch_size=read.integer("MAX_CLIENT_BATCH_SIZE", 4),
        max_input_tokens=_max_input_tokens(read),
        max_total_tokens=read.integer("MAX_TOTAL_TOKENS"),
        max_batch_prefill_tokens=read.integer("MAX_BATCH_PREFILL_TOKENS"),
        max_batch_total_tokens=read.integer("MAX_BATCH_TOTAL_TOKENS"),
        max_batch_size=read.integer("MAX_BATCH_SIZE"),
        max_waiting_tokens=read.integer("MAX_WAITING_TOKENS", 20),
        waiting_served_ratio=read.number("WAITING_SERVED_RATIO", 0.3),
        validation_workers=read.integer("VALIDATION_WORKERS", 2),
        payload_limit_bytes=read.integer("PAYLOAD_LIMIT", 2_000_000),
        graceful_termination_timeout_s=read.integer("GRACEFUL_TERMINATION_TIMEOUT", 90),
        num_shard=read.integer("NUM_SHARD"),
        quantize=read.choice("QUANTIZE", QUANTIZE_CHOICES),
        dtype=read.choice("DTYPE", ("float16", "bfloat16")),
        speculate=read.integer("SPECULATE", 0),
        watermark=_watermark(read),
        api_key=values.get("API_KEY"),
        cors_allow_origin=tuple(filter(None, values.get("CORS_ALLOW_ORIGIN", "").split(","))),
        compute_type=values.get("COMPUTE_TYPE", "cpu+optimized"),
        is_messages_api_enabled=read.flag("MESSAGES_API_ENABLED"),
        stops_anywhere=read.flag("FIRSTBYTE_STOP_ANYWHERE"),
        is_grammar_supported=not read.flag("DISABLE_GRAMMAR_SUPPORT"),
        notes=tuple(f"{name}={values[name]}: {meaning}" for name, meaning in MEANINGS.items() if name in values),
    )


def settle_limits(options: TgiOptions, max_position_embeddings: int | None) -> Limits:
    """Derive the limits that were not given from the model's longest position, and check that they fit each other.

    Raises:
        StartupFailed: they do not.
    """
    longest = max_position_embeddings or LONGEST_DEFAULT_TOTAL
    if options.version < LIMITS_FOLLOW_MODEL:
        longest = min(longest, LONGEST_DEFAULT_TOTAL)
    total = _given(options.max_total_tokens, longest)
    # From 3.0 the two sizes follow each other; before, each has its own default.
    max_input = _given(options.max_input_tokens, total - 1 if options.version >= LIMITS_FOLLOW_MODEL else longest - 1)
    limits = Limits(max_input, total, _prefill_tokens(options, max_input, longest), options.max_batch_total_tokens)
    _check_limits(options, limits)
    return limits


def _prefill_tokens(options: TgiOptions, max_input_tokens: int, longest: int) -> int:
    if options.max_batch_prefill_tokens is not None:
        return options.max_batch_prefill_tokens
    if options.max_batch_size is not None:
        return options.max_batch_size * max_input_tokens
    return (
        min(LONGEST_DEFAULT_TOTAL, longest)
        if options.version >= LIMITS_FOLLOW_MODEL
        else max_input_tokens + PREFILL_MARGIN
    )


def _check_limits(options: TgiOptions, limits: Limits) -> None:
    max_input, total, prefill = limits.max_input_tokens, limits.max_total_tokens, limits.max_batch_prefill_tokens
    batch_total = limits.max_batch_total_tokens
    if max_input >= total:
        raise StartupFailed(
            f"`max_input_tokens`({max_input}) must be < `max_total_tokens`({total})"
            if options.version >= LIMITS_FOLLOW_MODEL
            else "`max_input_tokens must be < `max_total_tokens`"  # the missing back-quote is TGI's
        )
    if options.version < LIMITS_FOLLOW_MODEL and max_input > prefill:
        raise StartupFailed(
            f"`max_batch_prefill_tokens` must be >= `max_input_tokens`. Given: {prefill} and {max_input}"
        )
    if options.validation_workers == 0:
        raise StartupFailed("`validation_workers` must be > 0")
    if batch_total is not None and prefill > batch_total:
        raise StartupFailed(
            f"`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: {prefill} and {batch_total}"
        )
    if batch_total is not None and total > batch_total:
        raise StartupFailed(f"`max_total_tokens` must be <= `max_batch_total_tokens`. Given: {total} and {batch_total}")


def _given(value: int | None, default: int) -> int:
    return default if value is None else value


class _Reader:
    """Reads values as the launcher's argument parser does, and objects in its words."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @overload
    def integer(self, name: str, default: int) -> int: ...
    @overload
    def integer(self, name: str) -> int | None: ...
    def integer(self, name: str, default: int | None = None) -> int | None:
        """A non-negative whole number, or `default`."""
        text = self._values.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()):
            raise self._objection(name, text, "invalid digit found in string")
        return int(text)

    def number(self, name: str, default: float) -> float:
        """A decimal number, or `default`."""
        text = self._values.get(name)
        try:
            return default if text is None else float(text)
        except ValueError:
            raise self._objection(name, str(text), "invalid float literal") from None

    def flag(self, name: str) -> bool:
        """True for `true`; unset is False."""
        text = self._values.get(name, "false")
        if text.lower() not in ("true", "false"):
            raise self._objection(name, text, "[possible values: true, false]")
        return text.lower() == "true"

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of `choices`, or None when unset."""
        text = self._values.get(name)
        if text is not None and text not in choices:
            raise self._objection(name, text, f"[possible values: {', '.join(choices)}]")
        return text

    def _objection(self, name: str, text: str, reason: str) -> StartupFailed:
        option = name.lower().replace("_", "-")
        separator = " " if reason.startswith("[") else ": "
        return StartupFailed(f"invalid value '{text}' for '--{option} <{name}>'{separator}{reason}")


def _watermark(read: _Reader) -> Watermark:
    neutral = Watermark()
    gamma = read.number("WATERMARK_GAMMA", neutral.gamma)
    watermark = Watermark(gamma, read.number("WATERMARK_DELTA", neutral.delta))
    if not 0 <= watermark.gamma <= 1:  # the launcher takes any, and its shards then fail at the first request
        raise StartupFailed(f"`watermark_gamma` must be >= 0.0 and <= 1.0. Given: {watermark.gamma}")
    if not math.isfinite(watermark.delta):
        raise StartupFailed(f"`watermark_delta` must be finite. Given: {watermark.delta}")
    return watermark


def _max_input_tokens(read: _Reader) -> int | None:
    tokens, length = read.integer("MAX_INPUT_TOKENS"), read.integer("MAX_INPUT_LENGTH")
    if tokens is not None and length is not None:
        raise StartupFailed(
            f"Both `max_input_tokens` ({tokens}) and `max_input_length` ({length}) are set. Please define only "
            "`max_input_tokens` as `max_input_length is deprecated for naming consistency."
        )
    return tokens if length is None else length
