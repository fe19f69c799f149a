from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from botocore.model import OperationModel, ServiceModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.aws.errors import MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, join_headers
from firstbyte.aws.protocol import EventStream
from firstbyte.aws.query import Query, xml_safe
from oracle import MODELS, input_values, operation_of, output_values, request_of, response_of

WIRE = Query()
STS, IAM = MODELS.load("sts"), MODELS.load("iam")
OPERATIONS = [
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("iam", "GetRole"),
    ("iam", "CreateRole"),
    ("iam", "AttachRolePolicy"),
    ("iam", "ListRoles"),
    ("iam", "SimulateCustomPolicy"),
    ("iam", "GetAccountSummary"),
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_we_parse_what_botocore_serialises(service: str, operation: str, data: st.DataObject) -> None:
    has_input = operation_of(service, operation).input_shape is not None
    members = has_input and operation_of(service, operation).input_shape.members
    params = data.draw(input_values(service, operation)) if members else {}
    request = request_of(service, operation, params, signed=False)
    assert WIRE.find_operation(MODELS.load(service), request) == operation
    assert WIRE.parse(operation_of(service, operation), request) == params


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_botocore_parses_what_we_serialise(service: str, operation: str, data: st.DataObject) -> None:
    has_output = operation_of(service, operation).output_shape is not None
    answer = data.draw(output_values(service, operation)) if has_output else {}
    response = WIRE.serialise(operation_of(service, operation), answer, "the-id")
    parsed = response_of(service, operation, response)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "the-id"
    assert parsed == answer


def post(body: dict[str, str], query: str = "") -> HttpRequest:
    headers = join_headers([("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")])
    return HttpRequest("POST", "/", query, headers, urlencode(body).encode())


def test_the_version_tells_sts_from_iam() -> None:
    request = post({"Action": "GetRole", "Version": "2010-05-08"})
    assert WIRE.find_operation(IAM, request) == "GetRole"
    assert WIRE.find_operation(STS, request) is None
    assert WIRE.find_operation(STS, post({"Action": "MakeTea"})) == "MakeTea"
    assert WIRE.find_operation(STS, HttpRequest("POST", "/", body=b"Action=GetRole")) is None


def test_the_query_of_a_presigned_request_counts() -> None:
    request = HttpRequest("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Date=x")
    assert WIRE.find_operation(STS, request) == "GetCallerIdentity"
    assert WIRE.parse(operation_of("sts", "GetCallerIdentity"), request) == {}


def test_lists_are_read_in_the_order_of_their_numbers() -> None:
    form = {f"PolicyArns.member.{number}.arn": str(number) for number in (10, 2, 1)} | {"PolicyArns.member.x.arn": "-"}
    parsed = WIRE.parse(operation_of("sts", "AssumeRole"), post({"RoleArn": "r", **form}))
    assert parsed == {"RoleArn": "r", "PolicyArns": [{"arn": "1"}, {"arn": "2"}, {"arn": "10"}]}


def test_an_empty_list_is_empty() -> None:
    assert WIRE.parse(operation_of("sts", "AssumeRole"), post({"PolicyArns": ""})) == {"PolicyArns": []}


def test_a_structure_in_place_of_a_scalar_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="Start of structure or map found"):
        WIRE.parse(operation_of("sts", "AssumeRole"), post({"RoleArn.x": "r"}))


def test_a_name_may_end_in_a_dot() -> None:
    form = b"RoleName.=y&RoleName=x&RoleName..a=z&=&.=&...=w"
    request = HttpRequest("POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, form)
    assert WIRE.parse(operation_of("iam", "GetRole"), request) == {"RoleName": "x"}


def test_a_wrong_number_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="can not be converted to an Integer"):
        WIRE.parse(operation_of("sts", "AssumeRole"), post({"DurationSeconds": "long"}))


