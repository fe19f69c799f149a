"""Multi-model containers: loaded on demand and once, unloaded when memory runs short, never under a request."""

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.definitions import Container
from firstbyte.hosting.errors import ModelFailed, NotReady, Unavailable, ValidationFailed
from firstbyte.hosting.facts import InvocationFinished, ModelLoaded, ModelRequested, ModelUnloaded
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.multi_model import HostedModel, Lease, memory_budget_bytes
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.records import Instance, InstanceStatus, Variant
from firstbyte.hosting.settings import HostingSettings

PREFIX = "s3://b/models/"


def call(name: str, **more: Any) -> Invocation:
    return Invocation("e", b"in", target_model=name, **more)


async def serve(host: FakeHost, *names: str, num_bytes: int = 10, **members: Any) -> None:
    """The multi-model endpoint e in service, with archives of so many bytes below its prefix."""
    for name in names:
        host.model_data.files[PREFIX + name] = {"weights": "x" * num_bytes}
    host.deploy("e", Mode="MultiModel", ModelDataUrl=PREFIX, **members)
    assert await host.settle() == "InService"


def told(host: FakeHost) -> list[str]:
    """What became of models."""
    lines = []
    for fact in host.facts:
        match fact:
            case ModelLoaded():
                lines.append(f"+{fact.model_name}")
            case ModelUnloaded():
                lines.append(f"-{fact.model_name}")
            case ModelRequested() if fact.was_loaded:
                lines.append(f"={fact.model_name}")
    return lines


@pytest.fixture
async def small(tmp_path: Path) -> Any:
    """A host with room for two models of ten bytes."""
    host = FakeHost(tmp_path, multi_model_memory_bytes=25, busy_poll_s=0.001, invoke_timeout_s=5)
    yield host
    await host.controller.close()
    assert host.launcher.states == {}, "no model outlives its instance"
    assert not await asyncio.to_thread(lambda: [*tmp_path.glob("i-*")])
    host.store.close()


async def test_a_model_is_loaded_by_the_first_request_for_it(small: FakeHost) -> None:
    await serve(small, "a.tar.gz", "deep/b.tar.gz")
    assert small.launcher.num_starts == 0, "nothing is loaded before somebody asks"
    for name in ("a.tar.gz", "deep/b.tar.gz", "a.tar.gz"):
        assert (await small.invoker.invoke(call(name))).body == b"onetwo"
    assert told(small) == ["+a.tar.gz", "+deep/b.tar.gz", "=a.tar.gz"]
    assert [one.headers["X-Amzn-SageMaker-Target-Model"] for _, one in small.client.script.calls] == [
        "a.tar.gz", "deep/b.tar.gz", "a.tar.gz",
    ]  # fmt: skip
    (instance,) = small.fleet.of("e")
    assert {spec.folder for spec in small.launcher.specs.values()} == {small.settings.instances_dir / instance.id}


async def test_requests_that_come_together_load_once(small: FakeHost) -> None:
    await serve(small, "a")
    await asyncio.gather(*(small.invoker.invoke(call("a")) for _ in range(5)))
    assert (told(small), small.launcher.num_starts) == (["+a"], 1)


async def test_the_least_recently_used_goes_when_there_is_no_room(small: FakeHost) -> None:
    await serve(small, "a", "b", "c")
    for name in ("a", "b", "a", "c", "a", "b"):
        await small.invoker.invoke(call(name))
    assert told(small) == ["+a", "+b", "=a", "-b", "+c", "=a", "-c", "+b"]
    assert len(small.launcher.states) == 2
    models = [*small.settings.instances_dir.glob("i-*/models/*")]
    assert len(models) == 2, "the files of the others are gone"


async def test_a_model_in_use_stays_and_what_finds_no_room_waits(small: FakeHost) -> None:
    await serve(small, "a", "large")
    small.model_data.files[PREFIX + "large"] = {"weights": "x" * 20}
    small.client.script = Script(chunks=(b"1",), ending="hang")
    answers = [await small.invoker.invoke(call("a", streaming=True)) for _ in range(2)]
    small.client.script = Script()
    waiting = asyncio.create_task(small.invoker.invoke(call("large")))
    await answers[0].close()
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert (told(small), waiting.done()) == (["+a", "=a"], False)
    await answers[1].close()
    assert (await waiting).body == b"onetwo"
    assert told(small) == ["+a", "=a", "-a", "+large"]


async def test_a_model_larger_than_all_memory_is_alone(small: FakeHost) -> None:
    await serve(small, "a", "huge")
    small.model_data.files[PREFIX + "huge"] = {"weights": "x" * 100}
    for name in ("a", "huge", "a"):
        await small.invoker.invoke(call(name))
    assert told(small) == ["+a", "-a", "+huge", "-huge", "+a"]


async def test_without_a_cache_a_model_goes_when_it_is_not_used(small: FakeHost) -> None:
    await serve(small, "a", MultiModelConfig={"ModelCacheSetting": "Disabled"})
    await asyncio.gather(*(small.invoker.invoke(call("a")) for _ in range(3)))
    assert (await small.invoker.invoke(call("a"))).body == b"onetwo"
    assert told(small).count("+a") == 2


