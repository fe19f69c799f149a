"""The engine's settings, written once; containers fill them from their dialect's variables."""

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from firstbyte.engine.errors import OptionsError

BackendName = Literal["auto", "native", "reference", "echo"]
KvCacheDtype = Literal["float32", "float16", "int8"]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How one model is run. All numbers are at least 1; raises `OptionsError` for one that is not."""

    backend: BackendName = "auto"
    """`auto` takes the native backend where it is built, and otherwise the reference."""
    max_batch_size: int = 64
    """Most sequences running at a time."""
    max_batch_prefill_tokens: int = 4096
    """Most tokens, decoded and prefilled together, in one step."""
    max_total_tokens: int | None = None
    """Most tokens of one sequence, prompt and generated; None takes 4096. Never more than the model's positions."""
    max_batch_total_tokens: int | None = None
    """Tokens that the KV cache holds; None takes `max_total_tokens` × `max_batch_size`."""
    num_blocks: int | None = None
    """The KV cache in blocks, where that is wanted exactly; wins over `max_batch_total_tokens`."""
    block_len: int = 16
    """Tokens in a block of the KV cache."""
    prefill_ratio: int = 2
    """Prompt tokens let into a step for each sequence that decodes in it; see `scheduler`."""
    min_prefill_tokens: int = 32
    """Prompt tokens let into a step however few sequences decode in it."""
    max_queue: int = 1000
    """Most requests waiting to be admitted; one more raises `Overloaded`."""
    prefix_caching: bool = True
    """Whether blocks of equal prefixes are computed once."""
    prompt_lookup_num_tokens: int | None = None
    """Tokens that prompt lookup may guess for each greedy sequence in a step, for the model to check; None is off. The
    generated tokens are the same either way."""
    quantize: str | None = None
    """Weight format of the native backend (its own names); the reference always computes in float32."""
    kv_cache_dtype: KvCacheDtype | None = None
    """How the native backend keeps keys and values; None takes float16, and float32 with `quantize="none"`."""
    dtype: str | None = None
    """What the user asked for; recorded, since the CPU backends choose their own."""
    num_threads: int | None = None
    """Threads of the native backend; None takes all cores."""
    tensor_parallel_degree: int = 1
    """Recorded only: one process runs the whole model."""
    cache_dir: Path | None = None
    """Where a backend may keep packed weights."""

    def __post_init__(self) -> None:
        _check_choice("backend", self.backend, get_args(BackendName))
        if self.kv_cache_dtype is not None:
            _check_choice("kv_cache_dtype", self.kv_cache_dtype, get_args(KvCacheDtype))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and not isinstance(value, bool) and value < 1:
                raise OptionsError(f"{field.name} must be at least 1, not {value}")


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        nearest = difflib.get_close_matches(str(value), known, n=1, cutoff=0)[0]
        raise OptionsError(f"there is no {name} {value!r}: did you mean {nearest!r}?")
