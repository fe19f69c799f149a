"""The models of multi-model containers: loaded on the first request for them, unloaded when memory runs short.

Each loaded model is a process of its own, which stands for its part of the container. Requests hold a `Lease` of the
model while it answers them; `hosting.residency` says what may go. Source: SageMaker developer guide, "Multi-model
endpoints".
"""

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firstbyte.hosting.definitions import Container
from firstbyte.hosting.errors import LaunchFailed, ModelDataError, ModelFailed, Unavailable, ValidationFailed
from firstbyte.hosting.facts import ModelLoaded, ModelRequested, ModelUnloaded
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import InstancePhase, InstanceSpec, Ports
from firstbyte.hosting.reasons import model_data_timeout
from firstbyte.hosting.records import Instance, Variant
from firstbyte.hosting.residency import Resident, make_room
from firstbyte.hosting.settings import HostingSettings

_GONE = "The instance that was to load the model is gone."


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model that a multi-model container of an instance can be asked for."""

    instance: Instance
    container_id: str
    container: Container
    variant: Variant
    name: str
    """`TargetModel`: where it lies below the container's ModelDataUrl."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other models."""
        return self.container_id, self.name

    @property
    def url(self) -> str:
        """Where its data lies."""
        return f"{(self.container.model_data_url or '').rstrip('/')}/{self.name}"


@dataclass(eq=False, slots=True)
class _Place:
    """A model's place in memory, from the first request for it until its process is gone."""

    model: HostedModel
    number: int
    spec: InstanceSpec
    num_users: int = 0
    used_at: int = 0
    num_bytes: int = 0
    """0 until there is room for it."""
    is_loaded: bool = False
    is_dead: bool = False
    """Its process is known to be gone."""
    loading: "asyncio.Task[str]" = field(init=False)
    """Gives its URL."""
    leaving: "asyncio.Task[None] | None" = None


class Lease:
    """A loaded model that a request uses; it is not unloaded before `release`."""

    def __init__(self, models: "LoadedModels", place: _Place, url: str) -> None:
        self._models = models
        self._place: _Place | None = place
        self.url = url

    def release(self, *, is_dead: bool = False) -> None:
        """Give the model back; `is_dead`: nothing listens there any more. Further calls do nothing."""
        place, self._place = self._place, None
        if place is not None:
            place.is_dead = place.is_dead or is_dead
            self._models.give_back(place)


