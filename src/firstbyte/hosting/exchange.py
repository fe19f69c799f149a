"""One call's stay at one instance: its deadline, its place among the outstanding, its account for the facts."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from firstbyte.hosting.errors import StreamBroken
from firstbyte.hosting.facts import Emit, InvocationFinished, InvocationStarted, Outcome
from firstbyte.hosting.ports import InstanceAnswer, InstanceCall, InstanceClient
from firstbyte.hosting.records import DeployedVariant, Instance


@dataclass(frozen=True, slots=True)
class CallMark:
    """What the facts say of a call besides how it went."""

    streaming: bool
    overhead_s: float | None = None
    """What was spent on it before it came here; None where nobody waits for it."""


class Exchange:
    """From the pick of an instance until nothing more comes from it."""

    def __init__(
        self,
        instance: Instance,
        deployed: DeployedVariant,
        num_outstanding: Counter[str],
        emit: Emit,
        mark: CallMark,
    ) -> None:
        self.instance = instance
        self.deployed = deployed
        self._num_outstanding = num_outstanding
        self._emit = emit
        self._mark = mark
        self._started_s = time.perf_counter()
        self._first_chunk_s: float | None = None
        self._num_chunks = 0
        self._num_bytes = 0
        self._deadline: float | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._is_over = False

    async def ask(self, client: InstanceClient, call: InstanceCall, limit_s: float) -> InstanceAnswer:
        """Hand the request over and wait for the answer's head; `limit_s` is for the whole answer.

        Raises InstanceUnreachable, StreamBroken, TimeoutError; the exchange is over then.
        """
        self._deadline = asyncio.get_running_loop().time() + limit_s
        self._num_outstanding[self.instance.id] += 1
        place = self.instance
        started = InvocationStarted(
            place.endpoint_name, place.variant_name, place.id, self._mark.streaming, len(call.body)
        )
        self._emit(started)
        assert place.url is not None, "a healthy instance has a URL"
        try:
            async with asyncio.timeout_at(self._deadline):
                answer = await client.invoke(place.url, call)
        except BaseException as error:
            self.fail(error)
            raise
        self._chunks = aiter(answer.chunks())
        return answer

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
                overhead_s=self._mark.overhead_s,
                component_name=self.instance.component_name,
            )
        )


def _outcome_of(error: BaseException) -> Outcome:
    match error:
        case TimeoutError():
            return "timed_out"
        case StreamBroken():
            return "stream_broken"
        case asyncio.CancelledError():
            return "client_gone"
        case _:
            return "unavailable"
