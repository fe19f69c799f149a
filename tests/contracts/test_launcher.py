"""What every Launcher does: the fake that other tests rely on, and the one that starts processes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes import container
from fakes.launcher import FakeLauncher
from firstbyte.hosting.errors import UnknownImage
from firstbyte.hosting.ports import InstancePhase, InstanceSpec, InstanceState, Launcher
from firstbyte.launchers.environment import ContainerSettings
from firstbyte.launchers.process import ProcessLauncher, ProcessLauncherSettings


@pytest.fixture(params=["fake", "process"])
async def launcher(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Launcher]:
    if request.param == "fake":
        yield FakeLauncher()
        return
    settings = ContainerSettings(cache_dir=tmp_path, host_environment=dict(os.environ))
    command = (sys.executable, "-S", container.__file__)
    launcher = ProcessLauncher(ProcessLauncherSettings(settings, command=command))
    yield launcher
    await launcher.close()


def spec(folder: Path, image: str = "firstbyte/echo", on_start: str = "") -> InstanceSpec:
    return InstanceSpec("i-1", "e", "v", image, {"ON_START": on_start}, folder, folder / "model")


async def observe_until(launcher: Launcher, phase: InstancePhase) -> InstanceState:
    """Look until the instance is in `phase`."""
    async with asyncio.timeout(20):
        while (state := await launcher.observe("i-1")).phase is not phase:
            pass  # a look takes as long as a ping does
    return state


async def test_an_instance_nobody_started_is_not_running(launcher: Launcher) -> None:
    assert await launcher.observe("i-1") == InstanceState(InstancePhase.EXITED, None)
    assert launcher.tail_log("i-1", 5) == []


async def test_a_started_instance_gets_healthy_and_has_a_log(launcher: Launcher, tmp_path: Path) -> None:
    url = await launcher.start(spec(tmp_path))

    assert url.startswith("http://")
    await observe_until(launcher, InstancePhase.HEALTHY)
    assert launcher.tail_log("i-1", 5) == ["starting", "said: hello"]
    assert launcher.tail_log("i-1", 1) == ["said: hello"]


async def test_an_instance_whose_ping_fails_is_starting(launcher: Launcher, tmp_path: Path) -> None:
    await launcher.start(spec(tmp_path, on_start="hang"))
    assert (await launcher.observe("i-1")).phase is InstancePhase.STARTING


async def test_an_instance_that_ended_shows_its_exit_code_and_keeps_its_log(launcher: Launcher, tmp_path: Path) -> None:
    await launcher.start(spec(tmp_path, on_start="exit 3"))

    assert await observe_until(launcher, InstancePhase.EXITED) == InstanceState(InstancePhase.EXITED, 3)
    assert launcher.tail_log("i-1", 1) == ["said: hello"]


async def test_a_stopped_instance_is_gone_and_can_be_stopped_again_and_started_again(
    launcher: Launcher, tmp_path: Path
) -> None:
    await launcher.start(spec(tmp_path))
    await observe_until(launcher, InstancePhase.HEALTHY)
    await launcher.stop("i-1")
    await launcher.stop("i-1")
    await launcher.stop("i-unknown")

    assert (await launcher.observe("i-1")).phase is InstancePhase.EXITED
    assert launcher.tail_log("i-1", 1) == ["said: hello"]
    await launcher.start(spec(tmp_path))
    await observe_until(launcher, InstancePhase.HEALTHY)


async def test_an_unknown_image_is_refused_with_what_can_run(launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(
        UnknownImage, match=r"example/unknown:1 cannot run on this host\. This host can run .*firstbyte/echo"
    ):
        await launcher.start(spec(tmp_path, image="example/unknown:1"))
    assert (await launcher.observe("i-1")).phase is InstancePhase.EXITED


async def test_an_image_can_be_checked_without_a_start(launcher: Launcher) -> None:
    launcher.check_image("firstbyte/echo")
    with pytest.raises(UnknownImage, match="This host can run"):
        launcher.check_image("example/unknown:1")
