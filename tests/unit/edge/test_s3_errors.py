"""S3's errors: in its words, and in XML that botocore reads."""

from typing import Any

from botocore.parsers import RestXMLParser

from firstbyte.aws.errors import ConstraintViolation, ServiceError, UnknownAccessKey
from firstbyte.aws.http import HttpResponse
from firstbyte.edge.s3_errors import as_service_error, read_error, render_error


def parse(response: HttpResponse) -> Any:
    no_shape: Any = None
    answer = {"status_code": response.status, "headers": {}, "body": response.body}
    return RestXMLParser().parse(answer, no_shape)["Error"]


def test_botocore_reads_what_is_written() -> None:
    error = ServiceError("NoSuchKey", "no <such> & such", status=404)

    assert parse(render_error(error, "/b/<k>", "r-1")) == {
        "Code": "NoSuchKey",
        "Message": "no <such> & such",
        "Resource": "/b/<k>",
    }


def test_the_store_s_error_gets_s3_s_words() -> None:
    error = read_error(404, b"<Error><Code>NoSuchBucket</Code><Message>Unknown</Message></Error>")

    assert (error.code, error.message, error.status) == ("NoSuchBucket", "The specified bucket does not exist", 404)


def test_an_error_that_s3_does_not_word_keeps_the_store_s() -> None:
    error = read_error(400, b"<Error><Code>InvalidPart</Code><Message>bad part</Message></Error>")

    assert (error.code, error.message) == ("InvalidPart", "bad part")


def test_an_error_without_a_body_is_told_by_its_status() -> None:
    assert [read_error(status, b"").code for status in (404, 403, 412, 416, 500, 400)] == [
        "NoSuchKey",
        "AccessDenied",
        "PreconditionFailed",
        "InvalidRange",
        "InternalError",
        "InvalidRequest",
    ]


def test_what_the_wire_refuses_is_worded_as_s3_does() -> None:
    assert as_service_error(UnknownAccessKey("whatever")).code == "InvalidAccessKeyId"
    assert as_service_error(ConstraintViolation("too long")).code == "InvalidRequest"
