"""Uploads as other clients send them: framed, signed chunk by chunk, or waiting to be told to go on."""

import base64
import hashlib
import zlib
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from firstbyte.aws.claims import Scope
from firstbyte.aws.sigv4 import signature
from firstbyte.edge.checksums import ALGORITHMS, encode_digest
from scenarios.conftest import RunningHost
from scenarios.wire import send

DATA = b"hello, " * 1000
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture(scope="module")
def s3(host: RunningHost) -> Any:
    client = host.client("s3")
    client.create_bucket(Bucket="framed")
    client.put_object(Bucket="framed", Key="k", Body=b"old")
    return client


class Declaring(S3SigV4Auth):
    """Signs what x-amz-content-sha256 declares, and leaves the body alone."""

    def __init__(self, host: RunningHost, declared: Any) -> None:
        super().__init__(host.session.get_credentials().get_frozen_credentials(), "s3", "us-east-1")
        self.declared = declared

    def payload(self, request: Any) -> Any:
        return self.declared


def put(host: RunningHost, declared: Any, body: Any, headers: Any = (), make_body: Any = None) -> Any:
    """PUT to framed/k with a declared hash, and give status and body of the answer."""
    request = AWSRequest("PUT", f"{host.url}/framed/k", headers=dict(headers))
    Declaring(host, declared).add_auth(request)
    body = make_body(request) if make_body else body
    with send(host, "PUT", "/framed/k", body, dict(request.headers.items())) as response:
        return response.status, response.read_body()


def frame(data: bytes, trailer: bytes = b"", extension: bytes = b"") -> Any:
    return b"%x%s\r\n%s\r\n0%s\r\n%s\r\n" % (len(data), extension, data, extension, trailer)


def crc32_of(data: bytes) -> Any:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big"))


TRAILING = {
    "x-amz-trailer": "x-amz-checksum-crc32",
    "x-amz-decoded-content-length": str(len(DATA)),
    "content-encoding": "aws-chunked",
}


def test_framing_and_trailer_come_off(host: RunningHost, s3: Any) -> None:
    body = frame(DATA, b"x-amz-checksum-crc32:" + crc32_of(DATA) + b"\r\n")

    assert put(host, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, TRAILING)[0] == 200
    got = s3.get_object(Bucket="framed", Key="k")
    assert got["Body"].read() == DATA
    assert "ContentEncoding" not in got


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (frame(DATA, b"x-amz-checksum-crc32:AAAAAA==\r\n"), b"BadDigest"),
        (frame(DATA), b"InvalidRequest"),
        (frame(DATA[:-1], b"x-amz-checksum-crc32:" + crc32_of(DATA[:-1]) + b"\r\n"), b"IncompleteBody"),
        (frame(DATA)[:-30], b"IncompleteBody"),
        (b"no frame\r\n" + DATA, b"InvalidRequest"),
    ],
)
def test_a_framed_body_that_is_wrong_changes_nothing(host: RunningHost, s3: Any, body: bytes, code: bytes) -> None:
    s3.put_object(Bucket="framed", Key="k", Body=b"old")

    status, answer = put(host, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, TRAILING)
    assert (status, b"<Code>%s</Code>" % code in answer) == (400, True), answer
    assert s3.get_object(Bucket="framed", Key="k")["Body"].read() == b"old"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_checksum_of_s3_is_computed(host: RunningHost, s3: Any, algorithm: str) -> None:
    checksum = ALGORITHMS[algorithm]()
    checksum.update(DATA)
    header = f"x-amz-checksum-{algorithm}"

    assert put(host, "UNSIGNED-PAYLOAD", DATA, {header: encode_digest(checksum)})[0] == 200
    status, answer = put(host, "UNSIGNED-PAYLOAD", DATA + b"!", {header: encode_digest(checksum)})
    assert (status, b"<Code>BadDigest</Code>" in answer) == (400, True)


def test_a_body_that_is_not_the_signed_one_is_refused(host: RunningHost, s3: Any) -> None:
    s3.put_object(Bucket="framed", Key="k", Body=b"old")

    status, answer = put(host, hashlib.sha256(DATA).hexdigest(), DATA[:-1] + b"X")
    assert (status, b"<Code>XAmzContentSHA256Mismatch</Code>" in answer) == (400, True)
    assert s3.get_object(Bucket="framed", Key="k")["Body"].read() == b"old"


@pytest.mark.parametrize("is_forged", [False, True])
def test_chunks_may_be_signed_one_by_one(host: RunningHost, s3: Any, is_forged: bool) -> None:
    keys = host.session.get_credentials()

    def sign_chunks(request: Any) -> Any:
        timestamp = request.headers["X-Amz-Date"]
        scope = Scope(timestamp[:8], "us-east-1", "s3")
        previous, framed = request.headers["Authorization"].rpartition("Signature=")[2], b""
        for chunk in (DATA[:4096], DATA[4096:], b""):
            text = ("AWS4-HMAC-SHA256-PAYLOAD", timestamp, str(scope), previous, EMPTY)
            previous = signature(keys.secret_key, scope, "\n".join((*text, hashlib.sha256(chunk).hexdigest())))
            sent = chunk.replace(b"h", b"H") if is_forged else chunk
            framed += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(sent), previous.encode(), sent)
        return framed

    headers = {"x-amz-decoded-content-length": str(len(DATA)), "content-encoding": "aws-chunked"}
    s3.put_object(Bucket="framed", Key="k", Body=b"old")
    status, _ = put(host, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"", headers, sign_chunks)

    assert status == (403 if is_forged else 200)
    assert s3.get_object(Bucket="framed", Key="k")["Body"].read() == (b"old" if is_forged else DATA)


def test_a_client_that_waits_is_told_to_go_on(host: RunningHost, s3: Any) -> None:
    request = AWSRequest("PUT", f"{host.url}/framed/k", headers={"Expect": "100-continue"})
    Declaring(host, "UNSIGNED-PAYLOAD").add_auth(request)
    headers = {**dict(request.headers.items()), "Content-Length": "5"}
    with send(host, "PUT", "/framed/k", None, headers) as interim:
        assert interim.status == 100
        interim.send(b"12345")
        assert interim.read_next_head().status == 200


def test_a_client_that_waits_with_a_wrong_signature_is_not(host: RunningHost, s3: Any) -> None:
    request = AWSRequest("PUT", f"{host.url}/framed/k", headers={"Expect": "100-continue"})
    Declaring(host, "UNSIGNED-PAYLOAD").add_auth(request)
    headers = {**dict(request.headers.items()), "Content-Length": "5", "x-amz-acl": "public-read"}
    with send(host, "PUT", "/framed/k", None, headers) as answer:
        assert answer.status == 403


def test_a_bucket_may_stand_in_the_host_name(host: RunningHost, s3: Any) -> None:
    s3.put_object(Bucket="framed", Key="k", Body=b"virtual")
    request = AWSRequest("GET", "http://framed.s3.us-east-1.amazonaws.com/k")
    Declaring(host, EMPTY).add_auth(request)
    headers = {**dict(request.headers.items()), "Host": "framed.s3.us-east-1.amazonaws.com"}
    with send(host, "GET", "/k", b"", headers) as response:
        assert (response.status, response.read_body()) == (200, b"virtual")
