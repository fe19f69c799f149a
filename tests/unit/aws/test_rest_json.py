from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.model import ServiceModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.aws.errors import MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, join_headers
from firstbyte.aws.protocol import EventStream
from firstbyte.aws.rest_json import RestJson, header_safe
from oracle import MODELS, operation_of, request_of, response_of

WIRE = RestJson()
RUNTIME = "sagemaker-runtime"
MODEL = MODELS.load(RUNTIME)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
HEADERS = ("ContentType", "Accept", "CustomAttributes", "TargetVariant", "InferenceId", "SessionId")
INVOCATIONS = st.fixed_dictionaries(
    {"EndpointName": st.text(min_size=1, max_size=8), "Body": st.binary(max_size=60)},
    optional=dict.fromkeys(
        ("ContentType", "Accept", "CustomAttributes", "TargetVariant", "InferenceId", "SessionId"), PRINTABLE
    ),
)


@pytest.mark.parametrize("operation", ["InvokeEndpoint", "InvokeEndpointWithResponseStream"])
@given(params=INVOCATIONS)
def test_we_parse_what_botocore_serialises(operation: str, params: dict[str, Any]) -> None:
    request = request_of(RUNTIME, operation, params, signed=False)
    assert WIRE.find_operation(MODEL, request) == operation
    assert WIRE.parse(operation_of(RUNTIME, operation), request) == params


def test_async_invocations_have_numbers_in_headers_and_may_have_no_body() -> None:
    params = {"EndpointName": "e", "InputLocation": "s3://b/k", "RequestTTLSeconds": 100, "InvocationTimeoutSeconds": 5}
    request = request_of(RUNTIME, "InvokeEndpointAsync", params, signed=False)
    assert WIRE.find_operation(MODEL, request) == "InvokeEndpointAsync"
    assert WIRE.parse(operation_of(RUNTIME, "InvokeEndpointAsync"), request) == params


def test_a_number_in_a_header_must_be_one() -> None:
    headers = join_headers([("X-Amzn-SageMaker-RequestTTLSeconds", "soon")])
    request = HttpRequest("POST", "/endpoints/e/async-invocations", headers=headers)
    with pytest.raises(MalformedRequest, match="STRING_VALUE can not be converted to an Integer"):
        WIRE.parse(operation_of(RUNTIME, "InvokeEndpointAsync"), request)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/endpoints/e/invocations"),
        ("POST", "/endpoints/e/invocations/"),
        ("POST", "/endpoints/e/f/invocations"),
        ("POST", "/endpoints//invocations"),
        ("POST", "/endpoints/e"),
        ("POST", "/"),
    ],
)
def test_other_methods_and_paths_are_no_operation(method: str, path: str) -> None:
    assert WIRE.find_operation(MODEL, HttpRequest(method, path)) is None


def test_a_required_payload_is_there_though_empty() -> None:
    request = HttpRequest("POST", "/endpoints/e/invocations")
    assert WIRE.parse(operation_of(RUNTIME, "InvokeEndpoint"), request) == {"EndpointName": "e", "Body": b""}


@given(st.binary(max_size=60), st.dictionaries(st.sampled_from(["ContentType", "InvokedProductionVariant"]), PRINTABLE))
def test_botocore_parses_what_we_serialise(body: bytes, members: dict[str, Any]) -> None:
    response = WIRE.serialise(operation_of(RUNTIME, "InvokeEndpoint"), {**members, "Body": body}, "id")
    assert response.body == body
    parsed = response_of(RUNTIME, "InvokeEndpoint", response)
    assert parsed.pop("Body").read() == body
    parsed.pop("ResponseMetadata")
    assert parsed == members


def test_a_json_body_goes_beside_headers_with_the_models_status() -> None:
    answer = {"InferenceId": "i", "OutputLocation": "s3://b/o"}
    response = WIRE.serialise(operation_of(RUNTIME, "InvokeEndpointAsync"), answer, "id")
    assert (response.status, response.body) == (202, b'{"InferenceId":"i"}')
    parsed = response_of(RUNTIME, "InvokeEndpointAsync", response)
    parsed.pop("ResponseMetadata")
    assert parsed == answer


def test_botocore_reads_a_model_error_with_its_members() -> None:
    members = {"OriginalStatusCode": 400, "OriginalMessage": "no", "LogStreamArn": "arn:x", "ErrorCode": "CLIENT"}
    error = ServiceError("ModelError", "Received client error (400)", status=424, members=members)
    response = WIRE.serialise_error(MODEL, error, "id")
    parsed = response_of(RUNTIME, "InvokeEndpoint", response)
    assert parsed["Error"] == {"Message": "Received client error (400)", "Code": "ModelError"}
    assert response.header("x-amzn-errortype") == "ModelError"
    assert isinstance(response.body, bytes)
    for name in ("OriginalStatusCode", "OriginalMessage", "LogStreamArn", "Message"):
        assert f'"{name}":'.encode() in response.body


@pytest.mark.parametrize(
    ("value", "safe"), [("a\r\nSet-Cookie: x", "a Set-Cookie: x"), ("é", "é"), ("日本", "??"), ("a;b=c", "a;b=c")]
)
def test_a_header_cannot_be_ended_from_within(value: str, safe: str) -> None:
    assert header_safe(value) == safe


async def no_events() -> AsyncIterator[bytes]:
    for part in list[bytes]():
        yield part


