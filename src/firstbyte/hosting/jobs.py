"""Work under way in the background, at most one piece at a time for each instance. The controller owns two of these."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Job = Callable[[], Coroutine[Any, Any, None]]


class Jobs:
    """Runs jobs by instance id."""

    def __init__(self, on_done: Callable[[], None], on_fault: Callable[[str, Exception], None]) -> None:
        """`on_fault` is told of every exception that a job let out: a mistake in this program."""
        self._on_done = on_done
        self._on_fault = on_fault
        self._latest: dict[str, asyncio.Task[None]] = {}

    def __contains__(self, instance_id: object) -> bool:
        return instance_id in self._latest

    def add(self, instance_id: str, name: str, job: Job) -> None:
        """Run `job` once what is under way for this instance is done; `name` is for a fault's report."""
        previous = self._latest.get(instance_id)
        task = asyncio.create_task(self._run(name, job, previous))
        self._latest[instance_id] = task
        task.add_done_callback(lambda done: self._forget(instance_id, done))

    def interrupt(self, instance_id: str) -> None:
        """Cancel what is under way for this instance."""
        if task := self._latest.get(instance_id):
            task.cancel()

    async def wait(self, timeout_s: float | None = None) -> None:
        """Return when nothing is under way, or after `timeout_s`."""
        if timeout_s is None:
            while self._latest:
                await asyncio.wait(self._latest.values())
        elif self._latest:
            await asyncio.wait(self._latest.values(), timeout=timeout_s)

    async def _run(self, name: str, job: Job, previous: asyncio.Task[None] | None) -> None:
        try:
            if previous is not None:
                await asyncio.wait([previous])
            await job()
        except Exception as error:
            # The last line of defence: a job handles what it expects. The next round plans from what is then.
            self._on_fault(name, error)

    def _forget(self, instance_id: str, done: asyncio.Task[None]) -> None:
        if self._latest.get(instance_id) is done:
            del self._latest[instance_id]
        self._on_done()
