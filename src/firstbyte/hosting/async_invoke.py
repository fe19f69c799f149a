"""InvokeEndpointAsync: requests wait in a queue, are handed to instances as there is room, and answered in S3.

`edge.runtime` submits; `run` does the rest, in the background. A request leaves the queue when its answer, or the
reason why there is none, lies in S3, so that one under way when the host ends is done again when it is back: at least
once, as on SageMaker.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from firstbyte.hosting.async_inference import AsyncRequest, QueuedInvocation, queue_request
from firstbyte.hosting.data_capture import Relay
from firstbyte.hosting.errors import HostingError, NotFound, ObjectFailed, Unavailable, ValidationFailed
from firstbyte.hosting.facts import AsyncInvocationFinished, AsyncOutcome, BacklogChanged, ControllerFaulted
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.invoke import Invocation, Terms
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.records import SERVING_GOALS, AsyncInference, InstanceStatus
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.store.async_queue import AsyncQueue
from firstbyte.hosting.store.database import Store


@dataclass(frozen=True, slots=True)
class AsyncTicket:
    """What the caller gets at once."""

    inference_id: str
    output_location: str
    failure_location: str | None


class AsyncInvoker:
    """Takes in asynchronous invocations and works them off."""

    def __init__(self, store: Store, fleet: Fleet, ports: Ports, settings: HostingSettings, relay: Relay) -> None:
        self._store = store
        self._queue = AsyncQueue(store)
        self._fleet = fleet
        self._ports = ports
        self._settings = settings
        self._relay = relay
        self._wording = Wording(settings)
        self._waiting: dict[str, dict[str, QueuedInvocation]] = {}
        """By endpoint, then by number, the oldest first."""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._is_closing = False
        for queued in self._queue.all():
            self._waiting.setdefault(queued.endpoint_name, {})[queued.id] = queued

    def submit(self, request: AsyncRequest) -> AsyncTicket:
        """Take in a request. Raises NotFound and ValidationFailed."""
        endpoint = self._store.endpoints.get(request.endpoint_name)
        if endpoint is None or endpoint.goal not in SERVING_GOALS:
            raise NotFound(self._wording.endpoint_not_found(request.endpoint_name))
        if endpoint.async_inference is None:
            raise ValidationFailed(
                f"Endpoint {endpoint.name} is not asynchronous: its configuration has no AsyncInferenceConfig."
            )
        queued = queue_request(request, endpoint.async_inference, self._ports.clock.now())
        self._queue.add(queued, request.body)
        self._waiting.setdefault(queued.endpoint_name, {})[queued.id] = queued
        self._tell_backlog(queued.endpoint_name)
        self._woken.set()
        return AsyncTicket(queued.inference_id, queued.output_location, queued.failure_location)

    def backlog_size(self, endpoint_name: str) -> int:
        """How many requests wait, `ApproximateBacklogSize`; those that an instance has do not count."""
        return len(self._waiting.get(endpoint_name, {}))

    async def run(self) -> None:
        """Work the queue off until `close` is called."""
        while not self._is_closing:
            self._woken.clear()
            try:
                self.step()
            except Exception as error:  # the loop outlives its mistakes, as the controller's does
                self._ports.emit(ControllerFaulted("asynchronous invocations", repr(error)))
            # Nothing wakes it when an instance comes up or a request's time is over, so it looks now and then.
            wait_s = self._settings.idle_poll_s if self._waiting or self._running else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """End the loop. What is under way stays in the queue and is done again by the next run."""
        self._is_closing = True
        self._woken.set()
        for task in self._running.values():
            task.cancel()
        await self.rest()

    async def rest(self) -> None:
        """Return when nothing is under way."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def step(self) -> None:
        """Begin what can begin now."""
        now = self._ports.clock.now()
        for endpoint_name in list(self._waiting):
            waiting = self._waiting[endpoint_name]
            endpoint = self._store.endpoints.get(endpoint_name)
            if endpoint is None or endpoint.goal not in SERVING_GOALS or endpoint.async_inference is None:
                self._drop(endpoint_name)
                continue
            for queued in [queued for queued in waiting.values() if queued.is_expired(now)]:
                self._begin(queued, expired=True)
            for queued in list(waiting.values())[: self._num_free(endpoint_name, endpoint.async_inference)]:
                self._begin(queued)
            if not waiting:
                del self._waiting[endpoint_name]

    def _num_free(self, endpoint_name: str, inference: AsyncInference) -> int:
        """How many more requests the endpoint's instances may have, less those on their way to one."""
        healthy = [one for one in self._fleet.of(endpoint_name) if one.status is InstanceStatus.HEALTHY]
        room = len(healthy) * inference.max_concurrent_per_instance
        return max(0, room - sum(task.get_name() == endpoint_name for task in self._running.values()))

    def _drop(self, endpoint_name: str) -> None:
        """Forget the requests of an endpoint that answers no more."""
        for number in self._waiting.pop(endpoint_name):
            self._queue.remove(number)
        self._tell_backlog(endpoint_name)

    def _begin(self, queued: QueuedInvocation, *, expired: bool = False) -> None:
        del self._waiting[queued.endpoint_name][queued.id]
        self._tell_backlog(queued.endpoint_name)
        task = asyncio.create_task(self._work(queued, expired=expired), name=queued.endpoint_name)
        self._running[queued.id] = task
        task.add_done_callback(partial(self._ended, queued))

    def _ended(self, queued: QueuedInvocation, task: asyncio.Task[None]) -> None:
        del self._running[queued.id]
        if queued.id not in self._waiting.get(queued.endpoint_name, {}):  # one that was put back met no instance
            self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._ports.emit(ControllerFaulted("asynchronous invocation", repr(error)))
            self._queue.remove(queued.id)

    async def _work(self, queued: QueuedInvocation, *, expired: bool) -> None:
        """Bring one request to its end, whichever that is, or back into the queue."""
        began_at, variant_name = self._ports.clock.now(), ""
        outcome: AsyncOutcome
        try:
            if expired:
                message = f"The request was not processed within {queued.ttl_s} seconds."
                outcome = await self._fail(queued, message, "expired")
            else:
                outcome, variant_name = await self._answer(queued)
        except Unavailable:
            self._take_back(queued)
            return
        self._queue.remove(queued.id)
        waited = (began_at - queued.received_at).total_seconds()
        took = (self._ports.clock.now() - began_at).total_seconds()
        self._ports.emit(AsyncInvocationFinished(queued.endpoint_name, variant_name, outcome, waited, took))

    async def _answer(self, queued: QueuedInvocation) -> tuple[AsyncOutcome, str]:
        """Have a request answered and write the answer; gives the outcome and the variant. Raises Unavailable."""
        try:
            body = await self._load(queued)
        except ObjectFailed as error:
            return await self._fail(queued, error.message, "download_failed"), ""
        call = Invocation(
            endpoint_name=queued.endpoint_name,
            body=body,
            content_type=queued.content_type,
            accept=queued.accept,
            custom_attributes=queued.custom_attributes,
            inference_id=queued.inference_id,
        )
        terms = Terms(queued.timeout_s, self._settings.max_async_body_bytes, self._full(queued), is_async=True)
        try:
            answer = await self._relay.invoke(call, terms)
        except Unavailable:
            raise
        except HostingError as error:
            return await self._fail(queued, error.message, "invocation_failed"), ""
        try:
            await self._ports.objects.write(queued.output_location, answer.body, answer.content_type)
        except ObjectFailed as error:
            return await self._fail(queued, error.message, "upload_failed"), answer.invoked_production_variant
        return "ok", answer.invoked_production_variant

    async def _load(self, queued: QueuedInvocation) -> bytes:
        if queued.input_location is None:
            return self._queue.body(queued.id)
        return await self._ports.objects.read(queued.input_location, self._settings.max_async_body_bytes)

    def _full(self, queued: QueuedInvocation) -> frozenset[str]:
        """The instances that have as many requests as they may."""
        endpoint = self._store.endpoints.get(queued.endpoint_name)
        inference = endpoint.async_inference if endpoint else None
        most = inference.max_concurrent_per_instance if inference else 0
        return frozenset(self._over(queued.endpoint_name, most))

    def _over(self, endpoint_name: str, most: int) -> Iterator[str]:
        for instance in self._fleet.of(endpoint_name):
            if self._fleet.num_outstanding[instance.id] >= most:
                yield instance.id

    def _take_back(self, queued: QueuedInvocation) -> None:
        """Put a request that met no instance back where it was, ahead of the others."""
        behind = self._waiting.pop(queued.endpoint_name, {})
        self._waiting[queued.endpoint_name] = {queued.id: queued} | behind
        self._tell_backlog(queued.endpoint_name)

    async def _fail(self, queued: QueuedInvocation, message: str, outcome: AsyncOutcome) -> AsyncOutcome:
        """Say at the FailureLocation, if there is one, why there is no answer; gives the outcome."""
        if queued.failure_location is None:
            return outcome
        try:
            await self._ports.objects.write(queued.failure_location, message.encode(), "text/plain; charset=utf-8")
        except ObjectFailed:
            return "upload_failed"
        return outcome

    def _tell_backlog(self, endpoint_name: str) -> None:
        self._ports.emit(BacklogChanged(endpoint_name, self.backlog_size(endpoint_name)))
