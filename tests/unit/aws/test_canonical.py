import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws.canonical import canonical_headers, canonical_path, canonical_query

SEGMENTS = st.sampled_from(["a", "b.c", ".", "..", "", "%20", "%2F", "x-y_z~", "%C3%A9", "...", "a%25b"])


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("/a/./b/../c", "/a/c"),
        ("/../..", "/"),
        ("/a//b/", "/a/b/"),
        ("/endpoints/my%20endpoint/invocations", "/endpoints/my%2520endpoint/invocations"),
        ("/~a-b_c.d", "/~a-b_c.d"),
    ],
)
def test_most_services_normalise_and_encode_twice(raw: str, canonical: str) -> None:
    assert canonical_path(raw, "sagemaker") == canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("", "/"),
        ("/bucket//key", "/bucket//key"),
        ("/bucket/../a/./", "/bucket/../a/./"),
        ("/bucket/a%20b", "/bucket/a%20b"),
        ("/bucket/a%2fb%7e", "/bucket/a%2Fb~"),
        ("/bucket/caf%c3%a9+(1)", "/bucket/caf%C3%A9%2B%281%29"),
    ],
)
def test_s3_keeps_the_path_and_encodes_once(raw: str, canonical: str) -> None:
    assert canonical_path(raw, "s3") == canonical


@given(st.lists(SEGMENTS, max_size=6))
def test_paths_are_normalised_as_botocore_does(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    signer = SigV4Auth(Credentials("a", "b"), "sagemaker", "us-east-1")
    text = signer.canonical_request(signed(path))
    assert canonical_path(path, "sagemaker") == text.split("\n")[1]


def signed(path: str) -> AWSRequest:
    request = AWSRequest("GET", f"http://127.0.0.1{path}")
    request.context["timestamp"] = "20150830T123600Z"
    return request


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("uploads", "uploads="),
        ("a=b%20c&d=%7E%2f", "a=b%20c&d=~%2F"),
        ("a=b=c", "a=b%3Dc"),
        ("a-b=1&a=2", "a=2&a-b=1"),
        ("%C3%A9=1&z=2", "%C3%A9=1&z=2"),
    ],
)
def test_queries_are_sorted_and_spelt_one_way(raw: str, canonical: str) -> None:
    assert canonical_query(raw) == canonical


def test_the_signature_itself_is_left_out_of_the_query() -> None:
    assert canonical_query("X-Amz-Signature=abc&a=1", without=("X-Amz-Signature",)) == "a=1"


def test_headers_are_trimmed_and_keep_the_order_of_the_signed_list() -> None:
    headers = {"host": "h", "x-amz-meta": "  a   b  ", "user-agent": "unsigned"}
    assert canonical_headers(headers, ("host", "x-amz-meta", "absent")) == "host:h\nx-amz-meta:a b\nabsent:\n"