def test_streams_and_operations_must_agree() -> None:
    with pytest.raises(UnservableAnswer, match="answers no event stream"):
        WIRE.serialise(operation_of(RUNTIME, "InvokeEndpoint"), EventStream({}, no_events()), "id")
    with pytest.raises(UnservableAnswer, match="answers event stream"):
        WIRE.serialise(operation_of(RUNTIME, "InvokeEndpointWithResponseStream"), {"ContentType": "a/b"}, "id")


def test_a_stream_is_announced_before_its_first_event() -> None:
    stream = EventStream({"ContentType": "text/event-stream", "InvokedProductionVariant": "AllTraffic"}, no_events())
    response = WIRE.serialise(operation_of(RUNTIME, "InvokeEndpointWithResponseStream"), stream, "id")
    assert (response.status, dict(response.headers)) == (
        200,
        {
            "Content-Type": "application/vnd.amazon.eventstream",
            "X-Amzn-SageMaker-Content-Type": "text/event-stream",
            "x-Amzn-Invoked-Production-Variant": "AllTraffic",
        },
    )


# What sagemaker-runtime does not use, and other services do -----------------------------------------------------------

DESCRIPTION: dict[str, Any] = {
    "metadata": {"protocol": "rest-json", "apiVersion": "1", "endpointPrefix": "x"},
    "operations": {
        "Put": {"name": "Put", "http": {"method": "PUT", "requestUri": "/a/{Id}/b/{Rest+}"}, "input": {"shape": "In"}},
        "Fixed": {"name": "Fixed", "http": {"method": "PUT", "requestUri": "/a/{Id}/b/fixed"}},
        "Wrap": {
            "name": "Wrap",
            "http": {"method": "POST", "requestUri": "/wrap"},
            "input": {"shape": "Wrapped"},
            "output": {"shape": "Wrapped"},
        },
        "Say": {
            "name": "Say",
            "http": {"method": "POST", "requestUri": "/say"},
            "input": {"shape": "Said"},
            "output": {"shape": "Said"},
        },
    },
    "shapes": {
        "Text": {"type": "string"},
        "Flag": {"type": "boolean"},
        "When": {"type": "timestamp"},
        "Texts": {"type": "list", "member": {"shape": "Text"}},
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        "Point": {"type": "structure", "members": {"X": {"shape": "Text"}}},
        "Wrapped": {
            "type": "structure",
            "members": {
                "Point": {"shape": "Point"},
                "Meta": {"shape": "Map", "location": "headers", "locationName": "X-Meta-"},
            },
            "payload": "Point",
        },
        "Said": {"type": "structure", "members": {"Word": {"shape": "Text"}}, "payload": "Word"},
        "In": {
            "type": "structure",
            "members": {
                "Id": {"shape": "Text", "location": "uri", "locationName": "Id"},
                "Rest": {"shape": "Text", "location": "uri", "locationName": "Rest"},
                "Dry": {"shape": "Flag", "location": "querystring", "locationName": "dry"},
                "Tags": {"shape": "Texts", "location": "header", "locationName": "X-Tags"},
                "When": {"shape": "When", "location": "header", "locationName": "X-When"},
                "Name": {"shape": "Text"},
            },
        },
    },
}
OTHER: ServiceModel = ServiceModel(DESCRIPTION, "x")


def test_labels_queries_headers_and_a_json_body() -> None:
    headers = join_headers([("X-Tags", "a, b"), ("X-When", "Sun, 22 Nov 2026 12:52:51 GMT")])
    request = HttpRequest("PUT", "/a/i%2F1/b/c/d%20e", "dry=true", headers, b'{"Name":"n","Id":"not from here"}')
    assert WIRE.find_operation(OTHER, request) == "Put"
    params = WIRE.parse(OTHER.operation_model("Put"), request)
    assert params.pop("When").isoformat() == "2026-11-22T12:52:51+00:00"
    assert params == {"Id": "i/1", "Rest": "c/d e", "Dry": True, "Tags": ["a", "b"], "Name": "n"}


def test_fixed_text_wins_over_labels_and_an_operation_may_take_and_give_nothing() -> None:
    request = HttpRequest("PUT", "/a/i/b/fixed")
    assert WIRE.find_operation(OTHER, request) == "Fixed"
    assert WIRE.parse(OTHER.operation_model("Fixed"), request) == {}
    assert WIRE.serialise(OTHER.operation_model("Fixed"), {}, "id").body == b""


def test_a_structure_may_be_the_payload() -> None:
    wrap = OTHER.operation_model("Wrap")
    request = HttpRequest("POST", "/wrap", headers=join_headers([("X-Meta-A", "1")]), body=b'{"X":"1"}')
    assert WIRE.parse(wrap, request) == {"Point": {"X": "1"}, "Meta": {"a": "1"}}
    assert WIRE.parse(wrap, HttpRequest("POST", "/wrap")) == {}
    response = WIRE.serialise(wrap, {"Point": {"X": "1"}, "Meta": {"a": "1"}}, "id")
    assert (response.body, response.header("X-Meta-a")) == (b'{"X":"1"}', "1")


def test_text_may_be_the_payload() -> None:
    say = OTHER.operation_model("Say")
    assert WIRE.parse(say, HttpRequest("POST", "/say", body="é".encode())) == {"Word": "é"}
    assert WIRE.serialise(say, {"Word": "é"}, "id").body == "é".encode()
    with pytest.raises(MalformedRequest, match="not UTF-8"):
        WIRE.parse(say, HttpRequest("POST", "/say", body=b"\xff"))


@settings(suppress_health_check=list(HealthCheck))
@given(st.text(max_size=30))
def test_no_path_breaks_the_search(path: str) -> None:
    assert WIRE.find_operation(MODEL, HttpRequest("POST", f"/{path}")) in (None, *MODEL.operation_names)
