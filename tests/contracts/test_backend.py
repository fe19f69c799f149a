"""What every backend promises the loop: run on the native one, the reference, the echo and the tests' fake."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes.backend import FakeBackend
from fakes.checkpoints import write_checkpoint
from fakes.steps import run_of, sequence_of
from firstbyte.engine.backends.backend import Backend, Choices
from firstbyte.engine.backends.echo import EchoBackend
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.batch import build_batch
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.grammar import num_words
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.scheduler import Run, Step
from firstbyte.engine.sequence import Sequence
from firstbyte.engine.watermark import Watermark, green_tokens

NUM_BLOCKS, BLOCK_LEN = 128, 4
PROMPT = (1, 5, 9, 13, 7, 21, 40, 33, 8, 6, 17)
OTHER = (1, 30, 31, 32, 33, 34)


def reference(folder: Path) -> Backend:
    return ReferenceBackend.load(Checkpoint.open(write_checkpoint(folder)))


def native(folder: Path) -> Backend:
    try:
        module = importlib.import_module("firstbyte.engine.backends.native")
    except ImportError as error:
        pytest.skip(f"the extension is not built: {error}")
    backend: Backend = module.NativeBackend.load(Checkpoint.open(write_checkpoint(folder)), EngineOptions())
    return backend


@pytest.fixture(params=["native", "reference", "echo", "fake"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    makers: dict[str, Callable[[], Backend]] = {
        "native": lambda: native(tmp_path),
        "reference": lambda: reference(tmp_path),
        "echo": EchoBackend,
        "fake": FakeBackend,
    }
    made = makers[request.param]()
    made.allocate(NUM_BLOCKS, BLOCK_LEN)
    return made


def step(backend: Backend, *runs: Run) -> Choices:
    """Run a step and count its tokens as computed."""
    choices = backend.run(build_batch(Step(runs)))
    for run in runs:
        run.sequence.num_computed += run.num_tokens
    return choices


def whole(sequence: Sequence) -> Run:
    return run_of(sequence, sequence.num_pending)


def decode(backend: Backend, *sequences: Sequence, num_tokens: int = 4) -> list[list[int]]:
    """Decode sequences together."""
    for _ in range(num_tokens):
        choices = step(backend, *[whole(sequence) for sequence in sequences])
        for sequence, token_id in zip(sequences, choices.token_ids.tolist(), strict=True):
            sequence.append(token_id)
    return [sequence.token_ids[sequence.num_prompt :].tolist() for sequence in sequences]


def test_info_says_what_the_service_needs(backend: Backend) -> None:
    assert backend.info.vocab_size > max(PROMPT)
    assert backend.info.max_position_embeddings >= NUM_BLOCKS
    assert backend.info.backend


def test_one_token_is_chosen_for_each_run_that_is_complete(backend: Backend) -> None:
    first, second = sequence_of(PROMPT), sequence_of(OTHER, first_block=64)

    choices = step(backend, run_of(first, 5), whole(second))

    assert choices.token_ids.shape == choices.logprobs.shape == (1,)
    assert choices.token_ids.dtype == np.int32
    assert choices.logprobs.dtype == np.float32
    assert 0 <= choices.token_ids[0] < backend.info.vocab_size
    assert choices.logprobs[0] <= 0


def test_a_step_may_choose_nothing(backend: Backend) -> None:
    choices = step(backend, run_of(sequence_of(PROMPT), 5))

    assert len(choices.token_ids) == len(choices.scores) == len(choices.top_ids) == 0


@pytest.mark.parametrize("chunk", [1, 3, 4])
def test_a_prompt_may_come_in_pieces(backend: Backend, chunk: int) -> None:
    expected = decode(backend, sequence_of(PROMPT, first_block=64))
    sequence = sequence_of(PROMPT)
    while sequence.num_pending > chunk:
        step(backend, run_of(sequence, chunk))

    assert decode(backend, sequence) == expected


def test_neighbours_change_nothing(backend: Backend) -> None:
    alone = decode(backend, sequence_of(PROMPT)) + decode(backend, sequence_of(OTHER))

    assert decode(backend, sequence_of(PROMPT), sequence_of(OTHER, first_block=64)) == alone


def test_a_block_may_be_shared_in_the_step_that_computes_it(backend: Backend) -> None:
    expected = decode(backend, sequence_of(PROMPT)) + decode(backend, sequence_of(PROMPT[:9], first_block=64))
    first, second = sequence_of(PROMPT), sequence_of(PROMPT[:9], first_block=64)
    second.table.blocks[:2] = first.table.blocks[:2]
    second.num_computed = 2 * BLOCK_LEN

    assert decode(backend, first, second) == expected


def test_a_draft_is_checked_token_by_token(backend: Backend) -> None:
    """Its rows are what decoding its tokens one by one gives, a wrong one's too; nothing of that one stays."""
    (tokens,) = decode(backend, sequence_of(PROMPT))
    misled = sequence_of(PROMPT)
    for token_id in (*tokens[:2], 3):
        misled.append(token_id)
    after_wrong = int(step(backend, whole(misled)).token_ids[0])
    sequence = sequence_of(PROMPT)
    sequence.append(int(step(backend, whole(sequence)).token_ids[0]))

    choices = step(backend, replace(whole(sequence), draft=(tokens[1], 3)))

    assert choices.token_ids.tolist() == [tokens[1], tokens[2], after_wrong]
    sequence.append(tokens[1])
    assert decode(backend, sequence, num_tokens=2) == [tokens]


