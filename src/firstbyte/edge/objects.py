"""S3: requests are verified with the host's keys, then signed again with the store's own and streamed through to it.

The store (`edge.sidecar`) keeps objects as plain files. What it does not know (checksums, aws-chunked bodies, expected
owners) is taken care of here; what neither knows is refused with NotImplemented. Called by `edge.asgi`.
"""

import dataclasses
import datetime
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import aiohttp
import yarl

from firstbyte.aws.canonical import canonical_query
from firstbyte.aws.claims import Claim, Scope, SigV2Claim, read_claim
from firstbyte.aws.errors import RequestError, ServiceError
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.rights import check_access
from firstbyte.aws.sigv4 import UNSIGNED_PAYLOAD, Credentials, Verifier, declared_sha256, sign, signature
from firstbyte.edge import s3_errors
from firstbyte.edge.checksums import ALGORITHMS
from firstbyte.edge.payload import (
    AwsChunkedDecoder,
    Check,
    ChecksumCheck,
    ChunkSigning,
    HashCheck,
    LengthCheck,
    check_body,
    decode_body,
)
from firstbyte.edge.sidecar import SidecarAddress
from firstbyte.edge.uploads import render_no_uploads

MAX_BUCKET_BYTES = 63
MAX_KEY_BYTES = 1024
"""Of names, in S3 and here."""
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
"""Of an object whose maker did not say."""
PIECE_BYTES = 256 * 1024
"""Of an object on its way out."""

_VIRTUAL_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])\."
    r"(s3[.\-][a-z0-9.\-]*amazonaws\.com"
    r"|(?<!\.s3\.)(s3\.)?(localhost|\d+([.\-]\d+){3}(\.[a-z0-9.\-]*[a-z])?))(:\d+)?",
    re.ASCII | re.IGNORECASE,
)
"""A bucket before Amazon's names, which `firstbyte exec` leads here, before `localhost`, as boto3 makes of an endpoint
of that name, or before an address, as in BUCKET.127.0.0.1.nip.io. Of any other name nobody but its owner knows where
the bucket ends."""
_UNSERVED = re.compile(
    "accelerate|acl|analytics|attributes|cors|encryption|intelligent-tiering|inventory|legal-hold|lifecycle|logging|metrics"
    "|notification|object-lock|ownershipControls|policy|policyStatus|publicAccessBlock|replication|requestPayment|restore"
    "|retention|select|tagging|torrent|versionId|versions|website"
)
"""What of S3 can follow the question mark and is not served."""
_PRESIGNING = frozenset(
    {"AWSAccessKeyId", "Expires", "Signature", "X-Amz-Algorithm", "X-Amz-Content-Sha256", "X-Amz-Credential"}
    | {"X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders"}
    | {"x-amz-security-token"}
)
"""Parameters that belong to a presigned request's signature."""
_FORWARDED = re.compile(
    "cache-control|content-(disposition|encoding|language|md5|type)|expires|range|if-(un)?modified-since|if-(none-)?match"
    "|x-amz-copy-source(-.+)?|x-amz-metadata-directive|x-amz-meta-.+"
)
"""Headers that the store gets; it would refuse some of the others, and none of them says anything to it."""
_RETURNED = re.compile(
    "accept-ranges|cache-control|content-(disposition|encoding|language|length|range|type)|etag|expires|last-modified"
    "|location|x-amz-bucket-region|x-amz-meta-.+"
)
"""Headers that the client gets."""
_NOT_SENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ETAG = re.compile(rb"<ETag>(?:&quot;|&#34;|\")?([^<&\"]*)(?:&quot;|&#34;|\")?</ETag>")


