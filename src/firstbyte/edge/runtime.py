"""SageMaker Runtime: InvokeEndpoint and InvokeEndpointWithResponseStream go to `hosting.Invoker` (by way
of `hosting.Captures`), InvokeEndpointAsync to `hosting.AsyncInvoker`.

A stream's chunks become PayloadParts one by one; what breaks before the first is a status code, after it an exception
event (SageMaker Runtime API reference, "ResponseStream").
"""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from firstbyte.aws.gateway import Call
from firstbyte.aws.protocol import EventStream
from firstbyte.edge.asgi import received_at
from firstbyte.edge.control import as_service_error
from firstbyte.hosting.answers import InvocationAnswer
from firstbyte.hosting.async_inference import DEFAULT_TIMEOUT_S, DEFAULT_TTL_S, AsyncRequest
from firstbyte.hosting.async_invoke import AsyncInvoker
from firstbyte.hosting.data_capture import Relay
from firstbyte.hosting.errors import HostingError, ModelFailed
from firstbyte.hosting.invoke import Invocation
from firstbyte.telemetry.facts import Emit, InvocationAnswered

VALIDATION_CODE = "ValidationError"
"""Where the control plane says ValidationException."""


class Runtime:
    """The handlers of the three operations."""

    def __init__(self, relay: Relay, async_invoker: AsyncInvoker, emit: Emit) -> None:
        self._relay = relay
        self._async_invoker = async_invoker
        self._emit = emit

    async def invoke_endpoint(self, call: Call) -> Mapping[str, Any]:
        """InvokeEndpoint."""
        answer = await self._invoke(call, streaming=False)
        return _members(
            Body=answer.body,
            ContentType=answer.content_type,
            InvokedProductionVariant=answer.invoked_production_variant,
            CustomAttributes=answer.custom_attributes,
            NewSessionId=answer.new_session_id,
            ClosedSessionId=answer.closed_session_id,
        )

    async def invoke_endpoint_with_response_stream(self, call: Call) -> EventStream:
        """InvokeEndpointWithResponseStream."""
        answer = await self._invoke(call, streaming=True)
        members = _members(
            ContentType=answer.content_type,
            InvokedProductionVariant=answer.invoked_production_variant,
            CustomAttributes=answer.custom_attributes,
        )
        return EventStream(members, _relay(answer))

    async def invoke_endpoint_async(self, call: Call) -> Mapping[str, Any]:
        """InvokeEndpointAsync."""
        try:
            ticket = self._async_invoker.submit(read_async_request(call.params))
        except HostingError as error:
            raise as_service_error(error, VALIDATION_CODE) from error
        return _members(
            InferenceId=ticket.inference_id,
            OutputLocation=ticket.output_location,
            FailureLocation=ticket.failure_location,
        )

    async def _invoke(self, call: Call, *, streaming: bool) -> InvocationAnswer:
        overhead_s = time.monotonic() - received_at.get(time.monotonic())
        invocation = read_invocation(call.params, call.request_id, streaming=streaming, overhead_s=overhead_s)
        status, container_status, variant = 500, None, ""
        try:
            answer = await self._relay.invoke(invocation)
            status, variant = 200, answer.invoked_production_variant
        except HostingError as error:
            refusal = as_service_error(error, VALIDATION_CODE)
            status = refusal.status
            container_status = error.original_status if isinstance(error, ModelFailed) else None
            raise refusal from error
        finally:
            self._emit(InvocationAnswered(invocation.endpoint_name, variant, streaming, status, container_status))
        return answer


def read_invocation(
    params: Mapping[str, Any], request_id: str, *, streaming: bool, overhead_s: float | None = None
) -> Invocation:
    """Make hosting's call of the members of either operation."""
    return Invocation(
        endpoint_name=params["EndpointName"],
        body=params.get("Body", b""),
        streaming=streaming,
        content_type=params.get("ContentType"),
        accept=params.get("Accept"),
        custom_attributes=params.get("CustomAttributes"),
        target_model=params.get("TargetModel"),
        target_variant=params.get("TargetVariant"),
        target_container_hostname=params.get("TargetContainerHostname"),
        inference_id=params.get("InferenceId"),
        enable_explanations=params.get("EnableExplanations"),
        inference_component_name=params.get("InferenceComponentName"),
        session_id=params.get("SessionId"),
        overhead_s=overhead_s,
        request_id=request_id,
    )


def read_async_request(params: Mapping[str, Any]) -> AsyncRequest:
    """Make hosting's request of the members of InvokeEndpointAsync."""
    return AsyncRequest(
        endpoint_name=params["EndpointName"],
        body=params.get("Body"),
        input_location=params.get("InputLocation"),
        content_type=params.get("ContentType"),
        accept=params.get("Accept"),
        custom_attributes=params.get("CustomAttributes"),
        inference_id=params.get("InferenceId"),
        path_extension=params.get("S3OutputPathExtension"),
        filename=params.get("Filename"),
        ttl_s=params.get("RequestTTLSeconds", DEFAULT_TTL_S),
        timeout_s=params.get("InvocationTimeoutSeconds", DEFAULT_TIMEOUT_S),
    )


async def _relay(answer: InvocationAnswer) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.chunks():
            yield chunk
    except HostingError as error:
        raise as_service_error(error, VALIDATION_CODE) from error
    finally:
        await answer.close()


def _members(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