def test_blocks_may_lie_anywhere(backend: Backend) -> None:
    expected = decode(backend, sequence_of(PROMPT))
    scattered = sequence_of(PROMPT)
    scattered.table.blocks[:] = [90, 2, 41, 100, 7, 66, 19]

    assert decode(backend, scattered) == expected


def test_a_seed_gives_the_same_tokens_again(backend: Backend) -> None:
    expected = decode(backend, sequence_of(PROMPT, do_sample=True, temperature=2.0))

    assert decode(backend, sequence_of(PROMPT, do_sample=True, temperature=2.0)) == expected


def test_alternatives_are_listed_best_first(backend: Backend) -> None:
    request = GenerateRequest(PROMPT, 8, num_top_tokens=3)
    sequence = Sequence(0, request)
    sequence.table.blocks.extend(range(8))

    choices = step(backend, whole(sequence))

    assert choices.top_starts.tolist() == [0, len(choices.top_ids)]
    assert choices.top_ids[0] == choices.token_ids[0]
    assert choices.top_logprobs[0] == choices.logprobs[0]
    assert np.all(np.diff(choices.top_logprobs) <= 0)


def test_a_grammar_leaves_what_it_allows(backend: Backend) -> None:
    if not backend.info.takes_grammars:
        pytest.skip("the service refuses grammars for it")
    guided, free = sequence_of(PROMPT), sequence_of(OTHER, first_block=64)
    batch = build_batch(Step((whole(guided), whole(free))))
    unguided = backend.run(batch)
    allowed = np.full((2, num_words(backend.info.vocab_size)), -1, np.int32)
    allowed[0] = 0
    allowed[0, 1] = 0b1010  # tokens 33 and 35

    choices = backend.run(replace(batch, plans=replace(batch.plans, allowed=allowed)))

    assert choices.token_ids[0] in (33, 35)
    assert choices.token_ids[1] == unguided.token_ids[1]


def test_a_watermark_is_in_its_own_text_only(backend: Backend) -> None:
    if not backend.info.takes_grammars:
        pytest.skip("it has no scores that a watermark could change")
    vocab_size = backend.info.vocab_size
    marked, other = sequence_of(PROMPT, watermark=Watermark(0.25, 1e5)), sequence_of(OTHER, first_block=64)
    unmarked = step(backend, whole(sequence_of(OTHER, first_block=64)))

    choices = backend.run(build_batch(Step((whole(marked), whole(other))), vocab_size))

    assert choices.token_ids[0] in green_tokens(PROMPT[-1], vocab_size, 0.25)
    assert choices.token_ids[1] == unmarked.token_ids[0]


def test_the_prompt_is_scored_when_asked(backend: Backend) -> None:
    sequence = Sequence(0, GenerateRequest(PROMPT, 8, Sampling(), prompt_logprobs=True))
    sequence.table.blocks.extend(range(8))

    parts = [step(backend, run_of(sequence, 4)).scores, step(backend, whole(sequence)).scores]

    assert [len(part) for part in parts] == [4, len(PROMPT) - 1 - 4]
    assert np.all(np.concatenate(parts) <= 0)