class Store(Protocol):
    """Where the objects are."""

    async def address(self) -> SidecarAddress:
        """Give the place and the key; waits while the store is being started again."""

    def object_to(self, bucket: str, key: str, is_upload: bool) -> str | None:
        """Say why the store cannot have such a key, as the end of a sentence; None where it can."""


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectRequest:
    """A verified request for an object, a bucket, or the list of buckets."""

    head: HttpRequest
    """Path style, whatever style it came in."""
    bucket: str
    """Empty for the list of buckets."""
    key: str
    """Decoded; empty for a bucket."""
    query: Mapping[str, str]
    """Decoded, without what belongs to a signature."""

    @property
    def is_upload(self) -> bool:
        """Whether it brings a body."""
        return self.head.method in ("PUT", "POST")

    @property
    def makes_object(self) -> bool:
        """Whether it brings an object, or begins to; its headers are the object's then."""
        begins = self.head.method == "POST" and "uploads" in self.query
        return bool(self.key) and (begins or (self.head.method == "PUT" and "uploadId" not in self.query))


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A body on its way to the store."""

    length: int
    """Of the data, framing taken off."""
    pieces: AsyncIterator[bytes]
    checksums: tuple[ChecksumCheck, ...]


class Objects:
    """Serves S3 out of the store."""

    def __init__(
        self,
        store: Store,
        credentials: Callable[[str], Credentials | None],
        verifier: Verifier | None,
        *,
        account_id: str,
        region: str,
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._verifier = verifier
        self._account_id = account_id
        self._region = region
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make ready to forward."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: HttpRequest, body: AsyncIterator[bytes], request_id: str) -> HttpResponse:
        """Answer one request, whose body is still on its way; every refusal is S3's XML."""
        try:
            parsed = read_request(request)
            if self._verifier is not None:
                identity = self._verifier.verify(_signed_form(request, parsed), service="s3", body_follows=True)
                check_access(identity.principal, name_action(parsed), name_resource(parsed))
            self._check_served(parsed)
            return await self._forward(parsed, self._open_upload(request, body) if parsed.is_upload else None)
        except (ServiceError, RequestError) as error:
            return s3_errors.render_error(s3_errors.as_service_error(error), request.path, request_id)

    def _check_served(self, request: ObjectRequest) -> None:
        """Raise for another account's bucket, and for what is not served."""
        _check_names(request)
        for header in ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"):
            if request.head.headers.get(header, self._account_id) != self._account_id:
                raise s3_errors.access_denied()
        if unserved := next(filter(_UNSERVED.fullmatch, request.query), None):
            raise s3_errors.not_implemented(f"This host does not serve S3's '{unserved}'.")
        if request.head.method == "POST" and not request.query.keys() & {"delete", "uploads", "uploadId"}:
            raise s3_errors.not_implemented("This host does not serve uploads by HTML form.")
        if request.key and (objection := self._store.object_to(request.bucket, request.key, request.is_upload)):
            raise s3_errors.not_implemented(f"This host keeps objects as files, so {objection}.")

    def _open_upload(self, request: HttpRequest, body: AsyncIterator[bytes]) -> Upload:
        """Undo the framing of a body and set up everything that must be checked about it."""
        framing = request.headers.get("x-amz-content-sha256", "")
        is_framed = framing.startswith("STREAMING-")
        length = _read_length(request, "x-amz-decoded-content-length" if is_framed else "content-length")
        checksums = _read_checksums(request)
        checks: list[Check] = [LengthCheck(length), *checksums]
        trailers: Mapping[str, str] = {}
        if is_framed:
            decoder = AwsChunkedDecoder(self._read_signing(request) if "HMAC" in framing else None)
            body, trailers = decode_body(body, decoder), decoder.trailers
        elif sha256 := declared_sha256(request):
            checks.append(HashCheck(sha256))
        return Upload(length, check_body(body, checks, trailers), checksums)

    def _read_signing(self, request: HttpRequest) -> ChunkSigning | None:
        """Give what the body's chunks must be signed with; None where signatures are not checked."""
        if self._verifier is None:
            return None
        claim = read_claim(request)
        credentials = self._credentials(claim.access_key_id)
        if not isinstance(claim, Claim) or credentials is None:
            raise s3_errors.access_denied()
        secret, scope = credentials.secret_access_key, claim.scope
        timestamp = claim.signed_at.strftime("%Y%m%dT%H%M%SZ")
        return ChunkSigning(claim.signature, timestamp, str(scope), lambda text: signature(secret, scope, text))

    async def _forward(self, request: ObjectRequest, upload: Upload | None) -> HttpResponse:
        """Send a request on to the store and answer with what it says."""
        if upload is not None and not upload.length:
            async for _ in upload.pieces:
                pass  # no body: its checks come first, and nothing is sent
        body = Pieces(upload.pieces) if upload is not None and upload.length else None
        try:
            answer = await self._ask_store(request, upload.length if upload else None, body)
        except aiohttp.ClientError as error:
            if body is not None and body.failure is not None:
                raise body.failure from error
            raise s3_errors.store_unavailable() from error
        if answer.status >= 400:
            refusal = s3_errors.read_error(answer.status, await answer.read())
            answer.close()
            return self._refuse(request, refusal)
        return await self._answer(request, upload, answer)

    async def _ask_store(
        self, request: ObjectRequest, length: int | None = None, body: "Pieces | None" = None
    ) -> aiohttp.ClientResponse:
        """Send a request on to the store, signed anew."""
        assert self._session is not None, "start() comes first"
        signed, url = self._sign_anew(request, length, await self._store.address())
        return await self._session.request(
            request.head.method,
            yarl.URL(url, encoded=True),
            headers=signed.headers,
            data=body.checked() if body else None,
            skip_auto_headers=_NOT_SENT,
            allow_redirects=False,
        )

    def _sign_anew(
        self, request: ObjectRequest, length: int | None, address: SidecarAddress
    ) -> tuple[HttpRequest, str]:
        path = quote(unquote_to_bytes(request.head.path), safe="/~")
        query = canonical_query(request.head.query, without=_PRESIGNING)
        headers = {name: value for name, value in request.head.headers.items() if _FORWARDED.fullmatch(name)}
        encodings = [e.strip() for e in headers.pop("content-encoding", "").split(",")]
        if kept := ",".join(e for e in encodings if e and e != "aws-chunked"):
            headers["content-encoding"] = kept
        if length is not None:
            headers["content-length"] = str(length)
        if request.makes_object and "x-amz-copy-source" not in headers:
            headers.setdefault("content-type", DEFAULT_CONTENT_TYPE)  # the store would guess one from the key
        headers["host"] = address.url.removeprefix("http://")
        now = datetime.datetime.now(datetime.UTC)
        unsigned = HttpRequest(request.head.method, path, query, headers)
        signed = sign(
            unsigned,
            Credentials(address.access_key_id, address.secret_access_key),
            Scope(now.strftime("%Y%m%d"), self._region, "s3"),
            now,
            payload_hash=UNSIGNED_PAYLOAD,
        )
        return signed, f"{address.url}{path}{'?' + query if query else ''}"

    async def _answer(
        self, request: ObjectRequest, upload: Upload | None, answer: aiohttp.ClientResponse
    ) -> HttpResponse:
        headers = [(name.lower(), value) for name, value in answer.headers.items() if _RETURNED.fullmatch(name.lower())]
        if upload is not None and request.head.method == "PUT":
            headers += [(check.header, check.value) for check in upload.checksums]
        if request.bucket and not request.key and request.head.method == "GET":
            body = _ETAG.sub(rb"<ETag>&quot;\1&quot;</ETag>", await answer.read())
            return HttpResponse(answer.status, tuple(h for h in headers if h[0] != "content-length"), body)
        return HttpResponse(answer.status, tuple(headers), _stream(answer))

    def _refuse(self, request: ObjectRequest, error: ServiceError) -> HttpResponse:
        """Raise the store's refusal, but for two things that S3 answers with 200.

        These are making one's bucket anew in us-east-1, and listing uploads where there are none.
        """
        if error.code == "NoSuchUpload" and not request.key and "uploads" in request.query:
            return render_no_uploads(request.bucket, request.query)
        if error.code in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou") and not request.key:
            if self._region == "us-east-1":
                return HttpResponse(200, (("location", f"/{request.bucket}"),))
            raise s3_errors.read_error(409, b"<Code>BucketAlreadyOwnedByYou</Code>")
        raise error


