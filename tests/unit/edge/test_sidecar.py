"""The object store's process: it starts, comes back, and never outlives its host."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firstbyte.edge import sidecar as sidecar_module
from firstbyte.edge.sidecar import Sidecar, SidecarFailed
from firstbyte.telemetry.facts import Fact, SidecarExited

Running = tuple[Sidecar, asyncio.Queue[Fact]]


@pytest.fixture
async def sidecar(tmp_path: Path) -> AsyncIterator[Running]:
    facts: asyncio.Queue[Fact] = asyncio.Queue()
    running = Sidecar(tmp_path / "objects", facts.put_nowait)
    await running.start()
    yield running, facts
    await running.stop()


async def ask(address: Any) -> Any:
    async with aiohttp.ClientSession() as session, session.get(address.url) as answer:
        return answer.status


async def test_it_listens_and_refuses_strangers(sidecar: Running) -> None:
    store, _ = sidecar

    assert await ask(await store.address()) >= 400


async def test_it_is_started_again_should_it_end(sidecar: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_module, "RESTART_WAIT_S", 0)
    store, facts = sidecar
    first = await store.address()
    assert store.process_id is not None
    os.killpg(store.process_id, signal.SIGKILL)
    fact = await facts.get()
    second = await store.address()

    assert isinstance(fact, SidecarExited)
    assert first.secret_access_key != second.secret_access_key
    assert await ask(second) >= 400


async def test_when_it_is_stopped_nobody_listens(sidecar: Running) -> None:
    store, _ = sidecar
    address = await store.address()
    await store.stop()

    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(address)


async def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where the folder should be")
    with pytest.raises(SidecarFailed, match="cannot have its folder"):
        await Sidecar(tmp_path / "objects", lambda fact: None).start()


@pytest.mark.parametrize(
    ("key", "objection"),
    [
        ("a/b.txt", None),
        ("é ü/~", None),
        ("/a", "cannot begin or end"),
        ("a/", "cannot begin or end"),
        ("a//b", "cannot begin or end"),
        ("a/../b", "cannot begin or end"),
        ("x" * 256, "more than 255 bytes"),
        ("a\0b", "hold a NUL"),
        ("a/.rclone_temp_put_1", "cannot begin with"),
        ("folder", "beside objects that begin with folder/"),
        ("file/below", "below an object"),
        ("folder/inner", None),
        ("file", None),
    ],
)
def test_keys_that_files_cannot_have_are_objected_to(tmp_path: Path, key: str, objection: str | None) -> None:
    (tmp_path / "bucket" / "folder").mkdir(parents=True)
    (tmp_path / "bucket" / "file").write_text("x")

    said = Sidecar(tmp_path, lambda fact: None).object_to("bucket", key, is_upload=True)
    assert (said is None) if objection is None else (said is not None and objection in said)


def test_what_cannot_be_written_can_still_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "bucket" / "folder").mkdir(parents=True)

    assert Sidecar(tmp_path, lambda fact: None).object_to("bucket", "folder", is_upload=False) is None
