"""LMI's routes, and which request means what; the server drives it through `firstbyte.containers.dialect.Dialect`."""

import logging
from dataclasses import dataclass, replace
from typing import Protocol

from firstbyte.containers.dialect import (
    Call,
    HealthInquiry,
    Parsed,
    StreamCall,
    StreamReply,
    TallyInquiry,
    WholeCall,
    WholeReply,
)
from firstbyte.containers.errors import ContainerError, RequestRejected
from firstbyte.containers.exchange import Answer, Headers, Request
from firstbyte.containers.lmi.changes import ASYNC_FORMATS
from firstbyte.containers.lmi.chat import ChatLines, ChatPieces, ChatWhole
from firstbyte.containers.lmi.completions import CompletionLines, CompletionWhole
from firstbyte.containers.lmi.front_end import FrontEnd, front_end_error, is_ping
from firstbyte.containers.lmi.metrics import NOT_ENABLED, render_metrics
from firstbyte.containers.lmi.options import LmiOptions
from firstbyte.containers.lmi.rendering import (
    JsonLines,
    JsonPieces,
    JsonWhole,
    Wording,
    error_answer,
    python_error,
)
from firstbyte.containers.lmi.requests import LmiBody, encode_prompt, plan_generation, read_body
from firstbyte.containers.lmi.static_batch import StaticWording, check_batch, plan_static
from firstbyte.engine.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


class AnswerFormatter(Protocol):
    """A model's own code that words answers, somewhere beside the event loop."""

    async def word(self, step: bytes) -> bytes:
        """The chunk of one step of `steps`; up to 0.34."""
        ...

    async def reword(self, chunk: bytes) -> bytes:
        """A chunk with its object replaced; from 0.35 on."""
        ...

    def steps(self, wording: Wording, body: LmiBody, prompt_ids: tuple[int, ...]) -> StreamReply:
        """The reply whose chunks are steps."""
        ...


@dataclass(frozen=True, slots=True)
class LmiDialect:
    """LMI at one version, for one loaded model."""

    options: LmiOptions
    front_end: FrontEnd
    tokenizer: Tokenizer
    max_total_tokens: int
    """Most tokens of one sequence, as the engine holds them."""
    formatter: AnswerFormatter | None = None
    """The model's own, if it brings one."""

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
        return self.front_end.health("Healthy" if is_healthy else "FAILED")

    def render_error(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer of its own."""
        return error_answer(error, self._plain_wording(None))

    def shared_headers(self, request: Request) -> Headers:
        """None: each answer has its own."""
        del request
        return ()

    def parse(self, request: Request) -> Parsed:
        """Look the route up, read the body and check it."""
        if is_ping(request):
            return HealthInquiry(self.render_health)
        if request.path == "/metrics" and request.method == "GET":
            return self._metrics(request)
        if (answer := self.front_end.answer(request)) is not None:
            return answer
        try:
            body = read_body(request, self.options.version, is_static=self.options.is_static)
            if self.options.is_static:
                return self._plan_static(body, self.front_end.headers(request))
            prompt, prompt_ids = encode_prompt(body, self.tokenizer)
        except RequestRejected as error:
            if self.options.is_static:
                wording = StaticWording(self.front_end.model_name, self.front_end.headers(request))
                return wording.error_answer(error)
            return python_error(error, self._plain_wording(request))
        return self._plan(body, prompt, prompt_ids, self.front_end.headers(request))

    def _metrics(self, request: Request) -> Parsed:
        if not self.options.has_metrics:
            return front_end_error(400, "BadRequestException", NOT_ENABLED, self.front_end.headers(request))
        return TallyInquiry(lambda tally: render_metrics(tally, self.front_end.model_name, request.query))

    def _plan(self, body: LmiBody, prompt: str, prompt_ids: tuple[int, ...], headers: Headers) -> Call | Answer:
        if unused := body.unused_parameters:
            logger.warning("parameters that mean nothing here were dropped: %s", ", ".join(map(repr, unused)))
        wording = self._wording(body, prompt, headers)
        formatter = self.formatter if self._is_formatted(body) else None
        is_reworded = self.options.version >= ASYNC_FORMATS
        transform = None if formatter is None else formatter.reword if is_reworded else formatter.word
        stream = self._stream_reply(body, wording)
        if formatter is not None and not is_reworded:
            stream = formatter.steps(wording, body, prompt_ids)
        try:
            plan = plan_generation(body, prompt_ids, self.options, self.max_total_tokens)
        except RequestRejected as error:
            return stream.refuse(error) if stream else wording.error_answer(error)
        if stream is None:
            return WholeCall((plan,), _whole_reply(body, wording), transform)
        return StreamCall(plan, stream, transform=transform)

    def _plan_static(self, body: LmiBody, headers: Headers) -> Call:
        check_batch(body.batch, self.max_concurrent_requests)
        plans = []
        for text in body.batch:
            single = replace(body, inputs=text)
            _, prompt_ids = encode_prompt(single, self.tokenizer)
            plans.append(plan_generation(single, prompt_ids, self.options, self.max_total_tokens))
        wording = StaticWording(self.front_end.model_name, headers, body.batch, body.flag("return_full_text"))
        return plan_static(plans, wording, is_streaming=self.options.is_static_streaming)

    def _is_formatted(self, body: LmiBody) -> bool:
        """Whether the model's own formatter words this answer; up to 0.34 chat and a formatter of the request win."""
        is_settled = body.messages is not None or body.parameters.get("output_formatter") is not None
        return self.options.version >= ASYNC_FORMATS or not is_settled

    def _stream_reply(self, body: LmiBody, wording: Wording) -> StreamReply | None:
        """Who words the stream; None where the answer is given at once.

        A formatter that is configured, or named by the request, wins over the request's `stream`.
        """
        if body.is_completion:
            return CompletionLines(wording) if body.is_streaming else None
        if body.messages is not None:  # chat has formatters of its own, whatever is configured
            if body.is_streaming:
                return ChatLines(wording, body.tools)
            return None if self.options.has_status_codes else ChatPieces(wording)
        formatter = body.parameters.get("output_formatter") or self.options.output_formatter
        is_lines = formatter in ("jsonlines", "sse") or (formatter != "json" and body.is_streaming)
        if not is_lines and self.options.has_status_codes:
            return None
        if not is_lines:
            return JsonPieces(wording)
        is_sse = formatter == "sse" or (formatter is None and self.options.is_tgi_compatible)
        return JsonLines(wording, is_sse=is_sse)

    def _plain_wording(self, request: Request | None) -> Wording:
        """For what is said before a request has been read."""
        return Wording(
            version=self.options.version,
            headers=self.front_end.headers(request),
            model_name=self.front_end.model_name,
            has_status_codes=self.options.has_status_codes,
        )

    def _wording(self, body: LmiBody, prompt: str, headers: Headers) -> Wording:
        is_compatible = self.options.is_tgi_compatible
        return Wording(
            version=self.options.version,
            headers=headers,
            model_name=self.front_end.model_name,
            prompt=prompt,
            has_full_text=body.flag("return_full_text"),
            has_details=body.flag("details", is_compatible),
            has_prefill=body.flag("decoder_input_details"),
            is_tgi_compatible=is_compatible,
            has_status_codes=self.options.has_status_codes,
            has_final_newline=self.options.has_final_newline,
            num_logprobs=body.num_logprobs,
            has_usage=body.has_usage,
        )


def _whole_reply(body: LmiBody, wording: Wording) -> WholeReply:
    if body.messages is not None:
        return ChatWhole(wording, body.tools)
    return CompletionWhole(wording) if body.is_completion else JsonWhole(wording)
