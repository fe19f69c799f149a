import datetime
from dataclasses import replace
from urllib.parse import quote

import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws import sigv2
from firstbyte.aws.claims import Scope
from firstbyte.aws.errors import Family, PresignedRequestExpired, SignatureError, SignatureMismatch, WrongScope
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.sigv4 import Identity, Verifier
from oracle import ACCESS_KEY, KNOWN, SECRET_KEY, client, find_credentials, message_of, utc_now

VERIFIER = Verifier(find_credentials, utc_now, region="us-east-1")


def presign(url: str, method: str = "GET", *, token: str | None = None, **headers: str) -> HttpRequest:
    request = AWSRequest(method, url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    HmacV1QueryAuth(BotocoreCredentials(ACCESS_KEY, SECRET_KEY, token), expires=600).add_auth(request)
    return message_of(request.prepare())


@given(
    st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=10),
    st.sets(st.sampled_from(["uploads", "uploadId=a%20b", "versionId=3", "response-content-type=text%2Fplain", "x=y"])),
    st.dictionaries(st.sampled_from(["x_amz_meta_a", "content_type", "content_md5"]), st.just("a b")),
)
def test_accepts_what_botocore_presigns(method: str, key: str, query: set[str], headers: dict[str, str]) -> None:
    url = f"http://127.0.0.1:8770/bucket/{quote(key, safe='/~')}?{'&'.join(query)}".removesuffix("?")
    request = presign(url, method, **headers)
    assert VERIFIER.verify(request) == Identity(ACCESS_KEY, Scope("", "us-east-1", "s3"))
    # Whoever uses the link need not send again what it already says.
    assert VERIFIER.verify(replace(request, headers={"host": request.headers["host"]}))


def test_accepts_a_session_token() -> None:
    verifier = Verifier(lambda _: replace(KNOWN, session_token="t+/="), utc_now)
    assert verifier.verify(presign("http://h/b/k", token="t+/=")).session_token == "t+/="
    with pytest.raises(SignatureError):
        verifier.verify(presign("http://h/b/k"))


def test_accepts_the_link_that_an_s3_client_makes() -> None:
    s3 = client("s3", lambda _: HttpResponse(200))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "my-bucket", "Key": "a b/c"})
    assert "AWSAccessKeyId=" in url
    path, _, query = url.removeprefix("http://127.0.0.1:8770").partition("?")
    assert VERIFIER.verify(HttpRequest("GET", path, query, {"host": "127.0.0.1:8770"}))


@pytest.mark.parametrize(
    ("old", "new"), [("uploadId=1", "uploadId=2"), ("Expires=", "Expires=9"), ("Signature=", "Signature=A")]
)
def test_a_changed_query_is_a_mismatch(old: str, new: str) -> None:
    request = presign("http://h/b/k?uploadId=1")
    with pytest.raises(SignatureMismatch):
        VERIFIER.verify(replace(request, query=request.query.replace(old, new)))


def test_another_path_or_method_is_a_mismatch() -> None:
    request = presign("http://h/b/k")
    for changed in (replace(request, path="/b/l"), replace(request, method="PUT")):
        with pytest.raises(SignatureMismatch):
            VERIFIER.verify(changed)


def test_it_expires() -> None:
    late = Verifier(find_credentials, lambda: utc_now() + datetime.timedelta(seconds=605))
    with pytest.raises(PresignedRequestExpired) as refused:
        late.verify(presign("http://h/b/k"))
    error = refused.value.as_service_error(Family.S3)
    assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")


def test_an_unknown_key() -> None:
    request = presign("http://h/b/k")
    with pytest.raises(SignatureError) as refused:
        VERIFIER.verify(replace(request, query=request.query.replace(ACCESS_KEY, "AKIDOTHER")))
    assert refused.value.as_service_error(Family.S3).code == "InvalidAccessKeyId"


def test_it_is_for_s3_only() -> None:
    with pytest.raises(WrongScope, match="version 4 for 'sagemaker'"):
        VERIFIER.verify(presign("http://h/b/k"), service="sagemaker")


def test_the_text_that_is_signed() -> None:
    request = HttpRequest(
        "PUT",
        "/b/k",
        "x=1&uploads&partNumber=2&Expires=77&AWSAccessKeyId=A&Signature=B&x-amz-security-token=t",
        {"content-type": "text/plain", "x-amz-meta-b": "2", "x-amz-meta-a": "1", "host": "h"},
    )
    assert sigv2.string_to_sign(request).split("\n") == [
        "PUT",
        "",
        "text/plain",
        "77",
        "x-amz-meta-a:1",
        "x-amz-meta-b:2",
        "x-amz-security-token:t",
        "/b/k?partNumber=2&uploads",
    ]
