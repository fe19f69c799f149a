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

4.  What is alike is computed once, even by those who arrive together. A block is published when it is planned, not when
    it has been computed, so a prompt that is admitted later into the same step already finds the blocks of the prompts
    before it. That is right because a backend stores a layer's keys and values of all the step's tokens before any of
    them attends. If the step fails, `abandon` takes those blocks back.

5.  Guesses take nothing from anybody. Where a step has fewer tokens than `min_prefill_tokens`, greedy sequences may
    have the rest for drafts (prompt_lookup), oldest first, if there are free blocks for them. Each token of a draft is
    checked by the row before it; those after the first wrong one are forgotten, and so are their blocks.

The number of running sequences never exceeds the budget; hence decode tokens alone never do, and a prompt that is
being prefilled always gets at least one token per step.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace

from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.prompt_lookup import find_draft
from firstbyte.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Run:
    """`num_tokens` of a sequence, beginning at position `start`."""

    sequence: Sequence
    start: int
    num_tokens: int
    is_choosing: bool
    """Whether these are the last known tokens, so that the next one is to be chosen."""
    draft: tuple[int, ...] = ()
    """Guessed tokens after them, computed along: the backend chooses what follows each of them, too."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to compute now. Empty when there is no work."""

    runs: tuple[Run, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Tokens of all runs, drafts included."""
        return sum(run.num_tokens + len(run.draft) for run in self.runs)

    @property
    def choosing(self) -> tuple[Run, ...]:
        """The runs for which tokens are chosen, in the order of the backend's rows: 1 + len(draft) for each."""
        return tuple(run for run in self.runs if run.is_choosing)


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """See the module's text for what each does."""

    max_batch_size: int
    budget: int
    """Most tokens in a step."""
    prefill_ratio: int = 2
    min_prefill_tokens: int = 32
    num_draft_tokens: int = 0
    """Most guessed tokens of a sequence in a step."""


class Scheduler:
    """Keeps the queue and the running sequences: `plan` a step, then `settle` what came of it."""

    def __init__(self, pool: BlockPool, limits: SchedulerLimits) -> None:
        self.pool = pool
        self.running: list[Sequence] = []
        self.waiting: deque[Sequence] = deque()
        self.num_preemptions = 0
        self.num_prefix_queries = 0
        self.num_prefix_hits = 0
        self.num_cached_tokens = 0
        self.num_draft_tokens = 0
        self.num_accepted_tokens = 0
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
        runs = [self._start(sequence, 1) for sequence in decoding]
        room = self._limits.budget - len(runs)
        if runs:
            room = min(room, max(self._limits.min_prefill_tokens, self._limits.prefill_ratio * len(runs)))
        for sequence in self.running:
            if sequence.num_pending > 1 and (num_tokens := min(room, sequence.num_pending)):
                runs.append(self._start(sequence, num_tokens))
                room -= num_tokens
        if not has_preempted:
            runs += self._admit(room)
        return Step(tuple(self._speculate(runs)))

    def settle(self, step: Step, token_ids: Ordered[int]) -> list[range]:
        """Record that a step has run and which tokens were chosen, row by row in the order of `step.choosing`.

        Returns for each of those runs the rows whose tokens the sequence has now: the first, and one more for each
        token of its draft that was right.
        """
        for run in step.runs:
            run.sequence.num_computed = run.start + run.num_tokens
        taken: list[range] = []
        first = 0
        for run in step.choosing:
            end = first + 1 + len(run.draft)
            taken.append(self._take_rows(run, first, token_ids[first:end]))
            first = end
        assert first == len(token_ids), "the backend chose a token for each row"
        return taken

    def abandon(self, step: Step) -> None:
        """Take back what was published for a step that has failed; its sequences have to be removed."""
        for run in step.runs:
            self.pool.retract(run.sequence.table, run.start)

    def _take_rows(self, run: Run, first: int, token_ids: Ordered[int]) -> range:
        """Append what was chosen in one run's rows, the first of which is `first`, as far as its draft was right."""
        sequence, num_accepted = run.sequence, _count_equal(run.draft, token_ids)
        for token_id in token_ids[: 1 + num_accepted]:
            sequence.append(token_id)
        if run.draft:
            sequence.num_computed += num_accepted
            self.pool.publish(sequence.table, sequence.token_ids[: sequence.num_computed])
            self.pool.trim(sequence.table, sequence.num_tokens)
            self.num_draft_tokens += len(run.draft)
            self.num_accepted_tokens += num_accepted
        return range(first, first + 1 + num_accepted)

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
            self.num_prefix_queries += reuse and self.pool.prefix_caching
            self.num_prefix_hits += sequence.num_computed > 0
            self.num_cached_tokens += sequence.num_computed
            num_tokens = min(room, sequence.num_pending)
            room -= num_tokens
            yield self._start(sequence, num_tokens)

    def _start(self, sequence: Sequence, num_tokens: int) -> Run:
        """The run of a sequence's next tokens, whose full blocks others find from now on."""
        start = sequence.num_computed
        self.pool.publish(sequence.table, sequence.token_ids[: start + num_tokens])
        return Run(sequence, start, num_tokens, is_choosing=num_tokens == sequence.num_pending)

    def _speculate(self, runs: Ordered[Run]) -> Iterator[Run]:
        """Add drafts while tokens are nearly free."""
        if not self._limits.num_draft_tokens:
            yield from runs
            return
        room = min(self._limits.min_prefill_tokens, self._limits.budget) - sum(run.num_tokens for run in runs)
        for run in runs:
            draft = self._draft(run, min(room, self._limits.num_draft_tokens, run.sequence.num_draftable))
            room -= len(draft)
            yield replace(run, draft=draft) if draft else run

    def _draft(self, run: Run, limit: int) -> tuple[int, ...]:
        """What may follow a decoding run's token, with blocks for it."""
        if limit < 1 or run.num_tokens > 1 or not run.is_choosing:
            return ()
        sequence = run.sequence
        draft = find_draft(sequence.token_ids, limit)
        while draft and not self.pool.can_append(sequence.table, sequence.num_tokens + len(draft)):
            draft = draft[:-1]
        self.pool.append(sequence.table, sequence.num_tokens + len(draft))
        return draft


def _count_equal(draft: Ordered[int], token_ids: Iterable[int]) -> int:
    """How many of the draft's tokens are what was chosen, up to the first that is not."""
    num_equal = 0
    for guessed, chosen in zip(draft, token_ids, strict=False):
        if guessed != chosen:
            break
        num_equal += 1
    return num_equal
