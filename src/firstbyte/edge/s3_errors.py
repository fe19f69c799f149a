"""S3's errors in S3's words and XML (S3 API reference, "Error responses"). Used by `edge.objects`."""

import re
from xml.sax.saxutils import escape

from firstbyte.aws.errors import AccessError, Family, RequestError, ServiceError
from firstbyte.aws.http import HttpResponse

_CODE = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_MESSAGES = {
    "BucketAlreadyOwnedByYou": "Your previous request to create the named bucket succeeded and you already own it.",
    "BucketNotEmpty": "The bucket you tried to delete is not empty",
    "InvalidBucketName": "The specified bucket is not valid.",
    "InvalidRange": "The requested range is not satisfiable",
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchUpload": "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may "
    "have been aborted or completed.",
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold",
}


def access_denied() -> ServiceError:
    """The caller may not: AccessDenied, 403."""
    return ServiceError("AccessDenied", "Access Denied", status=403)


def not_implemented(what: str) -> ServiceError:
    """This host does not serve it: NotImplemented, 501, which clients do not try again."""
    return ServiceError("NotImplemented", what, status=501)


def store_unavailable() -> ServiceError:
    """The object store is being started again: ServiceUnavailable, 503; trying again helps."""
    return ServiceError("ServiceUnavailable", "Please reduce your request rate.", status=503, fault="server")


def as_service_error(error: ServiceError | RequestError) -> ServiceError:
    """Word what `aws` refused as S3 does."""
    match error:
        case ServiceError():
            return error
        case AccessError():
            return error.as_service_error(Family.S3)
        case _:
            return ServiceError("InvalidRequest", error.message)


def read_error(status: int, body: bytes) -> ServiceError:
    """Read the store's error and give it S3's own message where the code has one."""
    code = match[1].decode() if (match := _CODE.search(body)) else _code_of(status)
    said = match[1].decode(errors="replace") if (match := _MESSAGE.search(body)) else ""
    return ServiceError(code, _MESSAGES.get(code, said or code), status=status)


def render_error(error: ServiceError, resource: str, request_id: str) -> HttpResponse:
    """Write an error as XML; the caller leaves the body out where the request was a HEAD."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"<Resource>{escape(resource)}</Resource><RequestId>{escape(request_id)}</RequestId></Error>"
    ).encode()
    return HttpResponse(error.status, (("content-type", "application/xml"),), body)


def _code_of(status: int) -> str:
    return {404: "NoSuchKey", 403: "AccessDenied", 412: "PreconditionFailed", 416: "InvalidRange"}.get(
        status, "InternalError" if status >= 500 else "InvalidRequest"
    )
