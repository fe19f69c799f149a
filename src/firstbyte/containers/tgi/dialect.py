"""TGI's routes, and which request means what; the server drives it through `firstbyte.containers.dialect.Dialect`."""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.dialect import Call, HealthInquiry, Parsed, Refusal, StreamCall, TallyInquiry, WholeCall
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Headers, Request, json_answer
from firstbyte.containers.metering import Tally
from firstbyte.containers.tgi.changes import CHAT_TOKENIZE_ROUTE, DISPATCH_BY_SHAPE, MODELS_ROUTE
from firstbyte.containers.tgi.chat import chat_tokenize_answer, plan_chat
from firstbyte.containers.tgi.chat_requests import CHAT_FIELDS
from firstbyte.containers.tgi.completions import FIELDS as COMPLETION_FIELDS
from firstbyte.containers.tgi.completions import plan_completions
from firstbyte.containers.tgi.decoding import OTHER_MEDIA_TYPE, ExtractionFailed, mismatch_of_variants, read_json
from firstbyte.containers.tgi.failures import TemplateRefused, ValidationFailed
from firstbyte.containers.tgi.information import Served, describe_model, list_models, tokenize_answer
from firstbyte.containers.tgi.metrics import render_metrics
from firstbyte.containers.tgi.openapi import DOCS_PAGE, OPENAPI_PATH, describe_routes
from firstbyte.containers.tgi.refusals import refuse_in_stream, refuse_whole
from firstbyte.containers.tgi.rendering import (
    EventStream,
    WholeText,
    compute_headers,
    dump,
    error_answer,
    render_health,
    stream_head,
)
from firstbyte.containers.tgi.requests import (
    BODY_FIELDS,
    PARAMETER_FIELDS,
    GenerateBody,
    check_endpoint,
    plan_generation,
    read_generate_body,
)
from firstbyte.containers.tgi.syntax import Path
from firstbyte.containers.tgi.vertex import plan_vertex

OPEN_ROUTES = frozenset({"/chat_tokenize"})
"""POST routes that ask for no key, as in TGI."""
VARYING = ("origin", "access-control-request-method", "access-control-request-headers")
"""What an answer's headers for browsers depend on."""
_GENERATE: Mapping[Path, Collection[str]] = {(): BODY_FIELDS, ("parameters",): PARAMETER_FIELDS}
STRUCTS: Mapping[str, Mapping[Path, Collection[str]]] = {
    **dict.fromkeys(("/", "/generate", "/generate_stream", "/invocations", "/tokenize"), _GENERATE),
    "/v1/chat/completions": {(): CHAT_FIELDS},
    "/chat_tokenize": {(): CHAT_FIELDS},
    "/v1/completions": {(): COMPLETION_FIELDS},
}
"""Route -> the structs of its body and their fields, of which serde takes none twice."""


