"""One call's stay at one instance: its deadline, its place among the outstanding, its account for the facts.

In an inference pipeline it goes through one container after the other. What comes before the last is read whole; of the
last, or of the first that refuses, each chunk is handed on as it comes.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

from firstbyte.hosting.errors import AnswerCut, InstanceUnreachable, ModelFailed, NotReady, StreamBroken
from firstbyte.hosting.facts import ContainerAsked, Emit, InvocationFinished, InvocationStarted, Outcome
from firstbyte.hosting.multi_model import HostedModel, Lease, LoadedModels
from firstbyte.hosting.ports import InstanceAnswer, InstanceCall, InstanceClient
from firstbyte.hosting.routes import Route, Station


@dataclass(frozen=True, slots=True)
class CallMark:
    """What the facts say of a call besides how it went."""

    streaming: bool
    overhead_s: float | None = None
    """What was spent on it before it came here; None where nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exchange may take."""

    time_s: float
    """Until the answer's end."""
    max_bytes: int
    """Of an answer that goes from one container to the next."""


class Exchange:
    """From the pick of an instance until nothing more comes from it."""

    def __init__(
        self,
        route: Route,
        models: LoadedModels,
        num_outstanding: Counter[str],
        emit: Emit,
        mark: CallMark,
    ) -> None:
        self.route = route
        self.instance = route.instance
        self.deployed = route.deployed
        self.container_name = route.stations[0].name
        """The container that is asked, or that answered."""
        self._models = models
        self._lease: Lease | None = None
        self._is_loading = False
        self._loading_s = 0.0
        """What it waited for models to be loaded: the host's time, not the container's."""
        self._num_outstanding = num_outstanding
        self._emit = emit
        self._mark = mark
        self._started_s = self._asked_s = time.perf_counter()
        self._first_chunk_s: float | None = None
        self._num_chunks = 0
        self._num_bytes = 0
        self._deadline: float | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._is_over = False

    async def ask(self, client: InstanceClient, call: InstanceCall, limits: Limits) -> InstanceAnswer:
        """Hand the request over and wait for the answer's head.

        Raises InstanceUnreachable (no container has seen it), StreamBroken, TimeoutError, and what `LoadedModels.lease`
        does or NotReady where a model must be loaded first; the exchange is over then.
        """
        self._deadline = asyncio.get_running_loop().time() + limits.time_s
        self._num_outstanding[self.instance.id] += 1
        place = self.instance
        started = InvocationStarted(
            place.endpoint_name, place.variant_name, place.id, self._mark.streaming, len(call.body)
        )
        self._emit(started)
        try:
            async with asyncio.timeout_at(self._deadline):
                answer = await self._pass_through(client, call, limits.max_bytes)
        except BaseException as error:
            if self._is_loading and isinstance(error, TimeoutError):
                self.finish("unavailable")
                text = f"The model {self.route.target.model} is still being loaded. Wait and try your request again."
                raise NotReady(text) from None
            self.fail(error)
            raise
        self._chunks = aiter(answer.chunks())
        return answer

    async def _pass_through(self, client: InstanceClient, call: InstanceCall, max_bytes: int) -> InstanceAnswer:
        """The answer of the last container, or of one that refuses. What the client accepts is told to the last."""
        first, last = self.route.stations[0], self.route.stations[-1]
        for station in self.route.stations:
            self._pass_on(station)
            given = call if station == last else replace(call, headers=_without(call.headers, "Accept"))
            try:
                answer = await self._invoke(client, station, given)
            except InstanceUnreachable as error:
                if station == first:
                    raise
                raise StreamBroken(error.message) from error  # another instance would have it all done again
            if station == last or not 200 <= answer.status < 300:
                break
            call = _next_call(call, answer, await _read(answer, max_bytes))
        return answer

    def _pass_on(self, station: Station) -> None:
        """Turn to the next container, noting that the one before is done."""
        if station.name != self.container_name:
            self._tell_container()
        self.container_name, self._asked_s = station.name, time.perf_counter()

    def _tell_container(self) -> None:
        if self.deployed.container_names and self.instance.component_name is None:
            of = (self.instance.endpoint_name, self.instance.variant_name, self.container_name)
            self._emit(ContainerAsked(*of, time.perf_counter() - self._asked_s))

    async def _invoke(self, client: InstanceClient, station: Station, call: InstanceCall) -> InstanceAnswer:
        """Hand the request to one container, to a model of it once that is loaded."""
        if station.model is None:
            return await client.invoke(station.url, call)
        try:
            return await client.invoke(await self._load(station.model), call)
        except InstanceUnreachable:  # its process is gone: load it again
            assert self._lease is not None, "it was loaded"
            self._lease.release(is_dead=True)
            return await client.invoke(await self._load(station.model), call)

    async def _load(self, model: HostedModel) -> str:
        self._is_loading, began_s = True, time.perf_counter()
        try:
            self._lease = await self._models.lease(model)
        finally:
            waited_s = time.perf_counter() - began_s
            self._loading_s += waited_s
            self._started_s += waited_s
            self._asked_s += waited_s
        self._is_loading = False
        return self._lease.url

    async def next_chunk(self) -> bytes | None:
        """The answer's next chunk as soon as it is there; None after the last. Raises StreamBroken, TimeoutError.

        The limit is on waiting for the container: a reader that takes its time is not the container's fault.
        """
        assert self._chunks is not None, "the answer's head comes first"
        async with asyncio.timeout_at(self._deadline):
            chunk = await anext(self._chunks, None)
        if chunk is not None:
            self._account(chunk)
        return chunk

    def _account(self, chunk: bytes) -> None:
        if self._first_chunk_s is None:
            self._first_chunk_s = time.perf_counter() - self._started_s
        self._num_chunks += 1
        self._num_bytes += len(chunk)

    def fail(self, error: BaseException) -> None:
        """Note that it ended with `error`."""
        self.finish(_outcome_of(error))

    def finish(self, outcome: Outcome, container_status: int | None = None) -> None:
        """Note how it ended, with what the container refused it; the first word counts."""
        if self._is_over:
            return
        self._is_over = True
        if self._lease is not None:
            self._lease.release()
        if outcome != "unavailable":
            self._tell_container()
        self._num_outstanding[self.instance.id] -= 1
        if not self._num_outstanding[self.instance.id]:
            del self._num_outstanding[self.instance.id]
        self._emit(
            InvocationFinished(
                endpoint_name=self.instance.endpoint_name,
                variant_name=self.instance.variant_name,
                instance_id=self.instance.id,
                streaming=self._mark.streaming,
                outcome=outcome,
                duration_s=time.perf_counter() - self._started_s,
                first_chunk_s=self._first_chunk_s,
                num_chunks=self._num_chunks,
                body_bytes=self._num_bytes,
                container_status=container_status,
                overhead_s=None if self._mark.overhead_s is None else self._mark.overhead_s + self._loading_s,
                component_name=self.instance.component_name,
            )
        )


def _without(headers: Mapping[str, str], left_out: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != left_out}


def _next_call(call: InstanceCall, answer: InstanceAnswer, body: bytes) -> InstanceCall:
    """The request for the next container, made of the answer of the one before."""
    headers = _without(call.headers, "Content-Type")
    if content_type := answer.headers.get("content-type"):
        headers["Content-Type"] = content_type
    return InstanceCall(headers, body)


async def _read(answer: InstanceAnswer, max_bytes: int) -> bytes:
    """The whole of an answer. Raises AnswerCut."""
    body = bytearray()
    try:
        async for chunk in answer.chunks():
            body += chunk
            if len(body) > max_bytes:
                raise AnswerCut("The answer is longer than may be carried.")
    except StreamBroken as error:
        raise AnswerCut(error.message) from error
    finally:
        await answer.close()
    return bytes(body)


def _outcome_of(error: BaseException) -> Outcome:
    match error:
        case TimeoutError():
            return "timed_out"
        case StreamBroken():
            return "stream_broken"
        case ModelFailed():
            return "model_error"
        case asyncio.CancelledError():
            return "client_gone"
        case _:
            return "unavailable"
