"""LMI's routes, and which request means what; the server drives it through `firstbyte.containers.dialect.Dialect`."""

import json
import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from firstbyte.containers.dialect import Call, HealthInquiry, Parsed, StreamCall, StreamReply, WholeCall
from firstbyte.containers.errors import ContainerError, RequestRejected
from firstbyte.containers.exchange import Answer, Headers, Request, json_answer
from firstbyte.containers.lmi.chat import ChatLines, ChatPieces, ChatWhole
from firstbyte.containers.lmi.options import LmiOptions
from firstbyte.containers.lmi.rendering import (
    JsonLines,
    JsonPieces,
    JsonWhole,
    Wording,
    error_answer,
    front_end_error,
    python_error,
)
from firstbyte.containers.lmi.requests import LmiBody, encode_prompt, plan_generation, read_body
from firstbyte.engine.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class LmiDialect:
    """LMI at one version, for one loaded model."""

    options: LmiOptions
    model_name: str
    tokenizer: Tokenizer
    max_total_tokens: int
    """Most tokens of one sequence, as the engine holds them."""
    new_request_id: Callable[[], str] = lambda: str(uuid.uuid4())

    @property
    def max_body_bytes(self) -> int:
        """`max_request_size`."""
        return self.options.max_request_bytes

    @property
    def max_concurrent_requests(self) -> int:
        """The job queue and the rolling batch together."""
        return self.options.job_queue_size + self.options.max_rolling_batch_size

    @property
    def first_token_timeout_s(self) -> float | None:
        """`predict_timeout`."""
        return self.options.predict_timeout_s

    def render_health(self, is_healthy: bool) -> Answer:
        """The model's state by name: 200, or 500 when it failed."""
        status, word = (200, "Healthy") if is_healthy else (500, "FAILED")
        body = json.dumps({self.model_name: {"status": word}}, indent=2)
        return json_answer(status, body.encode(), self._headers(None))

    def render_error(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer of its own."""
        return error_answer(error, self._plain_wording(None))

    def shared_headers(self, request: Request) -> Headers:
        """None: each answer has its own."""
        del request
        return ()

    def parse(self, request: Request) -> Parsed:
        """Look the route up, read the body and check it."""
        if request.path == "/ping" and request.method == "GET":
            return HealthInquiry(self.render_health)
        if request.path == "/models" and request.method == "GET":
            return self._list_models()
        model = self._target_model(request)
        if model is None:
            message = "Requested resource is not found, please refer to API document."
            return front_end_error(404, "ResourceNotFoundException", message, self._headers(request))
        if request.method != "POST":
            message = "Request method is not allowed, please refer to API document."
            return front_end_error(405, "MethodNotAllowedException", message, self._headers(request))
        if model != self.model_name:
            return front_end_error(404, "ModelNotFoundException", f"Model not found: {model}", self._headers(request))
        try:
            body = read_body(request)
            prompt, prompt_ids = encode_prompt(body, self.tokenizer)
        except RequestRejected as error:
            return python_error(error, self._plain_wording(request))
        return self._plan(body, prompt, prompt_ids, self._headers(request))

    def _plan(self, body: LmiBody, prompt: str, prompt_ids: tuple[int, ...], headers: Headers) -> Call | Answer:
        if unused := body.unused_parameters:
            logger.warning("parameters that mean nothing here were dropped: %s", ", ".join(unused))
        wording = self._wording(body, prompt, headers)
        stream = self._stream_reply(body, wording)
        try:
            plan = plan_generation(body, prompt_ids, self.options, self.max_total_tokens)
        except RequestRejected as error:
            return stream.refuse(error) if stream else wording.error_answer(error)
        if stream is None:
            return WholeCall((plan,), ChatWhole(wording) if body.messages is not None else JsonWhole(wording))
        return StreamCall(plan, stream)

    def _stream_reply(self, body: LmiBody, wording: Wording) -> StreamReply | None:
        """Who words the stream; None where the answer is given at once.

        A formatter that is configured, or named by the request, wins over the request's `stream`.
        """
        formatter = body.parameters.get("output_formatter") or self.options.output_formatter
        is_lines = formatter in ("jsonlines", "sse") or (formatter != "json" and body.is_streaming)
        if not is_lines and self.options.has_status_codes:
            return None
        if body.messages is not None:
            return ChatLines(wording) if body.is_streaming else ChatPieces(wording)
        if not is_lines:
            return JsonPieces(wording)
        is_sse = formatter == "sse" or (formatter is None and self.options.is_tgi_compatible)
        return JsonLines(wording, is_sse=is_sse)

    def _plain_wording(self, request: Request | None) -> Wording:
        """For what is said before a request has been read."""
        return Wording(
            version=self.options.version,
            headers=self._headers(request),
            model_name=self.model_name,
            has_status_codes=self.options.has_status_codes,
        )

    def _wording(self, body: LmiBody, prompt: str, headers: Headers) -> Wording:
        is_compatible = self.options.is_tgi_compatible
        return Wording(
            version=self.options.version,
            headers=headers,
            model_name=self.model_name,
            prompt=prompt,
            has_full_text=body.flag("return_full_text"),
            has_details=body.flag("details", is_compatible),
            has_prefill=body.flag("decoder_input_details"),
            is_tgi_compatible=is_compatible,
            has_status_codes=self.options.has_status_codes,
            has_final_newline=self.options.has_final_newline,
        )

    def _target_model(self, request: Request) -> str | None:
        """The model that a path means; None for a path that is no route."""
        if request.path in ("/invocations", "/predictions", "/v1/chat/completions"):
            return self.model_name
        for route in MODEL_ROUTES:
            if match := route.fullmatch(request.path):
                return match["model"]
        return None

    def _list_models(self) -> Answer:
        model = {"modelName": self.model_name, "loadedAtStartup": True, "status": "Healthy"}
        return json_answer(200, json.dumps({"models": [model]}, indent=2).encode(), self._headers(None))

    def _headers(self, request: Request | None) -> Headers:
        """The front end's headers; a request's custom attributes come back with its answer."""
        attributes = request.headers.get(CUSTOM_ATTRIBUTES) if request else None
        echoed: Headers = ((CUSTOM_ATTRIBUTES, attributes),) if attributes else ()
        return (("x-request-id", self.new_request_id()), *NO_CACHE, *echoed)
