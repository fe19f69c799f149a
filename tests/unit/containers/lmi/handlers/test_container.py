"""A model that is a handler, over HTTP; one process serves all tests of a kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.containers import Transcript, get, play_on, post
from fakes.handlers import plan
from firstbyte.containers.exchange import Request
from firstbyte.containers.lmi.front_end import FrontEnd
from firstbyte.containers.lmi.handlers.container import (
    HandlerContainer,
    HandlerLimits,
    HandlerStreamBroke,
    answer_headers,
)
from firstbyte.containers.lmi.handlers.workers import Workers


@asynccontextmanager
async def running(folder: Path, limits: HandlerLimits | None = None, **changes: Any) -> AsyncIterator[HandlerContainer]:
    workers = await asyncio.to_thread(Workers.start, plan(folder, **changes))
    front_end = FrontEnd("mine", new_request_id=lambda: "id-1")
    container = HandlerContainer(front_end, workers, {"model_dir": "m"}, limits or HandlerLimits())
    try:
        yield container
    finally:
        await container.close()


async def asked(container: HandlerContainer, **body: Any) -> Transcript:
    return await play_on(container, post("/invocations", body))


async def test_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as container:
        plain = await asked(container)
        assert (plain.status, plain.body, plain.headers["x-mine"]) == (200, b"plain", "1 2")
        assert (plain.headers["content-length"], plain.headers["x-request-id"]) == ("5", "id-1")

        stream = await asked(container, do="stream")
        assert (stream.chunks, stream.headers["content-type"]) == ([b"0 ", b"1 ", b"2 "], "text/plain")
        assert stream.is_whole
        assert (await asked(container, do="lines")).chunks == [b'{"outputs": ["a"]}\n', b'{"outputs": ["b"]}\n']

        failed = await asked(container, do="raise")
        assert (failed.status, failed.headers["content-type"]) == (424, "application/json")
        assert failed.json == {"code": 424, "message": "prediction failure", "error": "broken"}
        broken = await asked(container, do="stream", raise_at=1)
        assert broken.chunks == [b"0 ", b"broken"]

        request = post("/predictions/mine", {"do": "properties"}, x_amzn_sagemaker_custom_attributes="a=1; b=2")
        request = Request(request.method, request.path, request.headers, request.body, "seed=7")
        properties = (await play_on(container, request)).json
        assert {name: properties[name] for name in ("a", "b", "seed", "model_dir")} == {
            "a": "1", "b": "2", "seed": "7", "model_dir": "m",
        }  # fmt: skip

        assert (await play_on(container, get("/ping"))).json == {"mine": {"status": "Healthy"}}
        assert (await play_on(container, post("/predictions/other", {}))).status == 404
        too_large = post("/invocations", {}, content_length=str(HandlerLimits().max_body_bytes + 1))
        assert (await play_on(container, too_large)).status == 413


async def test_crash_fails_its_call_only(tmp_path: Path) -> None:
    async with running(tmp_path) as container:
        crashed = await asked(container, do="crash")
        assert (crashed.status, crashed.json) == (
            400,
            {"code": 400, "type": "TranslateException", "message": "Backend Python process is stopped."},
        )
        assert (await play_on(container, get("/ping"))).json == {"mine": {"status": "Unhealthy"}}
        assert (await asked(container)).body == b"plain"
        assert (await play_on(container, get("/ping"))).json == {"mine": {"status": "Healthy"}}
        with pytest.raises(HandlerStreamBroke):
            await asked(container, do="stream", crash_at=1)


async def test_silence_and_lack_of_slots(tmp_path: Path) -> None:
    limits = HandlerLimits(max_calls=1)
    async with running(tmp_path, limits, predict_timeout_s=0.5) as container:
        hanging, refused = await asyncio.gather(asked(container, do="hang"), asked(container))
        assert (hanging.status, hanging.json["message"]) == (400, "Time out in: 0.5")
        assert (refused.status, refused.json["type"]) == (503, "WlmCapacityException")


def test_headers_are_made_fit_for_http() -> None:
    made = answer_headers(
        {"Content-Type": "a/b", "X-Two": "é\r\nset-cookie: 1", "bad name": "x", "Pragma": "mine", "Connection": "x"},
        (("pragma", "no-cache"), ("x-request-id", "1")),
    )
    assert made == (
        ("content-type", "a/b"),
        ("x-two", "é set-cookie: 1"),
        ("pragma", "mine"),
        ("x-request-id", "1"),
    )
