"""What a stream's timing says, and the picture of it that a person reads at a glance.

Used by `demo`; times are seconds by `time.perf_counter`, one arrival per payload part, which is one per token.
"""

import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a column, from none to whole."""


@dataclass(slots=True)
class TimedBody:
    """Passes a response's body on, noting when each payload part came."""

    body: Iterable[Mapping[str, Any]]
    arrivals: list[float] = field(default_factory=list)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for event in self.body:
            self.arrivals.append(time.perf_counter())
            yield event


@dataclass(frozen=True, slots=True)
class Timing:
    """One streamed answer beside an answer to such a request without streaming."""

    num_tokens: int
    ttfb_s: float
    """From the call to the first payload part."""
    streamed_s: float
    """From the call to the last payload part."""
    itl_s: float
    """Median time between two payload parts; 0 for a single one."""
    tokens_per_s: float
    """Payload parts per second after the first; 0 for a single one."""
    whole_s: float
    """From the call to the whole answer, without streaming."""


def measure(called_at: float, arrivals: list[float], whole_s: float) -> Timing:
    """Reduce the arrivals of one stream to its figures. Raises ValueError when nothing arrived."""
    if not arrivals:
        raise ValueError("a stream without a single part has no timing")
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    decoding_s = arrivals[-1] - arrivals[0]
    return Timing(
        num_tokens=len(arrivals),
        ttfb_s=arrivals[0] - called_at,
        streamed_s=arrivals[-1] - called_at,
        itl_s=statistics.median(gaps) if gaps else 0.0,
        tokens_per_s=len(gaps) / decoding_s if decoding_s else 0.0,
        whole_s=whole_s,
    )


def bar(value: float, longest: float, num_columns: int, *, ascii_only: bool = False) -> str:
    """Draw `value` as a bar, `longest` being `num_columns` columns; the smallest value still shows as a hint."""
    columns = num_columns * min(1.0, value / longest) if longest > 0 else 0.0
    if ascii_only:
        return "#" * max(1, round(columns))
    eighths = max(1, round(columns * 8))
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def seconds(value_s: float) -> str:
    """Say a duration in the unit a person would use: `840 µs`, `23 ms`, `1.31 s`."""
    if value_s < 0.001:
        return f"{value_s * 1e6:.0f} µs"
    if value_s < 0.01:
        return f"{value_s * 1e3:.1f} ms"
    return f"{value_s * 1e3:.0f} ms" if value_s < 1 else f"{value_s:.2f} s"
