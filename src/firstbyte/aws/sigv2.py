"""S3's older presigned query: HMAC-SHA1 over a handful of fields. Kept because boto3 makes it for custom endpoints.

Source: Amazon S3 Developer Guide, "Signing and authenticating REST requests", query string alternative. Called by
`sigv4.Verifier`; `string_to_sign` and `signature` are public so that a mismatch can be looked into.
"""

import base64
import hashlib
import hmac

from firstbyte.aws.claims import read_query
from firstbyte.aws.http import HttpRequest

SUBRESOURCES = frozenset(
    {
        *("acl", "accelerate", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location"),
        *("logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication"),
        *("requestPayment", "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId"),
        *("uploads", "versionId", "versioning", "versions", "website"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    }
)
"""Query parameters that name what is asked for, and are therefore signed with the path."""


def string_to_sign(request: HttpRequest) -> str:
    """Return the text that a presigned query signs: the method, the fields and the resource."""
    query = read_query(request.query)
    fields = {**{name.lower(): value for name, value in query.items()}, **request.headers}
    amz = sorted((name, value) for name, value in fields.items() if name.startswith("x-amz-"))
    lines = [
        request.method,
        fields.get("content-md5", ""),
        fields.get("content-type", ""),
        query.get("Expires", ""),
        *(f"{name}:{value}" for name, value in amz),
        _resource(request, query),
    ]
    return "\n".join(lines)


def _resource(request: HttpRequest, query: dict[str, str]) -> str:
    signed = sorted(name for name in query if name in SUBRESOURCES)
    listed = "&".join(f"{name}={query[name]}" if query[name] else name for name in signed)
    return f"{request.path}?{listed}" if listed else request.path


def signature(secret_access_key: str, text: str) -> str:
    """Return the signature in base64."""
    digest = hmac.new(secret_access_key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
