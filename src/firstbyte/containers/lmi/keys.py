"""The keys of LMI's configuration: those that do something here, those that are taken without an effect, and why.

LMI itself takes any key, since a handler may read it (the reference workload's `option.rolling_batch_type` is such a
key). So an unknown one is no error but a line in the log, which names the nearest known one.
"""

import difflib
from collections.abc import Mapping

EFFECTIVE = frozenset(
    (
        "engine", "batch_size", "job_queue_size", "minWorkers", "retry_threshold",
        "option.async_mode", "option.enable_streaming", "option.entryPoint", "option.handler", "option.max_model_len",
        "option.max_rolling_batch_prefill_tokens", "option.max_rolling_batch_size", "option.model_id",
        "option.model_loading_timeout", "option.output_formatter", "option.predict_timeout", "option.quantize",
        "option.retry_threshold", "option.revision", "option.rolling_batch", "option.s3url",
        "option.speculative_config", "option.speculative_draft_model", "option.speculative_length", "option.tgi_compat",
    )
)  # fmt: skip
"""Keys that do something here; the degrees, which are recorded, are told as well."""

ONE_CPU = "recorded; one CPU runs the whole model here"
NO_ACCELERATOR = "has no effect on a CPU"
NO_ADAPTERS = "has no effect: there are no adapters here"
OWN_WEIGHTS = "recorded; option.quantize says how the engine keeps its weights"
OWN_SCHEDULER = "has no effect: it is about a scheduler that is not used here"
WITHOUT_EFFECT: Mapping[str, str] = {
    "option.tensor_parallel_degree": ONE_CPU,
    "option.pipeline_parallel_degree": ONE_CPU,
    "option.paged_attention": "has had no effect since 0.26; the cache is paged in any case",
    "option.dtype": "recorded; the engine chooses the type of its weights",
    "option.load_in_8bit": OWN_WEIGHTS,
    "option.load_in_4bit": OWN_WEIGHTS,
    "option.load_format": "recorded; safetensors are read",
    "option.gpu_memory_utilization": NO_ACCELERATOR,
    "option.enforce_eager": NO_ACCELERATOR,
    "option.device_map": NO_ACCELERATOR,
    "option.max_output_size": "has no effect: answers are not limited in bytes here",
    "option.low_cpu_mem_usage": "recorded; weights are mapped, not copied",
    "option.trust_remote_code": "recorded; of a model's code only the handler is run, model.py or option.entryPoint",
    "option.draft_model_tp_size": "has no effect: there is no draft model here",
    "option.record_acceptance_rate": "has no effect: /metrics counts drafted and accepted tokens in any case",
    "option.enable_lora": NO_ADAPTERS,
    "option.max_loras": NO_ADAPTERS,
    "option.max_lora_rank": NO_ADAPTERS,
    "option.lora_extra_vocab_size": NO_ADAPTERS,
    "option.max_cpu_loras": NO_ADAPTERS,
    "option.adapters": NO_ADAPTERS,
    "option.decoding_strategy": OWN_SCHEDULER,
    "option.max_sparsity": OWN_SCHEDULER,
    "option.max_splits": OWN_SCHEDULER,
    "option.task": "recorded; text is generated",
    "option.mpi_mode": "recorded; one process runs the whole model here",
    "option.parallel_loading": "has no effect: workers are started one after the other",
    "option.enable_venv": "has no effect: nothing is installed for a model here",
    "option.pythonExecutable": "has no effect: this Python runs a model's own code",
    "option.enable_stateful_sessions": "has no effect: stateful sessions are not served here",
    "option.log_request_metric": "has no effect: /metrics has the latest request in any case",
    "max_batch_delay": "has no effect: requests join the batch between two steps, without waiting for others",
    "max_idle_time": "has no effect: workers stay",
    "load_on_devices": NO_ACCELERATOR,
    "maxWorkers": "recorded; the number of workers is minWorkers",
}
"""Keys that are taken without changing anything, and what to say of them in the log."""

KNOWN = EFFECTIVE | WITHOUT_EFFECT.keys()


def notes_of(merged: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each key that is known and changes nothing."""
    return tuple(f"{key}={merged[key]}: {meaning}" for key, meaning in WITHOUT_EFFECT.items() if key in merged)


def unknown_notes(merged: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each key that is not known, with the nearest known one where there is one near."""
    return tuple(_unknown_note(key) for key in merged if key not in KNOWN)


def _unknown_note(key: str) -> str:
    nearest = difflib.get_close_matches(key, sorted(KNOWN), n=1, cutoff=0.8)
    return f"{key} is not known and ignored" + (f"; did you mean {nearest[0]}?" if nearest else "")
