"""Shadow variants: a share of the requests is sent to them once more, and what they answer is read and dropped.

The client's answer comes first: a copy is sent when the production variant's answer has begun, and nothing that becomes
of it is seen by the caller. How it went is in the facts, under the shadow's name, beside the production variant's own.
Called by `data_capture.Captures`, as `Invoker` would be. Source: SageMaker developer guide, "Shadow variants".
"""

import asyncio
import random

from firstbyte.hosting.errors import InstanceUnreachable, StreamBroken
from firstbyte.hosting.exchange import CallMark, Exchange
from firstbyte.hosting.facts import CopyLost
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.invoke import Invocation, InvocationAnswer, Invoker, Terms
from firstbyte.hosting.ports import InstanceCall, Ports
from firstbyte.hosting.records import DeployedVariant, Endpoint, InstanceStatus
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.traffic import Random, choose_instance, shadow_share


class Shadows:
    """Relays invocations, and copies of some of them to shadow variants."""

    def __init__(self, invoker: Invoker, fleet: Fleet, ports: Ports, settings: HostingSettings) -> None:
        self._invoker = invoker
        self._fleet = fleet
        self._ports = ports
        self._settings = settings
        self._copies: set[asyncio.Task[None]] = set()
        self.random: Random = random.Random()  # noqa: S311 - samples, keeps no secret

    async def invoke(self, call: Invocation, terms: Terms | None = None) -> InvocationAnswer:
        """Relay one call; a session's stay where the session is, uncopied. Raises what `Invoker.invoke` does."""
        answer = await self._invoker.invoke(call, terms)
        for shadow in answer.endpoint.shadows:
            if call.session_id is None and self.random.random() < shadow_share(answer.endpoint, shadow):
                self._begin(call, answer.endpoint, shadow)
        return answer

    async def close(self) -> None:
        """Break off the copies under way."""
        for copy in self._copies:
            copy.cancel()
        await asyncio.gather(*self._copies, return_exceptions=True)

    def _begin(self, call: Invocation, endpoint: Endpoint, shadow: DeployedVariant) -> None:
        """Send a copy, unless the shadow is so far behind that copies would pile up."""
        exchange = self._pick(call, endpoint, shadow)
        if exchange is None:
            self._ports.emit(CopyLost(endpoint.name, shadow.name, "no instance can take it"))
        elif len(self._copies) >= self._settings.max_shadow_copies:
            self._ports.emit(CopyLost(endpoint.name, shadow.name, "too many are under way"))
        else:
            copy = asyncio.create_task(self._send(call, exchange), name="copy to a shadow variant")
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)

    def _pick(self, call: Invocation, endpoint: Endpoint, shadow: DeployedVariant) -> Exchange | None:
        healthy = [
            instance
            for instance in self._fleet.of(endpoint.name)
            if instance.key == shadow.key and instance.status is InstanceStatus.HEALTHY
        ]
        strategy = shadow.variant.routing_strategy
        instance = choose_instance(strategy, healthy, self._fleet.num_outstanding, self.random)
        if instance is None:
            return None
        mark = CallMark(call.streaming)
        return Exchange(instance, shadow, self._fleet.num_outstanding, self._ports.emit, mark)

    async def _send(self, call: Invocation, exchange: Exchange) -> None:
        """Ask the shadow and read its answer to the end; the exchange notes how it went."""
        settings = self._settings
        limit_s = settings.stream_timeout_s if call.streaming else settings.invoke_timeout_s
        try:
            answer = await exchange.ask(self._ports.client, InstanceCall(call.headers(), call.body), limit_s)
        except (InstanceUnreachable, StreamBroken, TimeoutError):
            return
        try:
            while await exchange.next_chunk() is not None:
                pass
            exchange.finish("ok" if 200 <= answer.status < 300 else "model_error")
        except (StreamBroken, TimeoutError) as error:
            exchange.fail(error)
        finally:
            exchange.finish("client_gone")
            await answer.close()
