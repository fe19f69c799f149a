import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws import sigv4
from firstbyte.aws.claims import Scope
from firstbyte.aws.errors import Family, SignatureError
from firstbyte.aws.http import HttpRequest
from firstbyte.aws.sigv4 import Credentials, Identity, Verifier
from oracle import ACCESS_KEY, HTTP_REQUESTS, KNOWN, SECRET_KEY, aws_request, find_credentials, utc_now
from oracle import sign as botocore_sign

VERIFIER = Verifier(find_credentials, utc_now, region="us-east-1")
TEMPORARY = replace(KNOWN, session_token="token", expires_at=utc_now() + datetime.timedelta(hours=1))
TEMPORARY_VERIFIER = Verifier(lambda _: TEMPORARY, utc_now)

# Whatever botocore signs, we accept ------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
@given(drawn=HTTP_REQUESTS, service=st.sampled_from(["sagemaker", "sts", "iam", "logs"]))
def test_accepts_what_botocore_signs(signer: Any, drawn: Mapping[str, Any], service: str) -> None:
    # A presigned request has its parameters in the query, so botocore moves the body there.
    drawn = {**drawn, "body": b""} if signer is SigV4QueryAuth else drawn
    identity = VERIFIER.verify(botocore_sign(aws_request(drawn), service, signer), service=service)
    today = utc_now().strftime("%Y%m%d")
    assert identity == Identity(ACCESS_KEY, Scope(today, "us-east-1", service))


@pytest.mark.parametrize("signer", [S3SigV4Auth, S3SigV4QueryAuth])
@given(drawn=HTTP_REQUESTS)
def test_accepts_what_botocore_signs_for_s3(signer: Any, drawn: Mapping[str, Any]) -> None:
    drawn = {**drawn, "body": b""} if signer is S3SigV4QueryAuth else drawn
    assert VERIFIER.verify(botocore_sign(aws_request(drawn), "s3", signer)).scope.service == "s3"


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
@given(drawn=HTTP_REQUESTS)
def test_accepts_temporary_credentials(signer: Any, drawn: Mapping[str, Any]) -> None:
    drawn = {**drawn, "body": b""}
    request = botocore_sign(aws_request(drawn), signer=signer, token="token")
    assert TEMPORARY_VERIFIER.verify(request).session_token == "token"


@given(drawn=HTTP_REQUESTS)
def test_accepts_the_date_header_in_place_of_x_amz_date(drawn: Mapping[str, Any]) -> None:
    request = aws_request(drawn)
    request.headers["Date"] = "now"
    signed = botocore_sign(request)
    assert "x-amz-date" not in signed.headers
    assert VERIFIER.verify(signed).access_key_id == ACCESS_KEY


@given(drawn=HTTP_REQUESTS, service=st.sampled_from(["sagemaker", "s3"]))
def test_accepts_what_we_sign_ourselves(drawn: Mapping[str, Any], service: str) -> None:
    bare = botocore_sign(aws_request(drawn))
    scope = Scope(utc_now().strftime("%Y%m%d"), "us-east-1", service)
    assert VERIFIER.verify(sigv4.sign(bare, KNOWN, scope, utc_now())).scope == scope


def test_signing_again_replaces_the_old_signature_and_carries_the_token() -> None:
    scope = Scope(utc_now().strftime("%Y%m%d"), "us-east-1", "s3")
    again = sigv4.sign(sagemaker_request(), TEMPORARY, scope, utc_now(), payload_hash=sigv4.UNSIGNED_PAYLOAD)
    assert again.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert TEMPORARY_VERIFIER.verify(again, service="s3").session_token == "token"


# The published example -------------------------------------------------------------------------------------------

EXAMPLE = HttpRequest("GET", "/", headers={"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"})
EXAMPLE_TIME = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC)
EXAMPLE_SCOPE = Scope("20150830", "us-east-1", "service")


def test_checkpoints_of_the_published_example() -> None:
    empty = sigv4.payload_sha256(b"")
    canonical = sigv4.canonical_request(EXAMPLE, "service", ("host", "x-amz-date"), empty)
    assert canonical.split("\n") == [
        "GET",
        "/",
        "",
        "host:example.amazonaws.com",
        "x-amz-date:20150830T123600Z",
        "",
        "host;x-amz-date",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]
    text = sigv4.string_to_sign(canonical, EXAMPLE_SCOPE, EXAMPLE_TIME)
    assert text.split("\n") == [
        "AWS4-HMAC-SHA256",
        "20150830T123600Z",
        "20150830/us-east-1/service/aws4_request",
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
    ]
    signature = sigv4.signature(SECRET_KEY, EXAMPLE_SCOPE, text)
    assert signature == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    assert sigv4.sign(EXAMPLE, KNOWN, EXAMPLE_SCOPE, EXAMPLE_TIME).headers["authorization"].endswith(signature)


