import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from fakes.containers import get, lmi, play_on, post
from fakes.engine import FakeEngine
from firstbyte.containers.dialect import Application
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.front_end import FrontEnd
from firstbyte.containers.lmi.pending import PendingLmi
from firstbyte.containers.server import ContainerServer

FRONT_END = FrontEnd("model", new_request_id=lambda: "id-1")


@dataclass
class Made:
    application: Application
    description: str = "a model"
    notes: tuple[str, ...] = ("a note",)
    is_closed: bool = False

    async def close(self) -> None:
        self.is_closed = True


async def test_pending_until_the_model_is_there() -> None:
    may_load = threading.Event()
    made = Made(ContainerServer(lmi(), FakeEngine(["a"])))

    def load() -> Made:
        may_load.wait()
        return made

    pending = PendingLmi(FRONT_END, load)
    ping = await play_on(pending, get("/ping"))
    assert (ping.status, ping.json) == (200, {"model": {"status": "PENDING"}})
    refused = await play_on(pending, post("/invocations", {"inputs": "hi"}))
    assert (refused.status, refused.json) == (
        503,
        {
            "code": 503,
            "type": "WlmCapacityException",
            "message": "No worker is available to serve request for model: model",
        },
    )
    assert (await play_on(pending, get("/elsewhere"))).status == 404
    await pending.close()

    may_load.set()
    await asyncio.to_thread(pending.wait)
    assert (await play_on(pending, get("/ping"))).json == {"model": {"status": "Healthy"}}
    assert (await play_on(pending, post("/invocations", {"inputs": "hi"}))).json == {"generated_text": "a"}
    await pending.close()
    assert made.is_closed


@pytest.mark.parametrize("error", [StartupFailed("no weights"), RuntimeError("broken")])
async def test_load_that_fails_is_a_failed_model(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def load() -> Any:
        raise error

    pending = PendingLmi(FRONT_END, load)
    await asyncio.to_thread(pending.wait)
    ping = await play_on(pending, get("/ping"))
    assert (ping.status, ping.json) == (500, {"model": {"status": "FAILED"}})
    assert str(error) in caplog.text
