"""Mutants of HTTP requests: small, random, reproducible damage to every part of a message."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
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
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, float("inf"), float("nan"), 2**31, 2**63, 10**400,
    "", "x", "a" * 3000, "\x00", "\ud800", "NaN", "2026-01-01T00:00:00Z", "-9999-01-01", "s3://", "s3://b/k",
    "arn:aws:sagemaker:us-east-1:123456789012:model/m",
    [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": []}}, [1, "a", None], ["x"] * 200,
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


_CHANGES = (3, 3, 2, 1, 1, 1, 1)
"""How often each of the changes of `mutate` is made."""


def mutate(request: HttpRequest, chance: random.Random) -> HttpRequest:
    """Return `request` with one to four things wrong with it, or different at least."""
    for _ in range(chance.randint(1, 4)):
        changes = (_body, _json, _header, _headers_gone, _path, _query, _method)
        (change,) = chance.choices(changes, _CHANGES)
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


def _json(request: HttpRequest, chance: random.Random) -> HttpRequest:
    """Put something else in one place of a JSON body, or nothing, or something more."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return request
    root = {"": body}
    parent, key = chance.choice([*_places(root)])
    match chance.randint(0, 5):
        case 0 if parent is not root:
            del parent[key]
        case 1 if isinstance(parent[key], dict):
            parent[key][chance.choice(ODD_TEXTS)] = chance.choice(ODD_VALUES)
        case 2 if isinstance(parent[key], list):
            parent[key].extend(parent[key][:1] * chance.choice((1, 20)))
        case 3:
            parent[key] = [parent[key]]
        case _:
            parent[key] = chance.choice(ODD_VALUES)
    changed = json.dumps(root[""]).encode()
    headers = dict(request.headers)
    if "content-length" in headers:
        headers["content-length"] = str(len(changed))
    return replace(request, body=changed, headers=headers)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value, as what it is in and where."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(pairs):
        yield node, key
        yield from _places(value)


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