# Refusals --------------------------------------------------------------------------------------------------------


def sagemaker_request(signer: Any = SigV4Auth, **options: Any) -> HttpRequest:
    url = "http://127.0.0.1:8770/endpoints/e/invocations?a=1&b=2"
    body = b"" if signer is SigV4QueryAuth else b"{}"
    return botocore_sign(AWSRequest("POST", url, headers={"X-Amz-Target": "x"}, data=body), signer=signer, **options)


def s3_request(signer: Any = S3SigV4Auth, **options: Any) -> HttpRequest:
    body = b"" if signer is S3SigV4QueryAuth else b"data"
    return botocore_sign(AWSRequest("PUT", "http://127.0.0.1:8770/b/k", data=body), "s3", signer, **options)


def with_headers(request: HttpRequest, **headers: str | None) -> HttpRequest:
    changed = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return replace(request, headers={name: value for name, value in changed.items() if value is not None})


def with_authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    assert old in request.headers["authorization"]
    return with_headers(request, authorization=request.headers["authorization"].replace(old, new))


def with_query(request: HttpRequest, old: str, new: str) -> HttpRequest:
    assert old in request.query
    return replace(request, query=request.query.replace(old, new))


def refusal(request: HttpRequest, verifier: Verifier = VERIFIER, **options: Any) -> SignatureError:
    with pytest.raises(SignatureError) as refused:
        verifier.verify(request, **options)
    return refused.value


def row(request: HttpRequest, verifier: Verifier = VERIFIER, **options: Any) -> tuple[str, ...]:
    """The codes and statuses of a refusal in the three families."""
    errors = [refusal(request, verifier, **options).as_service_error(family) for family in Family]
    return tuple(f"{error.code} {error.status}" for error in errors)


MISMATCH = ("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "SignatureDoesNotMatch 403")
WRONG_SCOPE = ("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AuthorizationHeaderMalformed 400")
MALFORMED = ("IncompleteSignatureException 400", "IncompleteSignature 400", "AuthorizationHeaderMalformed 400")
MALFORMED_QUERY = (*MALFORMED[:2], "AuthorizationQueryParametersError 400")
SKEWED = ("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "RequestTimeTooSkewed 403")
EXPIRED = ("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AccessDenied 403")
UNKNOWN_KEY = ("UnrecognizedClientException 403", "InvalidClientTokenId 403", "InvalidAccessKeyId 403")
BAD_TOKEN = ("UnrecognizedClientException 403", "InvalidClientTokenId 403", "InvalidToken 400")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda r: replace(r, body=b"{} "),
        lambda r: replace(r, method="GET"),
        lambda r: replace(r, path="/endpoints/f/invocations"),
        lambda r: replace(r, query="a=1&b=3"),
        lambda r: replace(r, query="a=1"),
        lambda r: with_headers(r, host="127.0.0.1:8771"),
        lambda r: with_headers(r, x_amz_target="y"),
        lambda r: with_headers(r, x_amz_target=None),
        lambda r: with_authorization(r, "Signature=", "Signature=0"),
        lambda r: with_authorization(r, "Signature=", "Signature=é"),
    ],
    ids=["body", "method", "path", "query", "less query", "host", "header", "less headers", "signature", "no ascii"],
)
def test_a_change_on_the_way_is_a_mismatch(tamper: Callable[[HttpRequest], HttpRequest]) -> None:
    assert row(tamper(sagemaker_request())) == MISMATCH


def test_another_secret_is_a_mismatch() -> None:
    verifier = Verifier(lambda _: Credentials(ACCESS_KEY, "another"), utc_now)
    assert row(sagemaker_request(), verifier) == MISMATCH
    assert "Check your AWS Secret Access Key and signing method" in refusal(sagemaker_request(), verifier).message


def test_a_presigned_query_cannot_be_changed() -> None:
    request = sagemaker_request(SigV4QueryAuth)
    assert row(with_query(request, "a=1", "a=2")) == MISMATCH
    assert row(with_query(request, "X-Amz-Expires=3600", "X-Amz-Expires=3601")) == MISMATCH


def test_an_unknown_key() -> None:
    request = with_authorization(sagemaker_request(), ACCESS_KEY, "AKIDOTHER")
    assert row(request) == UNKNOWN_KEY
    assert refusal(request).message == "The security token included in the request is invalid."


