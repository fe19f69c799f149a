"""The composition root: a host starts whole or not at all, and ends clean."""

import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firstbyte.app import FetchedModelData, Host, open_listener
from firstbyte.artifacts.models import ArtifactSettings, fetch_model_data
from firstbyte.settings import HomeInUse, SettingsError, load_settings
from firstbyte.telemetry.facts import Fact, HostStarted, HostStopped


class Facts(list[Fact]):
    """A hook that remembers what it is told."""

    observe = list.append


def settings_of(home: Path, **options: Any) -> Any:
    return load_settings({"home": home, "port": 0, **options}, {})


async def test_a_host_answers_from_start_to_stop(tmp_path: Path) -> None:
    facts = Facts()
    async with Host(settings_of(tmp_path / "home"), [facts]) as host, aiohttp.ClientSession() as session:
        async with session.get(f"{host.url}/healthz") as answer:
            assert await answer.text() == "ok\n"
        url = host.url
        assert await asyncio.to_thread(lambda: host.credentials.access_key_id.startswith("AKIA"))

    started, stopped = facts[0], facts[-1]
    assert isinstance(started, HostStarted)
    assert isinstance(stopped, HostStopped)
    assert started.url == stopped.url == url
    with pytest.raises(aiohttp.ClientConnectorError):
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz"):
            pass


async def test_a_host_that_cannot_start_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    async with Host(settings):
        with pytest.raises(HomeInUse):
            await Host(settings).start()
    async with Host(settings):
        pass  # the lock is free again


@pytest.mark.parametrize("gives_up", [False, True])
async def test_model_data_that_nobody_waits_for_any_more_is_not_left_lying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def fetch_slowly(url: str, into: Path, settings: ArtifactSettings) -> None:
        begun.set()
        may_go_on.wait()
        fetch_model_data(url, into, settings)

    monkeypatch.setattr("firstbyte.app.fetch_model_data", fetch_slowly)
    source, into = tmp_path / "objects" / "bucket" / "model", tmp_path / "model"
    source.mkdir(parents=True)
    (source / "weights").touch()
    data = FetchedModelData(ArtifactSettings(cache_dir=tmp_path / "cache", objects_dir=tmp_path / "objects"))
    fetching = asyncio.create_task(data.fetch("s3://bucket/model/", into))
    await asyncio.to_thread(begun.wait)
    if gives_up:
        fetching.cancel()
        await asyncio.wait([fetching])
    may_go_on.set()
    await asyncio.wait([fetching])
    await asyncio.get_running_loop().shutdown_default_executor()
    assert (fetching.cancelled(), into.exists()) == (gives_up, not gives_up)


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            open_listener(settings_of(tmp_path, port=port))


async def test_stopping_twice_is_fine(tmp_path: Path) -> None:
    host = Host(settings_of(tmp_path / "home"))
    await host.start()
    await host.stop()
    await host.stop()

    assert host.url == ""


def test_what_starts_slowly_is_not_imported_by_the_host() -> None:
    heavy = {"huggingface_hub", "numpy", "tokenizers", "boto3", "jinja2", "rich", "typer"}
    program = "import sys, firstbyte.app; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert heavy & set(modules) == set()