class Pieces:
    """An upload's pieces, remembering why they stopped: the HTTP client would hide it."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.failure: ServiceError | None = None
        self._pieces = pieces

    async def checked(self) -> AsyncIterator[bytes]:
        """Give the pieces."""
        try:
            async for piece in self._pieces:
                yield piece
        except ServiceError as error:
            self.failure = error
            raise


def read_request(request: HttpRequest) -> ObjectRequest:
    """Find bucket and key, in the path or, virtual-host style, in the Host header."""
    match = _VIRTUAL_HOST.fullmatch(request.headers.get("host", ""))
    if match:
        request = dataclasses.replace(request, path=f"/{match['bucket'].lower()}{request.path}")
    bucket, _, key = unquote_to_bytes(request.path).decode(errors="surrogateescape").lstrip("/").partition("/")
    query = {name: value for name, value in parse_qsl(request.query, keep_blank_values=True) if name not in _PRESIGNING}
    return ObjectRequest(request, bucket, key, query)


def _signed_form(request: HttpRequest, parsed: ObjectRequest) -> HttpRequest:
    """Return what a signature is of: the request as it came, but for version 2, which signs the bucket as a path."""
    return parsed.head if isinstance(read_claim(request), SigV2Claim) else request


_SUBRESOURCE_ACTIONS = {
    ("POST", "delete"): "DeleteObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "location"): "GetBucketLocation",
}
_BUCKET_ACTIONS = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
_OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}


def name_action(request: ObjectRequest) -> str:
    """Return IAM's name of what a request does; anything unheard of counts as writing."""
    method = request.head.method
    for (of_method, parameter), action in _SUBRESOURCE_ACTIONS.items():
        if method == of_method and parameter in request.query:
            return f"s3:{action}"
    if not request.bucket:
        return "s3:ListAllMyBuckets"
    return f"s3:{(_OBJECT_ACTIONS if request.key else _BUCKET_ACTIONS).get(method, 'PutObject')}"


