"""AWS Signature Version 4: how a request is signed, and whether this one was.

Source: AWS General Reference, "Create a signed AWS API request"; S3's own rules are in its API reference,
"Authenticating requests". The checkpoints on the way, `canonical_request`, `string_to_sign` and `signature`, are
public: when a signature does not match, comparing them with the client's log shows where the two went apart.

Called by the gateway, and by the edge for S3, whose requests are verified here and then signed again for the store.
"""

import datetime
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from firstbyte.aws import sigv2
from firstbyte.aws.canonical import S3_SERVICES, canonical_headers, canonical_path, canonical_query
from firstbyte.aws.claims import (
    ALGORITHM,
    TERMINATOR,
    TIMESTAMP_FORMAT,
    Claim,
    Scope,
    SigV2Claim,
    read_claim,
    read_query,
)
from firstbyte.aws.errors import (
    ExpiredSessionToken,
    HeadersNotSigned,
    InvalidSessionToken,
    MissingPayloadHash,
    PayloadHashMismatch,
    PresignedRequestExpired,
    RequestOutsideWindow,
    SignatureMismatch,
    UnknownAccessKey,
    WrongScope,
)
from firstbyte.aws.http import HttpRequest
from firstbyte.aws.rights import ROOT, Principal
from firstbyte.aws.throttle import FailureLimit

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX = "STREAMING-"
"""Values such as STREAMING-UNSIGNED-PAYLOAD-TRAILER stand for a body that is framed as aws-chunked."""
WINDOW = datetime.timedelta(minutes=5)
"""How far a request's clock may be from ours."""
S3_WINDOW = datetime.timedelta(minutes=15)
GLOBAL_SERVICES: Mapping[str, str] = MappingProxyType({"iam": "us-east-1", "sts": "us-east-1"})
"""Services whose global endpoint signs for one region, wherever the host stands."""

_NEVER_SIGNED = frozenset({"x-amz-user-agent"})
_HEX = frozenset("0123456789abcdef")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair that may sign."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    """Temporary credentials come with a token, which each request must carry."""
    expires_at: datetime.datetime | None = None
    principal: Principal = ROOT

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r}, …)"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed, and for what."""

    access_key_id: str
    scope: Scope
    session_token: str | None = None
    principal: Principal = ROOT


def canonical_request(request: HttpRequest, service: str, signed_headers: Collection[str], payload_hash: str) -> str:
    """Return the request in its one normal form."""
    return "\n".join(
        (
            request.method,
            canonical_path(request.path, service),
            canonical_query(request.query, without=("X-Amz-Signature",)),
            canonical_headers(request.headers, signed_headers),
            ";".join(signed_headers),
            payload_hash,
        )
    )


