"""The loop on its thread, with the fake backend: deliveries, failures, cancelling, closing."""

import queue
import threading
from collections.abc import Iterator

import pytest

from fakes.backend import POISON, FakeBackend
from firstbyte.engine.backends.echo import WordTokenizer
from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.errors import GenerationFailed
from firstbyte.engine.generation import Generation
from firstbyte.engine.grammar import TokenMask
from firstbyte.engine.loop import Delivery, EngineLoop
from firstbyte.engine.requests import FinishReason, GenerateRequest, TokenEvent
from firstbyte.engine.scheduler import Scheduler, SchedulerLimits, Step
from firstbyte.engine.sequence import Sequence

NUM_BLOCKS = 32


class Engine:
    """A started loop whose deliveries can be waited for."""

    def __init__(self, scheduler_class: type[Scheduler] = Scheduler, max_batch_size: int = 4) -> None:
        self.backend = FakeBackend()
        self.backend.allocate(NUM_BLOCKS, 4)
        limits = SchedulerLimits(max_batch_size=max_batch_size, budget=64)
        self.scheduler = scheduler_class(BlockPool(NUM_BLOCKS, 4), limits)
        self.steps: queue.SimpleQueue[list[Delivery]] = queue.SimpleQueue()
        self.loop = EngineLoop(self.backend, self.scheduler, self.steps.put)
        self.loop.start()

    def submit(
        self, sequence_id: int, *prompt_ids: int, max_new_tokens: int = 3, mask: TokenMask | None = None
    ) -> None:
        sequence = Sequence(sequence_id, GenerateRequest(prompt_ids, max_new_tokens), mask=mask)
        self.loop.submit(Generation(sequence, WordTokenizer(), frozenset()))

    def hold(self, sequence_id: int) -> None:
        """Start a long generation and stop inside its first step, until the backend's gate is opened."""
        self.backend.gate.clear()
        self.submit(sequence_id, 5, 6, 7, max_new_tokens=20)
        assert self.backend.entered.wait(timeout=30)

    def next_step(self) -> list[Delivery]:
        return self.steps.get(timeout=30)

    def events(self, num_steps: int) -> list[tuple[int, int]]:
        """(sequence, index) of each event of the next steps."""
        taken = [delivery for _ in range(num_steps) for delivery in self.next_step()]
        return [(each.sequence_id, each.item.index) for each in taken if isinstance(each.item, TokenEvent)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.backend.gate.set()
    engine.loop.close()


def failure_of(delivery: Delivery) -> GenerationFailed:
    assert isinstance(delivery.item, GenerationFailed)
    return delivery.item


def test_a_generation_is_run_to_its_end(engine: Engine) -> None:
    engine.submit(1, 5, 6, 7)

    assert engine.events(3) == [(1, 1), (1, 2), (1, 3)]
    assert engine.loop.stats.num_free_blocks == NUM_BLOCKS


def test_events_of_a_step_are_delivered_together(engine: Engine) -> None:
    engine.hold(1)
    engine.submit(2, 5, 6, 2)
    engine.submit(3, 5, 6, 3)
    engine.backend.gate.set()

    assert engine.events(1) == [(1, 1)]
    assert engine.events(1) == [(1, 2), (2, 1), (3, 1)]
    assert engine.events(1) == [(1, 3), (2, 2), (3, 2)]


def test_the_last_event_says_how_it_ended(engine: Engine) -> None:
    engine.submit(1, 5, 6, 7, max_new_tokens=1)

    (delivery,) = engine.next_step()

    assert isinstance(delivery.item, TokenEvent)
    assert delivery.item.finish is not None
    assert delivery.item.finish.reason is FinishReason.LENGTH
    assert (delivery.item.finish.num_prompt, delivery.item.finish.num_generated) == (3, 1)


def test_a_failed_step_fails_its_requests_and_no_others() -> None:
    engine = Engine(max_batch_size=1)
    engine.backend.gate.clear()
    engine.submit(1, POISON)
    engine.submit(2, 5, 6)
    engine.backend.gate.set()

    (failed,) = engine.next_step()

    assert "poisoned" in str(failure_of(failed))
    assert isinstance(failure_of(failed).__cause__, RuntimeError)
    assert engine.events(3) == [(2, 1), (2, 2), (2, 3)]
    assert (engine.loop.stats.num_failures, engine.loop.stats.num_free_blocks) == (1, NUM_BLOCKS)
    engine.loop.close()


def test_nothing_that_a_failed_step_should_have_computed_is_found_later() -> None:
    def tokens(engine: Engine, sequence_id: int) -> list[int]:
        engine.submit(sequence_id, 5, 6, 7, 8, 9)
        items = [delivery.item for _ in range(3) for delivery in engine.next_step()]
        return [item.token_id for item in items if isinstance(item, TokenEvent)]

    fresh, engine = Engine(), Engine()
    engine.hold(1)
    engine.submit(2, 5, 6, 7, 8, 9)
    engine.submit(3, POISON)
    engine.backend.gate.set()
    engine.next_step()
    assert [failure_of(delivery).args for delivery in engine.next_step()]

    assert tokens(engine, 4) == tokens(fresh, 4)
    assert engine.loop.stats.num_cached_tokens == 0
    for each in (fresh, engine):
        each.loop.close()


class Entangled:
    """A matcher of llguidance that has given up."""

    def unsafe_compute_mask_ptr(self, pointer: int, num_bytes: int) -> None:
        pass

    def is_error(self) -> bool:
        return True

    def is_stopped(self) -> bool:
        return True


def test_a_grammar_that_cannot_be_followed_fails_its_own_generation_only(engine: Engine) -> None:
    engine.hold(1)
    engine.submit(2, 5, 6, 2, mask=TokenMask(Entangled()))  # type: ignore[arg-type]
    engine.submit(3, 5, 6, 3)
    engine.backend.gate.set()
    engine.next_step()

    first, failed, third = engine.next_step()

    assert "grammar has become too complex" in str(failure_of(failed))
    assert [first.sequence_id, failed.sequence_id, third.sequence_id] == [1, 2, 3]
    assert engine.events(1) == [(1, 3), (3, 2)]
    assert engine.loop.stats.num_failures == 1


def test_a_cancelled_generation_is_out_before_the_next_step(engine: Engine) -> None:
    engine.hold(1)
    engine.submit(2, 5, 6, 8)
    engine.loop.cancel(1)
    engine.backend.gate.set()

    assert engine.events(4) == [(1, 1), (2, 1), (2, 2), (2, 3)]
    assert engine.loop.stats.num_free_blocks == NUM_BLOCKS


def test_cancelling_what_has_ended_does_nothing(engine: Engine) -> None:
    engine.submit(1, 5, max_new_tokens=1)
    engine.next_step()
    engine.loop.cancel(1)
    engine.submit(2, 5, max_new_tokens=1)

    assert engine.events(1) == [(2, 1)]


def test_closing_fails_what_is_unfinished_and_takes_no_more() -> None:
    engine = Engine()
    engine.hold(1)
    engine.submit(2, 5, max_new_tokens=50)
    closing = threading.Thread(target=engine.loop.close)
    closing.start()
    while not engine.loop.is_closed:
        closing.join(timeout=0.01)
    engine.backend.gate.set()
    closing.join()
    deliveries = []
    while not engine.steps.empty():
        deliveries += engine.steps.get()

    assert {each.sequence_id for each in deliveries if isinstance(each.item, GenerationFailed)} == {1, 2}
    assert engine.loop.is_closed
    with pytest.raises(GenerationFailed, match="closed"):
        engine.submit(3, 5)


class BrokenScheduler(Scheduler):
    def plan(self) -> Step:
        raise ZeroDivisionError("our own mistake")


def test_a_broken_loop_leaves_nobody_waiting() -> None:
    engine = Engine(BrokenScheduler)
    engine.submit(1, 5)

    (delivery,) = engine.next_step()

    assert "closed" in str(failure_of(delivery))
    assert engine.loop.is_closed
