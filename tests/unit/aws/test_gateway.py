import asyncio
import datetime
import email.utils
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, EventStreamError

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call, Gateway, Service
from firstbyte.aws.http import HttpRequest, HttpResponse, join_headers
from firstbyte.aws.protocol import Answer, EventStream, Part
from firstbyte.aws.sigv4 import Verifier
from oracle import ACCESS_KEY, client, find_credentials, request_of, response_of, sign, utc_now

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
CREATED = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
RUNTIME = "sagemaker-runtime"


class FakeService:
    """Handlers that keep what they were called with."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.is_stream_closed = False

    async def create_endpoint(self, call: Call) -> Answer:
        self.calls.append(call)
        return {"EndpointArn": ARN}

    async def describe_endpoint(self, call: Call) -> Answer:
        if call.params["EndpointName"] != "e":
            raise ServiceError("ValidationException", f'Could not find endpoint "{ARN}".')
        return {
            "EndpointName": "e",
            "EndpointArn": ARN,
            "EndpointStatus": "InService",
            "CreationTime": CREATED,
            "LastModifiedTime": CREATED,
        }

    async def describe_model(self, call: Call) -> Answer:
        raise KeyError("a secret")

    async def list_models(self, call: Call) -> Answer:
        return {"Modles": []}

    async def invoke(self, call: Call) -> Answer:
        self.calls.append(call)
        if call.params["Body"] == b"bad":
            members = {"OriginalStatusCode": 400, "OriginalMessage": "no", "LogStreamArn": "arn:x"}
            raise ServiceError("ModelError", "Received client error (400)", status=424, members=members)
        if call.params["Body"] == b"our mistake":
            raise ServiceError("ModelError", "x", status=424, members={"OriginalStatusCode": "400"})
        return {"Body": call.params["Body"].upper(), "ContentType": "text/plain"}

    async def stream(self, call: Call) -> Answer:
        members = {"ContentType": "text/plain", "InvokedProductionVariant": "AllTraffic"}
        return EventStream({**members, "Nonsense": 1} if call.params["Body"] == b"bad" else members, self.events())

    async def events(self) -> AsyncIterator[bytes]:
        try:
            yield Part(b"Hel")
            yield Part(b"lo")
            raise ServiceError("ModelStreamError", "too late", members={"ErrorCode": "ModelInvocationTimeExceeded"})
        finally:
            self.is_stream_closed = True

    async def get_role(self, call: Call) -> Answer:
        name = call.params["RoleName"]
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)

    async def get_caller_identity(self, call: Call) -> Answer:
        assert call.identity is not None
        return {"UserId": call.identity.access_key_id, "Account": "123456789012", "Arn": "arn:aws:iam::1:role/r"}

    async def list_metrics(self, call: Call) -> Answer:
        return {"Metrics": [{"MetricName": call.params["MetricName"]}]}

    def tables(self) -> dict[str, Service]:
        return {
            "sagemaker": {
                "CreateEndpoint": self.create_endpoint,
                "DescribeEndpoint": self.describe_endpoint,
                "DescribeModel": self.describe_model,
                "ListModels": self.list_models,
            },
            RUNTIME: {"InvokeEndpoint": self.invoke, "InvokeEndpointWithResponseStream": self.stream},
            "iam": {"GetRole": self.get_role},
            "sts": {"GetCallerIdentity": self.get_caller_identity},
            "cloudwatch": {"ListMetrics": self.list_metrics},
        }


FAKE = FakeService()
GATEWAY = Gateway(FAKE.tables(), Verifier(find_credentials, utc_now))


def handle(request: HttpRequest, gateway: Gateway = GATEWAY) -> HttpResponse:
    return asyncio.run(gateway.handle(request))


def caller(service: str) -> Any:
    return client(service, handle)


@pytest.fixture(scope="module")
def sagemaker() -> Any:
    return caller("sagemaker")


@pytest.fixture(scope="module")
def runtime() -> Any:
    return caller(RUNTIME)


# Unmodified clients ----------------------------------------------------------------------------------------------


def test_a_call_reaches_its_handler_and_the_answer_comes_back(sagemaker: Any) -> None:
    answer = sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    call = FAKE.calls[-1]
    assert answer["EndpointArn"] == ARN
    assert (call.service, call.operation) == ("sagemaker", "CreateEndpoint")
    assert call.params == {"EndpointName": "e", "EndpointConfigName": "c"}
    assert call.identity is not None
    assert (call.identity.access_key_id, call.identity.scope.region) == (ACCESS_KEY, "us-east-1")
    assert answer["ResponseMetadata"]["RequestId"] == call.request_id


def test_times_come_back(sagemaker: Any) -> None:
    assert sagemaker.describe_endpoint(EndpointName="e")["CreationTime"] == CREATED


def test_a_handlers_error_is_the_services_error(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint") as raised:
        sagemaker.describe_endpoint(EndpointName="f")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_the_control_plane_says_exception_and_the_runtime_says_error(sagemaker: Any, runtime: Any) -> None:
    with pytest.raises(ClientError) as from_control:
        sagemaker.describe_endpoint(EndpointName="f_")
    with pytest.raises(ClientError) as from_runtime:
        runtime.invoke_endpoint(EndpointName="f_", Body=b"x")
    errors = [raised.value.response["Error"] for raised in (from_control, from_runtime)]
    assert [error["Code"] for error in errors] == ["ValidationException", "ValidationError"]
    assert all(error["Message"].startswith("1 validation error detected: Value 'f_' at") for error in errors)


def test_an_invocation_passes_bytes(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(EndpointName="e", Body=b"hello \xff", ContentType="text/plain")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"HELLO \xff", "text/plain")
    assert FAKE.calls[-1].params["ContentType"] == "text/plain"


def test_a_model_error_carries_what_the_model_said(runtime: Any) -> None:
    with pytest.raises(ClientError) as raised:
        runtime.invoke_endpoint(EndpointName="e", Body=b"bad")
    response: Any = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 400)
    assert (response["OriginalMessage"], response["LogStreamArn"]) == ("no", "arn:x")


def test_a_stream_arrives_part_by_part_and_fails_in_the_stream(runtime: Any) -> None:
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"x")
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/plain", "AllTraffic")
    events = iter(answer["Body"])
    assert [next(events)["PayloadPart"]["Bytes"] for _ in range(2)] == [b"Hel", b"lo"]
    with pytest.raises(EventStreamError, match="too late") as raised:
        next(events)
    assert raised.value.response["Error"]["Code"] == "ModelStreamError"


def test_forms_are_answered_in_xml() -> None:
    assert caller("sts").get_caller_identity()["UserId"] == ACCESS_KEY
    with pytest.raises(ClientError, match="The role with name r cannot be found") as raised:
        caller("iam").get_role(RoleName="r")
    assert raised.value.response["Error"]["Code"] == "NoSuchEntity"


def test_a_presigned_form_is_answered() -> None:
    url = "http://127.0.0.1:8770/?Action=GetCallerIdentity&Version=2011-06-15"
    assert handle(sign(AWSRequest("GET", url), "sts", SigV4QueryAuth, expires=60)).status == 200


# Every answer ------------------------------------------------------------------------------------------------------


def control(body: bytes, target: str = "SageMaker.DescribeEndpoint") -> AWSRequest:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    return AWSRequest("POST", "http://127.0.0.1:8770/", headers=headers, data=body)


def told(response: HttpResponse) -> tuple[int, str, str]:
    """Status, code and message of a JSON error."""
    assert isinstance(response.body, bytes)
    body = json.loads(response.body)
    code = response.header("x-amzn-ErrorType") or body["__type"]
    return response.status, code, body.get("message", body.get("Message"))


@pytest.mark.parametrize("body", [b'{"EndpointName": "e"}', b'{"EndpointName": "x"}', b"{"])
def test_every_answer_has_a_number_the_time_and_its_length(body: bytes) -> None:
    response = handle(sign(control(body)))
    assert len(response.header("x-amzn-RequestId") or "") == 36
    date = email.utils.parsedate_to_datetime(response.header("Date") or "")
    assert abs(date - utc_now()) < datetime.timedelta(seconds=5)
    assert isinstance(response.body, bytes)
    assert response.header("Content-Length") == str(len(response.body))


def test_a_stream_has_no_length() -> None:
    response = handle(request_of(RUNTIME, "InvokeEndpointWithResponseStream", {"EndpointName": "e", "Body": b"x"}))
    assert response.header("Content-Length") is None


# Refusals on the way -------------------------------------------------------------------------------------------------


def test_a_body_that_is_no_json() -> None:
    assert told(handle(sign(control(b"nonsense"))))[:2] == (400, "SerializationException")


def test_a_member_of_the_wrong_type() -> None:
    assert told(handle(sign(control(b'{"EndpointName": 1}')))) == (
        400,
        "SerializationException",
        "NUMBER_VALUE can not be converted to a String",
    )


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("SageMaker.MakeTea", "Could not find operation MakeTea for version 2017-07-24"),
        ("SageMaker.CreateTrainingJob", "sagemaker has CreateTrainingJob, but this host does not serve it"),
        ("Coffee.Make", "No operation is served at POST /"),
    ],
)
def test_an_operation_that_is_not_there(target: str, says: str) -> None:
    assert told(handle(sign(control(b"{}", target)))) == (400, "UnknownOperationException", says)


@pytest.mark.parametrize(("method", "path"), [("GET", "endpoints/e/invocations"), ("POST", "endpoints/e"), ("GET", "")])
def test_a_path_or_method_that_is_not_there(method: str, path: str) -> None:
    response = handle(sign(AWSRequest(method, f"http://127.0.0.1:8770/{path}", data=b"")))
    assert told(response)[:2] == (404, "UnknownOperationException")


def test_a_service_that_is_not_there() -> None:
    response = handle(sign(control(b"{}", "DynamoDB_20120810.ListTables"), "dynamodb"))
    says = "'dynamodb' is not served by this host, which serves iam, monitoring, sagemaker, sts"
    assert told(response) == (400, "UnknownOperationException", says)


def test_an_action_that_is_not_there() -> None:
    request = sign(AWSRequest("POST", "http://h/?Action=MakeTea&Version=2011-06-15", data=b""), "sts")
    response = handle(request)
    error = response_of("sts", "GetCallerIdentity", response)["Error"]
    assert (response.status, error["Code"]) == (400, "InvalidAction")
    assert error["Message"] == "Could not find operation MakeTea for version 2011-06-15"


@pytest.mark.parametrize("protocol", ["json", "query"])
def test_a_service_is_answered_in_whichever_of_its_protocols_it_is_asked(protocol: str) -> None:
    good = request_of("cloudwatch", "ListMetrics", {"MetricName": "m"}, protocol=protocol)
    answer = response_of("cloudwatch", "ListMetrics", handle(good), protocol=protocol)
    assert answer["Metrics"] == [{"MetricName": "m"}]

    def error(params: dict[str, Any], **changed: Any) -> tuple[str, str]:
        bad = replace(request_of("cloudwatch", "ListMetrics", params, protocol=protocol), **changed)
        told = response_of("cloudwatch", "ListMetrics", handle(bad), protocol=protocol)["Error"]
        return told["Code"], told["Message"]

    assert error({"MetricName": "m" * 256})[0] == "ValidationError"
    assert error({"MetricName": "m"}, query="changed")[0] == "SignatureDoesNotMatch"


def test_each_protocol_refuses_a_bad_signature_in_its_own_words() -> None:
    in_json = handle(replace(sign(control(b'{"EndpointName": "e"}')), body=b'{"EndpointName": "f"}'))
    assert told(in_json)[:2] == (403, "InvalidSignatureException")
    invoke = request_of(RUNTIME, "InvokeEndpoint", {"EndpointName": "e", "Body": b"x"})
    assert told(handle(replace(invoke, body=b"y")))[:2] == (403, "InvalidSignatureException")
    form = request_of("iam", "GetRole", {"RoleName": "r"})
    in_xml = handle(replace(form, body=form.body + b"s"))
    assert response_of("iam", "GetRole", in_xml)["Error"]["Code"] == "SignatureDoesNotMatch"
    assert in_xml.status == 403


def test_no_signature_at_all() -> None:
    unsigned = request_of("sagemaker", "DescribeEndpoint", {"EndpointName": "e"}, signed=False)
    assert told(handle(unsigned))[:2] == (403, "MissingAuthenticationTokenException")


def test_a_signature_for_another_service_is_refused() -> None:
    response = handle(sign(control(b'{"EndpointName": "e"}'), "sts"))
    assert told(response)[1:] == (
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'sagemaker'.",
    )


def test_no_verifier_takes_anyone() -> None:
    gateway = Gateway(FAKE.tables(), None)
    request = request_of("sagemaker", "CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}, signed=False)
    assert handle(request, gateway).status == 200
    assert FAKE.calls[-1].identity is None


# Our own mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("sagemaker", "DescribeModel", {"ModelName": "m"}),
        ("sagemaker", "ListModels", {}),
        (RUNTIME, "InvokeEndpoint", {"EndpointName": "e", "Body": b"our mistake"}),
    ],
)
def test_the_unexpected_is_logged_and_not_told(
    service: str, operation: str, params: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = handle(request_of(service, operation, params))
    assert told(response) == (500, "InternalFailure", "An internal failure occurred.")
    [record] = caplog.records
    assert record.exc_info
    assert str(response.header("x-amzn-RequestId")) in record.getMessage()


async def test_a_stream_that_cannot_be_announced_is_closed() -> None:
    closed: list[bool] = []

    class Events:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            closed.append(True)

    async def stream(call: Call) -> Answer:
        return EventStream({"Nonsense": 1}, Events())

    gateway = Gateway({RUNTIME: {"InvokeEndpointWithResponseStream": stream}}, None)
    response = await gateway.handle(HttpRequest("POST", "/endpoints/e/invocations-response-stream"))
    assert (response.status, closed) == (500, [True])


@pytest.mark.parametrize(
    ("service", "handlers", "says"),
    [
        (
            "sagemaker",
            {"CreateEndpont": FAKE.create_endpoint},
            "no operation CreateEndpont, but CreateEndpoint",
        ),
        ("s3", {}, "s3 speaks rest-xml, which is none of json, rest-json, query"),
    ],
)
def test_a_table_that_cannot_be_served_is_refused_at_once(service: str, handlers: Service, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Gateway({service: handlers}, None)


def test_hostile_requests_are_answered() -> None:
    headers = join_headers([("authorization", "AWS4-HMAC-SHA256 Credential=///////"), ("x-amz-target", "....")])
    for request in (HttpRequest("", ""), HttpRequest("POST", "//", "&&=&%", headers, b"\xff" * 100)):
        assert 400 <= handle(request).status < 500