def name_resource(request: ObjectRequest) -> str:
    """Return the ARN of what a request is about, in the quotation marks that S3 puts around it."""
    return f'"arn:aws:s3:::{request.head.path.strip("/") or "*"}"'


def _check_names(request: ObjectRequest) -> None:
    """Raise for what no bucket and no object can be called, and for a header that cannot be sent or read."""
    if request.bucket and len(request.bucket.encode(errors="surrogateescape")) > MAX_BUCKET_BYTES:
        raise s3_errors.read_error(400, b"<Code>InvalidBucketName</Code>")
    if len(request.key.encode(errors="surrogateescape")) > MAX_KEY_BYTES:
        raise ServiceError("KeyTooLongError", "Your key is too long")
    for name, value in request.head.headers.items():
        if _FORWARDED.fullmatch(name) and _CONTROL.search(value):
            raise ServiceError("InvalidArgument", f"The header {name} holds a control character.")
    source = request.head.headers.get("x-amz-copy-source")
    if source is not None and not all(source.removeprefix("/").partition("/")):
        raise ServiceError(
            "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )


def _read_length(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header)
    if value is None and "transfer-encoding" not in request.headers:
        return 0
    if value is None or not (value.isascii() and value.isdigit()):
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)
    return int(value)


def _read_checksums(request: HttpRequest) -> tuple[ChecksumCheck, ...]:
    """Set up a check for each checksum in a header or announced as a trailer."""
    announced = [name.strip().lower() for name in request.headers.get("x-amz-trailer", "").split(",")]
    prefix = "x-amz-checksum-"
    return tuple(
        ChecksumCheck(algorithm, request.headers.get(prefix + algorithm))
        for algorithm in ALGORITHMS
        if prefix + algorithm in request.headers or prefix + algorithm in announced
    )


async def _stream(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_chunked(PIECE_BYTES):
            yield piece
    finally:
        answer.close()
