"""Watches the engine's steps from outside: how many, how long, how many sequences joined. Dialects word it as metrics.

The engine tells its sums only, so a step is seen when one of its tokens arrives, as the difference between two
snapshots of them. What several steps did between two arrivals (a long prompt is read in several) is shared out equally.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from firstbyte.containers.distributions import DURATION_BOUNDS_S, LENGTH_BOUNDS, Distribution
from firstbyte.engine.requests import GenerateRequest
from firstbyte.engine.stats import EngineStats

METHODS = ("prefill", "decode")
"""What a step did: it read prompts (and may have generated, too), or it only generated."""


def _durations() -> dict[str, Distribution]:
    return {method: Distribution(DURATION_BOUNDS_S) for method in METHODS}


@dataclass(slots=True)
class StepWatch:
    """Takes notes of steps; one for each container, used on its event loop only."""

    clock: Callable[[], float] = time.perf_counter
    durations_s: dict[str, Distribution] = field(default_factory=_durations)
    """By method: from one step's tokens to the next one's."""
    failures: Counter[str] = field(default_factory=Counter)
    """Steps that failed, by method."""
    joining: Distribution = field(default_factory=lambda: Distribution(LENGTH_BOUNDS))
    """Sequences whose first token came in the same step."""
    num_joined_others: int = 0
    """How often some joined while others were decoding."""
    max_tokens: int = 0
    """Tokens that the sequences under way may come to, prompts included."""
    _seen: EngineStats = field(default_factory=EngineStats)
    _since_s: float = 0.0
    _num_under_way: int = 0
    _num_joining: int = 0
    _is_beside: bool = False

    def begin(self, request: GenerateRequest) -> None:
        """Note that a request goes to the engine; if it was idle, its next step begins now."""
        if self._num_under_way == 0:
            self._since_s = self.clock()
        self._num_under_way += 1
        self.max_tokens += _most_tokens(request)

    def end(self, request: GenerateRequest) -> None:
        """Note that a request is no longer under way, however it ended."""
        self._num_under_way -= 1
        self.max_tokens -= _most_tokens(request)

    def note(self, stats: EngineStats, *, is_first: bool) -> None:
        """Take in a token, the first of its sequence or a later one, and the engine's sums at its arrival."""
        if stats.num_steps != self._seen.num_steps:
            self.flush()
            self._advance(stats)
        self._num_joining += is_first

    def fail(self, stats: EngineStats) -> None:
        """Take in that a request failed; all that failed in one step are one failure."""
        if stats.num_failures != self._seen.num_failures:
            self.failures[self._method_of(stats)] += 1
            self._advance(stats)

    def flush(self) -> None:
        """Count the sequences that joined in the latest step: no more of them can come."""
        if self._num_joining:
            self.joining.observe(self._num_joining)
            self.num_joined_others += self._is_beside
            self._num_joining = 0

    def _advance(self, stats: EngineStats) -> None:
        now_s = self.clock()
        num_steps = stats.num_steps - self._seen.num_steps
        durations_s = self.durations_s[self._method_of(stats)]
        for _ in range(num_steps):
            durations_s.observe((now_s - self._since_s) / num_steps)
        self._is_beside = self._seen.num_running > 0
        self._seen, self._since_s = stats, now_s

    def _method_of(self, stats: EngineStats) -> str:
        """A step that only generates computes one token for each that it generates."""
        num_computed = stats.num_computed_tokens - self._seen.num_computed_tokens
        num_generated = stats.num_generated_tokens - self._seen.num_generated_tokens
        return "prefill" if num_computed > num_generated else "decode"


def _most_tokens(request: GenerateRequest) -> int:
    return len(request.prompt_ids) + request.max_new_tokens
