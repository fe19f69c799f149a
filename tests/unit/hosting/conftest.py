"""A control plane over fakes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.control_plane import FakeHost


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[FakeHost]:
    host = FakeHost(tmp_path / "instances")
    yield host
    await host.controller.close()
    assert host.launcher.states == {}, "no instance outlives the control plane"
