"""The OpenAPI file of TGI's routes, made of the same tables that requests are read with, and the page that shows it."""

from collections.abc import Mapping
from typing import Any

from firstbyte.containers.tgi import chat_requests, completions, vertex
from firstbyte.containers.tgi.decoding import GRAMMAR_KINDS, INTEGER_RANGES, Field
from firstbyte.containers.tgi.requests import BODY_FIELDS, PARAMETER_FIELDS
from firstbyte.containers.versions import Version

OPENAPI_PATH = "/api-doc/openapi.json"
_ERRORS = {
    "400": "The body is not JSON",
    "413": "The body is too long",
    "415": "The body is not declared as JSON",
    "422": "Input validation error",
    "424": "Request failed during generation",
    "429": "Model is overloaded",
    "500": "Incomplete generation",
}
_BODIES = {
    "/": "CompatGenerateRequest",
    "/generate": "GenerateRequest",
    "/generate_stream": "GenerateRequest",
    "/invocations": "SagemakerRequest",
    "/v1/chat/completions": "ChatRequest",
    "/v1/completions": "CompletionRequest",
    "/vertex": "VertexRequest",
    "/tokenize": "GenerateRequest",
    "/chat_tokenize": "ChatRequest",
}
_KINDS: dict[str, dict[str, Any]] = {
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "f32": {"type": "number", "format": "float"},
    "grammar": {
        "type": "object",
        "properties": {"type": {"type": "string", "enum": list(GRAMMAR_KINDS)}, "value": {}},
        "required": ["type", "value"],
    },
    "any": {},
}
_ROUTES_READ = {"/health": "Everything is working fine", "/info": "Served model info", "/metrics": "Prometheus metrics"}

DOCS_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Text Generation Inference</title></head>
<body><h1>Text Generation Inference</h1><p>The routes are described in <a href="{OPENAPI_PATH}">{OPENAPI_PATH}</a>.</p>
</body></html>
"""


def describe_routes(version: Version, paths: frozenset[tuple[str, str]]) -> dict[str, Any]:
    """The OpenAPI document of the routes in `paths`, (method, path) each."""
    described: dict[str, dict[str, Any]] = {}
    for method, path in sorted(paths):
        described.setdefault(path, {})[method.lower()] = _operation(method, path)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Text Generation Inference",
            "version": str(version),
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "paths": described,
        "components": {"schemas": _schemas()},
    }


def _operation(method: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": f"{method.lower()}{path.replace('/', '_')}"}
    if method == "GET":
        responses: dict[str, Any] = {"200": {"description": _ROUTES_READ.get(path, "What was asked for")}}
        return operation | {"responses": responses | {"503": {"description": "unhealthy"}}}
    schema = {"$ref": f"#/components/schemas/{_BODIES[path]}"}
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    contents: dict[str, dict[str, Any]] = {"application/json": {}, "text/event-stream": {}}
    responses = {"200": {"description": "Generated text", "content": contents}}
    return operation | {"responses": responses | {status: {"description": text} for status, text in _ERRORS.items()}}


def _schemas() -> dict[str, Any]:
    parameters = {"$ref": "#/components/schemas/GenerateParameters"}
    body = _object(BODY_FIELDS, parameters=parameters)
    generate = {name: field for name, field in BODY_FIELDS.items() if name != "stream"}
    messages = {"type": "array", "items": {"type": "object", "required": ["role"]}}
    prompt = {"oneOf": [{"type": "string"}, _KINDS["strings"]]}
    names = ("CompatGenerateRequest", "ChatRequest", "CompletionRequest")
    return {
        "GenerateParameters": _object(PARAMETER_FIELDS),
        "CompatGenerateRequest": body,
        "GenerateRequest": _object(generate, parameters=parameters),
        "ChatRequest": _object(chat_requests.CHAT_FIELDS, messages=messages),
        "CompletionRequest": _object(completions.FIELDS, prompt=prompt),
        "VertexRequest": _object(vertex.FIELDS, instances={"type": "array", "items": {"type": "object"}}),
        "SagemakerRequest": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]},
    }


def _object(fields: Mapping[str, Field], **known: dict[str, Any]) -> dict[str, Any]:
    properties = {name: known.get(name) or _property(field) for name, field in fields.items()}
    required = [name for name, field in fields.items() if field.default is ...]
    described: dict[str, Any] = {"type": "object", "properties": properties}
    return described | ({"required": required} if required else {})


def _property(field: Field) -> dict[str, Any]:
    if field.kind in INTEGER_RANGES:
        lowest, highest = INTEGER_RANGES[field.kind]
        described: dict[str, Any] = {"type": "integer", "minimum": lowest, "maximum": highest}
    else:
        described = dict(_KINDS[field.kind])
    if field.is_nullable and described:
        described["nullable"] = True
    return described
