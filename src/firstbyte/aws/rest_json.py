"""REST-JSON: method and path name the operation; members stand in path, query, headers and body, or *are* the body.

sagemaker-runtime speaks it: a model's input and output are raw payloads, and a streaming output is an event stream
(see `eventstream`). Source: smithy.io, "AWS restJson1 protocol" and "HTTP binding traits".
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

import orjson
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from firstbyte.aws.claims import read_query
from firstbyte.aws.errors import Family, MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.json11 import parse_object, read_json
from firstbyte.aws.protocol import Answer, EventStream, describe_error
from firstbyte.aws.shapes import parse, parse_text, present_members, serialise, serialise_text, wire_name
from firstbyte.aws.streaming import EncodedStream

_LOCATIONS = frozenset({"uri", "querystring", "header", "headers", "statusCode"})
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]+")
_LABEL = re.compile(r"\{(\w+)(\+?)\}")


class RestJson:
    """The protocol, as the gateway uses it."""

    family = Family.JSON
    unknown_operation_code = "UnknownOperationException"
    unknown_operation_status = 404

    def find_operation(self, model: ServiceModel, request: HttpRequest) -> str | None:
        """Match method and path with the operations of the model."""
        for method, path, name in _routes(model):
            if method == request.method and path.fullmatch(request.path):
                return name
        return None

    def parse(self, operation: OperationModel, request: HttpRequest) -> dict[str, Any]:
        """Gather the members from wherever the model puts them."""
        shape = operation.input_shape
        if shape is None:
            return {}
        params = dict(_bound_members(operation, shape, request))
        payload = shape.serialization.get("payload")
        if payload is None:
            return {**_body_members(shape, request.body), **params}
        member = shape.members[payload]
        if member.type_name not in ("blob", "string"):
            return {**params, payload: parse(member, read_json(request.body))} if request.body else params
        if request.body or payload in shape.required_members:
            params[payload] = request.body if member.type_name == "blob" else _text(request.body)
        return params

    def serialise(self, operation: OperationModel, answer: Answer, _request_id: str) -> HttpResponse:
        """Write status, headers and body; a streaming body is encoded event by event."""
        shape = operation.output_shape
        status = int(operation.http.get("responseCode", 200))
        if shape is None:
            return HttpResponse(status)
        stream = answer if isinstance(answer, EventStream) else None
        members = answer if not isinstance(answer, EventStream) else answer.members
        headers = tuple(_headers(shape, members))
        if (stream is not None) != operation.has_event_stream_output:
            raise UnservableAnswer(f"{operation.name} answers {'no ' if stream else ''}event stream")
        if stream is not None:
            event_type = ("Content-Type", "application/vnd.amazon.eventstream")
            return HttpResponse(status, (event_type, *headers), EncodedStream(operation, stream.events))
        return _with_body(shape, members, status, headers)

    def serialise_error(self, model: ServiceModel | None, error: ServiceError, _request_id: str) -> HttpResponse:
        """Write the error; its code is a header, its members are the body."""
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", header_safe(error.code)))
        return HttpResponse(error.status, headers, orjson.dumps(describe_error(model, error), default=str))


@functools.cache
def _routes(model: ServiceModel) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Return (method, path, operation) for each operation, those with more fixed text first."""
    https = {name: model.operation_model(name).http for name in model.operation_names}
    longest_first = sorted(https, key=lambda name: len(_LABEL.sub("", https[name]["requestUri"])), reverse=True)
    return tuple((https[name]["method"], _path_pattern(https[name]["requestUri"]), name) for name in longest_first)


@functools.cache
def _path_pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a path such as /endpoints/{EndpointName}/invocations; {Key+} spans slashes."""
    path = template.partition("?")[0]
    pieces: list[str] = []
    end = 0
    for label in _LABEL.finditer(path):
        name, greedy = label.groups()
        pieces += [re.escape(path[end : label.start()]), f"(?P<{name}>{'.+' if greedy else '[^/]+'})"]
        end = label.end()
    return re.compile("".join(pieces) + re.escape(path[end:]))


# Reading ---------------------------------------------------------------------------------------------------------


def _bound_members(operation: OperationModel, shape: StructureShape, request: HttpRequest) -> Iterator[tuple[str, Any]]:
    """Yield the members that stand in the path, the query or a header."""
    match = _path_pattern(operation.http["requestUri"]).fullmatch(request.path)
    labels = match.groupdict() if match else {}
    query = read_query(request.query)
    for name, member in shape.members.items():
        location, key = member.serialization.get("location"), wire_name(member, name)
        if location == "uri" and key in labels:
            yield name, parse_text(member, unquote(labels[key]))
        elif location == "querystring" and key in query:
            yield name, _read_bound(member, query[key])
        elif location == "header" and key.lower() in request.headers:
            yield name, _read_bound(member, request.headers[key.lower()])
        elif location == "headers":
            prefix = key.lower()
            found = {k.removeprefix(prefix): v for k, v in request.headers.items() if k.startswith(prefix)}
            yield from ((name, found),) if found else ()


def _read_bound(shape: Shape, text: str) -> Any:
    if shape.type_name == "list":
        return [parse_text(cast(ListShape, shape).member, item.strip()) for item in text.split(",")]
    return parse_text(shape, text)


def _body_members(shape: StructureShape, body: bytes) -> dict[str, Any]:
    """Return the members that stand in the JSON body: those that are bound to nowhere else."""
    unbound = [name for name, member in shape.members.items() if member.serialization.get("location") is None]
    if not unbound:
        return {}
    members = parse_object(shape, body)
    return {name: members[name] for name in unbound if name in members}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as no_text:
        raise MalformedRequest("The request body is not UTF-8") from no_text


# Writing ---------------------------------------------------------------------------------------------------------


def _headers(shape: StructureShape, members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, member in present_members(shape, members):
        location = member.serialization.get("location")
        if location == "header":
            yield wire_name(member, name), header_safe(serialise_text(member, members[name], timestamps="rfc822"))
        elif location == "headers":
            prefix = wire_name(member, name)
            yield from ((f"{prefix}{key}", header_safe(value)) for key, value in members[name].items())


def header_safe(value: str) -> str:
    """Return `value` fit for a header line: no control characters, which could end it, and Latin-1 only."""
    return _CONTROL_CHARACTERS.sub(" ", value).encode("latin-1", "replace").decode("latin-1")


def _with_body(
    shape: StructureShape, members: Mapping[str, Any], status: int, headers: tuple[tuple[str, str], ...]
) -> HttpResponse:
    payload = shape.serialization.get("payload")
    if payload is None:
        in_body = {name: value for name, value in members.items() if not _is_bound(shape.members[name])}
        return HttpResponse(status, (_JSON, *headers), orjson.dumps(serialise(shape, in_body)))
    member, value = shape.members[payload], members.get(payload)
    if value is None or member.type_name == "string":
        return HttpResponse(status, headers, (value or "").encode())
    if member.type_name == "blob":
        return HttpResponse(status, headers, bytes(value))
    return HttpResponse(status, (_JSON, *headers), orjson.dumps(serialise(member, value)))


_JSON = ("Content-Type", "application/json")


def _is_bound(shape: Shape) -> bool:
    return shape.serialization.get("location") in _LOCATIONS
