"""Shadow variants: a sample of the requests goes to them too, and what they answer is read and dropped.

A copy is sent once the production variant's answer has begun, so that it takes nothing from the time to the first byte;
nothing that becomes of it reaches the client. The facts of a copy are those of an invocation of the shadow variant, so
that the metrics of both stand side by side. Source: SageMaker developer guide, "Shadow variants".
"""

import asyncio
import random

from firstbyte.hosting.errors import HostingError
from firstbyte.hosting.exchange import CallMark, Exchange, Limits
from firstbyte.hosting.facts import ShadowSkipped
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.multi_model import LoadedModels
from firstbyte.hosting.ports import InstanceCall, Ports
from firstbyte.hosting.records import Endpoint, InstanceStatus
from firstbyte.hosting.routes import Route, find_route
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.traffic import Random, choose_instance, choose_shadow


class Shadows:
    """Copies requests in the background."""

    def __init__(self, fleet: Fleet, models: LoadedModels, ports: Ports, settings: HostingSettings) -> None:
        self._fleet = fleet
        self._models = models
        self._ports = ports
        self._max_copies = settings.max_shadow_copies
        self._copies: set[asyncio.Task[None]] = set()
        self.random: Random = random.Random()  # noqa: S311 - samples, keeps no secret

    def copy(
        self, call: InstanceCall, endpoint: Endpoint, answered_by: Route, limits: Limits, *, streaming: bool
    ) -> None:
        """Send a copy of a request to the shadow of what answers it, if there is one and the sample wants it."""
        shadow = choose_shadow(endpoint, answered_by.deployed, self.random)
        if shadow is None:
            return
        instances = [
            instance
            for instance in self._fleet.of(endpoint.name)
            if instance.key == shadow.key and instance.status is InstanceStatus.HEALTHY
        ]
        num_outstanding = self._fleet.num_outstanding
        instance = choose_instance(shadow.variant.routing_strategy, instances, num_outstanding, self.random)
        can_answer = answered_by.target.is_met_by(shadow)
        if instance is None or not can_answer or len(self._copies) >= self._max_copies:
            few = "no instance is healthy" if instance is None else "too many copies are under way"
            reason = few if can_answer else "it has not what the request is for"
            self._ports.emit(ShadowSkipped(endpoint.name, shadow.name, reason))
            return
        route = find_route(instance, shadow, answered_by.target)
        exchange = Exchange(route, self._models, num_outstanding, self._ports.emit, CallMark(streaming))
        task = asyncio.create_task(self._run(exchange, call, limits), name="shadow copy")
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _run(self, exchange: Exchange, call: InstanceCall, limits: Limits) -> None:
        """One copy, to its answer's end; the facts tell how it went."""
        try:
            answer = await exchange.ask(self._ports.client, call, limits)
            try:
                while await exchange.next_chunk() is not None:
                    pass
                exchange.finish("ok" if 200 <= answer.status < 300 else "model_error")
            finally:
                await answer.close()
        except (HostingError, TimeoutError, asyncio.CancelledError) as error:
            exchange.fail(error)
            if isinstance(error, asyncio.CancelledError):
                raise

    async def wait(self) -> None:
        """Return when no copy is under way."""
        while self._copies:
            await asyncio.wait(self._copies)

    async def close(self) -> None:
        """Give up the copies that are under way."""
        for task in self._copies:
            task.cancel()
        await self.wait()
