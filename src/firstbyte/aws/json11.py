"""AWS JSON 1.0 and 1.1: `X-Amz-Target` names the operation, both bodies are one JSON object. sagemaker speaks it.

Source: smithy.io, "AWS JSON 1.1 protocol", "AWS Query compatible" for the errors of services that spoke Query once.
"""

from typing import Any, cast

import orjson
from botocore.model import OperationModel, ServiceModel, StructureShape

from firstbyte.aws.errors import Family, MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.protocol import Answer, EventStream, describe_error, find_error_shape, is_query_compatible
from firstbyte.aws.shapes import parse, serialise


class Json11:
    """The protocol, as the gateway uses it."""

    family = Family.JSON
    unknown_operation_code = "UnknownOperationException"
    unknown_operation_status = 400

    def find_operation(self, model: ServiceModel, request: HttpRequest) -> str | None:
        """Read `X-Amz-Target: <prefix>.<operation>`."""
        prefix, _, operation = request.headers.get("x-amz-target", "").rpartition(".")
        return operation if prefix and prefix == model.metadata.get("targetPrefix") else None

    def parse(self, operation: OperationModel, request: HttpRequest) -> dict[str, Any]:
        """Read the body, which may be empty where nothing is asked for."""
        body = read_json(request.body)
        return cast(dict[str, Any], parse(operation.input_shape, body)) if operation.input_shape else {}

    def serialise(self, operation: OperationModel, answer: Answer, _request_id: str) -> HttpResponse:
        """Write the body; an operation without output has an empty one."""
        if isinstance(answer, EventStream):
            raise UnservableAnswer(f"{operation.name} does not stream")
        shape = operation.output_shape
        body = orjson.dumps(serialise(shape, answer)) if shape else b""
        return HttpResponse(200, (_content_type(operation.service_model),), body)

    def serialise_error(self, model: ServiceModel | None, error: ServiceError, _request_id: str) -> HttpResponse:
        """Write the error; clients read its code from `__type`, or where there is one from the header."""
        headers = [_content_type(model)]
        shape = find_error_shape(model, error.code)
        kind = shape.name if shape and is_query_compatible(model) else error.code
        if is_query_compatible(model):
            headers.append(
                ("x-amzn-query-error", f"{error.code};{'Sender' if error.fault == 'client' else 'Receiver'}")
            )
        body = orjson.dumps({"__type": kind, **describe_error(model, error)}, default=str)
        return HttpResponse(error.status, tuple(headers), body)


def _content_type(model: ServiceModel | None) -> tuple[str, str]:
    version = model.metadata.get("jsonVersion", "1.1") if model else "1.1"
    return ("Content-Type", f"application/x-amz-json-{version}")


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body; an empty body, and null, is an empty object."""
    try:
        value = orjson.loads(body) if body.strip() else None
    except orjson.JSONDecodeError as no_json:
        raise MalformedRequest(f"The request body is not valid JSON: {no_json}") from no_json
    return {} if value is None else value


def parse_object(shape: StructureShape, body: bytes) -> dict[str, Any]:
    """Return the members of `shape` that stand in a JSON body."""
    return cast(dict[str, Any], parse(shape, read_json(body)))