def test_answers_have_the_namespace_and_the_number_of_the_request() -> None:
    response = WIRE.serialise(operation_of("sts", "GetCallerIdentity"), {"Account": "123456789012"}, "the-id")
    assert response.body == (
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        b"<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>the-id</RequestId>"
        b"</ResponseMetadata></GetCallerIdentityResponse>"
    )
    assert response.header("Content-Type") == "text/xml"


def test_botocore_reads_our_errors() -> None:
    error = ServiceError("NoSuchEntity", "The role with name <x> cannot be found.", status=404)
    response = WIRE.serialise_error(IAM, error, "the-id")
    parsed = response_of("iam", "GetRole", response)
    assert parsed["Error"] == {
        "Type": "Sender",
        "Code": "NoSuchEntity",
        "Message": "The role with name <x> cannot be found.",
    }
    assert parsed["ResponseMetadata"]["RequestId"] == "the-id"
    assert response.status == 404


def test_our_own_faults_are_the_receivers() -> None:
    response = WIRE.serialise_error(None, ServiceError("InternalFailure", "x", status=500, fault="server"), "the-id")
    assert isinstance(response.body, bytes)
    assert fromstring(response.body).findtext("Error/Type") == "Receiver"


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    assert xml_safe("a\x00\x1b<\ufffe😀\n") == "a��<�😀\n"
    response = WIRE.serialise_error(STS, ServiceError("ValidationError", "bad \x00"), "the-id")
    assert response_of("sts", "AssumeRole", response)["Error"]["Message"] == "bad �"


def test_an_event_stream_cannot_be_served() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b""

    with pytest.raises(UnservableAnswer, match="does not stream"):
        WIRE.serialise(operation_of("sts", "AssumeRole"), EventStream({}, events()), "id")


DESCRIPTION: dict[str, Any] = {
    "metadata": {"protocol": "query", "apiVersion": "1", "endpointPrefix": "x", "xmlNamespace": "urn:x"},
    "operations": {"Do": {"name": "Do", "http": {}, "input": {"shape": "All"}, "output": {"shape": "All"}}},
    "shapes": {
        "Text": {"type": "string"},
        "Flat": {"type": "list", "member": {"shape": "Text"}, "flattened": True},
        "Named": {"type": "list", "member": {"shape": "Text", "locationName": "item"}},
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        "FlatMap": {
            "type": "map",
            "key": {"shape": "Text", "locationName": "K"},
            "value": {"shape": "Text", "locationName": "V"},
            "flattened": True,
        },
        "All": {
            "type": "structure",
            "members": {
                "Flat": {"shape": "Flat"},
                "Named": {"shape": "Named"},
                "Map": {"shape": "Map"},
                "FlatMap": {"shape": "FlatMap"},
            },
        },
    },
}
ALL = {"Flat": ["a", "b"], "Named": ["c"], "Map": {"k": "v"}, "FlatMap": {"l": "w", "m": "x"}}


def test_flattened_and_named_collections() -> None:
    operation: OperationModel = ServiceModel(DESCRIPTION, "x").operation_model("Do")
    form = {
        "Flat.1": "a",
        "Flat.2": "b",
        "Named.item.1": "c",
        "Map.entry.1.key": "k",
        "Map.entry.1.value": "v",
        "FlatMap.1.K": "l",
        "FlatMap.1.V": "w",
        "FlatMap.2.K": "m",
        "FlatMap.2.V": "x",
    }
    assert WIRE.parse(operation, post(form)) == ALL
    with pytest.raises(MalformedRequest, match="needs both key and value"):
        WIRE.parse(operation, post({"Map.entry.1.key": "k"}))
    body = WIRE.serialise(operation, ALL, "the-id").body
    assert isinstance(body, bytes)
    assert (
        b"<DoResult><Flat>a</Flat><Flat>b</Flat><Named><item>c</item></Named>"
        b"<Map><entry><key>k</key><value>v</value></entry></Map>"
        b"<FlatMap><K>l</K><V>w</V></FlatMap><FlatMap><K>m</K><V>x</V></FlatMap></DoResult>"
    ) in body
