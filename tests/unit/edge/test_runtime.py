"""The runtime's border: members in, members out, chunks as they come, failures where they belong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.runtime import Runtime, read_async_request, read_invocation
from firstbyte.hosting.async_invoke import AsyncTicket
from firstbyte.hosting.errors import ModelTimedOut, NotFound, StreamFailed
from firstbyte.telemetry.facts import Fact, InvocationAnswered

ROUTING_HINT = "PrefixAwareId"
"""A newer member that helps AWS to choose an instance whose cache fits; the answer is the same without."""


class Answer:
    """A container's answer as hosting gives it."""

    content_type = "application/json"
    custom_attributes = None
    invoked_production_variant = "v"
    new_session_id = "s-1; Expires=2026-01-01T00:00:00Z"
    closed_session_id = None
    body = b"whole"

    def __init__(self, chunks: Any = (), error: Any = None) -> None:
        self.is_closed = False
        self._chunks = chunks
        self._error = error

    async def chunks(self) -> AsyncIterator[Any]:
        for chunk in self._chunks:
            yield chunk
        if self._error:
            raise self._error

    async def close(self) -> None:
        self.is_closed = True


class AsyncInvoker:
    """A queue that takes in whatever it is given."""

    def __init__(self, error: Any = None) -> None:
        self.asked: Any = None
        self._error = error

    def submit(self, request: Any) -> AsyncTicket:
        self.asked = request
        if self._error:
            raise self._error
        return AsyncTicket("i-1", "s3://out/i-1.out", None)


class Invoker:
    def __init__(self, answer: Any = None, error: Any = None) -> None:
        self.asked = None
        self._answer = answer
        self._error = error

    async def invoke(self, invocation: Any) -> Any:
        self.asked = invocation
        if self._error:
            raise self._error
        return self._answer


def invoker(answer: Answer | None = None, error: Exception | None = None) -> Any:
    return Invoker(answer, error)


def call(**params: Any) -> Any:
    return Call("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", **params}, None, "r")


def runtime(invoker: Any, emit: Any = lambda fact: None, queue: Any = None) -> Runtime:
    anything: Any = queue or AsyncInvoker()
    return Runtime(invoker, anything, emit)


async def test_a_whole_answer_has_its_members() -> None:
    facts: list[Fact] = []
    answered = await runtime(invoker(Answer()), facts.append).invoke_endpoint(call(Body=b"x"))

    assert answered == {
        "Body": b"whole",
        "ContentType": "application/json",
        "InvokedProductionVariant": "v",
        "NewSessionId": "s-1; Expires=2026-01-01T00:00:00Z",
    }
    (fact,) = facts
    assert isinstance(fact, InvocationAnswered)
    assert (fact.endpoint_name, fact.variant_name, fact.status, fact.container_status) == ("e", "v", 200, None)


async def test_a_stream_s_events_are_its_chunks_and_it_is_closed_at_its_end() -> None:
    answer = Answer([b"a", b"b"])
    stream = await runtime(invoker(answer)).invoke_endpoint_with_response_stream(call())

    assert stream.members == {"ContentType": "application/json", "InvokedProductionVariant": "v"}
    assert [event async for event in stream.events] == [b"a", b"b"]
    assert answer.is_closed


async def test_a_stream_that_nobody_reads_on_is_closed() -> None:
    answer = Answer([b"a", b"b"])
    stream = await runtime(invoker(answer)).invoke_endpoint_with_response_stream(call())
    events: Any = stream.events
    assert await anext(events) == b"a"
    await events.aclose()

    assert answer.is_closed


async def test_a_stream_that_breaks_raises_the_stream_s_exception() -> None:
    answer = Answer([b"a"], StreamFailed("ModelInvocationTimeExceeded", "too long"))
    stream = await runtime(invoker(answer)).invoke_endpoint_with_response_stream(call())
    with pytest.raises(ServiceError) as caught:
        assert [event async for event in stream.events] == []

    assert (caught.value.code, caught.value.members) == (
        "ModelStreamError",
        {"ErrorCode": "ModelInvocationTimeExceeded"},
    )
    assert answer.is_closed


@pytest.mark.parametrize(
    ("error", "code", "status", "container_status"),
    [
        (NotFound("Endpoint e of account 1 not found."), "ValidationError", 400, None),
        (
            ModelTimedOut("timed out", original_status=0, original_message="", log_stream_arn="arn"),
            "ModelError",
            424,
            0,
        ),
    ],
)
async def test_what_fails_before_the_first_byte_has_a_status(
    error: Any, code: str, status: int, container_status: int | None
) -> None:
    facts: list[Fact] = []
    with pytest.raises(ServiceError) as caught:
        await runtime(invoker(error=error), facts.append).invoke_endpoint(call())

    assert (caught.value.code, caught.value.status) == (code, status)
    (fact,) = facts
    assert isinstance(fact, InvocationAnswered)
    assert (fact.status, fact.container_status, fact.variant_name) == (status, container_status, "")


def test_no_member_of_the_operations_is_left_behind() -> None:
    model = ServiceModels().load("sagemaker-runtime")
    for operation, streaming in (("InvokeEndpoint", False), ("InvokeEndpointWithResponseStream", True)):
        shape: Any = model.operation_model(operation).input_shape
        members = shape.members.keys() - {ROUTING_HINT}
        params = {name: b"body" if name == "Body" else f"the {name}" for name in members}
        invocation = read_invocation(params, "r", streaming=streaming)
        read = {getattr(invocation, field) for field in invocation.__dataclass_fields__}

        assert set(params.values()) <= read
        assert invocation.streaming is streaming


async def test_an_asynchronous_invocation_is_answered_at_once() -> None:
    queue: Any = AsyncInvoker()
    answered = await runtime(None, queue=queue).invoke_endpoint_async(call(InputLocation="s3://in/a"))

    assert answered == {"InferenceId": "i-1", "OutputLocation": "s3://out/i-1.out"}
    assert (queue.asked.endpoint_name, queue.asked.input_location) == ("e", "s3://in/a")
    assert (queue.asked.ttl_s, queue.asked.timeout_s) == (21_600, 900)


async def test_a_refused_asynchronous_invocation_is_a_validation_error() -> None:
    queue: Any = AsyncInvoker(NotFound("Endpoint e of account 123456789012 not found."))
    with pytest.raises(ServiceError) as caught:
        await runtime(None, queue=queue).invoke_endpoint_async(call())

    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)


def test_no_member_of_the_asynchronous_operation_is_left_behind() -> None:
    shape: Any = ServiceModels().load("sagemaker-runtime").operation_model("InvokeEndpointAsync").input_shape
    numbers = {name for name, member in shape.members.items() if member.type_name == "integer"}
    given: dict[str, Any] = {name: 77 if name in numbers else f"x-{name}" for name in shape.members}

    read = read_async_request(given)

    taken = {getattr(read, name) for name in read.__dataclass_fields__}
    assert taken == {*given.values()}
