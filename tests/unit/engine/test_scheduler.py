"""The scheduler as transcripts: what arrives, and what each step then runs.

Lines beginning with `>` are said to the scheduler; `run` lines are what it answers, one for each step, with a `*`
where a token is chosen and `+n` where n guessed ones are computed along. A prompt is one token over and over, a
different one for each name unless it is `like` another.
"""

import re
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.requests import GenerateRequest
from firstbyte.engine.scheduler import Run, Scheduler, SchedulerLimits
from firstbyte.engine.sequence import Sequence


class Stage:
    """A scheduler and the sequences on it, by name."""

    def __init__(self, num_blocks: int = 64, block_len: int = 4, **limits: int) -> None:
        defaults = {"max_batch_size": 8, "budget": 16, "prefill_ratio": 2, "min_prefill_tokens": 4}
        self.scheduler = Scheduler(BlockPool(num_blocks, block_len), SchedulerLimits(**defaults | limits))
        self.sequences: dict[str, Sequence] = {}

    def arrive(self, name: str, num_prompt: int, like: str | None = None) -> None:
        prompt = (100 + ord(like or name),) * num_prompt
        self.sequences[name] = Sequence(len(self.sequences), GenerateRequest(prompt, max_new_tokens=16))
        self.scheduler.add(self.sequences[name])

    def leave(self, name: str) -> None:
        self.scheduler.remove(self.sequences[name])

    def run(self) -> str:
        names = {id(sequence): name for name, sequence in self.sequences.items()}
        step = self.scheduler.plan()
        words = [f"{names[id(run.sequence)]}:{_amount(run)}" for run in step.runs]
        self.scheduler.settle(step, [7] * sum(1 + len(run.draft) for run in step.choosing))
        return " ".join(["run", *words])

    def play(self, transcript: str) -> None:
        """Act a transcript; the answers must be the ones written down."""
        expected = [line.strip() for line in transcript.strip().splitlines()]
        actual = [line if line.startswith(">") else self.run() for line in self._act(expected)]
        assert "\n".join(actual) == "\n".join(expected)

    def _act(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            if found := re.fullmatch(r"> (\w) arrives with (\d+)(?: like (\w))?", line):
                self.arrive(found[1], int(found[2]), found[3])
            elif found := re.fullmatch(r"> (\w) leaves", line):
                self.leave(found[1])
            else:
                assert line.startswith("run"), f"not understood: {line}"
            yield line


def _amount(run: Run) -> str:
    return f"{run.num_tokens}{f'+{len(run.draft)}' if run.draft else ''}{'*' * run.is_choosing}"


def test_a_prompt_is_prefilled_then_decoded() -> None:
    Stage().play("""
        > a arrives with 10
        run a:10*
        run a:1*
        run a:1*
        > a leaves
        run
    """)


def test_a_long_prompt_comes_in_pieces_of_the_budget() -> None:
    Stage(budget=8).play("""
        > a arrives with 20
        run a:8
        run a:8
        run a:4*
        run a:1*
    """)


def test_several_prompts_share_a_step_in_order_of_arrival() -> None:
    Stage(budget=16).play("""
        > a arrives with 6
        > b arrives with 6
        > c arrives with 6
        run a:6* b:6* c:4
        run a:1* b:1* c:2*
        run a:1* b:1* c:1*
    """)


def test_decoding_comes_first_and_prefill_is_bounded_beside_it() -> None:
    Stage(prefill_ratio=2, min_prefill_tokens=3).play("""
        > a arrives with 4
        run a:4*
        > b arrives with 10
        run a:1* b:3
        run a:1* b:3
        run a:1* b:3
        run a:1* b:1*
        run a:1* b:1*
        > c arrives with 10
        run a:1* b:1* c:4
    """)


def test_the_batch_has_a_largest_size() -> None:
    Stage(max_batch_size=2).play("""
        > a arrives with 2
        > b arrives with 2
        > c arrives with 2
        run a:2* b:2*
        run a:1* b:1*
        > a leaves
        run b:1* c:2*
    """)


def test_a_budget_below_the_batch_size_bounds_the_batch() -> None:
    Stage(budget=2, max_batch_size=8).play("""
        > a arrives with 3
        > b arrives with 1
        > c arrives with 1
        run a:2
        run a:1* b:1*
        run a:1* b:1*
        > a leaves
        run b:1* c:1*
    """)


def test_nobody_overtakes_a_request_that_waits_for_blocks() -> None:
    Stage(num_blocks=8, block_len=4).play("""
        > a arrives with 12
        run a:12*
        > b arrives with 12
        > c arrives with 12
        > d arrives with 1
        run a:1* b:4
        run a:1* b:4
        run a:1* b:4*
        run a:1* b:1*
        > a leaves
        run b:1* c:4
    """)


def test_the_youngest_is_preempted_and_comes_back_first() -> None:
    """Both fill three of six blocks; a needs a fourth, and b's first two are still there when it returns."""
    Stage(num_blocks=6, block_len=4).play("""
        > a arrives with 8
        > b arrives with 8
        run a:8* b:8*
        run a:1* b:1*
        run a:1* b:1*
        run a:1* b:1*
        run a:1* b:1*
        > c arrives with 1
        run a:1*
        run a:1*
        > a leaves
        run b:5* c:1*
    """)


def test_an_equal_prefix_is_computed_once() -> None:
    Stage().play("""
        > a arrives with 10
        run a:10*
        > b arrives with 12 like a
        run a:1* b:4*
    """)


def test_prompts_that_arrive_together_share_what_is_alike() -> None:
    stage = Stage(budget=40)
    stage.play("""
        > a arrives with 10
        > b arrives with 12 like a
        > c arrives with 9
        > d arrives with 10 like c
        run a:10* b:4* c:9* d:2*
    """)

    scheduler = stage.scheduler
    assert (scheduler.num_prefix_queries, scheduler.num_prefix_hits, scheduler.num_cached_tokens) == (4, 2, 16)


def test_nothing_of_a_step_that_failed_is_found() -> None:
    stage = Stage(budget=8)
    stage.play("""
        > a arrives with 12
        run a:8
        > b arrives with 12 like a
    """)
    step = stage.scheduler.plan()  # a:4* b:4*, where b has found the first eight and the last four of a's
    stage.scheduler.abandon(step)
    stage.play("""
        > a leaves
        > b leaves
        > c arrives with 16 like a
        run c:8*
    """)


def test_drafts_have_what_prompts_leave_of_the_cheap_tokens() -> None:
    """The sevens that are chosen come again and again, as guessed."""
    Stage(min_prefill_tokens=4, num_draft_tokens=3).play("""
        > a arrives with 3
        run a:3*
        run a:1*
        run a:1*
        run a:1+1*
        run a:1+2*
        > b arrives with 2
        run a:1+1* b:2*
        run a:1+2* b:1*
        > c arrives with 4
        run a:1* b:1* c:4*
    """)


def test_a_wrong_draft_costs_no_block() -> None:
    stage = Stage(block_len=2, num_blocks=8, num_draft_tokens=3)
    sequence = stage.sequences["a"] = Sequence(0, GenerateRequest((1, 2, 3, 4, 1), max_new_tokens=8))
    stage.scheduler.add(sequence)
    stage.scheduler.settle(stage.scheduler.plan(), [2])

    step = stage.scheduler.plan()
    assert step.runs[0].draft == (3, 4, 1)
    assert len(sequence.table.blocks) == 5
    stage.scheduler.settle(step, [3, 9, 1, 2])  # right, wrong, and what follows the wrong one

    assert sequence.token_ids.tolist() == [1, 2, 3, 4, 1, 2, 3, 9]
    assert (sequence.num_computed, len(sequence.table.blocks)) == (7, 4)
    assert (stage.scheduler.num_draft_tokens, stage.scheduler.num_accepted_tokens) == (3, 1)


def test_cancelling_frees_blocks_whether_running_or_waiting() -> None:
    stage = Stage(max_batch_size=1)
    stage.play("""
        > a arrives with 10
        > b arrives with 10
        run a:10*
        > b leaves
        > a leaves
        run
    """)

    assert stage.scheduler.pool.num_free == stage.scheduler.pool.num_blocks


def test_a_sequence_that_can_never_fit_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="must refuse"):
        Stage(num_blocks=2).arrive("a", 10)


