"""A step as flat arrays; and that nothing about steps, chunks and neighbours shows in the result."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.checkpoints import write_checkpoint
from fakes.steps import run_of
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.batch import build_batch, score_starts
from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.scheduler import Scheduler, SchedulerLimits, Step
from firstbyte.engine.sequence import Sequence
from firstbyte.engine.watermark import Watermark, green_bits


def sequence(*prompt_ids: int, blocks: tuple[int, ...] = (), computed: int = 0, **request: object) -> Sequence:
    made = Sequence(0, GenerateRequest(prompt_ids, 8, **request), seed=77)  # type: ignore[arg-type]
    made.table.blocks.extend(blocks)
    made.num_computed = computed
    return made


def test_tokens_lie_sequence_by_sequence() -> None:
    decoding = sequence(4, 5, 6, blocks=(9,), computed=2)
    prefilling = sequence(7, 8, 9, 10, 11, blocks=(2, 3), computed=1)

    batch = build_batch(Step((run_of(decoding, 1), run_of(prefilling, 3))))

    assert batch.token_ids.tolist() == [6, 8, 9, 10]
    assert batch.positions.tolist() == [2, 1, 2, 3]
    assert batch.starts.tolist() == [0, 1, 4]
    assert batch.context_lens.tolist() == [3, 4]
    assert batch.block_tables.tolist() == [[9, -1], [2, 3]]
    assert batch.plans.sequences.tolist() == [0]


def test_each_token_of_a_draft_is_a_sequence_that_shares_the_blocks() -> None:
    penalised = Sampling(repetition_penalty=1.1)
    guessing = sequence(4, 5, 6, blocks=(9, 8), computed=2, sampling=penalised)
    other = sequence(7, 8, blocks=(3,), computed=1)

    batch = build_batch(Step((replace(run_of(guessing, 1), draft=(5, 2)), run_of(other, 1))))

    assert batch.token_ids.tolist() == [6, 5, 2, 8]
    assert batch.positions.tolist() == [2, 3, 4, 1]
    assert batch.context_lens.tolist() == [3, 4, 5, 2]
    assert batch.block_tables.tolist() == [[9, 8], [9, 8], [9, 8], [3, -1]]
    assert batch.plans.sequences.tolist() == [0, 1, 2, 3]
    assert batch.plans.draws.tolist() == [0, 1, 2, 0]
    assert batch.plans.history_ids.tolist() == [4, 5, 6, 4, 5, 6, 5, 4, 5, 6, 5, 2]
    assert batch.plans.history_starts.tolist() == [0, 3, 7, 12, 12]


def test_all_arrays_are_as_the_seam_says() -> None:
    batch = build_batch(Step((run_of(sequence(4, 5, blocks=(0,)), 2),)))

    for array in (batch.token_ids, batch.positions, batch.starts, batch.context_lens, batch.block_tables):
        assert (array.dtype, array.flags.c_contiguous) == (np.dtype(np.int32), True)
    assert batch.plans.temperature.dtype == batch.plans.repetition_penalty.dtype == np.float32
    assert batch.plans.seeds.tolist() == [77]


def test_histories_are_sent_only_where_a_penalty_needs_them() -> None:
    plain = sequence(4, 5, 6, blocks=(0,), computed=2)
    penalised = sequence(7, 8, blocks=(1,), computed=1, sampling=Sampling(repetition_penalty=1.1))
    penalised.append(9)
    penalised.num_computed = 2

    plans = build_batch(Step((run_of(plain, 1), run_of(penalised, 1)))).plans

    assert plans.history_ids.tolist() == [7, 8, 9]
    assert plans.history_starts.tolist() == [0, 0, 3]
    assert plans.draws.tolist() == [0, 1]


def test_a_watermark_follows_the_token_before_each_row() -> None:
    marked = sequence(4, 5, 6, blocks=(9, 8), computed=2, sampling=Sampling(watermark=Watermark(0.25, 4.0)))
    plain = sequence(7, 8, blocks=(3,), computed=1)

    plans = build_batch(Step((replace(run_of(marked, 1), draft=(5,)), run_of(plain, 1))), vocab_size=70).plans

    assert plans.green_bias.tolist() == [4.0, 4.0, 0.0]
    assert plans.green is not None
    assert plans.green.tolist() == [green_bits(6, 70, 0.25).tolist(), green_bits(5, 70, 0.25).tolist(), [0, 0, 0]]
    assert build_batch(Step((run_of(plain, 1),)), vocab_size=70).plans.green is None


def test_values_beyond_float32_become_its_limits() -> None:
    warped = sequence(4, blocks=(0,), sampling=Sampling(temperature=1e-60, repetition_penalty=1e60, top_p=1e-60))

    plans = build_batch(Step((run_of(warped, 1),))).plans

    assert 0 < plans.temperature[0] < 1e-37
    assert 1e38 < plans.repetition_penalty[0] < np.inf
    assert plans.top_p[0] > 0


@pytest.mark.parametrize(
    ("computed", "num_tokens", "targets"), [(0, 2, [5, 6]), (2, 2, [7]), (3, 1, []), (0, 4, [5, 6, 7])]
)
def test_prompt_tokens_are_scored_after_the_one_before(computed: int, num_tokens: int, targets: list[int]) -> None:
    scored = sequence(4, 5, 6, 7, blocks=(0,), computed=computed, prompt_logprobs=True)
    run = run_of(scored, num_tokens)

    batch = build_batch(Step((run,)))

    assert batch.score_targets.tolist() == targets
    assert batch.score_tokens.tolist() == list(range(len(score_starts(run))))


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> ReferenceBackend:
    backend = ReferenceBackend.load(Checkpoint.open(write_checkpoint(tmp_path_factory.mktemp("tiny"))))
    backend.allocate(64, 2)
    return backend


def generate(backend: ReferenceBackend, scheduler: Scheduler, arrivals: dict[int, list[Sequence]]) -> None:
    """Run everything to its end, sequences arriving before the given steps."""
    num_steps = 0
    while arrivals or scheduler.running or scheduler.waiting:
        for arrived in arrivals.pop(num_steps, []):
            scheduler.add(arrived)
        step = scheduler.plan()
        if step.runs:
            scheduler.settle(step, backend.run(build_batch(step)).token_ids.tolist())
        for run in step.choosing:
            if run.sequence.num_generated == run.sequence.request.max_new_tokens:
                scheduler.remove(run.sequence)
        num_steps += 1


PROMPTS = [tuple(range(3, 3 + length)) for length in (1, 4, 9, 17)] + [(50, 60, 70), (90, 5, 80, 10, 70)]
REQUESTS = [GenerateRequest(prompt, 6, Sampling(do_sample=index % 2 == 1)) for index, prompt in enumerate(PROMPTS)]


def sequences() -> list[Sequence]:
    return [Sequence(index, request, seed=index) for index, request in enumerate(REQUESTS)]


@pytest.fixture(scope="module")
def alone(backend: ReferenceBackend) -> list[list[int]]:
    """What each request gives when it is run by itself, its prompt in one piece."""
    made = sequences()
    for each in made:
        generate(backend, Scheduler(BlockPool(64, 2), SchedulerLimits(1, 64)), {0: [each]})
    return [each.token_ids.tolist() for each in made]


@settings(max_examples=25)
@given(
    budget=st.integers(1, 40),
    max_batch_size=st.integers(1, 6),
    num_blocks=st.integers(12, 60),
    prefix_caching=st.booleans(),
    arrival_steps=st.lists(st.integers(0, 12), min_size=len(REQUESTS), max_size=len(REQUESTS)),
)
def test_tokens_are_the_same_however_they_are_batched(
    backend: ReferenceBackend,
    alone: list[list[int]],
    budget: int,
    max_batch_size: int,
    num_blocks: int,
    prefix_caching: bool,
    arrival_steps: list[int],
) -> None:
    together = sequences()
    arrivals: dict[int, list[Sequence]] = {}
    for each, step in zip(together, arrival_steps, strict=True):
        arrivals.setdefault(step, []).append(each)

    pool = BlockPool(num_blocks, 2, prefix_caching=prefix_caching)
    generate(backend, Scheduler(pool, SchedulerLimits(max_batch_size, budget)), arrivals)

    assert [each.token_ids.tolist() for each in together] == alone