async def test_what_lies_there_now_is_loaded_anew(small: FakeHost) -> None:
    await serve(small, "a", "b", "c")
    await small.invoker.invoke(call("a"))
    small.model_data.files[PREFIX + "a"] = {"weights": "y" * 10}
    await small.invoker.invoke(call("a"))
    for name in ("b", "c", "a"):
        await small.invoker.invoke(call(name))
    loaded = [spec for spec in small.launcher.specs.values() if (spec.model_dir / "weights").exists()]
    assert [(spec.model_dir / "weights").read_text()[0] for spec in loaded] == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "none.tar.gz",
            "Failed to download model data(bucket: b, key: models/none.tar.gz). Please ensure that there is an object "
            "located at the URL and that the role passed to CreateModel has permissions to download the model. (Could "
            "not find model data at s3://b/models/none.tar.gz.)",
        ),
        ("../other/a", "TargetModel ../other/a is not the path of an object below the ModelDataUrl."),
        ("/a", "TargetModel /a is not the path of an object below the ModelDataUrl."),
        ("a//b", "TargetModel a//b is not the path of an object below the ModelDataUrl."),
        ("a/./b", "TargetModel a/./b is not the path of an object below the ModelDataUrl."),
        (None, "Request r-1 is missing a target model header."),
    ],
)
async def test_requests_for_no_model(small: FakeHost, name: str | None, message: str) -> None:
    await serve(small)
    with pytest.raises(ValidationFailed) as failure:
        await small.invoker.invoke(Invocation("e", b"", target_model=name, request_id="r-1"))
    assert failure.value.message == message
    assert not small.fleet.num_outstanding


async def test_a_missing_model_can_come_later(small: FakeHost) -> None:
    await serve(small)
    with pytest.raises(ValidationFailed):
        await small.invoker.invoke(call("a"))
    small.model_data.files[PREFIX + "a"] = {"weights": "1"}
    assert (await small.invoker.invoke(call("a"))).body == b"onetwo"


async def test_a_model_that_cannot_be_loaded_is_the_models_fault(small: FakeHost) -> None:
    await serve(small, "a", Environment={"ON_START": "exit 1"})
    with pytest.raises(
        ModelFailed, match=r'server error \(500\) from primary with message "The model a could'
    ) as failure:
        await small.invoker.invoke(call("a"))
    assert "said: hello" in failure.value.original_message
    outcomes = [fact.outcome for fact in small.facts if isinstance(fact, InvocationFinished)]
    assert (outcomes, small.launcher.states) == (["model_error"], {})


async def test_a_load_that_takes_longer_than_the_request_goes_on(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, invoke_timeout_s=0.02, busy_poll_s=0.001)
    await serve(host, "a", Environment={"ON_START": "hang"})
    while not host.launcher.states:  # on a busy machine the first request's time is over before the load has begun
        with pytest.raises(NotReady, match="The model a is still being loaded"):
            await host.invoker.invoke(call("a"))
    ((container_id, _),) = host.launcher.states.items()
    host.launcher.states[container_id] = InstanceState(InstancePhase.HEALTHY)
    for _ in range(1000):  # clients try again
        try:
            answer = await host.invoker.invoke(call("a"))
        except NotReady:
            continue
        assert answer.body == b"onetwo"
        break
    assert host.launcher.num_starts == 1
    await host.controller.close()
    host.store.close()


async def test_the_wait_for_a_load_is_the_hosts_time(small: FakeHost) -> None:
    await serve(small, "a")
    began_s = time.perf_counter()
    await small.invoker.invoke(call("a", overhead_s=0.25))
    (asked,) = [fact for fact in small.facts if isinstance(fact, ModelRequested)]
    (finished,) = [fact for fact in small.facts if isinstance(fact, InvocationFinished)]
    assert finished.overhead_s is not None
    assert finished.overhead_s >= 0.25 + asked.waited_s > 0.25
    assert finished.duration_s <= time.perf_counter() - began_s - asked.waited_s


async def test_a_model_whose_process_is_gone_is_loaded_again(small: FakeHost) -> None:
    await serve(small, "a")
    await small.invoker.invoke(call("a"))
    ((container_id, _),) = small.launcher.states.items()
    small.client.scripts[f"http://instance/{container_id}"] = Script(start="refuse")
    assert (await small.invoker.invoke(call("a"))).body == b"onetwo"
    assert (small.launcher.num_starts, len(small.launcher.states)) == (2, 1)


async def test_requests_go_where_the_model_is_loaded(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, busy_poll_s=0.001)
    await serve(host, "a", "b", variants=({"InitialInstanceCount": 3},))
    for _ in range(10):
        await host.invoker.invoke(call("a"))
    assert host.launcher.num_starts == 1
    await host.controller.close()
    host.store.close()


