"""Reading S3 requests. That the store gets and gives the right bytes is shown in tests/scenarios/test_objects.py."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from firstbyte.aws.http import HttpRequest
from firstbyte.edge.objects import Objects, name_action, name_resource, read_request
from firstbyte.edge.sidecar import SidecarAddress


def request(path: str, host: str = "127.0.0.1:8770", query: str = "", method: str = "GET", **headers: Any) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method, path, query, {"host": host, **named})


@pytest.mark.parametrize(
    ("asked", "bucket", "key"),
    [
        (request("/"), "", ""),
        (request("/bucket"), "bucket", ""),
        (request("/bucket/"), "bucket", ""),
        (request("/bucket/a%20b/c%2Bd"), "bucket", "a b/c+d"),
        (request("/bucket//a"), "bucket", "/a"),
        (request("/key", host="bucket.s3.us-east-1.amazonaws.com"), "bucket", "key"),
        (request("/key", host="my.bucket.s3.amazonaws.com"), "my.bucket", "key"),
        (request("/key", host="bucket.s3-us-west-2.amazonaws.com:443"), "bucket", "key"),
        (request("/bucket/key", host="s3.us-east-1.amazonaws.com"), "bucket", "key"),
        (request("/key", host="bucket.localhost:8770"), "bucket", "key"),
        (request("/key", host="my.bucket.localhost"), "my.bucket", "key"),
        (request("/bucket/key", host="localhost:8770"), "bucket", "key"),
        (request("/bucket/key", host="s3.localhost:8770"), "bucket", "key"),
        (request("/key", host="bucket.s3.localhost:8770"), "bucket", "key"),
        (request("/key", host="Bucket.LocalHost:8770"), "bucket", "key"),
        (request("/key", host="bucket.127.0.0.1.nip.io:8770"), "bucket", "key"),
        (request("/key", host="my.bucket-2.s3.10.0.0.7.sslip.io"), "my.bucket-2", "key"),
        (request("/key", host="bucket.127-0-0-1.sslip.io"), "bucket", "key"),
        (request("/key", host="bucket.127.0.0.1"), "bucket", "key"),
        (request("/", host="bucket.127.0.0.1.nip.io"), "bucket", ""),
        (request("/bucket/key", host="127.0.0.1.nip.io:8770"), "bucket", "key"),
        (request("/bucket/key", host="s3.127.0.0.1.nip.io:8770"), "bucket", "key"),
        (request("/bucket/key", host="[::1]:8770"), "bucket", "key"),
        (request("/bucket/key", host="bucket.example.com"), "bucket", "key"),
    ],
)
def test_bucket_and_key_are_found_in_path_and_host(asked: Any, bucket: str, key: str) -> None:
    parsed = read_request(asked)

    assert (parsed.bucket, parsed.key) == (bucket, key)


def test_what_signs_is_no_part_of_the_question() -> None:
    parsed = read_request(request("/b", query="prefix=a%2Fb&X-Amz-Signature=0&Expires=1&delimiter="))

    assert parsed.query == {"prefix": "a/b", "delimiter": ""}


@pytest.mark.parametrize(
    ("asked", "action", "resource"),
    [
        (request("/"), "ListAllMyBuckets", "*"),
        (request("/b"), "ListBucket", "b"),
        (request("/b", query="list-type=2&prefix=x"), "ListBucket", "b"),
        (request("/b", query="location"), "GetBucketLocation", "b"),
        (request("/b", query="uploads"), "ListBucketMultipartUploads", "b"),
        (request("/b", method="HEAD"), "ListBucket", "b"),
        (request("/b", method="PUT"), "CreateBucket", "b"),
        (request("/b", method="DELETE"), "DeleteBucket", "b"),
        (request("/b", method="POST", query="delete"), "DeleteObject", "b"),
        (request("/b/k"), "GetObject", "b/k"),
        (request("/b/k", method="HEAD"), "GetObject", "b/k"),
        (request("/b/k", query="uploadId=1"), "ListMultipartUploadParts", "b/k"),
        (request("/b/k", method="PUT"), "PutObject", "b/k"),
        (request("/b/k", method="PUT", query="partNumber=1&uploadId=1"), "PutObject", "b/k"),
        (request("/b/k", method="POST", query="uploads"), "PutObject", "b/k"),
        (request("/b/k", method="DELETE"), "DeleteObject", "b/k"),
        (request("/b/k", method="DELETE", query="uploadId=1"), "AbortMultipartUpload", "b/k"),
        (request("/b/k", method="PATCH"), "PutObject", "b/k"),
    ],
)
def test_what_a_request_does_has_a_name(asked: Any, action: str, resource: str) -> None:
    parsed = read_request(asked)

    assert (name_action(parsed), name_resource(parsed)) == (f"s3:{action}", f'"arn:aws:s3:::{resource}"')


class NoStore:
    """A store that must not be asked."""

    async def address(self) -> Any:
        raise AssertionError("the store was asked")
        return SidecarAddress("", "", "")

    def object_to(self, bucket: str, key: str, is_upload: bool) -> Any:
        return "it likes no keys" if key == "disliked" else None


async def no_body() -> AsyncIterator[Any]:
    return
    yield b""


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (request("/b/disliked"), 501, b"NotImplemented"),
        (request("/b", query="acl"), 501, b"NotImplemented"),
        (request("/" + "b" * 64), 400, b"InvalidBucketName"),
        (request("/" + "b" * 300 + "/k", method="PUT"), 400, b"InvalidBucketName"),
        (request("/b/" + "k/" * 512 + "k"), 400, b"KeyTooLongError"),
        (request("/b/k", content_encoding="\x7f"), 400, b"InvalidArgument"),
        (request("/b/k", method="PUT", x_amz_copy_source="nothing"), 400, b"InvalidArgument"),
        (request("/b/k", method="PUT", x_amz_copy_source="/bucket/"), 400, b"InvalidArgument"),
        (request("/b/k", query="tagging="), 501, b"NotImplemented"),
        (request("/b", method="POST"), 501, b"NotImplemented"),
        (request("/b", x_amz_expected_bucket_owner="000000000001"), 403, b"AccessDenied"),
        (request("/b/k", method="PUT", transfer_encoding="chunked"), 411, b"MissingContentLength"),
        (request("/b/k", method="PUT", content_length="many"), 411, b"MissingContentLength"),
    ],
)
async def test_what_is_not_served_is_refused_before_the_store_is_asked(asked: Any, status: int, code: bytes) -> None:
    objects = Objects(NoStore(), lambda key: None, None, account_id="123456789012", region="us-east-1")
    response = await objects.handle(asked, no_body(), "r")

    assert response.status == status
    assert isinstance(response.body, bytes)
    assert b"<Code>%s</Code>" % code in response.body
