"""What only the process launcher does: grace and force, process groups, cancelled starts, commands that cannot run."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import container
from firstbyte.hosting.errors import LaunchFailed
from firstbyte.hosting.ports import InstancePhase, InstanceSpec
from firstbyte.launchers.environment import ContainerSettings
from firstbyte.launchers.loopback import free_port
from firstbyte.launchers.process import ProcessLauncher, ProcessLauncherSettings


@pytest.fixture
async def launcher(tmp_path: Path) -> AsyncIterator[ProcessLauncher]:
    launcher = make_launcher(tmp_path)
    yield launcher
    await launcher.close()


def make_launcher(folder: Path) -> ProcessLauncher:
    settings = ContainerSettings(cache_dir=folder, host_environment=dict(os.environ))
    command = (sys.executable, "-S", container.__file__)
    return ProcessLauncher(ProcessLauncherSettings(settings, command=command, stop_grace_s=0.05))


def spec(folder: Path, on_start: str = "") -> InstanceSpec:
    return InstanceSpec("i-1", "e", "v", "firstbyte/echo", {"ON_START": on_start}, folder, folder / "model")


async def wait_until_healthy(launcher: ProcessLauncher) -> None:
    async with asyncio.timeout(20):
        while (await launcher.observe("i-1")).phase is not InstancePhase.HEALTHY:
            pass  # a look takes as long as a ping does


async def test_an_instance_that_does_not_heed_sigterm_is_killed_after_the_grace_period(
    launcher: ProcessLauncher, tmp_path: Path
) -> None:
    await launcher.start(spec(tmp_path, "deaf"))
    await wait_until_healthy(launcher)
    await launcher.stop("i-1")
    assert (await launcher.observe("i-1")).phase is InstancePhase.EXITED


async def test_an_instance_that_was_killed_shows_the_signal(launcher: ProcessLauncher, tmp_path: Path) -> None:
    await launcher.start(spec(tmp_path))
    await wait_until_healthy(launcher)
    os.kill(launcher.pid("i-1"), signal.SIGKILL)
    async with asyncio.timeout(20):
        while (state := await launcher.observe("i-1")).phase is not InstancePhase.EXITED:
            pass  # a look takes as long as a ping does
    assert state.exit_code == -signal.SIGKILL


async def test_a_start_that_is_cancelled_leaves_nothing_running(launcher: ProcessLauncher, tmp_path: Path) -> None:
    starting = asyncio.ensure_future(launcher.start(spec(tmp_path)))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    pid = launcher.pid("i-1")
    await launcher.stop("i-1")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_folder_that_is_not_there_is_a_failed_launch(launcher: ProcessLauncher, tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match="its process could not be started"):
        await launcher.start(spec(tmp_path / "none"))


async def test_instances_get_ports_of_their_own(launcher: ProcessLauncher, tmp_path: Path) -> None:
    specs = [InstanceSpec(f"i-{n}", "e", "v", "firstbyte/echo", {}, tmp_path, tmp_path) for n in range(3)]
    urls = [await launcher.start(spec) for spec in specs]
    assert len(set(urls)) == 3


async def test_a_port_is_told_to_one_container_only(
    launcher: ProcessLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, another, third = (free_port() for _ in range(3))
    ports = iter([one, one, another, one, third])
    monkeypatch.setattr("firstbyte.launchers.process.free_port", lambda _: next(ports))
    first, second = [
        await launcher.start(replace(spec(tmp_path, "hang"), container_id=container_id))
        for container_id in ("i-1", "i-2")
    ]
    assert (first, second) == (f"http://127.0.0.1:{one}", f"http://127.0.0.1:{another}")

    await launcher.stop("i-1")
    assert await launcher.start(spec(tmp_path)) == first, "it is free again"
    with pytest.raises(LaunchFailed):
        await launcher.start(replace(spec(tmp_path / "missing"), container_id="i-3"))
    assert set(launcher._ports) == {"i-1", "i-2"}
