"""The engine's heart, on its own thread: plan, run, settle, until there is nothing to do; then it sleeps.

Other threads only leave commands, which are taken between steps: so a cancelled request is out before the next step,
and scheduler and backend are never touched by two threads.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from firstbyte.engine.backends.backend import Backend, Choices
from firstbyte.engine.batch import build_batch, score_starts
from firstbyte.engine.errors import EngineError, GenerationFailed
from firstbyte.engine.generation import Generation
from firstbyte.engine.requests import TokenEvent
from firstbyte.engine.scheduler import Scheduler, Step
from firstbyte.engine.stats import EngineStats

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event, or the error that ended a generation, on its way out."""

    sequence_id: int
    item: TokenEvent | EngineError


class EngineLoop:
    """Runs generations on a backend. `deliver` is called once per step, on the loop's thread, with all its events."""

    def __init__(self, backend: Backend, scheduler: Scheduler, deliver: Callable[[list[Delivery]], None]) -> None:
        self.stats = EngineStats(num_blocks=scheduler.pool.num_blocks, num_free_blocks=scheduler.pool.num_free)
        self._backend = backend
        self._scheduler = scheduler
        self._deliver = deliver
        self._generations: dict[int, Generation] = {}
        self._has_commands = threading.Condition()
        self._commands: list[Callable[[], None]] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="firstbyte-engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more generations: it was closed, or it broke."""
        return self._is_closed

    def submit(self, generation: Generation) -> None:
        """Queue a generation; its events come through `deliver`. Raises `GenerationFailed` once closed."""
        self._command(lambda: self._add(generation))

    def cancel(self, sequence_id: int) -> None:
        """Drop a generation before the next step; nothing happens if it has ended."""
        with contextlib.suppress(GenerationFailed):  # closed: it has been dropped already
            self._command(lambda: self._drop(sequence_id))

    def close(self) -> None:
        """End the thread after the present step and wait for it; what is unfinished fails."""
        with self._has_commands:
            self._is_closed = True
            self._has_commands.notify()
        self._thread.join()

    def step(self) -> None:
        """Plan, run, settle."""
        step = self._scheduler.plan()
        for run in step.runs:
            self._generations[run.sequence.sequence_id].begin()
        deliveries: list[Delivery] = []
        try:
            choices = self._backend.run(build_batch(step, self._backend.info.vocab_size))
            self._settle(step, choices, deliveries)
        except Exception as error:  # a step may fail in any way; the loop has to live on
            _log.exception("a step of %d sequences failed", len(step.runs))
            self._fail(step, error, deliveries)
        self.stats = self._count(step, deliveries)
        self._deliver(deliveries)

    def _run(self) -> None:
        try:
            while self._take_commands():
                if self._generations:
                    self.step()
        except Exception:  # our own bookkeeping broke: this engine is lost, but nobody may be left waiting
            _log.exception("the engine's loop broke")
        with self._has_commands:
            self._is_closed = True
            commands, self._commands = self._commands, []
        for command in commands:
            command()
        self._deliver([Delivery(sequence_id, _closed()) for sequence_id in self._generations])

    def _settle(self, step: Step, choices: Choices, deliveries: list[Delivery]) -> None:
        """Turn what was chosen into events; what is in `deliveries` goes out even if a later row fails."""
        self._score_prompts(step, choices)
        taken = self._scheduler.settle(step, choices.token_ids.tolist())
        for run, rows in zip(step.choosing, taken, strict=True):
            sequence_id = run.sequence.sequence_id
            if run.sequence.mask is not None and run.sequence.mask.has_failed:
                failure = GenerationFailed("the grammar has become too complex, or allows no token of this model")
                deliveries.append(Delivery(sequence_id, failure))
                self._drop(sequence_id)
                continue
            for row in rows:
                event = self._generations[sequence_id].advance(choices, row)
                deliveries.append(Delivery(sequence_id, event))
                if event.finish:  # what a draft holds beyond the end is forgotten
                    self._drop(sequence_id)
                    break

    def _score_prompts(self, step: Step, choices: Choices) -> None:
        scores, taken = choices.scores.tolist(), 0
        for run in step.runs:
            if scored := score_starts(run):
                generation = self._generations[run.sequence.sequence_id]
                generation.score_prompt(scored.start + 1, scores[taken : taken + len(scored)])
                taken += len(scored)

    def _fail(self, step: Step, error: Exception, deliveries: list[Delivery]) -> None:
        self._scheduler.abandon(step)
        for run in step.runs:
            sequence_id = run.sequence.sequence_id
            if sequence_id in self._generations:
                failure = GenerationFailed(f"a step of the model failed: {error}")
                failure.__cause__ = error
                deliveries.append(Delivery(sequence_id, failure))
                self._drop(sequence_id)

    def _add(self, generation: Generation) -> None:
        self._generations[generation.sequence.sequence_id] = generation
        self._scheduler.add(generation.sequence)

    def _drop(self, sequence_id: int) -> None:
        if generation := self._generations.pop(sequence_id, None):
            self._scheduler.remove(generation.sequence)

    def _command(self, command: Callable[[], None]) -> None:
        with self._has_commands:
            if self._is_closed:
                raise _closed()
            self._commands.append(command)
            self._has_commands.notify()

    def _take_commands(self) -> bool:
        """Carry out what has been asked, waiting for it if there is nothing else to do; False to end the thread."""
        with self._has_commands:
            self._has_commands.wait_for(lambda: self._commands or self._generations or self._is_closed)
            commands, self._commands = self._commands, []
        for command in commands:
            command()
        return not self._is_closed

    def _count(self, step: Step, deliveries: list[Delivery]) -> EngineStats:
        num_failures = sum(isinstance(delivery.item, EngineError) for delivery in deliveries)
        scheduler = self._scheduler
        return replace(
            self.stats,
            num_free_blocks=scheduler.pool.num_free,
            num_running=len(scheduler.running),
            num_waiting=len(scheduler.waiting),
            num_steps=self.stats.num_steps + 1,
            num_computed_tokens=self.stats.num_computed_tokens + step.num_tokens,
            num_prefix_queries=scheduler.num_prefix_queries,
            num_prefix_hits=scheduler.num_prefix_hits,
            num_cached_tokens=scheduler.num_cached_tokens,
            num_draft_tokens=scheduler.num_draft_tokens,
            num_accepted_tokens=scheduler.num_accepted_tokens,
            num_generated_tokens=self.stats.num_generated_tokens + len(deliveries) - num_failures,
            num_preemptions=scheduler.num_preemptions,
            num_failures=self.stats.num_failures + num_failures,
        )


def _closed() -> GenerationFailed:
    return GenerationFailed("the engine is closed")
