"""What can go wrong on the wire.

    WireError
    ├── ServiceError                 worded for the client: code, message, status, fault, further members
    ├── RequestError                 the client's mistake, met before any operation ran
    │   ├── MalformedRequest         not what the protocol or the shape asks for       SerializationException
    │   ├── ConstraintViolation      values that break the model's constraints         ValidationException
    │   ├── UnknownOperation         no such operation, or one that is not served here UnknownOperationException
    │   └── AccessError              codes and statuses differ per family, see each class
    │       ├── AccessDenied         known, and not allowed to
    │       ├── TooManyFailures      too many wrong signatures from there
    │       └── SignatureError       not authentic
    │           ├── MissingAuthentication
    │           ├── MalformedAuthorization ── MalformedPresignedQuery
    │           ├── WrongScope
    │           ├── RequestOutsideWindow ── PresignedRequestExpired
    │           ├── UnknownAccessKey
    │           ├── InvalidSessionToken ── ExpiredSessionToken
    │           ├── SignatureMismatch
    │           ├── HeadersNotSigned
    │           ├── MissingPayloadHash
    │           └── PayloadHashMismatch
    ├── UnservableAnswer             our mistake: a handler's answer does not fit the output shape
    └── EventStreamError             the peer's mistake: bytes that are no event stream
        ├── ChecksumMismatch
        ├── FrameTooLong             headers or payload over the limit
        └── MalformedFrame           lengths or headers that contradict themselves

The gateway turns the first three branches into bytes at one place (`Gateway._refuse`). Codes and texts are AWS's;
clients match on both. The signature rows follow the "Common Errors" pages of the services.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Literal

Fault = Literal["client", "server"]


class Family(StrEnum):
    """Services that word the same refusal alike."""

    JSON = "json"
    """JSON and REST-JSON services: sagemaker, application-autoscaling, logs."""

    QUERY = "query"
    """Form posts answered in XML: sts, iam."""

    S3 = "s3"


class WireError(Exception):
    """Anything this room raises."""


class ServiceError(WireError):
    """An error as the client shall see it. Handlers raise it; the gateway makes the others into it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fault: Fault = "client",
        members: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        """AWS's name of the error; clients match on it."""
        self.message = message
        self.status = status
        """HTTP status. Clients retry 429 and most 5xx, so a deterministic refusal is neither."""
        self.fault: Fault = fault
        self.members = members
        """Further members of a modelled error shape, by AWS's names, without its message."""


class RequestError(WireError):
    """The client's mistake, met before any operation ran."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MalformedRequest(RequestError):
    """A body or a parameter is not what the protocol or the shape asks for."""


class ConstraintViolation(RequestError):
    """Well-formed values that break the model's constraints; the message names each of them."""


class UnknownOperation(RequestError):
    """No such operation, or one that this host does not serve."""


class AccessError(RequestError):
    """Whoever asks may not. Code and status depend on the family of the service."""

    codes: ClassVar[Mapping[Family, tuple[str, int]]]
    s3_message: ClassVar[str | None] = None
    """S3's words, where they differ."""

    def as_service_error(self, family: Family) -> ServiceError:
        """Word this refusal as a service of `family` does."""
        code, status = self.codes[family]
        message = self.s3_message if family is Family.S3 and self.s3_message else self.message
        return ServiceError(code, message, status=status)


class SignatureError(AccessError):
    """The request is not authentic."""


def _codes(json: str, query: str, s3: str) -> Mapping[Family, tuple[str, int]]:
    """Read one row of the table: "Code status" for each family."""
    row = zip((Family.JSON, Family.QUERY, Family.S3), (json, query, s3), strict=True)
    return {family: (cell.split()[0], int(cell.split()[1])) for family, cell in row}


class AccessDenied(AccessError):
    """The request is authentic, and its key has no right to what it asks."""

    codes = _codes("AccessDeniedException 400", "AccessDenied 403", "AccessDenied 403")


class TooManyFailures(AccessError):
    """So many signatures from there were wrong that none is looked at for a while: throttled, as AWS does it."""

    codes = _codes("ThrottlingException 400", "Throttling 400", "SlowDown 503")
    s3_message = "Please reduce your request rate."


class MissingAuthentication(SignatureError):
    """Neither an Authorization header nor a presigned query."""

    codes = _codes("MissingAuthenticationTokenException 403", "MissingAuthenticationToken 403", "AccessDenied 403")
    s3_message = "Access Denied"


class MalformedAuthorization(SignatureError):
    """An Authorization header that cannot be read."""

    codes = _codes("IncompleteSignatureException 400", "IncompleteSignature 400", "AuthorizationHeaderMalformed 400")


class MalformedPresignedQuery(MalformedAuthorization):
    """A presigned query that cannot be read."""

    codes = _codes(
        "IncompleteSignatureException 400", "IncompleteSignature 400", "AuthorizationQueryParametersError 400"
    )


class WrongScope(SignatureError):
    """Signed for another region, service, day or version of the scheme."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AuthorizationHeaderMalformed 400")


class RequestOutsideWindow(SignatureError):
    """Signed too long ago, or in the future."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "RequestTimeTooSkewed 403")
    s3_message = "The difference between the request time and the current time is too large."


class PresignedRequestExpired(RequestOutsideWindow):
    """A presigned request after its own expiry."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AccessDenied 403")
    s3_message = "Request has expired"


class UnknownAccessKey(SignatureError):
    """No credentials are known under this access key."""

    codes = _codes("UnrecognizedClientException 403", "InvalidClientTokenId 403", "InvalidAccessKeyId 403")
    s3_message = "The AWS Access Key Id you provided does not exist in our records."


class InvalidSessionToken(SignatureError):
    """A session token that does not belong to the access key, or is missing."""

    codes = _codes("UnrecognizedClientException 403", "InvalidClientTokenId 403", "InvalidToken 400")
    s3_message = "The provided token is malformed or otherwise invalid."


class ExpiredSessionToken(InvalidSessionToken):
    """A session token after its end."""

    codes = _codes("ExpiredTokenException 403", "ExpiredToken 403", "ExpiredToken 400")
    s3_message = "The provided token has expired."


class SignatureMismatch(SignatureError):
    """Another key signed, or something was changed on the way."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "SignatureDoesNotMatch 403")
    s3_message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )


class HeadersNotSigned(SignatureError):
    """Headers are there that a signature must cover, and this one does not."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "AccessDenied 403")
    s3_message = "There were headers present in the request which were not signed"


class MissingPayloadHash(SignatureError):
    """S3 demands x-amz-content-sha256 with every signed header."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "InvalidRequest 400")


class PayloadHashMismatch(SignatureError):
    """The body is not the one whose hash was signed."""

    codes = _codes("InvalidSignatureException 403", "SignatureDoesNotMatch 403", "XAmzContentSHA256Mismatch 400")


class UnservableAnswer(WireError):
    """Our mistake: a handler's answer does not fit the operation's output shape."""


class EventStreamError(WireError):
    """The peer's mistake: bytes that are no event stream."""


class ChecksumMismatch(EventStreamError):
    """A CRC32 does not agree with the bytes it covers."""


class FrameTooLong(EventStreamError):
    """Headers or payload are over the limit."""


class MalformedFrame(EventStreamError):
    """Lengths or headers contradict themselves."""
