"""Sampling plans by hand."""

from typing import Any

import numpy as np

from firstbyte.engine.backends.backend import SamplingPlans

_NEUTRAL: dict[str, tuple[Any, Any]] = {
    "is_sampled": (False, np.bool_),
    "temperature": (1.0, np.float32),
    "top_k": (0, np.int32),
    "top_p": (1.0, np.float32),
    "typical_p": (1.0, np.float32),
    "repetition_penalty": (1.0, np.float32),
    "frequency_penalty": (0.0, np.float32),
    "green_bias": (0.0, np.float32),
    "seeds": (0, np.uint64),
    "draws": (0, np.uint64),
    "num_top": (0, np.int32),
}


def plans_of(num_rows: int, history: list[list[int]] | None = None, **given: Any) -> SamplingPlans:
    """Neutral plans for `num_rows`, but for what is given: one value for all rows or one for each."""
    history = history or [[]] * num_rows
    arrays: dict[str, Any] = {
        name: np.broadcast_to(np.array(given.get(name, value), dtype), num_rows).copy()
        for name, (value, dtype) in _NEUTRAL.items()
    }
    return SamplingPlans(
        sequences=np.arange(num_rows, dtype=np.int32),
        history_ids=np.array([token for row in history for token in row], np.int32),
        history_starts=np.cumsum([0, *map(len, history)]).astype(np.int32),
        **arrays,
    )
