import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.aws.errors import MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, join_headers
from firstbyte.aws.json11 import Json11
from firstbyte.aws.protocol import EventStream
from oracle import MODELS, input_values, operation_of, output_values, request_of, response_of

WIRE = Json11()
OPERATIONS = [
    ("sagemaker", name)
    for name in (
        "CreateModel",
        "DescribeModel",
        "ListModels",
        "CreateEndpointConfig",
        "DescribeEndpointConfig",
        "CreateEndpoint",
        "DescribeEndpoint",
        "ListEndpoints",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
        "CreateInferenceComponent",
        "DescribeInferenceComponent",
        "AddTags",
        "ListTags",
        "Search",
    )
] + [("application-autoscaling", "PutScalingPolicy"), ("application-autoscaling", "DescribeScalableTargets")]
MODEL = MODELS.load("sagemaker")


def request_for(body: bytes, target: str = "SageMaker.CreateEndpoint") -> HttpRequest:
    return HttpRequest("POST", "/", headers=join_headers([("X-Amz-Target", target)]), body=body)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_we_parse_what_botocore_serialises(service: str, operation: str, data: st.DataObject) -> None:
    params = data.draw(input_values(service, operation))
    request = request_of(service, operation, params, signed=False)
    model = MODELS.load(service)
    assert WIRE.find_operation(model, request) == operation
    assert WIRE.parse(operation_of(service, operation), request) == params


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_botocore_parses_what_we_serialise(service: str, operation: str, data: st.DataObject) -> None:
    if not operation_of(service, operation).output_shape.members:
        pytest.skip("no output")
    answer = data.draw(output_values(service, operation))
    response = WIRE.serialise(operation_of(service, operation), answer, "id")
    parsed = response_of(service, operation, response)
    assert parsed.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert parsed == answer


def test_an_operation_of_another_target_is_for_another_service() -> None:
    assert WIRE.find_operation(MODEL, request_for(b"{}", "AnyScaleFrontendService.PutScalingPolicy")) is None
    assert WIRE.find_operation(MODEL, request_for(b"{}", "CreateEndpoint")) is None
    assert WIRE.find_operation(MODEL, HttpRequest("POST", "/")) is None


def test_an_unknown_operation_of_the_target_is_still_ours() -> None:
    assert WIRE.find_operation(MODEL, request_for(b"{}", "SageMaker.MakeTea")) == "MakeTea"


@pytest.mark.parametrize("body", [b"{", b"nonsense", b'{"a": \xff}', b"{'a': 1}"])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match="not valid JSON"):
        WIRE.parse(MODEL.operation_model("CreateEndpoint"), request_for(body))


@pytest.mark.parametrize("body", [b"", b" ", b"null", b"{}"])
def test_an_empty_body_has_no_members(body: bytes) -> None:
    assert WIRE.parse(MODEL.operation_model("ListEndpoints"), request_for(body)) == {}


def test_an_operation_without_output_answers_nothing() -> None:
    response = WIRE.serialise(MODEL.operation_model("DeleteEndpoint"), {}, "id")
    assert (response.status, response.body) == (200, b"")


def test_botocore_reads_our_errors() -> None:
    error = ServiceError("ValidationException", 'Could not find endpoint "arn:aws:x".')
    response = WIRE.serialise_error(MODEL, error, "id")
    parsed = response_of("sagemaker", "DescribeEndpoint", response)
    assert parsed["Error"] == {"Message": 'Could not find endpoint "arn:aws:x".', "Code": "ValidationException"}
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_modelled_error_calls_its_message_as_its_shape_does() -> None:
    error = ServiceError("ResourceNotFound", "gone")
    assert json.loads(bytes(WIRE.serialise_error(MODEL, error, "id").body)) == {  # type: ignore[arg-type]
        "__type": "ResourceNotFound",
        "Message": "gone",
    }


def test_an_event_stream_cannot_be_served() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b""

    with pytest.raises(UnservableAnswer, match="does not stream"):
        WIRE.serialise(MODEL.operation_model("CreateEndpoint"), EventStream({}, events()), "id")


@pytest.mark.parametrize("code", ["InvalidParameterValue", "SignatureDoesNotMatch"])
def test_a_service_that_once_spoke_query_calls_its_errors_as_it_did(code: str) -> None:
    response = WIRE.serialise_error(MODELS.load("cloudwatch"), ServiceError(code, "no"), "id")
    parsed = response_of("cloudwatch", "GetMetricStatistics", response, protocol="json")

    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (code, "no")
    assert response.header("x-amzn-query-error") == f"{code};Sender"
    kind = {"InvalidParameterValue": "InvalidParameterValueException"}.get(code, code)
    assert json.loads(bytes(response.body))["__type"] == kind  # type: ignore[arg-type]
