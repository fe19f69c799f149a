"""Jobs: one at a time for each instance, in order; interrupted, and faulty ones."""

import asyncio

from firstbyte.hosting.jobs import Jobs


class Diary:
    """What jobs did and told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.go = asyncio.Event()
        self.jobs = Jobs(lambda: self.lines.append("done"), lambda name, error: self.lines.append(f"{name}: {error}"))

    async def wait(self) -> None:
        self.lines.append("waits")
        await self.go.wait()
        self.lines.append("went")

    async def follow(self) -> None:
        self.lines.append("follows")

    async def fail(self) -> None:
        raise RuntimeError("a mistake")


async def test_the_next_job_of_an_instance_waits_for_the_one_before() -> None:
    diary = Diary()
    diary.jobs.add("i-1", "wait", diary.wait)
    diary.jobs.add("i-1", "follow", diary.follow)
    await diary.jobs.wait(0.001)
    assert diary.lines == ["waits"]
    assert "i-1" in diary.jobs

    diary.go.set()
    await diary.jobs.wait()
    assert diary.lines == ["waits", "went", "done", "follows", "done"]
    assert "i-1" not in diary.jobs


async def test_instances_do_not_wait_for_each_other() -> None:
    diary = Diary()
    diary.jobs.add("i-1", "wait", diary.wait)
    diary.jobs.add("i-2", "follow", diary.follow)
    await diary.jobs.wait(0.001)
    assert diary.lines == ["waits", "follows", "done"]
    diary.go.set()
    await diary.jobs.wait()


async def test_an_interrupted_job_makes_way() -> None:
    diary = Diary()
    diary.jobs.add("i-1", "wait", diary.wait)
    await diary.jobs.wait(0.001)
    diary.jobs.interrupt("i-1")
    diary.jobs.interrupt("i-unknown")
    diary.jobs.add("i-1", "follow", diary.follow)
    await diary.jobs.wait()
    assert diary.lines == ["waits", "done", "follows", "done"]


async def test_a_mistake_is_told_and_the_next_job_runs() -> None:
    diary = Diary()
    diary.jobs.add("i-1", "fail", diary.fail)
    diary.jobs.add("i-1", "follow", diary.follow)
    await diary.jobs.wait()
    assert diary.lines == ["fail: a mistake", "done", "follows", "done"]
