"""Decides what the next step computes. Pure bookkeeping: no clock, no thread, no arithmetic.

A step is a list of (sequence, number of tokens); prefill and decode are not modes but sizes of that number. What is
wanted, in order of weight:

1.  Running streams do not stall. A step takes time in proportion to its tokens once there are more than a handful, so
    every decoding sequence is given its one token first, and prompt tokens are let in only in proportion to them: at
    most `prefill_ratio` for each decoding one. With the ratio at 2 a step is at most three times as long as one that
    only decodes, whatever the machine, which bounds the inter-token latency (the chunked prefill of Sarathi, Agrawal
    et al. 2023, arXiv:2308.16369, with the chunk measured in decoding streams). Below `min_prefill_tokens` the weights
    have to be read from memory anyway and tokens are nearly free, so that many are let in however few decode. When
    nothing decodes there is nobody to stall, and the whole budget goes to prompts.

2.  First come, first served. One queue, admitted from its head only: a small request never overtakes a large one, so
    none waits for ever. Prompt tokens go to the oldest unfinished prompt first; two prompts side by side would both
    have their first token later than one after the other.

3.  Memory is used, not reserved. A sequence is admitted with blocks for the tokens it has, not for those it may still
    generate; when a decoding sequence needs one more block and none is free, the youngest running sequence gives its
    blocks back and goes to the head of the queue. It is computed anew later (its published blocks are often still
    there), and its tokens are the same, since random numbers depend only on seed and position. Running and waiting
    together stay in order of arrival throughout. The oldest is never preempted and every sequence fits into the cache
    alone (`add` asserts it), so the oldest always comes to its end, and by induction so does everyone: no deadlock, no
    livelock. A step that had to preempt admits nobody, or it would hand the blocks straight back.

The number of running sequences never exceeds the budget; hence decode tokens alone never do, and a prompt that is
being prefilled always gets at least one token per step.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Run:
    """`num_tokens` of a sequence, beginning at position `start`."""

    sequence: Sequence
    start: int
    num_tokens: int
    is_choosing: bool
    """Whether these are the last known tokens, so that the next one is to be chosen."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to compute now. Empty when there is no work."""

    runs: tuple[Run, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Tokens of all runs."""
        return sum(run.num_tokens for run in self.runs)

    @property
    def choosing(self) -> tuple[Run, ...]:
        """The runs for which a token is chosen, in the order of the backend's rows."""
        return tuple(run for run in self.runs if run.is_choosing)


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """See the module's text for what each does."""

    max_batch_size: int
    budget: int
    """Most tokens in a step."""
    prefill_ratio: int = 2
    min_prefill_tokens: int = 32


class Scheduler:
    """Keeps the queue and the running sequences: `plan` a step, then `settle` what came of it."""

    def __init__(self, pool: BlockPool, limits: SchedulerLimits) -> None:
        self.pool = pool
        self.running: list[Sequence] = []
        self.waiting: deque[Sequence] = deque()
        self.num_preemptions = 0
        self.num_cached_tokens = 0
        self._limits = limits
        self._max_running = min(limits.max_batch_size, limits.budget)

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence that fits into the cache when it is alone."""
        needed = self.pool.num_blocks_for(sequence.max_tokens)
        assert needed <= self.pool.num_blocks, f"{sequence!r} can never fit: the service must refuse it"
        self.waiting.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence, finished or cancelled, and free its blocks."""
        if sequence in self.running:
            self.running.remove(sequence)
            self.pool.free(sequence.table)
        else:
            self.waiting.remove(sequence)

    def plan(self) -> Step:
        """Choose the next step, giving out blocks as needed."""
        has_preempted = self._grow()
        decoding = [sequence for sequence in self.running if sequence.num_pending == 1]
        runs = [_run(sequence, 1) for sequence in decoding]
        room = self._limits.budget - len(runs)
        if runs:
            room = min(room, max(self._limits.min_prefill_tokens, self._limits.prefill_ratio * len(runs)))
        for sequence in self.running:
            if sequence.num_pending > 1 and (num_tokens := min(room, sequence.num_pending)):
                runs.append(_run(sequence, num_tokens))
                room -= num_tokens
        if not has_preempted:
            runs += self._admit(room)
        return Step(tuple(runs))

    def settle(self, step: Step, token_ids: Iterable[int]) -> None:
        """Record that a step has run and which tokens were chosen, in the order of `step.choosing`."""
        for run in step.runs:
            sequence = run.sequence
            sequence.num_computed = run.start + run.num_tokens
            self.pool.publish(sequence.table, sequence.token_ids[: sequence.num_computed])
        for run, token_id in zip(step.choosing, token_ids, strict=True):
            run.sequence.append(token_id)

    def _grow(self) -> bool:
        """Give every running sequence blocks for its tokens, oldest first; whether that took a preemption."""
        num_before = self.num_preemptions
        for sequence in tuple(self.running):
            while sequence in self.running and not self.pool.can_append(sequence.table, sequence.num_tokens):
                self._preempt(self.running[-1])
            if sequence in self.running:
                self.pool.append(sequence.table, sequence.num_tokens)
        return self.num_preemptions > num_before

    def _preempt(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.pool.free(sequence.table)
        sequence.num_computed = 0
        self.waiting.appendleft(sequence)
        self.num_preemptions += 1

    def _admit(self, room: int) -> Iterator[Run]:
        """Start the sequences at the head of the queue while there are tokens, places and blocks for them."""
        while room and self.waiting and len(self.running) < self._max_running:
            sequence = self.waiting[0]
            reuse = not sequence.request.prompt_logprobs  # every prompt position has to be computed
            if not self.pool.can_allocate(sequence.table, sequence.token_ids, reuse=reuse):
                return
            self.running.append(self.waiting.popleft())
            sequence.num_computed = self.pool.allocate(sequence.table, sequence.token_ids, reuse=reuse)
            self.num_cached_tokens += sequence.num_computed
            num_tokens = min(room, sequence.num_pending)
            room -= num_tokens
            yield _run(sequence, num_tokens)


def _run(sequence: Sequence, num_tokens: int) -> Run:
    return Run(sequence, sequence.num_computed, num_tokens, is_choosing=num_tokens == sequence.num_pending)
