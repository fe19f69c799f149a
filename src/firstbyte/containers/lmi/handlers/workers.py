"""The processes of user code of one model: given work, and replaced when they die.

A process does one thing at a time. User code that crashes, hangs or fills the memory takes its process along and
nothing else: the call it worked on fails, and the next call finds a new process, initialised as the first one was.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from firstbyte.containers.errors import GenerationBroke, StartupFailed, TookTooLong
from firstbyte.containers.lmi.handlers.frames import ChannelBroken, Frame
from firstbyte.containers.lmi.handlers.process import Worker, WorkerPlan, start_worker

logger = logging.getLogger(__name__)
STOPPED = "Backend Python process is stopped."
"""What DJL Serving says of a call whose process died."""
LAST_KINDS = frozenset(("end", "result", "failed"))
"""Frames after which a process waits for work."""


class Workers:
    """The processes of one model; used on the container's event loop."""

    def __init__(self, plan: WorkerPlan, started: list[Worker]) -> None:
        self._plan = plan
        self._all = list(started)
        self._idle: asyncio.Queue[Worker | None] = asyncio.Queue()
        """None stands for a process that has to be started first."""
        for worker in started:
            self._idle.put_nowait(worker)
        self._num_failed_starts = 0
        self._draining: dict[Worker, asyncio.Task[None]] = {}
        self.contents = started[0].contents

    @classmethod
    def start(cls, plan: WorkerPlan) -> "Workers":
        """Start all of them; blocks. Raises `StartupFailed`."""
        started: list[Worker] = []
        try:
            for _ in range(plan.num_workers):
                started.append(start_worker(plan))
        except StartupFailed:
            for worker in started:
                worker.kill()
            raise
        return cls(plan, started)

    @property
    def status(self) -> str:
        """As /ping words it: Healthy, Unhealthy while a process is missing, FAILED when no start works any more."""
        if self._num_failed_starts >= self._plan.retry_threshold:
            return "FAILED"
        is_whole = len(self._all) == self._plan.num_workers and all(w.process.poll() is None for w in self._all)
        return "Healthy" if is_whole else "Unhealthy"

    async def ask(self, frame: Frame) -> bytes:
        """Have a formatter work.

        Raises:
            GenerationBroke: it failed, or its process died.
            TookTooLong: it took longer than `predict_timeout`.
        """
        async with aclosing(self.exchange(frame)) as frames:
            answer = await anext(frames)
        if answer.kind != "result":
            raise GenerationBroke(str(answer.members.get("error")))
        return answer.body

    async def exchange(self, frame: Frame) -> AsyncGenerator[Frame, None]:
        """What a process answers to `frame`, up to its last frame. Closing it early ends the work as soon as it can be.

        Raises:
            GenerationBroke: the process died.
            TookTooLong: it was silent longer than `predict_timeout`.
        """
        async with self._held() as worker:
            is_over = False
            try:
                await worker.send(frame)
                while not is_over:
                    answer = await worker.receive(self._plan.predict_timeout_s)
                    is_over = answer.kind in LAST_KINDS
                    yield answer
            except (GeneratorExit, asyncio.CancelledError):
                if not is_over:
                    self._drain(worker)
                raise

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Worker]:
        """A process for oneself, a new one where one is missing."""
        worker = await self._idle.get()
        try:
            if worker is not None and worker.process.poll() is not None:
                self._bury(worker)
            if worker is None or worker not in self._all:
                worker = await self._start_another()
            yield worker
        except ChannelBroken as error:
            self._bury(worker)
            raise GenerationBroke(STOPPED) from error
        except TookTooLong:
            self._bury(worker)
            raise
        finally:
            if worker not in self._draining:
                self._idle.put_nowait(worker if worker in self._all else None)

    async def _start_another(self) -> Worker:
        starting = asyncio.ensure_future(asyncio.to_thread(start_worker, self._plan))
        try:
            worker = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_discard)
            raise
        except StartupFailed as error:
            self._num_failed_starts += 1
            logger.error("%s", error)
            raise GenerationBroke(STOPPED) from error
        self._num_failed_starts = 0
        self._all.append(worker)
        return worker

    def _bury(self, worker: Worker | None) -> None:
        if worker is not None and worker in self._all:
            self._all.remove(worker)
            worker.kill()
            logger.warning("the process of user code ended, exit code %s", worker.process.returncode)

    def _drain(self, worker: Worker) -> None:
        """Ask for an early end, and let the process work on for nobody until it comes; then it is idle again."""
        self._draining[worker] = asyncio.create_task(self._wait_for_end(worker))

    async def _wait_for_end(self, worker: Worker) -> None:
        try:
            await worker.send(Frame("cancel"))
            while (await worker.receive(self._plan.predict_timeout_s)).kind not in LAST_KINDS:
                pass
        except (ChannelBroken, TookTooLong):
            self._bury(worker)
        finally:
            del self._draining[worker]
            self._idle.put_nowait(worker if worker in self._all else None)

    async def close(self) -> None:
        """End every process."""
        for task in tuple(self._draining.values()):
            task.cancel()
        await asyncio.gather(*self._draining.values(), return_exceptions=True)
        self.kill()

    def kill(self) -> None:
        """End every process; for a start that comes to nothing."""
        for worker in tuple(self._all):
            self._all.remove(worker)
            worker.kill()


def _discard(starting: asyncio.Future[Worker]) -> None:
    """A process that was started for a call whose client has left."""
    if not starting.cancelled() and starting.exception() is None:
        starting.result().kill()