@dataclass(frozen=True, slots=True)
class TgiDialect:
    """TGI at one version, for one loaded model."""

    served: Served

    @property
    def max_body_bytes(self) -> int:
        """PAYLOAD_LIMIT."""
        return self.served.options.payload_limit_bytes

    @property
    def max_concurrent_requests(self) -> int:
        """MAX_CONCURRENT_REQUESTS; there is no waiting beyond it."""
        return self.served.options.max_concurrent_requests

    @property
    def first_token_timeout_s(self) -> float | None:
        """None: TGI lets requests wait."""
        return None

    def render_error(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer of its own."""
        return error_answer(error)

    def shared_headers(self, request: Request) -> Headers:
        """What browsers ask for: any page may use this server, or those that CORS_ALLOW_ORIGIN names.

        As tower-http's layer does, it is told whether or not anybody asks, and every OPTIONS request is taken for one
        that asks.
        """
        origin, allowed = request.headers.get("origin", ""), self.served.options.cors_allow_origin
        headers: Headers = tuple(("vary", name) for name in VARYING)
        if request.method == "OPTIONS":
            headers = (
                *headers,
                ("access-control-allow-methods", "GET,POST"),
                ("access-control-allow-headers", "content-type"),
            )
        if allowed and origin not in allowed:
            return headers
        return (("access-control-allow-origin", origin if allowed else "*"), *headers)

    def parse(self, request: Request) -> Parsed:
        """Look the route up, check the key, read the body and check it."""
        if request.method == "OPTIONS":
            return Answer(200)
        routes = self._routes()
        method = "GET" if request.method == "HEAD" else request.method
        route = routes.get((method, request.path))
        if route is None:
            return _no_route([known for known, path in routes if path == request.path])
        if method == "POST" and not self._is_authorized(request):
            return Answer(401)
        try:
            return route(self._json_body(request) if method == "POST" else {})
        except ExtractionFailed as error:
            return error_answer(error.located(request.body))
        except ContainerError as error:
            answer = error_answer(error)
            return Refusal(answer, answer, "template" if isinstance(error, TemplateRefused) else "validation")

    def _json_body(self, request: Request) -> Any:
        main_type, _, subtype = request.media_type.partition("/")
        if main_type != "application" or not (subtype == "json" or subtype.endswith("+json")):
            raise ExtractionFailed(415, OTHER_MEDIA_TYPE)
        try:
            return read_json(request.body, STRUCTS.get(request.path))
        except ExtractionFailed as error:
            if error.status == 422 and request.path == "/invocations" and self._goes_by_shape:
                raise mismatch_of_variants(
                    "SagemakerRequest"
                ) from error  # the variants keep their reasons to themselves
            raise

    @property
    def _goes_by_shape(self) -> bool:
        return self.served.options.version >= DISPATCH_BY_SHAPE

    def _routes(self) -> Mapping[tuple[str, str], Callable[[Any], Parsed]]:
        served = self.served
        routes: dict[tuple[str, str], Callable[[Any], Parsed]] = {
            ("POST", "/"): self._compat_generate,
            ("POST", "/generate"): self._generate,
            ("POST", "/generate_stream"): self._generate_stream,
            ("POST", "/invocations"): self._invoke,
            ("POST", "/v1/chat/completions"): self._plan_chat,
            ("POST", "/v1/completions"): self._plan_completions,
            ("POST", "/vertex"): lambda body: plan_vertex(body, served),
            ("POST", "/tokenize"): lambda body: tokenize_answer(body, served),
            ("GET", "/"): lambda _: HealthInquiry(render_health),
            ("GET", "/health"): lambda _: HealthInquiry(render_health),
            ("GET", "/ping"): lambda _: HealthInquiry(render_health),
            ("GET", "/metrics"): lambda _: TallyInquiry(self._render_metrics),
            ("GET", "/info"): lambda _: json_answer(200, dump(describe_model(served))),
        }
        if served.options.version >= MODELS_ROUTE:
            routes["GET", "/v1/models"] = lambda _: json_answer(200, dump(list_models(served)))
        if served.options.version >= CHAT_TOKENIZE_ROUTE:
            routes["POST", "/chat_tokenize"] = lambda body: chat_tokenize_answer(body, served)
        routes["GET", "/docs"] = lambda _: Answer(200, (("content-type", "text/html"),), DOCS_PAGE.encode())
        paths = frozenset(routes) - {("GET", "/docs")}
        routes["GET", OPENAPI_PATH] = lambda _: json_answer(200, dump(describe_routes(served.options.version, paths)))
        return routes

    def _render_metrics(self, tally: Tally) -> Answer:
        return render_metrics(tally, self.served.limits.max_batch_total_tokens)

    def _is_authorized(self, request: Request) -> bool:
        key = self.served.options.api_key
        if key is None or request.path in OPEN_ROUTES:
            return True
        given = request.headers.get("authorization", "").lower()
        return hmac.compare_digest(given.encode(), f"bearer {key}".lower().encode())

    def _invoke(self, body: Any) -> Parsed:
        options = self.served.options
        if not self._goes_by_shape:
            return plan_chat(body, self.served) if options.is_messages_api_enabled else self._compat_generate(body)
        for plan in (self._compat_generate, self._plan_chat, self._plan_completions):
            with suppress(ExtractionFailed):  # of an untagged enum the first variant that fits is taken
                return plan(body)
        raise mismatch_of_variants("SagemakerRequest")

    def _plan_chat(self, body: Any) -> Parsed:
        return plan_chat(body, self.served)

    def _plan_completions(self, body: Any) -> Parsed:
        return plan_completions(body, self.served)

    def _compat_generate(self, body: Any) -> Call | Refusal:
        read = read_generate_body(body, self.served.options.version)
        # A local folder has no pipeline tag, and then TGI gives the full text unless told otherwise.
        is_full = read.parameters.return_full_text is not False
        return self._stream(read, is_full) if read.stream else self._whole(read, is_full, is_array=True)

    def _generate(self, body: Any) -> Call | Refusal:
        read = read_generate_body(body, self.served.options.version, "GenerateRequest")
        return self._whole(read, read.parameters.return_full_text is True, is_array=False)

    def _generate_stream(self, body: Any) -> Call | Refusal:
        read = read_generate_body(body, self.served.options.version, "GenerateRequest")
        return self._stream(read, read.parameters.return_full_text is True)

    def _whole(self, body: GenerateBody, is_full: bool, *, is_array: bool) -> Call | Refusal:
        parameters, bounds = body.parameters, self.served.bounds
        check_endpoint(parameters, bounds, is_streaming=False)
        reply = WholeText(
            prompt=body.inputs if is_full else "",
            has_details=parameters.details or parameters.decoder_input_details,
            is_array=is_array,
            headers=compute_headers(bounds.options.compute_type, len(body.inputs)),
        )
        try:
            return WholeCall(plan_generation(body, bounds, self.served.tokenizer), reply)
        except ValidationFailed as error:
            return refuse_whole(error)

    def _stream(self, body: GenerateBody, is_full: bool) -> Call | Refusal:
        parameters, bounds = body.parameters, self.served.bounds
        head = stream_head(compute_headers(bounds.options.compute_type, len(body.inputs)))
        reply = EventStream(bounds.options.version, head, body.inputs if is_full else "", parameters.details)
        try:
            check_endpoint(parameters, bounds, is_streaming=True)
        except ValidationFailed as error:
            answer = refuse_in_stream(head, reply.render_error, error).answer
            return Refusal(answer, answer)  # TGI asks this before it takes a permit
        try:
            request, *_ = plan_generation(body, bounds, self.served.tokenizer)
        except ValidationFailed as error:
            return refuse_in_stream(head, reply.render_error, error)
        return StreamCall(request, reply)


def _no_route(methods: Sequence[str]) -> Answer:
    """404 for an unknown path; for a known one 405, with what it takes (HEAD wherever GET is, as in axum)."""
    if not methods:
        return Answer(404)
    names = [name for method in methods for name in (("GET", "HEAD") if method == "GET" else (method,))]
    return Answer(405, (("allow", ",".join(sorted(names))),))
