import contextlib
import datetime

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws.claims import Claim, Scope, SigV2Claim, claimed_scope, read_claim, read_query
from firstbyte.aws.errors import MissingAuthentication, SignatureError
from firstbyte.aws.http import HttpRequest
from oracle import ACCESS_KEY, sign

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=Host;x-amz-date, Signature=abc"
)
TIME = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC)
SCOPE = Scope("20150830", "us-east-1", "sagemaker")


def with_headers(**headers: str) -> HttpRequest:
    return HttpRequest("GET", "/", headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_reads_a_header() -> None:
    claim = read_claim(with_headers(authorization=AUTHORIZATION, x_amz_date="20150830T123600Z"))
    assert claim == Claim("header", ACCESS_KEY, SCOPE, ("host", "x-amz-date"), "abc", TIME, None, None)


def test_reads_a_header_without_spaces() -> None:
    squeezed = AUTHORIZATION.replace(", ", ",")
    claim = read_claim(with_headers(authorization=squeezed, x_amz_date="20150830T123600Z"))
    assert isinstance(claim, Claim)
    assert claim.signature == "abc"


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 30 Aug 2015 12:36:00 GMT",
        "Sun, 30 Aug 2015 12:36:00 -0000",
        "20150830T123600Z",
        "Sun, 30 Aug 2015 14:36:00 +0200",
    ],
)
def test_reads_the_date_header_in_either_format(date: str) -> None:
    claim = read_claim(with_headers(authorization=AUTHORIZATION, date=date))
    assert isinstance(claim, Claim)
    assert claim.signed_at == TIME


@pytest.mark.parametrize("signer", [SigV4QueryAuth, S3SigV4QueryAuth])
def test_reads_a_presigned_query(signer: type[SigV4QueryAuth]) -> None:
    request = sign(AWSRequest("GET", "http://h/b/k?a=1"), "s3", signer, expires=60, token="t/+=")
    claim = read_claim(request)
    assert isinstance(claim, Claim)
    assert (claim.form, claim.access_key_id, claim.scope.service) == ("query", ACCESS_KEY, "s3")
    assert (claim.signed_headers, claim.expires_s, claim.session_token) == (("host",), 60, "t/+=")


def test_reads_the_older_query_of_s3() -> None:
    query = "AWSAccessKeyId=AKIDEXAMPLE&Signature=NN%2Bz%3D&Expires=1440938160"
    claim = read_claim(HttpRequest("GET", "/b/k", query))
    assert claim == SigV2Claim(ACCESS_KEY, "NN+z=", TIME, None)


@pytest.mark.parametrize("expires", ["", "soon", "-1", "9" * 30])
def test_the_older_query_needs_a_time(expires: str) -> None:
    with pytest.raises(MissingAuthentication):
        read_claim(HttpRequest("GET", "/b/k", f"AWSAccessKeyId=A&Signature=B&Expires={expires}"))


def test_names_the_scope_for_routing_without_believing_it() -> None:
    assert claimed_scope(with_headers(authorization=AUTHORIZATION)) == SCOPE
    presigned = sign(AWSRequest("GET", "http://h/b/k"), "s3", S3SigV4QueryAuth)
    scope = claimed_scope(presigned)
    assert scope is not None
    assert scope.service == "s3"
    assert claimed_scope(HttpRequest("GET", "/b/k", "AWSAccessKeyId=A&Signature=B&Expires=1")) == Scope("", "", "s3")
    assert claimed_scope(HttpRequest("GET", "/")) is None
    assert claimed_scope(with_headers(authorization="Basic abc")) is None
    assert claimed_scope(with_headers(authorization="AWS4-HMAC-SHA256 Credential=a/b")) is None


def test_access_keys_may_hold_slashes_for_routing() -> None:
    scope = claimed_scope(with_headers(authorization=AUTHORIZATION.replace("AKID", "AK/ID")))
    assert scope == SCOPE


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_the_readers(authorization: str, date: str, query: str) -> None:
    for request in (
        HttpRequest("GET", "/", query, {"authorization": authorization, "date": date}),
        HttpRequest("GET", "/", query, {"authorization": AUTHORIZATION, "date": date}),
        HttpRequest("GET", "/", query, {"authorization": AUTHORIZATION, "x-amz-date": date}),
        HttpRequest("GET", "/", f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={authorization}&{query}"),
    ):
        claimed_scope(request)
        with contextlib.suppress(SignatureError):
            read_claim(request)


def test_of_a_repeated_parameter_the_last_counts() -> None:
    assert read_query("a=1&a=2&b&c=%20") == {"a": "2", "b": "", "c": " "}