def string_to_sign(canonical: str, scope: Scope, signed_at: datetime.datetime) -> str:
    """Return the text whose HMAC is the signature."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM, signed_at.strftime(TIMESTAMP_FORMAT), str(scope), digest))


def signature(secret_access_key: str, scope: Scope, text: str) -> str:
    """Return the signature in hex: the secret key narrowed to the scope, then put over the text."""
    key = f"AWS4{secret_access_key}".encode()
    for narrower in (scope.date, scope.region, scope.service, TERMINATOR):
        key = hmac.digest(key, narrower.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def payload_sha256(body: bytes) -> str:
    """Return the hash of a body as it stands in a canonical request."""
    return hashlib.sha256(body).hexdigest()


def declared_sha256(request: HttpRequest) -> str | None:
    """Return the hash that an S3 request declares for its body; None where it declares none and the body is free."""
    declared = request.headers.get("x-amz-content-sha256", "")
    return declared if len(declared) == 64 and _HEX.issuperset(declared) else None


def sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: Scope,
    now: datetime.datetime,
    *,
    payload_hash: str | None = None,
) -> HttpRequest:
    """Return `request` with every header of its own signed anew; the host header must be among them.

    `payload_hash` stands in for the body where that is a stream: `UNSIGNED_PAYLOAD`, or a hash declared by the client
    and checked on the way.
    """
    payload_hash = payload_hash or payload_sha256(request.body)
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    headers["x-amz-date"] = now.astimezone(datetime.UTC).strftime(TIMESTAMP_FORMAT)
    if scope.service in S3_SERVICES:
        headers["x-amz-content-sha256"] = payload_hash
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    unsigned = replace(request, headers=headers)
    signed = sorted(headers)
    text = string_to_sign(canonical_request(unsigned, scope.service, signed, payload_hash), scope, now)
    headers["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={';'.join(signed)}, "
        f"Signature={signature(credentials.secret_access_key, scope, text)}"
    )
    return replace(unsigned, headers=MappingProxyType(headers))


class Verifier:
    """Tells whether requests are signed by someone we know.

    `credentials` finds a key pair by its access key, `clock` gives the time in UTC. With a `region`, scopes of other
    regions are refused, except the one that a global service signs for. With a `limit`, a peer whose signatures were
    wrong too often is not listened to for a while.
    """

    def __init__(
        self,
        credentials: Callable[[str], Credentials | None],
        clock: Callable[[], datetime.datetime],
        *,
        region: str | None = None,
        limit: FailureLimit | None = None,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._region = region
        self._limit = limit or FailureLimit(0, clock)

    def verify(self, request: HttpRequest, *, service: str | None = None, body_follows: bool = False) -> Identity:
        """Return who signed `request`, or raise a `SignatureError` or `TooManyFailures`.

        `service` is the signing name that the request must be scoped to. With `body_follows` the body is still on its
        way (S3): its declared hash is taken as signed, and the caller compares it, see `declared_sha256`.
        """
        claim = read_claim(request)
        key = claim.access_key_id if self._credentials(claim.access_key_id) else None
        self._limit.check(request.peer, key)
        try:
            if isinstance(claim, SigV2Claim):
                return self._verify_sigv2(request, claim, service)
            return self._verify_sigv4(request, claim, service, body_follows=body_follows)
        except (UnknownAccessKey, InvalidSessionToken, SignatureMismatch):
            self._limit.count(request.peer, key)
            raise

    def _verify_sigv4(self, request: HttpRequest, claim: Claim, service: str | None, *, body_follows: bool) -> Identity:
        self._check_scope(claim.scope, service)
        self._check_time(claim)
        credentials = self._find(claim.access_key_id, claim.session_token)
        _check_covered(request, claim)
        payload_hash = _payload_hash(request, claim, body_follows=body_follows)
        canonical = canonical_request(request, claim.scope.service, claim.signed_headers, payload_hash)
        text = string_to_sign(canonical, claim.scope, claim.signed_at)
        _compare(signature(credentials.secret_access_key, claim.scope, text), claim.signature)
        return Identity(claim.access_key_id, claim.scope, claim.session_token, credentials.principal)

    def _check_scope(self, scope: Scope, service: str | None) -> None:
        if service is not None and scope.service != service:
            raise WrongScope(f"Credential should be scoped to correct service: '{service}'.")
        if self._region is not None and scope.region not in (self._region, GLOBAL_SERVICES.get(scope.service)):
            raise WrongScope(f"Credential should be scoped to a valid region, not '{scope.region}'.")

    def _check_time(self, claim: Claim) -> None:
        now = self._clock().astimezone(datetime.UTC)
        window = S3_WINDOW if claim.scope.service in S3_SERVICES else WINDOW
        minutes = int(window.total_seconds() // 60)
        shown, shown_now = (moment.strftime(TIMESTAMP_FORMAT) for moment in (claim.signed_at, now))
        if claim.signed_at > now + window:
            latest = (now + window).strftime(TIMESTAMP_FORMAT)
            raise RequestOutsideWindow(
                f"Signature not yet current: {shown} is still later than {latest} ({shown_now} + {minutes} min.)"
            )
        if claim.expires_s is not None:
            end = claim.signed_at + datetime.timedelta(seconds=claim.expires_s)
            if now > end:
                raise PresignedRequestExpired(
                    f"Signature expired: {shown} is now earlier than {shown_now} ({claim.expires_s} s were given)"
                )
        elif claim.signed_at < now - window:
            earliest = (now - window).strftime(TIMESTAMP_FORMAT)
            raise RequestOutsideWindow(
                f"Signature expired: {shown} is now earlier than {earliest} ({shown_now} - {minutes} min.)"
            )

    def _find(self, access_key_id: str, session_token: str | None) -> Credentials:
        """Return the key pair, once the session token is known to belong to it."""
        credentials = self._credentials(access_key_id)
        invalid = "The security token included in the request is invalid."
        if credentials is None:
            raise UnknownAccessKey(invalid)
        if not is_equal(credentials.session_token or "", session_token or ""):
            raise InvalidSessionToken(invalid)
        if credentials.expires_at is not None and self._clock() >= credentials.expires_at:
            raise ExpiredSessionToken("The security token included in the request is expired")
        return credentials

    def _verify_sigv2(self, request: HttpRequest, claim: SigV2Claim, service: str | None) -> Identity:
        if service is not None and service not in S3_SERVICES:
            raise WrongScope(f"Signature version 2 is for s3 only, use version 4 for '{service}'.")
        if self._clock() > claim.expires_at:
            raise PresignedRequestExpired("Request has expired")
        credentials = self._find(claim.access_key_id, claim.session_token)
        text = sigv2.string_to_sign(request)
        _compare(sigv2.signature(credentials.secret_access_key, text), claim.signature)
        scope = Scope("", self._region or "", "s3")
        return Identity(claim.access_key_id, scope, claim.session_token, credentials.principal)


def _check_covered(request: HttpRequest, claim: Claim) -> None:
    """Refuse a signature that leaves out the host or an x-amz- header: who holds it could change them."""
    if "host" not in claim.signed_headers:
        raise HeadersNotSigned("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    for name in request.headers:
        if name.startswith("x-amz-") and name not in claim.signed_headers and name not in _NEVER_SIGNED:
            raise HeadersNotSigned(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _payload_hash(request: HttpRequest, claim: Claim, *, body_follows: bool) -> str:
    """Return the last line of the canonical request.

    Services other than S3 always sign the body. S3 signs what x-amz-content-sha256 declares: a hash, which is compared
    with the body, or a word for a body that is not signed or is signed piece by piece.
    """
    if claim.scope.service not in S3_SERVICES:
        return payload_sha256(request.body)
    if claim.form == "query":
        return read_query(request.query).get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD)
    declared = request.headers.get("x-amz-content-sha256")
    if declared is None:
        raise MissingPayloadHash("Missing required header for this request: x-amz-content-sha256")
    if declared == UNSIGNED_PAYLOAD or declared.startswith(STREAMING_PREFIX):
        return declared
    if declared_sha256(request) is None:
        raise PayloadHashMismatch(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
        )
    if not body_follows and declared != payload_sha256(request.body):
        raise PayloadHashMismatch("The provided 'x-amz-content-sha256' header does not match what was computed.")
    return declared


def _compare(expected: str, given: str) -> None:
    if not is_equal(expected, given):
        raise SignatureMismatch(_MISMATCH)


def is_equal(one: str, other: str) -> bool:
    """Compare in a time that does not tell how far the two agree."""
    return hmac.compare_digest(one.encode(), other.encode())