class LoadedModels:
    """Loads, keeps and unloads the models of all multi-model containers of this host."""

    def __init__(self, ports: Ports, settings: HostingSettings) -> None:
        self._ports = ports
        self._settings = settings
        self._wording = Wording(settings)
        self._budget_bytes = memory_budget_bytes(settings)
        self._open: set[str] = set()
        """The ids of the containers that run."""
        self._found: dict[tuple[str, str], _Place] = {}
        """The models that requests may use, or wait for."""
        self._places: dict[int, _Place] = {}
        """Those, and the ones that are being unloaded."""
        self._numbers = itertools.count(1)
        self._uses = itertools.count(1)
        self._room = asyncio.Lock()
        """Held by the load that is next to get room: first come, first served."""
        self._freed = asyncio.Event()

    def open(self, container_ids: Iterable[str]) -> None:
        """Have these containers load models from now on, until `end`."""
        self._open.update(container_ids)

    async def lease(self, model: HostedModel) -> Lease:
        """Have a model in memory, loading it if need be; whoever asks meanwhile waits for the same load.

        A load goes on when nobody waits for it any more. Raises ValidationFailed (there is no such model), ModelFailed
        (it cannot be loaded), Unavailable.
        """
        if model.container_id not in self._open:
            raise Unavailable(_GONE)
        place = self._found.get(model.key) or self._begin(model)
        was_loaded, began_s = place.is_loaded, time.perf_counter()
        place.num_users += 1
        try:
            url = await asyncio.shield(place.loading)
        except BaseException:
            self.give_back(place)
            if place.loading.cancelled() and not _is_cancelled():
                raise Unavailable(_GONE) from None
            raise
        of = (model.instance.endpoint_name, model.instance.variant_name, model.instance.id, model.name)
        self._ports.emit(ModelRequested(*of, was_loaded, time.perf_counter() - began_s))
        return Lease(self, place, url)

    def give_back(self, place: _Place) -> None:
        """Note that a request does not use a model any more."""
        place.num_users -= 1
        place.used_at = next(self._uses)
        self._settle(place)

    def holders(self, name: str) -> set[str]:
        """The instances that have a model of this name in memory, or are loading it."""
        return {place.model.instance.id for place in self._found.values() if place.model.name == name}

    def num_loaded(self, endpoint_name: str, variant_name: str) -> int:
        """How many models a variant's instances have in memory."""
        places = [place.model.instance for place in self._found.values() if place.is_loaded]
        return sum((one.endpoint_name, one.variant_name) == (endpoint_name, variant_name) for one in places)

    async def end(self, container_ids: Collection[str]) -> None:
        """Unload every model of these containers, in use or not, and return when nothing is left of them."""
        self._open.difference_update(container_ids)
        places = [place for place in self._places.values() if place.model.container_id in container_ids]
        for place in places:
            self._forget(place)
            place.loading.cancel()
        await _wait(place.loading for place in places)
        await _wait([self._leave(place) for place in places if place.number in self._places])

    def _begin(self, model: HostedModel) -> _Place:
        """Begin to load a model."""
        number = next(self._numbers)
        folder = self._settings.instances_dir / model.container_id
        spec = InstanceSpec(
            container_id=f"{model.container_id}/{number}",
            endpoint_name=model.instance.endpoint_name,
            variant_name=model.instance.variant_name,
            image=model.container.image,
            environment=model.container.environment,
            folder=folder,
            model_dir=folder / "models" / str(number),
        )
        place = _Place(model, number, spec)
        self._found[model.key] = self._places[number] = place
        place.loading = asyncio.create_task(self._load(place), name=f"load {model.name}")
        place.loading.add_done_callback(lambda _: self._settle(place))
        return place

    def _settle(self, place: _Place) -> None:
        """Draw the consequences of a load's end, or of a request's."""
        self._freed.set()
        if not place.loading.done():
            return
        if not place.loading.cancelled():
            place.loading.exception()  # whoever still waits for it raises it
        is_kept = place.is_loaded and not place.is_dead and place.model.container.caches_models
        if not place.is_loaded or place.is_dead:
            self._forget(place)
        if place.is_loaded and not place.num_users and not is_kept:
            self._forget(place)
            self._leave(place)

    def _forget(self, place: _Place) -> None:
        """Have no further request use it."""
        if self._found.get(place.model.key) is place:
            del self._found[place.model.key]

    def _leave(self, place: _Place) -> "asyncio.Task[None]":
        if place.leaving is None:
            place.leaving = asyncio.create_task(self._unload(place), name=f"unload {place.model.name}")
        return place.leaving

    async def _load(self, place: _Place) -> str:
        model, began_s = place.model, time.perf_counter()
        try:
            num_bytes = await self._fetch(place)
            fetched_s = time.perf_counter()
            async with self._room:
                await self._make_room(num_bytes)
                place.num_bytes = num_bytes
            started_s = time.perf_counter()
            url = await self._start(place)
        except (LaunchFailed, OSError) as error:
            await asyncio.shield(self._leave(place))
            raise Unavailable(f"The model {model.name} could not be loaded: {error}") from error
        except BaseException:
            await asyncio.shield(self._leave(place))
            raise
        place.is_loaded = True
        of = (model.instance.endpoint_name, model.instance.variant_name)
        took_s = (fetched_s - began_s, time.perf_counter() - started_s)
        num_loaded = self.num_loaded(*of)
        self._ports.emit(ModelLoaded(*of, model.instance.id, model.name, num_bytes, *took_s, num_loaded))
        return url

    async def _fetch(self, place: _Place) -> int:
        """Lay a model's files out; gives their bytes."""
        model, folder = place.model, place.spec.model_dir
        limit_s = model.variant.model_data_download_timeout_s or self._settings.model_data_timeout_s
        await asyncio.to_thread(folder.mkdir, parents=True)
        try:
            async with asyncio.timeout(limit_s):
                await self._ports.model_data.fetch(model.url, folder)
        except ModelDataError as error:
            raise ValidationFailed(self._wording.model_data_missing(model.url, error.message)) from error
        except TimeoutError:
            raise ValidationFailed(model_data_timeout(model.url, limit_s)) from None
        return await asyncio.to_thread(_folder_bytes, folder)

    async def _make_room(self, num_bytes: int) -> None:
        """Unload what must go so that so many bytes fit, waiting for requests to end if need be."""
        while True:
            self._freed.clear()
            residents = [self._resident(place) for place in self._places.values() if place.num_bytes]
            unloaded = make_room(residents, num_bytes, self._budget_bytes)
            if unloaded is not None:
                break
            await self._freed.wait()
        places = [self._places[one.number] for one in unloaded]
        for place in places:
            self._forget(place)
        await _wait(map(self._leave, places))  # an unload goes on if the load that it is for does not

    def _resident(self, place: _Place) -> Resident:
        is_in_use = place.num_users > 0 or not place.is_loaded or place.leaving is not None
        return Resident(place.number, place.num_bytes, is_in_use, place.used_at)

    async def _start(self, place: _Place) -> str:
        """Start a model's process and wait until it is healthy."""
        model, launcher = place.model, self._ports.launcher
        limit_s = model.variant.container_startup_health_check_timeout_s or self._settings.health_check_timeout_s
        try:
            url = await launcher.start(place.spec)
            async with asyncio.timeout(limit_s):
                while (state := await launcher.observe(place.spec.container_id)).phase is not InstancePhase.HEALTHY:
                    if state.phase is InstancePhase.EXITED:
                        raise self._failure(place)
                    await asyncio.sleep(self._settings.busy_poll_s)
        except TimeoutError:
            raise self._failure(place) from None
        return url

    def _failure(self, place: _Place) -> ModelFailed:
        lines = self._ports.launcher.tail_log(place.spec.container_id, self._settings.num_log_lines)
        text = "\n".join([f"The model {place.model.name} could not be loaded.", *lines])
        endpoint_name, name = place.model.instance.endpoint_name, place.model.container.name
        return self._wording.model_failed(endpoint_name, name, 500, text.encode())

    async def _unload(self, place: _Place) -> None:
        """End a model's process and clear its files away; then its room is free."""
        began_s = time.perf_counter()
        try:
            await self._ports.launcher.stop(place.spec.container_id)
            await asyncio.to_thread(shutil.rmtree, place.spec.model_dir, ignore_errors=True)
        finally:
            self._forget(place)
            del self._places[place.number]
            self._freed.set()
        if not place.is_loaded:
            return
        of = (place.model.instance.endpoint_name, place.model.instance.variant_name)
        took_s, num_loaded = time.perf_counter() - began_s, self.num_loaded(*of)
        self._ports.emit(ModelUnloaded(*of, place.model.instance.id, place.model.name, took_s, num_loaded))


def memory_budget_bytes(settings: HostingSettings) -> int:
    """How many bytes of models may be loaded: what the settings say, else half of this machine's memory."""
    if settings.multi_model_memory_bytes is not None:
        return settings.multi_model_memory_bytes
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _is_cancelled() -> bool:
    """Whether it is the caller that gives up."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    if waited := list(tasks):
        await asyncio.wait(waited)


def _folder_bytes(folder: Path) -> int:
    """What a model counts with: one byte at least, since it takes a process."""
    return max(1, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))
