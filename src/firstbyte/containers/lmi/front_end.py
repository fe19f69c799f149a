"""The Java front end of DJL Serving: its routes, the headers of its answers, its errors, what it reads of a request.

Whatever stands behind it, the engine or a model's own code, is reached through the same routes (RequestParser.java,
InferenceRequestHandler.java).
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from firstbyte.containers.errors import BodyTooLarge, ContainerError, Overloaded, TookTooLong
from firstbyte.containers.exchange import Answer, Headers, Request, json_answer

NO_CACHE: Headers = (
    ("pragma", "no-cache"),
    ("cache-control", "no-cache; no-store, must-revalidate, private"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 UTC"),
)
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
MODEL_ROUTES = (
    re.compile(r"/predictions/(?P<model>[^/]+)(?:/[^/]+)?"),
    re.compile(r"/models/(?P<model>[^/]+)/invoke"),
)
MANAGEMENT_ROUTE = re.compile(r"/models/[^/]+(?:/adapters(?:/.*)?)?|/workflows(?:/.*)?")
NAMELESS_ROUTES = ("/invocations", "/predictions", "/v1/chat/completions")
HEALTH_STATUSES = {"Healthy": 200, "PENDING": 200, "Unhealthy": 200, "FAILED": 500}
"""A model's state -> the status of /ping. What is being started again counts as pending, which is no failure yet."""


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """The routes of one model."""

    model_name: str
    allows_multi_status: bool = False
    """`allow_multi_status` (SERVING_ALLOW_MULTI_STATUS): /ping answers 207 while a model is not up."""
    new_request_id: Callable[[], str] = lambda: str(uuid.uuid4())

    def headers(self, request: Request | None) -> Headers:
        """The headers of every answer; a request's custom attributes come back with its answer."""
        attributes = request.headers.get(CUSTOM_ATTRIBUTES) if request else None
        echoed: Headers = ((CUSTOM_ATTRIBUTES, attributes),) if attributes else ()
        return (("x-request-id", self.new_request_id()), *NO_CACHE, *echoed)

    def answer(self, request: Request) -> Answer | None:
        """What the front end answers by itself: its lists, and refusals. None for a call of the model."""
        if (request.method, request.path) == ("GET", "/models"):
            return self._list_models()
        if MANAGEMENT_ROUTE.fullmatch(request.path) or (request.method != "GET" and request.path == "/models"):
            message = "Models and adapters are managed by deploying: the management API is not served here."
            return front_end_error(405, "MethodNotAllowedException", message, self.headers(request))
        model = self._target(request)
        if model is None:
            message = "Requested resource is not found, please refer to API document."
            return front_end_error(404, "ResourceNotFoundException", message, self.headers(request))
        if request.method == "OPTIONS":
            return json_answer(200, b"{}", self.headers(request))
        if request.method != "POST":
            message = "Request method is not allowed, please refer to API document."
            return front_end_error(405, "MethodNotAllowedException", message, self.headers(request))
        if model != self.model_name:
            return front_end_error(404, "ModelNotFoundException", f"Model not found: {model}", self.headers(request))
        return None

    def health(self, state: str) -> Answer:
        """The model's state by name."""
        status = HEALTH_STATUSES[state]
        if self.allows_multi_status and status == 200 and state != "Healthy":
            status = 207
        body = json.dumps({self.model_name: {"status": state}}, indent=2)
        return json_answer(status, body.encode(), self.headers(None))

    def _target(self, request: Request) -> str | None:
        """The model that a request is for, named by path, query or header; None for a path that is no route."""
        if request.path in NAMELESS_ROUTES:
            given = properties_of(request).get("model_name")
            return given or self.model_name  # there is one model, which is the one that needs no name
        for route in MODEL_ROUTES:
            if match := route.fullmatch(request.path):
                return match["model"]
        return None

    def _list_models(self) -> Answer:
        model = {"modelName": self.model_name, "loadedAtStartup": True, "status": "Healthy"}
        return json_answer(200, json.dumps({"models": [model]}, indent=2).encode(), self.headers(None))


def is_ping(request: Request) -> bool:
    """Whether a request asks for the model's state; a HEAD request is told the status alone."""
    return request.path == "/ping" and request.method in ("GET", "HEAD")


def custom_attributes(request: Request) -> Mapping[str, str]:
    """SageMaker's one header for what a client wants to tell the container: `name=value;name=value`."""
    pairs = (pair.partition("=") for pair in request.headers.get(CUSTOM_ATTRIBUTES, "").split(";"))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}


def properties_of(request: Request) -> dict[str, str]:
    """What a request says beside its body: query, headers, custom attributes; the later ones win."""
    return {**dict(parse_qsl(request.query)), **request.headers, **custom_attributes(request)}


def front_end_error(status: int, error_type: str, message: str, headers: Headers = ()) -> Answer:
    """An error of the front end."""
    body = json.dumps({"code": status, "type": error_type, "message": message}, indent=2)
    return json_answer(status, body.encode(), headers)


def front_end_refusal(error: ContainerError, model_name: str, headers: Headers) -> Answer:
    """The answer for an error that the front end words itself: too much, too many, too slow, or a process that died."""
    match error:
        case BodyTooLarge():
            return front_end_error(413, "TooLongHttpContentException", str(error), headers)
        case Overloaded():
            message = f"Worker queue capacity exceeded for model: {model_name}"
            return front_end_error(503, "WlmCapacityException", message, headers)
        case TookTooLong():
            return front_end_error(400, "TranslateException", f"Time out in: {error.timeout_s:g}", headers)
        case _:
            return front_end_error(400, "TranslateException", str(error), headers)
