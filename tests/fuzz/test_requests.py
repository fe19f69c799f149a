"""Damaged requests against the whole of the door: no 5xx, and nothing left behind.

`pytest tests/fuzz --num-fuzzed 100000` tries more than `make test` does; `--fuzz-seed` repeats a run. S3's 501 says
that something is not served, which no client tries again.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import FakeHost
from firstbyte.app import SystemClock, list_services
from firstbyte.artifacts.errors import ModelDataNotFound
from firstbyte.aws.gateway import Gateway
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.sigv4 import Verifier
from firstbyte.edge.asgi import Edge
from firstbyte.edge.hub import Hub
from firstbyte.edge.logs import Logs
from firstbyte.edge.metrics import Metrics
from firstbyte.edge.objects import Objects
from firstbyte.edge.runtime import Runtime
from firstbyte.edge.sessions import Sessions
from firstbyte.edge.sidecar import Sidecar
from firstbyte.hosting.async_invoke import AsyncInvoker
from firstbyte.hosting.data_capture import Captures
from firstbyte.hosting.invoke import Invocation
from firstbyte.telemetry.minutes import MinuteStatistics
from fuzz.corpus import PARAMS, good_requests
from fuzz.mutation import mutate
from oracle import find_credentials, utc_now

BATCH_LEN = 500
"""Requests that one control plane takes before the next is built: what they create must not grow without end."""
MAX_BODY_BYTES = 200_000
SOME_TIME_S = 1_767_268_860
"""A minute after the metrics' seeds begin."""


class Visit:
    """One request as uvicorn hands it in, and what is sent back."""

    def __init__(self, request: HttpRequest, *, leaves_early: bool) -> None:
        self.scope = {
            "type": "http",
            "method": request.method,
            "raw_path": request.path.encode("latin-1", "replace"),
            "query_string": request.query.encode("latin-1", "replace"),
            "headers": [(name.encode("latin-1", "replace"), text.encode("latin-1", "replace"))
                        for name, text in request.headers.items()],
            "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self.status: int | None = None
        self._body = request.body
        self._leaves_early = leaves_early
        self._has_given = False

    async def receive(self) -> Any:
        if not self._has_given:
            self._has_given = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if not self._leaves_early:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


def find_no_model(model_id: str) -> Path | None:
    raise ModelDataNotFound(f"there is no {model_id}")


async def add_components(host: FakeHost) -> None:
    """The endpoint s, with a component that has a copy and one that has none."""
    variants = [{"VariantName": "AllTraffic", "InitialInstanceCount": 1}]
    config = {"EndpointConfigName": "s", "ExecutionRoleArn": "arn:role", "ProductionVariants": variants}
    host.api.create_endpoint_config(config)
    host.api.create_endpoint({"EndpointName": "s", "EndpointConfigName": "s"})
    await host.settle("s")
    for name, copies in (("living", 1), ("sleeping", 0)):
        place = {"InferenceComponentName": name, "EndpointName": "s", "VariantName": "AllTraffic"}
        wanted = {"Specification": {"ModelName": "e"}, "RuntimeConfig": {"CopyCount": copies}}
        host.api.create_inference_component(place | wanted)
    await host.settle("s")


@asynccontextmanager
async def open_door(folder: Path, sidecar: Sidecar, *, verifies: bool) -> AsyncIterator[Edge]:
    """A door with everything behind it: the control plane over fakes, the object store for real."""
    host = FakeHost(folder / "instances")
    host.deploy("e")
    host.deploy("a", config={"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://bucket/o"}}})
    await add_components(host)
    await host.invoker.invoke(Invocation("s", b"x", inference_component_name="living", overhead_s=0.0))
    minutes = MinuteStatistics(lambda: SOME_TIME_S)
    for fact in host.facts:
        minutes.observe(fact)  # type: ignore[arg-type]
    controlling = asyncio.create_task(host.controller.run())
    captures = Captures(host.invoker, host.ports, host.settings)
    queue = AsyncInvoker(host.store, host.fleet, host.ports, host.settings, captures)
    runtime = Runtime(captures, queue, lambda fact: None)
    logs = Logs(host.fleet.of, lambda name: host.store.endpoints.get(name) is not None, lambda name: folder / name)
    verifier = Verifier(find_credentials, utc_now, region="us-east-1") if verifies else None
    sessions, metrics = Sessions("123456789012", SystemClock().now), Metrics(minutes)
    gateway = Gateway(list_services(host.api, runtime, logs, sessions, metrics), verifier)
    objects = Objects(sidecar, find_credentials, verifier, account_id="123456789012", region="us-east-1")
    hub = Hub(find_no_model, offline=True)
    await objects.start()
    pages = {"/healthz": lambda: HttpResponse(200)}
    try:
        yield Edge(gateway, objects, hub, pages, max_body_bytes=MAX_BODY_BYTES, emit=lambda fact: None)
    finally:
        await objects.close()
        await hub.close()
        await queue.close()
        await host.controller.close()
        await controlling
        host.store.close()


async def visit(edge: Edge, request: HttpRequest, chance: random.Random) -> str | None:
    """Hand in a request; gives what is wrong with the answer, None where nothing is."""
    made = Visit(request, leaves_early=chance.random() < 0.03)
    try:
        async with asyncio.timeout(60):
            await edge(made.scope, made.receive, made.send)
    except Exception as error:
        return f"{error!r}"
    is_bad = made.status is not None and made.status >= 500 and made.status != 501
    return f"status {made.status}" if is_bad else None


def num_open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - it is no folder for pathlib


def test_there_is_a_seed_for_everything_that_is_served() -> None:
    anything: Any = type("Anything", (), {"__getattr__": lambda self, name: None})()
    served = list_services(anything, anything, anything, anything, anything)

    assert {(service, operation) for service in served for operation in served[service]} == PARAMS.keys()


async def test_the_seeds_are_good(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path / "objects", lambda fact: None)
    await sidecar.start()
    try:
        async with open_door(tmp_path, sidecar, verifies=True) as edge:
            statuses = []
            for request in good_requests():
                made = Visit(request, leaves_early=False)
                await edge(made.scope, made.receive, made.send)
                statuses.append((request.method, request.path, made.status))
    finally:
        await sidecar.stop()
    assert [told for told in statuses if told[2] in (403, 404) or (told[2] or 999) >= 500] == []


@pytest.mark.timeout(3600)
async def test_no_damage_is_a_5xx_or_leaves_something_behind(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    num_requests, seed = pytestconfig.getoption("--num-fuzzed"), pytestconfig.getoption("--fuzz-seed")
    chance = random.Random(seed)
    seeds = good_requests()
    await asyncio.to_thread(lambda: None)  # the pool of threads belongs to the loop
    num_files, tasks = num_open_files(), asyncio.all_tasks()
    sidecar = Sidecar(tmp_path / "objects", lambda fact: None)
    await sidecar.start()
    wrong: list[str] = []
    try:
        for start in range(0, num_requests, BATCH_LEN):
            async with open_door(tmp_path, sidecar, verifies=start % (4 * BATCH_LEN) == 0) as edge:
                for number in range(start, min(start + BATCH_LEN, num_requests)):
                    request = mutate(chance.choice(seeds), chance)
                    if (what := await visit(edge, request, chance)) is not None:
                        wrong.append(f"request {number} of seed {seed}: {what} to {request!r:.2000}")
    finally:
        await sidecar.stop()

    assert wrong == [], "\n".join(wrong[:10])
    assert asyncio.all_tasks() - tasks == set()
    assert num_open_files() <= num_files
