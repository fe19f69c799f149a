from xml.etree.ElementTree import fromstring

from firstbyte.aws.errors import ServiceError, SignatureMismatch
from firstbyte.aws.http import HttpRequest
from firstbyte.aws.rest_xml import serialise_error
from oracle import response_of


def test_botocore_reads_a_refused_signature() -> None:
    response = serialise_error(SignatureMismatch("-"), HttpRequest("GET", "/b/k"), "the-id")
    error = response_of("s3", "ListObjectsV2", response)["Error"]
    assert (error["Code"], error["Resource"]) == ("SignatureDoesNotMatch", "/b/k")
    assert error["Message"].endswith("Check your key and signing method.")
    assert (response.status, response.header("x-amz-request-id")) == (403, "the-id")


def test_other_errors_keep_their_code_and_members() -> None:
    error = ServiceError("NoSuchBucket", "The specified bucket does not exist", status=404, members={"BucketName": "b"})
    response = serialise_error(error, HttpRequest("GET", "/b"), "the-id")
    assert isinstance(response.body, bytes)
    root = fromstring(response.body)
    assert [(node.tag, node.text) for node in root] == [
        ("Code", "NoSuchBucket"),
        ("Message", "The specified bucket does not exist"),
        ("Resource", "/b"),
        ("RequestId", "the-id"),
        ("BucketName", "b"),
    ]


def test_head_gets_no_body() -> None:
    response = serialise_error(ServiceError("NoSuchKey", "-", status=404), HttpRequest("HEAD", "/b/k"), "the-id")
    assert (response.status, response.body) == (404, b"")
