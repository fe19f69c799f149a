"""TGI's routes, and which request means what; the server drives it through `firstbyte.containers.dialect.Dialect`."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.dialect import Call, HealthInquiry, Parsed, StreamCall, TallyInquiry, WholeCall
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Request, json_answer
from firstbyte.containers.tgi.chat import plan_chat
from firstbyte.containers.tgi.decoding import OTHER_MEDIA_TYPE, OTHER_SHAPE, ExtractionFailed, read_json
from firstbyte.containers.tgi.information import Served, describe_model, list_models, render_tally, tokenize_answer
from firstbyte.containers.tgi.rendering import (
    EventStream,
    WholeText,
    compute_headers,
    dump,
    error_answer,
    error_event,
    render_health,
    stream_head,
)
from firstbyte.containers.tgi.requests import (
    GenerateBody,
    ValidationFailed,
    check_endpoint,
    plan_generation,
    read_generate_body,
)
from firstbyte.containers.versions import Version

MODELS_ROUTE = Version(2, 2)
DISPATCH_BY_SHAPE = Version(2, 4)
"""From here on /invocations looks at the body to tell generate from chat; before, MESSAGES_API_ENABLED chose."""


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

    def render_error(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer of its own."""
        return error_answer(error)

    def parse(self, request: Request) -> Parsed:
        """Look the route up, check the key, read the body and check it."""
        routes = self._routes()
        route = routes.get((request.method, request.path))
        if route is None:
            return Answer(405 if any(path == request.path for _, path in routes) else 404)
        if request.method == "POST" and not self._is_authorized(request):
            return Answer(401)
        try:
            return route(_json_body(request) if request.method == "POST" else {})
        except ContainerError as error:
            return error_answer(error)

    def _routes(self) -> Mapping[tuple[str, str], Callable[[Any], Parsed]]:
        routes: dict[tuple[str, str], Callable[[Any], Parsed]] = {
            ("POST", "/"): self._compat_generate,
            ("POST", "/generate"): self._generate,
            ("POST", "/generate_stream"): self._generate_stream,
            ("POST", "/invocations"): self._invoke,
            ("POST", "/v1/chat/completions"): lambda body: plan_chat(body, self.served),
            ("POST", "/tokenize"): lambda body: tokenize_answer(body, self.served),
            ("GET", "/"): lambda _: HealthInquiry(render_health),
            ("GET", "/health"): lambda _: HealthInquiry(render_health),
            ("GET", "/ping"): lambda _: HealthInquiry(render_health),
            ("GET", "/metrics"): lambda _: TallyInquiry(render_tally),
            ("GET", "/info"): lambda _: json_answer(200, dump(describe_model(self.served))),
        }
        if self.served.options.version >= MODELS_ROUTE:
            routes["GET", "/v1/models"] = lambda _: json_answer(200, dump(list_models(self.served)))
        return routes

    def _is_authorized(self, request: Request) -> bool:
        key = self.served.options.api_key
        if key is None:
            return True
        given = request.headers.get("authorization", "").lower()
        return hmac.compare_digest(given.encode(), f"bearer {key}".lower().encode())

    def _invoke(self, body: Any) -> Call | Answer:
        options = self.served.options
        if options.version < DISPATCH_BY_SHAPE:
            return plan_chat(body, self.served) if options.is_messages_api_enabled else self._compat_generate(body)
        if isinstance(body, dict) and "inputs" in body:
            return self._compat_generate(body)
        if isinstance(body, dict) and "messages" in body:
            return plan_chat(body, self.served)
        raise ExtractionFailed(422, f"{OTHER_SHAPE}data did not match any variant of untagged enum SagemakerRequest")

    def _compat_generate(self, body: Any) -> Call | Answer:
        read = read_generate_body(body, self.served.options.version)
        # A local folder has no pipeline tag, and then TGI gives the full text unless told otherwise.
        is_full = read.parameters.return_full_text is not False
        return self._stream(read, is_full) if read.stream else self._whole(read, is_full, is_array=True)

    def _generate(self, body: Any) -> Call | Answer:
        read = read_generate_body(body, self.served.options.version)
        return self._whole(read, read.parameters.return_full_text is True, is_array=False)

    def _generate_stream(self, body: Any) -> Call | Answer:
        read = read_generate_body(body, self.served.options.version)
        return self._stream(read, read.parameters.return_full_text is True)

    def _whole(self, body: GenerateBody, is_full: bool, *, is_array: bool) -> Call:
        parameters, bounds = body.parameters, self.served.bounds
        check_endpoint(parameters, bounds, is_streaming=False)
        reply = WholeText(
            prompt=body.inputs if is_full else "",
            has_details=parameters.details or parameters.decoder_input_details,
            is_array=is_array,
            headers=compute_headers(bounds.options.compute_type, len(body.inputs)),
        )
        return WholeCall(plan_generation(body, bounds, self.served.tokenizer), reply)

    def _stream(self, body: GenerateBody, is_full: bool) -> Call | Answer:
        parameters, bounds = body.parameters, self.served.bounds
        version = bounds.options.version
        head = stream_head(compute_headers(bounds.options.compute_type, len(body.inputs)))
        try:
            check_endpoint(parameters, bounds, is_streaming=True)
            request, *_ = plan_generation(body, bounds, self.served.tokenizer)
        except ValidationFailed as error:
            # The status is 200 by the time TGI validates, so the error is an event.
            return Answer(head.status, head.headers, error_event(error, version), is_chunked=True)
        return StreamCall(request, EventStream(version, head, body.inputs if is_full else "", parameters.details))


def _json_body(request: Request) -> Any:
    main_type, _, subtype = request.media_type.partition("/")
    if main_type != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise ExtractionFailed(415, OTHER_MEDIA_TYPE)
    return read_json(request.body)