def test_no_authentication() -> None:
    codes = ("MissingAuthenticationTokenException 403", "MissingAuthenticationToken 403", "AccessDenied 403")
    assert row(HttpRequest("GET", "/")) == codes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        ("AWS4-HMAC-SHA256 ", "Bearer ", "Unsupported AWS 'algorithm': 'Bearer'."),
        ("Credential=", "Cred=", "Authorization header requires 'Credential' parameter."),
        ("Signature=", "Sig=", "Authorization header requires 'Signature' parameter."),
        ("SignedHeaders=", "SH=", "Authorization header requires 'SignedHeaders' parameter."),
        (", Signature=", ", Signature", "not a valid key=value pair (missing equal-sign)"),
        ("/aws4_request", "", "Credential must have exactly 5 slash-delimited elements"),
    ],
)
def test_a_malformed_header(old: str, new: str, says: str) -> None:
    request = with_authorization(sagemaker_request(), old, new)
    assert row(request) == MALFORMED
    assert says in refusal(request).message


@pytest.mark.parametrize("date", ["yesterday", "2015-08-30T12:36:00Z", "20150830"])
def test_a_malformed_date(date: str) -> None:
    request = with_headers(sagemaker_request(), x_amz_date=date)
    assert row(request) == MALFORMED
    assert f"Date must be in ISO-8601 'basic format'. Got '{date}'" in refusal(request).message


def test_no_date_at_all() -> None:
    request = with_headers(sagemaker_request(), x_amz_date=None)
    assert row(request) == MALFORMED
    assert "existence of either a 'X-Amz-Date' or a 'Date' header" in refusal(request).message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4", "X-Amz-Algorithm only supports"),
        ("X-Amz-Credential", "X-Amz-Cred", "requires the X-Amz-Algorithm"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=604801", "must be less than a week"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=-1", "should be a number"),
        ("X-Amz-Expires=3600", f"X-Amz-Expires={'9' * 5000}", "must be less than a week"),
        ("%2Faws4_request", "", "exactly 5 slash-delimited elements"),
        ("X-Amz-Date=2", "X-Amz-Date=x", "Date must be in ISO-8601"),
    ],
)
def test_a_malformed_presigned_query(old: str, new: str, says: str) -> None:
    request = with_query(sagemaker_request(SigV4QueryAuth), old, new)
    assert row(request) == MALFORMED_QUERY
    assert says in refusal(request).message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("/us-east-1/", "/mars-1/", "Credential should be scoped to a valid region, not 'mars-1'."),
        ("/sagemaker/", "/sts/", "Credential should be scoped to correct service: 'sagemaker'."),
        ("aws4_request", "aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'"),
        ("Credential=AKIDEXAMPLE/2", "Credential=AKIDEXAMPLE/1", "Date in Credential scope does not match YYYYMMDD"),
    ],
)
def test_a_wrong_scope(old: str, new: str, says: str) -> None:
    request = with_authorization(sagemaker_request(), old, new)
    assert row(request, service="sagemaker") == WRONG_SCOPE
    assert says in refusal(request, service="sagemaker").message


def test_global_services_sign_for_their_own_region_wherever_the_host_stands() -> None:
    verifier = Verifier(find_credentials, utc_now, region="eu-central-1")
    request = AWSRequest("POST", "http://127.0.0.1:8770/", data=b"x")
    assert verifier.verify(botocore_sign(request, "iam")).scope.region == "us-east-1"
    assert row(sagemaker_request(), verifier) == WRONG_SCOPE


# Time ------------------------------------------------------------------------------------------------------------


def at(**later: float) -> Verifier:
    """A verifier whose clock is ahead of the signer's."""
    return Verifier(find_credentials, lambda: utc_now() + datetime.timedelta(**later))


@pytest.mark.parametrize("minutes", [-4.9, 4.9])
def test_five_minutes_either_way_are_allowed(minutes: float) -> None:
    assert at(minutes=minutes).verify(sagemaker_request())


@pytest.mark.parametrize(("minutes", "says"), [(5.1, "Signature expired: "), (-5.1, "Signature not yet current: ")])
def test_more_is_refused(minutes: float, says: str) -> None:
    assert row(sagemaker_request(), at(minutes=minutes)) == SKEWED
    message = refusal(sagemaker_request(), at(minutes=minutes)).message
    assert message.startswith(says)
    assert message.endswith(" 5 min.)")


