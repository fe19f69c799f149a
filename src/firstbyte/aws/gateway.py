"""The life of one request, from HTTP message to HTTP message.

    Received ─identify→ Routed ─verify→ Signed ─parse→ Parsed ─authorise→ Permitted
        ─validate→ Valid ─dispatch→ Answered ─serialise→ response

Each step takes the value of the one before and returns its own, so no step can be left out or taken twice. Whatever is
raised on the way becomes an error of the service that was asked, in its own protocol, at one place (`_refuse`). Called
by the edge, which gives each service a table of handlers.
"""

import datetime
import difflib
import email.utils
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from botocore.model import OperationModel, ServiceModel

from firstbyte.aws.claims import claimed_scope
from firstbyte.aws.constraints import check
from firstbyte.aws.errors import (
    AccessError,
    ConstraintViolation,
    Family,
    MalformedRequest,
    RequestError,
    ServiceError,
    UnknownOperation,
)
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.json11 import Json11
from firstbyte.aws.protocol import (
    Answer,
    EventStream,
    WireProtocol,
    close_events,
    find_error_shape,
    is_query_compatible,
)
from firstbyte.aws.query import Query, read_form
from firstbyte.aws.rest_json import RestJson
from firstbyte.aws.rights import check_access, name_action, name_resource
from firstbyte.aws.service_models import ServiceModels
from firstbyte.aws.sigv4 import Identity, Verifier

_log = logging.getLogger(__name__)

_INTERNAL_FAILURE = ServiceError("InternalFailure", "An internal failure occurred.", status=500, fault="server")

PROTOCOLS: Mapping[str, WireProtocol] = MappingProxyType({"json": Json11(), "rest-json": RestJson(), "query": Query()})


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets: an operation with checked parameters."""

    service: str
    """Botocore's name, as in `sagemaker-runtime`."""
    operation: str
    params: Mapping[str, Any]
    """By AWS's member names; blobs as bytes, timestamps in UTC."""
    identity: Identity | None
    """Who signed; None where signatures are not verified."""
    request_id: str


Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]
Service: TypeAlias = Mapping[str, Handler]
"""The handlers of one service by operation."""


@dataclass(frozen=True, slots=True)
class _Served:
    """One service in one of the protocols that it speaks, ready to be asked."""

    model: ServiceModel
    protocol: WireProtocol
    handlers: Service


@dataclass(frozen=True, slots=True)
class Received:
    """A request that has a number."""

    request: HttpRequest
    request_id: str


@dataclass(frozen=True, slots=True)
class Routed:
    """A request for an operation that is served."""

    received: Received
    served: _Served
    operation: OperationModel


@dataclass(frozen=True, slots=True)
class Signed:
    """A request from someone we know."""

    routed: Routed
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request whose parameters have the types of their shapes."""

    signed: Signed
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Permitted:
    """A request whose signer has the right to it."""

    parsed: Parsed


@dataclass(frozen=True, slots=True)
class Valid:
    """A request that keeps the model's constraints."""

    routed: Routed
    call: Call


