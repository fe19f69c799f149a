"""Mutants of HTTP requests: small, random, reproducible damage to every part of a message."""

import random
from dataclasses import replace
from urllib.parse import quote

from firstbyte.aws.http import HttpRequest

ODD_BYTES = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"{", b"}", b"[" * 5000, b'{"a":' * 2000, b"null",
    b"true", b"-0", b"1e999", b"NaN", b"9" * 400, b'"\\ud800"', b"'", b"&", b"%", b"=", b"..", b"//", b"${", b"\r\n",
)  # fmt: skip
ODD_TEXTS = (
    "", " ", "\x00", "\x7f", "%", "%zz", "%00", "%2e%2e", "..", "//", "ÿ", "a" * 2000, "NEW_SESSION", "-1", "1e999",
    "9" * 400, "null", "s3://", "s3:///", "arn:aws", "*", "bytes=9-1", "bytes=0-", "gzip", "chunked", "100-continue",
    "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature=", "AWS4-HMAC-SHA256", "Basic YTpi",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED-PAYLOAD", "application/json",
)  # fmt: skip
HEADERS = (
    "authorization", "host", "content-type", "content-length", "content-encoding", "x-amz-target", "x-amz-date", "date",
    "x-amz-content-sha256", "x-amz-security-token", "x-amz-decoded-content-length", "x-amz-trailer", "range", "expect",
    "x-amz-copy-source", "x-amz-checksum-crc32", "content-md5", "x-amzn-sagemaker-session-id", "if-none-match",
    "x-amzn-sagemaker-target-variant", "x-amzn-sagemaker-inference-id", "x-amzn-sagemaker-requestttlseconds",
    "x-amzn-sagemaker-inputlocation", "x-amzn-sagemaker-custom-attributes", "x-amz-expected-bucket-owner", "accept",
)  # fmt: skip
QUERIES = (
    "", "list-type=2", "uploads", "uploadId=x", "partNumber=1&uploadId=x", "delete", "location", "versions", "acl",
    "max-keys=-1", "max-keys=x", "continuation-token=%00", "encoding-type=url", "Action=GetRole", "Action=", "&&=&%",
    "X-Amz-Signature=0", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a",
    "AWSAccessKeyId=a&Signature=b&Expires=9",
)  # fmt: skip


def mutate(request: HttpRequest, chance: random.Random) -> HttpRequest:
    """Return `request` with one to four things wrong with it, or different at least."""
    for _ in range(chance.randint(1, 4)):
        change = chance.choice((_body, _body, _body, _header, _header, _headers_gone, _path, _query, _method))
        request = change(request, chance)
    return request


def _body(request: HttpRequest, chance: random.Random) -> HttpRequest:
    body = bytearray(request.body)
    start = chance.randint(0, len(body))
    end = min(len(body), start + chance.choice((0, 0, 1, 2, 8, 1000)))
    match chance.randint(0, 3):
        case 0:
            body[start:end] = chance.choice(ODD_BYTES)
        case 1:
            body[start:end] = b""
        case 2:
            body[start:start] = body[start:end] * chance.randint(1, 50)
        case _ if start < len(body):
            body[start] ^= 1 << chance.randint(0, 7)
    headers = dict(request.headers)
    if "content-length" in headers and chance.random() < 0.9:
        headers["content-length"] = str(len(body))
    return replace(request, body=bytes(body), headers=headers)


def _header(request: HttpRequest, chance: random.Random) -> HttpRequest:
    name = chance.choice((*HEADERS, *request.headers))
    value = request.headers.get(name, "")
    at = chance.randint(0, len(value))
    damaged = chance.choice((chance.choice(ODD_TEXTS), value[:at], value[:at] + chance.choice(ODD_TEXTS) + value[at:]))
    return replace(request, headers={**request.headers, name: damaged.strip()})


def _headers_gone(request: HttpRequest, chance: random.Random) -> HttpRequest:
    return replace(request, headers={name: value for name, value in request.headers.items() if chance.random() < 0.7})


def _path(request: HttpRequest, chance: random.Random) -> HttpRequest:
    at = chance.randint(0, len(request.path))
    odd = quote(chance.choice(ODD_TEXTS), safe="/%.:*")
    return replace(request, path="/" + (request.path[:at] + odd + request.path[at:]).lstrip("/"))


def _query(request: HttpRequest, chance: random.Random) -> HttpRequest:
    return replace(request, query="&".join(filter(None, (request.query, chance.choice(QUERIES)))))


def _method(request: HttpRequest, chance: random.Random) -> HttpRequest:
    return replace(request, method=chance.choice(("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS")))