def test_s3_allows_fifteen_minutes() -> None:
    assert at(minutes=14.9).verify(s3_request())
    assert at(minutes=-14.9).verify(s3_request())
    error = refusal(s3_request(), at(minutes=15.1)).as_service_error(Family.S3)
    assert error.message == "The difference between the request time and the current time is too large."


@pytest.mark.parametrize("make_request", [sagemaker_request, s3_request])
def test_a_presigned_request_lives_as_long_as_it_says(make_request: Callable[..., HttpRequest]) -> None:
    request = make_request(S3SigV4QueryAuth if make_request is s3_request else SigV4QueryAuth, expires=600)
    assert at(seconds=595).verify(request)
    assert row(request, at(seconds=605)) == EXPIRED
    assert row(request, at(minutes=-16)) == SKEWED


# Tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_must_belong_to_its_key() -> None:
    assert row(sagemaker_request(token="stolen"), TEMPORARY_VERIFIER) == BAD_TOKEN
    assert row(sagemaker_request(), TEMPORARY_VERIFIER) == BAD_TOKEN
    assert row(sagemaker_request(token="token"), VERIFIER) == BAD_TOKEN


def test_a_token_ends() -> None:
    ended = replace(TEMPORARY, expires_at=utc_now())
    codes = ("ExpiredTokenException 403", "ExpiredToken 403", "ExpiredToken 400")
    assert row(sagemaker_request(token="token"), Verifier(lambda _: ended, utc_now)) == codes


def test_secrets_do_not_show() -> None:
    assert SECRET_KEY not in repr(KNOWN)


# What a signature must cover --------------------------------------------------------------------------------------


def test_headers_that_matter_must_be_signed() -> None:
    request = with_headers(sagemaker_request(), x_amz_security_token=None, x_amz_grant="all")
    codes = ("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AccessDenied 403")
    assert row(request) == codes
    assert "x-amz-grant" in refusal(request).message
    assert "'Host' must be" in refusal(with_authorization(sagemaker_request(), "host;", "")).message


def test_headers_that_say_little_or_that_proxies_change_need_not_be_signed() -> None:
    request = with_headers(
        sagemaker_request(), user_agent="x", x_amzn_trace_id="y", x_amz_user_agent="z", connection="close"
    )
    assert VERIFIER.verify(request)


# S3's payload hash -------------------------------------------------------------------------------------------------


def test_s3_compares_the_body_with_the_declared_hash() -> None:
    request = replace(s3_request(), body=b"other")
    error = refusal(request).as_service_error(Family.S3)
    assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)


def test_a_body_that_follows_is_compared_by_the_caller() -> None:
    request = replace(s3_request(), body=b"")
    assert VERIFIER.verify(request, body_follows=True)
    assert sigv4.declared_sha256(request) == sigv4.payload_sha256(b"data")


def test_s3_demands_a_hash_and_a_sensible_one() -> None:
    assert row(with_headers(s3_request(), x_amz_content_sha256=None))[2] == "InvalidRequest 400"
    assert row(with_headers(s3_request(), x_amz_content_sha256="abc"))[2] == "XAmzContentSHA256Mismatch 400"


@pytest.mark.parametrize(
    "word",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    ],
)
def test_s3_takes_unsigned_and_streamed_payloads(word: str) -> None:
    scope = Scope(utc_now().strftime("%Y%m%d"), "us-east-1", "s3")
    bare = HttpRequest("PUT", "/b/k", headers={"host": "127.0.0.1:8770"}, body=b"anything")
    signed = sigv4.sign(bare, KNOWN, scope, utc_now(), payload_hash=word)
    assert VERIFIER.verify(signed)
    assert sigv4.declared_sha256(signed) is None
    assert row(with_headers(signed, x_amz_content_sha256="UNSIGNED-PAYLOAD-X"))[2] == "XAmzContentSHA256Mismatch 400"


def test_botocore_streams_to_s3_unsigned_over_tls() -> None:
    request = AWSRequest("PUT", "https://127.0.0.1:8770/b/k", data=b"data")
    request.context["checksum"] = {"request_algorithm": {"in": "trailer", "algorithm": "crc32"}}
    signed = botocore_sign(request, "s3", S3SigV4Auth)
    assert signed.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert VERIFIER.verify(signed, body_follows=True)


def test_other_services_sign_the_body_whatever_the_header_says() -> None:
    scope = Scope(utc_now().strftime("%Y%m%d"), "us-east-1", "sagemaker")
    bare = HttpRequest("POST", "/", headers={"host": "h", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, body=b"{}")
    assert row(sigv4.sign(bare, KNOWN, scope, utc_now(), payload_hash="UNSIGNED-PAYLOAD")) == MISMATCH
