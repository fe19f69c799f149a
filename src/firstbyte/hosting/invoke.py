"""The relay: pick a variant and an instance, hand the request over, hand the answer back chunk by chunk.

`edge.runtime` calls this. Before the first byte every failure is an exception of `invoke`; after it, one of `chunks()`.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from firstbyte.hosting.answers import InvocationAnswer
from firstbyte.hosting.errors import (
    AnswerCut,
    InstanceUnreachable,
    ModelFailed,
    NotFound,
    StreamBroken,
    Unavailable,
    ValidationFailed,
)
from firstbyte.hosting.exchange import CallMark, Exchange, Limits
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.messages import (
    COMPONENT_NAME_MISSING,
    COMPONENT_NAME_NOT_ALLOWED,
    MAX_QUOTED_BYTES,
    Wording,
)
from firstbyte.hosting.multi_model import LoadedModels
from firstbyte.hosting.ports import InstanceAnswer, InstanceCall, Ports
from firstbyte.hosting.records import (
    SERVING_GOALS,
    DeployedVariant,
    Endpoint,
    InferenceComponent,
    Instance,
    InstanceStatus,
    Workload,
)
from firstbyte.hosting.routes import Target, check_target, find_route
from firstbyte.hosting.sessions import NEW_SESSION, Sessions
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.shadows import Shadows
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.traffic import Random, choose_instance, choose_variant, has_variant, order_fleets
from firstbyte.hosting.waking import Waking


@dataclass(frozen=True, slots=True)
class Invocation:
    """The members of InvokeEndpoint and InvokeEndpointWithResponseStream."""

    endpoint_name: str
    body: bytes
    streaming: bool = False
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    target_model: str | None = None
    target_variant: str | None = None
    target_container_hostname: str | None = None
    inference_id: str | None = None
    enable_explanations: str | None = None
    inference_component_name: str | None = None
    session_id: str | None = None
    overhead_s: float | None = None
    """What was spent on it so far, for the facts; None where nobody waits for it."""
    request_id: str = ""
    """What its sender knows it by."""

    @property
    def target(self) -> Target:
        """What it is for, within an instance."""
        return Target(self.target_container_hostname, self.target_model)

    def headers(self) -> dict[str, str]:
        """The headers that the container gets: these and no others."""
        headers = {
            "Content-Type": self.content_type,
            "Accept": self.accept,
            "X-Amzn-SageMaker-Custom-Attributes": self.custom_attributes,
            "X-Amzn-SageMaker-Target-Model": self.target_model,
            "X-Amzn-SageMaker-Inference-Id": self.inference_id,
            "X-Amzn-SageMaker-Enable-Explanations": self.enable_explanations,
            "X-Amzn-SageMaker-Session-Id": self.session_id,
        }
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Terms:
    """What an invocation may take, where it is not the settings that say."""

    limit_s: float
    """For the whole answer."""
    max_bytes: int
    """Of the request and of a regular answer."""
    avoided: frozenset[str] = frozenset()
    """Instances that have enough to do."""
    is_async: bool = False
    """Whether it comes out of the queue of an asynchronous endpoint; those answer nothing else."""

    @property
    def limits(self) -> Limits:
        """What it may take at an instance."""
        return Limits(self.limit_s, self.max_bytes)


class Invoker:
    """Relays invocations to instances."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        models: LoadedModels,
        ports: Ports,
        settings: HostingSettings,
        notify: Callable[[], None],
    ) -> None:
        """`notify` wakes the controller: the relay met an instance that is gone."""
        self._store = store
        self._fleet = fleet
        self._models = models
        self._ports = ports
        self._settings = settings
        self._notify = notify
        self._wording = Wording(settings)
        self._sessions = Sessions(ports.clock)
        self.random: Random = random.Random()  # noqa: S311 - spreads load, keeps no secret
        self.shadows = Shadows(fleet, models, ports, settings)
        self._waking = Waking(store, fleet, ports, settings, notify)

    async def invoke(self, call: Invocation, terms: Terms | None = None) -> InvocationAnswer:
        """Relay one call; for a streaming one, return as soon as the container's status line is in.

        Raises ValidationFailed or NotFound (the caller's mistake), ModelFailed or ModelTimedOut (the container's),
        Unavailable or NotReady (no instance just now).
        """
        terms = terms or self._usual_terms(call)
        endpoint = self._check(call, terms)
        workload = self._find_workload(call, endpoint)
        check_target(endpoint.name, list(_takers(call, workload)), call.target, call.request_id)
        if isinstance(workload, InferenceComponent):
            began_s = time.monotonic()
            workload = await self._waking.wake(workload, terms.limit_s, streaming=call.streaming)
            call, terms = _after(time.monotonic() - began_s, call, terms)
        exchange, answer = await self._reach(call, workload, terms)
        if call.session_id is None:  # a shadow knows of no sessions
            request = InstanceCall(call.headers(), call.body)
            self.shadows.copy(request, endpoint, exchange.route, terms.limits, streaming=call.streaming)
        try:
            if not 200 <= answer.status < 300:
                raise await self._refusal(exchange, answer)
            self._note_session(exchange, answer)
            if call.streaming:
                return InvocationAnswer(endpoint, exchange, answer, self._notify)
            body = await self._load(exchange, terms.max_bytes)
        except BaseException:
            exchange.finish("client_gone")
            await answer.close()
            raise
        await answer.close()
        return InvocationAnswer(endpoint, exchange, answer, self._notify, body)

    def _usual_terms(self, call: Invocation) -> Terms:
        limit_s = self._settings.stream_timeout_s if call.streaming else self._settings.invoke_timeout_s
        return Terms(limit_s, self._settings.max_body_bytes)

    def _check(self, call: Invocation, terms: Terms) -> Endpoint:
        """The endpoint of a call that may be relayed."""
        if len(call.body) > terms.max_bytes:
            raise ValidationFailed(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: "
                f"Member must have length less than or equal to {terms.max_bytes}"
            )
        endpoint = self._store.endpoints.get(call.endpoint_name)
        if endpoint is None or endpoint.goal not in SERVING_GOALS:
            raise NotFound(self._wording.endpoint_not_found(call.endpoint_name))
        if endpoint.async_inference is not None and not terms.is_async:
            raise ValidationFailed(f"Endpoint {endpoint.name} is asynchronous: invoke it with InvokeEndpointAsync.")
        if call.session_id == NEW_SESSION and call.streaming:
            raise ValidationFailed(f"SessionId {NEW_SESSION} is not allowed with a response stream.")
        if call.target_variant is not None and not has_variant(endpoint, call.target_variant):
            raise ValidationFailed(f"Variant {call.target_variant} of endpoint {endpoint.name} not found.")
        return endpoint

    def _find_workload(self, call: Invocation, endpoint: Endpoint) -> Workload:
        """What answers the call: the endpoint, or an inference component on it."""
        name = call.inference_component_name
        if not endpoint.hosts_components:
            if name is not None:
                raise ValidationFailed(COMPONENT_NAME_NOT_ALLOWED)
            return endpoint
        if name is None:
            raise ValidationFailed(COMPONENT_NAME_MISSING)
        component = self._store.workload((endpoint.name, name))
        if not isinstance(component, InferenceComponent):
            raise NotFound(f"Inference component {name} of endpoint {endpoint.name} not found.")
        if call.target_variant not in (None, component.variant_name):
            raise ValidationFailed(f"Inference component {name} does not run on variant {call.target_variant}.")
        return component

    async def _reach(self, call: Invocation, workload: Workload, terms: Terms) -> tuple[Exchange, InstanceAnswer]:
        """Hand the call to an instance; to another one if that one is gone and never saw it."""
        passed_over = set(terms.avoided)
        while True:
            exchange = self._find_holder(call, workload, passed_over) or self._pick(call, workload, passed_over)
            request = InstanceCall(call.headers(), call.body)
            try:
                answer = await exchange.ask(self._ports.client, request, terms.limits)
            except InstanceUnreachable:
                passed_over.add(exchange.instance.id)
                self._notify()
            except AnswerCut as error:
                self._notify()
                raise self._wording.answer_unloadable(call.endpoint_name, exchange.container_name) from error
            except StreamBroken as error:
                self._notify()
                text = b"The container closed the connection without an answer."
                raise self._wording.model_failed(call.endpoint_name, exchange.container_name, 0, text) from error
            except TimeoutError:
                raise self._wording.timed_out(call.endpoint_name, exchange.container_name) from None
            else:
                return exchange, answer

    def _find_holder(self, call: Invocation, workload: Workload, passed_over: set[str]) -> Exchange | None:
        """The instance that holds the call's session; None for a call that has none yet. Raises ValidationFailed."""
        if call.session_id in (None, NEW_SESSION):
            return None
        assert call.session_id is not None, "a session that is asked for has a name"
        holder_id = self._sessions.find(call.endpoint_name, call.session_id)
        for instance in self._fleet.of(*workload.place):
            is_holder = instance.id == holder_id and instance.id not in passed_over
            if is_holder and instance.status is InstanceStatus.HEALTHY:
                deployed = workload.deployed(instance.key)
                if deployed is not None and _takes(deployed, call):
                    return self._exchange(instance, deployed, call)
        raise ValidationFailed(f"Session {call.session_id} of endpoint {call.endpoint_name} not found.")

    def _note_session(self, exchange: Exchange, answer: InstanceAnswer) -> None:
        """Remember the session that the container opened, forget the one that it closed."""
        endpoint_name = exchange.instance.endpoint_name
        if opened := answer.headers.get("x-amzn-sagemaker-new-session-id"):
            self._sessions.open(endpoint_name, opened, exchange.instance.id)
        if closed := answer.headers.get("x-amzn-sagemaker-closed-session-id"):
            self._sessions.close(endpoint_name, closed)

    def _exchange(self, instance: Instance, deployed: DeployedVariant, call: Invocation) -> Exchange:
        route, mark = find_route(instance, deployed, call.target), CallMark(call.streaming, call.overhead_s)
        return Exchange(route, self._models, self._fleet.num_outstanding, self._ports.emit, mark)

    def _pick(self, call: Invocation, workload: Workload, passed_over: set[str]) -> Exchange:
        """Choose a variant by weight among those that live, then an instance by the variant's strategy."""
        healthy = [
            instance
            for instance in self._fleet.of(*workload.place)
            if instance.status is InstanceStatus.HEALTHY and instance.id not in passed_over
        ]
        living = {instance.key for instance in healthy}
        fleets = order_fleets(workload, healthy, self._ports.clock.now(), self.random)
        deployed = None
        for fleet in fleets:
            candidates = [one for one in fleet if one.key in living and _takes(one, call)]
            deployed = deployed or choose_variant(candidates, self.random, is_named=call.target_variant is not None)
        if deployed is None:
            raise Unavailable(f"No instance of endpoint {call.endpoint_name} can take requests just now.")
        instances = [instance for instance in healthy if instance.key == deployed.key]
        if call.target_model is not None:  # where the model is loaded, it is not loaded again
            holders = self._models.holders(call.target_model)
            instances = [instance for instance in instances if instance.id in holders] or instances
        strategy = deployed.variant.routing_strategy
        instance = choose_instance(strategy, instances, self._fleet.num_outstanding, self.random)
        assert instance is not None, "a living variant has an instance"
        return self._exchange(instance, deployed, call)

    async def _refusal(self, exchange: Exchange, answer: InstanceAnswer) -> ModelFailed:
        """The error for an answer that is not 2xx, with as much of its body as is quoted."""
        body = b""
        try:
            while len(body) < MAX_QUOTED_BYTES and (chunk := await exchange.next_chunk()) is not None:
                body += chunk
        except (StreamBroken, TimeoutError):
            pass  # what came of the error is worth more than the news that the rest did not
        exchange.finish("model_error", answer.status)
        endpoint_name, name = exchange.instance.endpoint_name, exchange.container_name
        return self._wording.model_failed(endpoint_name, name, answer.status, body)

    async def _load(self, exchange: Exchange, max_bytes: int) -> bytes:
        """The whole body of an answer that is not streamed."""
        endpoint_name, name = exchange.instance.endpoint_name, exchange.container_name
        body = bytearray()
        try:
            while (chunk := await exchange.next_chunk()) is not None:
                body += chunk
                if len(body) > max_bytes:
                    exchange.finish("model_error")
                    raise self._wording.answer_unloadable(endpoint_name, name)
        except StreamBroken as error:
            exchange.fail(error)
            self._notify()
            raise self._wording.answer_unloadable(endpoint_name, name) from error
        except TimeoutError as error:
            exchange.fail(error)
            raise self._wording.timed_out(endpoint_name, name) from None
        exchange.finish("ok")
        return bytes(body)


def _takers(call: Invocation, workload: Workload) -> Iterator[DeployedVariant]:
    """The variants that a call may go to, of the old fleet and the new one, whatever it is for within them."""
    new = workload.update.variants if workload.update else ()
    for deployed in (*workload.production, *new):
        if not deployed.is_shadow and call.target_variant in (None, deployed.name):
            yield deployed


def _takes(deployed: DeployedVariant, call: Invocation) -> bool:
    """Whether a call may be handed to an instance of a variant."""
    return call.target_variant in (None, deployed.name) and call.target.is_met_by(deployed)


def _after(waited_s: float, call: Invocation, terms: Terms) -> tuple[Invocation, Terms]:
    """A call that has waited for its instance to start: that was the host's time, and is gone of the limit."""
    overhead_s = None if call.overhead_s is None else call.overhead_s + waited_s
    return replace(call, overhead_s=overhead_s), replace(terms, limit_s=max(0.0, terms.limit_s - waited_s))
