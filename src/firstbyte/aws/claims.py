"""What a request claims about its own signature: read from its header or its query, believed by nobody yet.

Three forms come in: `Authorization: AWS4-HMAC-SHA256 …`, the same put in a query (presigned), and S3's older presigned
query (AWSAccessKeyId, Signature, Expires), which boto3 still makes for custom endpoints in us-east-1. `sigv4.Verifier`
decides whether a claim is true; the edge routes by `claimed_scope`.
"""

import datetime
import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from firstbyte.aws.errors import MalformedAuthorization, MalformedPresignedQuery, MissingAuthentication, WrongScope
from firstbyte.aws.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
TIMESTAMP_FORMAT = "%Y%m%dT%H%M%SZ"
MAX_EXPIRES_S = 7 * 24 * 3600
"""A presigned request lives a week at most."""

_HEADER_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
_SIGV2_PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature is good: one day, one region, one service."""

    date: str
    """Eight digits."""
    region: str
    service: str
    """The signing name, as in `sagemaker`."""

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A SigV4 signature as the request presents it."""

    form: Literal["header", "query"]
    access_key_id: str
    scope: Scope
    signed_headers: tuple[str, ...]
    """Lower case, in the order given."""
    signature: str
    signed_at: datetime.datetime
    """The request's own time, UTC."""
    expires_s: int | None
    """Seconds a presigned request lives; None in the header form."""
    session_token: str | None


@dataclass(frozen=True, slots=True)
class SigV2Claim:
    """S3's older presigned query."""

    access_key_id: str
    signature: str
    """Base64."""
    expires_at: datetime.datetime
    session_token: str | None


def read_query(query: str) -> dict[str, str]:
    """Return the parameters of a query, decoded; of repeated names the last counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def read_claim(request: HttpRequest) -> Claim | SigV2Claim:
    """Return what `request` claims. Raises `MissingAuthentication`, `MalformedAuthorization` or `WrongScope`."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _read_header(authorization, request.headers)
    query = read_query(request.query)
    if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query:
        return _read_presigned(query)
    if "AWSAccessKeyId" in query and "Signature" in query:
        return _read_sigv2(query)
    raise MissingAuthentication("Request is missing Authentication Token")


def claimed_scope(request: HttpRequest) -> Scope | None:
    """Return the scope that a request names, for routing; None where it names none that can be read.

    S3's older presigned query names none, and means s3.
    """
    query = read_query(request.query)
    credential = query.get("X-Amz-Credential", "")
    if "AWSAccessKeyId" in query and "Signature" in query:
        return Scope("", "", "s3")
    for parameter in request.headers.get("authorization", "").partition(" ")[2].split(","):
        name, _, value = parameter.strip().partition("=")
        credential = value if name == "Credential" else credential
    pieces = credential.split("/")
    return Scope(*pieces[-4:-1]) if len(pieces) >= 5 else None


def _read_header(authorization: str, headers: Mapping[str, str]) -> Claim:
    algorithm, _, listed = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise MalformedAuthorization(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    given = _read_parameters(listed)
    complaints = [
        f"Authorization header requires '{name}' parameter." for name in _HEADER_PARAMETERS if not given.get(name)
    ]
    if "x-amz-date" not in headers and "date" not in headers:
        complaints.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if complaints:
        raise MalformedAuthorization(f"{' '.join(complaints)} Authorization={algorithm}")
    access_key_id, scope = _read_credential(given["Credential"], MalformedAuthorization)
    signed_at = _read_time(headers)
    _match_day(scope, signed_at, headers.get("x-amz-date") or headers["date"])
    return Claim(
        form="header",
        access_key_id=access_key_id,
        scope=scope,
        signed_headers=tuple(given["SignedHeaders"].lower().split(";")),
        signature=given["Signature"],
        signed_at=signed_at,
        expires_s=None,
        session_token=headers.get("x-amz-security-token"),
    )


def _read_parameters(listed: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for parameter in filter(None, (piece.strip() for piece in listed.split(","))):
        name, equals, value = parameter.partition("=")
        if not equals:
            raise MalformedAuthorization(
                f"'{parameter}' not a valid key=value pair (missing equal-sign) in Authorization header."
            )
        given[name.strip()] = value.strip()
    return given


def _read_presigned(query: Mapping[str, str]) -> Claim:
    if query.get("X-Amz-Algorithm", ALGORITHM) != ALGORITHM:
        raise MalformedPresignedQuery(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    if not all(query.get(name) for name in _QUERY_PARAMETERS):
        raise MalformedPresignedQuery(
            f"Query-string authentication version 4 requires the {', '.join(_QUERY_PARAMETERS[:-1])}, "
            f"and {_QUERY_PARAMETERS[-1]} parameters."
        )
    access_key_id, scope = _read_credential(query["X-Amz-Credential"], MalformedPresignedQuery)
    signed_at = _read_basic_time(query["X-Amz-Date"], MalformedPresignedQuery)
    _match_day(scope, signed_at, query["X-Amz-Date"])
    return Claim(
        form="query",
        access_key_id=access_key_id,
        scope=scope,
        signed_headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        signature=query["X-Amz-Signature"],
        signed_at=signed_at,
        expires_s=_read_expires(query["X-Amz-Expires"]),
        session_token=query.get("X-Amz-Security-Token"),
    )


def _read_expires(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise MalformedPresignedQuery("X-Amz-Expires should be a number")
    if len(text) > 9 or int(text) > MAX_EXPIRES_S:
        raise MalformedPresignedQuery(
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {MAX_EXPIRES_S} seconds"
        )
    return int(text)


def _read_credential(credential: str, malformed: type[MalformedAuthorization]) -> tuple[str, Scope]:
    pieces = credential.split("/")
    if len(pieces) != 5:
        raise malformed(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    access_key_id, date, region, service, terminator = pieces
    if terminator != TERMINATOR:
        raise WrongScope(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.")
    return access_key_id, Scope(date, region, service)


def _read_time(headers: Mapping[str, str]) -> datetime.datetime:
    """Read X-Amz-Date, or where there is none the Date header, which may be in either format."""
    if "x-amz-date" in headers:
        return _read_basic_time(headers["x-amz-date"], MalformedAuthorization)
    try:
        moment = email.utils.parsedate_to_datetime(headers["date"])
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return _read_basic_time(headers["date"], MalformedAuthorization)


def _read_basic_time(text: str, malformed: type[MalformedAuthorization]) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text, TIMESTAMP_FORMAT).replace(tzinfo=datetime.UTC)
    except ValueError as no_time:
        raise malformed(
            f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from no_time


def _match_day(scope: Scope, signed_at: datetime.datetime, text: str) -> None:
    day = signed_at.strftime("%Y%m%d")
    if scope.date != day:
        raise WrongScope(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope.date}' != '{day}', from '{text}'."
        )


def _read_sigv2(query: Mapping[str, str]) -> SigV2Claim:
    if not all(query.get(name) for name in _SIGV2_PARAMETERS):
        raise MissingAuthentication(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        )
    expires = query["Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise MissingAuthentication(f"Invalid date (should be seconds since epoch): {expires}")
    return SigV2Claim(
        access_key_id=query["AWSAccessKeyId"],
        signature=query["Signature"],
        expires_at=datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=int(expires)),
        session_token=query.get("x-amz-security-token"),
    )
