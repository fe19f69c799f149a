"""The processes under work, crash and silence."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.handlers import plan
from firstbyte.containers.errors import GenerationBroke, TookTooLong
from firstbyte.containers.lmi.handlers.frames import Frame
from firstbyte.containers.lmi.handlers.process import WorkerPlan, invocation
from firstbyte.containers.lmi.handlers.workers import STOPPED, Workers


@asynccontextmanager
async def running(settled: WorkerPlan) -> AsyncIterator[Workers]:
    workers = await asyncio.to_thread(Workers.start, settled)
    try:
        yield workers
    finally:
        await workers.close()


def asks(**asked: Any) -> Frame:
    return invocation({}, (("data", json.dumps(asked).encode()),))


async def said(workers: Workers, **asked: Any) -> list[Frame]:
    async with aclosing(workers.exchange(asks(**asked))) as frames:
        return [frame async for frame in frames]


async def test_calls_follow_each_other_on_one_process(tmp_path: Path) -> None:
    async with running(plan(tmp_path)) as workers:
        frames = await said(workers, do="pid")
        assert [frame.kind for frame in frames] == ["head", "chunk", "end"]
        first = json.loads(frames[1].body)
        assert first["dtype"] == "fp16"
        again, stream = await asyncio.gather(said(workers, do="pid"), said(workers, do="stream"))
        assert json.loads(again[1].body) == first
        assert [frame.body for frame in stream[1:-1]] == [b"0 ", b"1 ", b"2 "]
        assert workers.status == "Healthy"


async def test_process_that_dies_is_replaced_and_initialised_again(tmp_path: Path) -> None:
    async with running(plan(tmp_path)) as workers:
        first = json.loads((await said(workers, do="pid"))[1].body)
        with pytest.raises(GenerationBroke, match=STOPPED):
            await said(workers, do="crash")
        assert workers.status == "Unhealthy"
        second = json.loads((await said(workers, do="pid"))[1].body)
        assert (second["pid"] != first["pid"], second["dtype"], workers.status) == (True, "fp16", "Healthy")


async def test_process_that_is_silent_too_long_is_ended(tmp_path: Path) -> None:
    async with running(plan(tmp_path, predict_timeout_s=0.2)) as workers:
        with pytest.raises(TookTooLong):
            await said(workers, do="hang")
        assert workers.status == "Unhealthy"


async def test_stream_that_nobody_reads_any_more_is_ended(tmp_path: Path) -> None:
    left = tmp_path / "left"
    async with running(plan(tmp_path)) as workers:
        async with aclosing(workers.exchange(asks(do="stream", n=10**9, left=str(left)))) as frames:
            assert (await anext(frames)).kind == "head"
            assert (await anext(frames)).body == b"0 "
        assert (await said(workers, do="pid"))[0].kind == "head"
        assert left.exists()


async def test_process_that_starts_no_more_is_a_failed_model(tmp_path: Path) -> None:
    async with running(plan(tmp_path, retry_threshold=2)) as workers:
        (tmp_path / "model.py").write_text("raise SystemExit")
        for _ in range(3):
            with pytest.raises(GenerationBroke):
                await said(workers, do="crash")
        assert workers.status == "FAILED"


async def test_failing_formatter_is_an_error(tmp_path: Path) -> None:
    source = "def word(output): raise ValueError('no words')"
    async with running(plan(tmp_path, source, output_formatter="word")) as workers:
        assert workers.contents.has_output_formatter
        with pytest.raises(GenerationBroke, match="no words"):
            await workers.ask(Frame("word", body=b'{"response": {}}'))