async def test_an_instance_that_ends_takes_its_loads_along(small: FakeHost) -> None:
    await serve(small, "a", "b")
    small.model_data.files[PREFIX + "b"] = None
    await small.invoker.invoke(call("a"))
    waiting = asyncio.create_task(small.invoker.invoke(call("b")))
    small.model_data.is_fetching.clear()
    await small.model_data.is_fetching.wait()
    small.api.delete_endpoint({"EndpointName": "e"})
    assert await small.settle() == "gone"
    with pytest.raises(Unavailable, match="The instance that was to load the model is gone"):
        await waiting
    assert small.launcher.states == {}


async def test_a_container_that_has_ended_loads_nothing_more(small: FakeHost) -> None:
    await serve(small, "a")
    (instance,) = small.fleet.of("e")
    (container,) = small.store.endpoints.all()[0].variants[0].containers
    model = HostedModel(instance, instance.id, container, Variant("v", "m"), "a")
    await small.models.end(instance.container_ids)
    with pytest.raises(Unavailable):
        await small.models.lease(model)
    assert small.launcher.num_starts == 0


async def test_one_container_of_a_pipeline_has_many_models(small: FakeHost) -> None:
    small.model_data.files[PREFIX + "a"] = {"weights": "1"}
    small.deploy("e", containers=({"Mode": "MultiModel", "ModelDataUrl": PREFIX}, {}))
    assert await small.settle() == "InService"
    await small.invoker.invoke(call("a"))
    first, second = small.client.script.calls
    assert (first[0] == second[0], second[1].body) == (False, b"onetwo")
    assert told(small) == ["+a"]


async def test_an_unknown_image_fails_the_endpoint_before_anything_is_loaded(small: FakeHost) -> None:
    small.deploy("e", Image="example/unknown:1", Mode="MultiModel", ModelDataUrl=PREFIX)
    assert await small.settle() == "Failed"


def test_the_budget_is_half_of_the_machines_memory_unless_it_is_said() -> None:
    assert memory_budget_bytes(HostingSettings(multi_model_memory_bytes=7)) == 7
    assert memory_budget_bytes(HostingSettings()) > 1 << 20


BUDGET = 100
NAMES = ("a", "b", "c", "d", "e")


class Requests(RuleBasedStateMachine):
    """Requests for models of all sizes, in any order, some of which give up."""

    @initialize(sizes=st.lists(st.integers(1, 130), min_size=5, max_size=5), caches=st.booleans())
    def begin(self, sizes: list[int], caches: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.host = FakeHost(Path(self.folder.name), multi_model_memory_bytes=BUDGET, busy_poll_s=0.0)
        for name, size in zip(NAMES, sizes, strict=True):
            self.host.model_data.files[PREFIX + name] = {"weights": "x" * size}
        spec = {"MultiModelConfig": {"ModelCacheSetting": "Enabled" if caches else "Disabled"}}
        container = Container("firstbyte/echo", model_data_url=PREFIX, mode="MultiModel", spec=spec)
        instance = Instance("i-1", "e", "v", InstanceStatus.HEALTHY, self.host.clock.now())
        self.model = HostedModel(instance, "i-1", container, Variant("v", "m"), "")
        self.host.models.open(["i-1"])
        self.asked: list[asyncio.Task[Lease]] = []
        self.num_given_up = 0

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.loop.run_until_complete(asyncio.wait_for(self.drain(), 30))
        self.loop.run_until_complete(self.host.models.end(["i-1"]))
        assert self.host.launcher.states == {}
        self.host.store.close()
        self.loop.close()
        self.folder.cleanup()

    async def drain(self) -> None:
        """Every request is answered, whichever came before."""
        while self.asked:
            done, _ = await asyncio.wait(self.asked, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self.asked.remove(task)
                task.result().release()

    @rule(name=st.sampled_from(NAMES))
    def ask(self, name: str) -> None:
        model = replace(self.model, name=name)
        self.asked.append(self.loop.create_task(self.host.models.lease(model)))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """One of the requests that are answered ends; one that waits gives up."""
        task = data.draw(st.sampled_from(self.asked))
        self.asked.remove(task)
        if task.done():
            self.release(task)
        else:
            task.cancel()
            self.run(2)
            if not task.cancelled():
                self.release(task)

    def release(self, task: asyncio.Task[Lease]) -> None:
        async def do() -> None:
            task.result().release()

        self.loop.run_until_complete(do())

    @rule(num_turns=st.integers(1, 60))
    def run(self, num_turns: int) -> None:
        async def turn() -> None:
            for _ in range(num_turns):
                await asyncio.sleep(0)
            await asyncio.sleep(0.0005)  # what runs on threads has a moment

        self.loop.run_until_complete(turn())

    @invariant()
    def memory_is_not_overrun(self) -> None:
        if hasattr(self, "host"):
            sizes = [place.num_bytes for place in self.host.models._places.values() if place.num_bytes]
            assert sum(sizes) <= BUDGET or len(sizes) == 1

    @invariant()
    def what_is_used_is_loaded(self) -> None:
        if hasattr(self, "host"):
            used = [task.result() for task in self.asked if task.done()]
            urls = {f"http://instance/{container_id}" for container_id in self.host.launcher.states}
            assert {lease.url for lease in used} <= urls


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