@dataclass(frozen=True, slots=True)
class Answered:
    """What the handler said."""

    routed: Routed
    answer: Answer


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Gateway:
    """Answers requests for `services`, which maps botocore's service names to handlers by operation.

    Without a `verifier` any request is taken. Raises `ValueError` for a handler of an operation that AWS does not have.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        verifier: Verifier | None,
        *,
        models: ServiceModels | None = None,
        clock: Callable[[], datetime.datetime] = _utc_now,
    ) -> None:
        models = models or ServiceModels()
        self._served = [one for name, handlers in services.items() for one in _serve(models.load(name), handlers)]
        self._verifier = verifier
        self._clock = clock
        self._steps: tuple[Callable[[Any], Awaitable[Any]], ...] = (
            self.identify,
            self.verify,
            self.parse,
            self.authorise,
            self.validate,
            self.dispatch,
            self.serialise,
        )

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; never raises on account of it."""
        received = Received(request, str(uuid.uuid4()))
        try:
            stage: Any = received
            for step in self._steps:
                stage = await step(stage)
            response: HttpResponse = stage
        except Exception as failure:
            response = self._refuse(received, failure)
        return self._finish(response, received.request_id)

    async def identify(self, received: Received) -> Routed:
        """Find the service and the operation that the request asks for."""
        for served in self._candidates(received.request):
            name = served.protocol.find_operation(served.model, received.request)
            if name is not None:
                return Routed(received, served, _find_served(served, name))
        raise UnknownOperation(self._nothing_at(received.request))

    async def verify(self, routed: Routed) -> Signed:
        """Make sure of who asks."""
        if self._verifier is None:
            return Signed(routed, None)
        service = routed.served.model.signing_name
        return Signed(routed, self._verifier.verify(routed.received.request, service=service))

    async def parse(self, signed: Signed) -> Parsed:
        """Read the parameters."""
        routed = signed.routed
        return Parsed(signed, routed.served.protocol.parse(routed.operation, routed.received.request))

    async def authorise(self, parsed: Parsed) -> Permitted:
        """Make sure that whoever asks may."""
        identity, routed = parsed.signed.identity, parsed.signed.routed
        if identity is not None:
            action = name_action(routed.served.model.signing_name, routed.operation.name)
            principal = identity.principal
            check_access(principal, action, name_resource(identity.scope.region, principal.account_id, parsed.params))
        return Permitted(parsed)

    async def validate(self, permitted: Permitted) -> Valid:
        """Hold the parameters against the model's constraints."""
        parsed = permitted.parsed
        routed, params = parsed.signed.routed, parsed.params
        if routed.operation.input_shape is not None:
            check(routed.operation.input_shape, params)
        service = routed.served.model.service_name
        identity, request_id = parsed.signed.identity, routed.received.request_id
        return Valid(routed, Call(service, routed.operation.name, params, identity, request_id))

    async def dispatch(self, valid: Valid) -> Answered:
        """Have the operation done."""
        handler = valid.routed.served.handlers[valid.call.operation]
        return Answered(valid.routed, await handler(valid.call))

    async def serialise(self, answered: Answered) -> HttpResponse:
        """Write the answer."""
        routed, answer = answered.routed, answered.answer
        try:
            return routed.served.protocol.serialise(routed.operation, answer, routed.received.request_id)
        except Exception:
            if isinstance(answer, EventStream):
                await close_events(answer.events)
            raise

    def _candidates(self, request: HttpRequest) -> Iterator[_Served]:
        """Yield the services that the request may be for, those it is signed for first."""
        scope = claimed_scope(request)
        signed_for = [served for served in self._served if scope and served.model.signing_name == scope.service]
        yield from signed_for
        yield from (served for served in self._served if served not in signed_for)

    def _nothing_at(self, request: HttpRequest) -> str:
        """Say what is missing: the service, or something in it."""
        scope = claimed_scope(request)
        signing_names = sorted({served.model.signing_name for served in self._served})
        if scope and scope.service not in signing_names:
            return f"'{scope.service}' is not served by this host, which serves {', '.join(signing_names)}"
        return f"No operation is served at {request.method} {request.path}"

    def _refuse(self, received: Received, failure: Exception) -> HttpResponse:
        """Turn whatever was raised into the bytes of an error, in the words of the service that was asked."""
        served = self._addressed(received.request)
        protocol = served.protocol if served else _guess_protocol(received.request)
        model = served.model if served else None
        if not isinstance(failure, ServiceError | RequestError):
            _log.error("Request %s failed", received.request_id, exc_info=failure)
        error = _as_service_error(failure, protocol, model)
        try:
            return protocol.serialise_error(model, error, received.request_id)
        except Exception as unservable:
            _log.error(
                "Request %s failed with %s, which cannot be told", received.request_id, error, exc_info=unservable
            )
            return protocol.serialise_error(None, _INTERNAL_FAILURE, received.request_id)

    def _addressed(self, request: HttpRequest) -> _Served | None:
        """Return the service that the request is for, though it may ask for what that does not have."""
        guess, scope = _guess_protocol(request), claimed_scope(request)
        for served in self._candidates(request):
            if served.protocol.find_operation(served.model, request) is not None:
                return served
        for served in self._served:
            if scope and served.model.signing_name == scope.service and served.protocol is guess:
                return served
        return None

    def _finish(self, response: HttpResponse, request_id: str) -> HttpResponse:
        """Add what every answer has: its number, the time, which clients set their clocks by, and its length."""
        date = email.utils.format_datetime(self._clock().astimezone(datetime.UTC), usegmt=True)
        headers = [("x-amzn-RequestId", request_id), *response.headers, ("Date", date)]
        if isinstance(response.body, bytes):
            headers.append(("Content-Length", str(len(response.body))))
        return HttpResponse(response.status, tuple(headers), response.body)


def _serve(model: ServiceModel, handlers: Service) -> list[_Served]:
    """Make a service ready in every protocol that it and we speak: clients' series differ in which they choose."""
    for name in handlers:
        if name not in model.operation_names:
            near = difflib.get_close_matches(name, model.operation_names, 1)
            raise ValueError(f"{model.service_name} has no operation {name}{f', but {near[0]}' if near else ''}")
    spoken = model.metadata.get("protocols", (model.protocol,))
    served = [_Served(model, protocol, handlers) for name, protocol in PROTOCOLS.items() if name in spoken]
    if not served:
        raise ValueError(f"{model.service_name} speaks {model.protocol}, which is none of {', '.join(PROTOCOLS)}")
    return served


def _find_served(served: _Served, name: str) -> OperationModel:
    if name not in served.model.operation_names:
        raise UnknownOperation(f"Could not find operation {name} for version {served.model.api_version}")
    if name not in served.handlers:
        raise UnknownOperation(f"{served.model.service_name} has {name}, but this host does not serve it")
    return served.model.operation_model(name)


def _guess_protocol(request: HttpRequest) -> WireProtocol:
    """Return the protocol that a request speaks by its looks."""
    if "x-amz-target" in request.headers:
        return PROTOCOLS["json"]
    return PROTOCOLS["query" if "Action" in read_form(request) else "rest-json"]


def _as_service_error(failure: Exception, protocol: WireProtocol, model: ServiceModel | None) -> ServiceError:
    """Word a failure for the client. What is not the client's doing is told as little as AWS tells."""
    match failure:
        case ServiceError():
            return failure
        case AccessError():
            return failure.as_service_error(Family.QUERY if is_query_compatible(model) else protocol.family)
        case UnknownOperation():
            return ServiceError(
                protocol.unknown_operation_code, failure.message, status=protocol.unknown_operation_status
            )
        case MalformedRequest():
            return ServiceError("SerializationException", failure.message)
        case ConstraintViolation():
            return ServiceError(_validation_code(protocol, model), failure.message)
    return _INTERNAL_FAILURE


def _validation_code(protocol: WireProtocol, model: ServiceModel | None) -> str:
    """Return what the service calls a broken constraint: sagemaker says Exception, its runtime, sts, … say Error."""
    if model is not None and model.service_name == "logs":
        return "InvalidParameterException"  # its model knows ValidationException as well, but not for this
    is_error = (
        protocol is PROTOCOLS["query"] or is_query_compatible(model) or find_error_shape(model, "ValidationError")
    )
    return "ValidationError" if is_error else "ValidationException"