class Traffic(RuleBasedStateMachine):
    """Any arrivals and cancellations; the next token depends on all tokens before it, so a lost one would show."""

    @initialize(
        num_blocks=st.integers(6, 14),
        budget=st.integers(1, 12),
        max_batch_size=st.integers(1, 5),
        prefill_ratio=st.integers(1, 3),
        prefix_caching=st.booleans(),
        num_draft_tokens=st.integers(0, 3),
    )
    def start(
        self,
        num_blocks: int,
        budget: int,
        max_batch_size: int,
        prefill_ratio: int,
        prefix_caching: bool,
        num_draft_tokens: int,
    ) -> None:
        cheap = 6 if num_draft_tokens else 2
        limits = SchedulerLimits(max_batch_size, budget, prefill_ratio, cheap, num_draft_tokens)
        self.limits = limits
        self.scheduler = Scheduler(BlockPool(num_blocks, 2, prefix_caching=prefix_caching), limits)
        self.live: list[Sequence] = []
        self.num_steps = 0

    @precondition(lambda self: len(self.live) < 8)
    @rule(prompt=st.lists(st.integers(0, 2), min_size=1, max_size=7), max_new_tokens=st.integers(1, 5))
    def arrive(self, prompt: list[int], max_new_tokens: int) -> None:
        sequence = Sequence(self.num_steps, GenerateRequest(tuple(prompt), max_new_tokens))
        self.scheduler.add(sequence)
        self.live.append(sequence)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(self.live))
        self.live.remove(sequence)
        self.scheduler.remove(sequence)

    @rule()
    def step(self) -> None:
        step = self.scheduler.plan()
        assert step.num_tokens <= self.limits.budget
        assert bool(step.runs) == bool(self.live), "there is a step whenever there is work"
        for run in step.runs:
            assert run.start == run.sequence.num_computed
            assert 1 <= run.num_tokens <= run.sequence.num_pending
            num_held = run.start + run.num_tokens + len(run.draft)
            assert self.scheduler.pool.num_blocks_for(num_held) <= len(run.sequence.table.blocks)
            assert not run.draft or run.is_choosing
        if self.live:
            assert self.live[0] in [run.sequence for run in step.runs], "the oldest is in every step"
        chosen = [_next_of(run, num) for run in step.choosing for num in range(1 + len(run.draft))]
        self.scheduler.settle(step, chosen)
        for run in step.choosing:
            if run.sequence.num_generated == run.sequence.request.max_new_tokens:
                self.scheduler.remove(run.sequence)
                self.live.remove(run.sequence)
                self._check_result(run.sequence)
        self.num_steps += 1

    def _check_result(self, sequence: Sequence) -> None:
        """A preempted sequence ends as one that ran alone would."""
        expected = list(sequence.request.prompt_ids)
        for _ in range(sequence.request.max_new_tokens):
            expected.append(sum(expected) % 3)
        assert sequence.token_ids.tolist() == expected

    @invariant()
    def order_of_arrival_is_kept(self) -> None:
        if hasattr(self, "live"):
            assert [*self.scheduler.running, *self.scheduler.waiting] == self.live

    @invariant()
    def no_block_is_lost(self) -> None:
        if hasattr(self, "live"):
            pool = self.scheduler.pool
            owned = {block for sequence in self.live for block in sequence.table.blocks}
            assert pool.num_free + len(owned) == pool.num_blocks

    def teardown(self) -> None:
        """Whatever happened, everything ends in bounded time once nothing more arrives."""
        if hasattr(self, "live"):
            limit = sum(sequence.max_tokens for sequence in self.live) * (len(self.live) + 1)
            for _ in range(limit):
                if self.live:
                    self.step()
            assert not self.live
            assert self.scheduler.pool.num_free == self.scheduler.pool.num_blocks


def _next_of(run: Run, num_drafted: int) -> int:
    return (int(run.sequence.token_ids.sum()) + sum(run.draft[:num_drafted])) % 3


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=80, stateful_step_count=30)
