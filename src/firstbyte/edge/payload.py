"""Bodies of S3 uploads on their way through: framing taken off, everything that the client declared about them checked.

`AwsChunkedDecoder` undoes aws-chunked (S3 API reference, "Signature calculations for the Authorization header:
transferring a payload in multiple chunks" and "... including trailing headers"). `check_body` lets bytes pass at once
but keeps the last piece back until every check has passed, so that a bad body never becomes an object: its length is
declared to the store, which drops an upload that ends early. Called by `edge.objects`.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.sigv4 import is_equal
from firstbyte.edge.checksums import ALGORITHMS, Checksum, encode_digest

MAX_LINE_BYTES = 16 * 1024
"""Of a chunk's head or a trailer."""

_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Check(Protocol):
    """Something that a body must fulfil."""

    def update(self, data: bytes) -> None:
        """Take in the next bytes of the body, framing taken off."""

    def finish(self, trailers: Mapping[str, str], /) -> None:
        """Raise ServiceError if the body, now whole, is not what was declared."""


class HashCheck:
    """The body's SHA-256 is the one that was signed."""

    def __init__(self, declared: str) -> None:
        self._declared = declared
        self._hash = hashlib.sha256()

    def update(self, data: bytes) -> None:
        """Take in the next bytes."""
        self._hash.update(data)

    def finish(self, _trailers: Mapping[str, str], /) -> None:
        """Raise XAmzContentSHA256Mismatch."""
        if self._hash.hexdigest() != self._declared:
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )


class ChecksumCheck:
    """The body's checksum is the one in a header, or in the trailer that comes after it."""

    def __init__(self, algorithm: str, declared: str | None) -> None:
        self.header = f"x-amz-checksum-{algorithm}"
        """Where the value stands, also in the answer."""
        self._algorithm = algorithm
        self._declared = declared
        self._checksum: Checksum = ALGORITHMS[algorithm]()

    def update(self, data: bytes) -> None:
        """Take in the next bytes."""
        self._checksum.update(data)

    def finish(self, trailers: Mapping[str, str], /) -> None:
        """Raise BadDigest, or InvalidRequest if the announced trailer did not come."""
        declared = self._declared or trailers.get(self.header)
        if declared is None:
            raise ServiceError("InvalidRequest", f"The trailer {self.header} was announced but did not come.")
        if declared != self.value:
            raise ServiceError(
                "BadDigest", f"The {self._algorithm.upper()} you specified did not match the calculated checksum."
            )

    @property
    def value(self) -> str:
        """The checksum of the body so far, base64."""
        return encode_digest(self._checksum)


class LengthCheck:
    """The body is as long as was declared."""

    def __init__(self, num_bytes: int) -> None:
        self._left = num_bytes

    def update(self, data: bytes) -> None:
        """Take in the next bytes. Raises as soon as there are too many."""
        self._left -= len(data)
        if self._left < 0:
            raise _incomplete()

    def finish(self, _trailers: Mapping[str, str], /) -> None:
        """Raise IncompleteBody."""
        if self._left:
            raise _incomplete()


@dataclass(frozen=True, slots=True)
class ChunkSigning:
    """What chunk signatures need: the first link of their chain, and the key as a function of the text to sign."""

    seed_signature: str
    timestamp: str
    scope: str
    sign: Callable[[str], str]

    def sign_chunk(self, previous: str, data_sha256: str) -> str:
        """Give the signature that belongs to a chunk."""
        head = ("AWS4-HMAC-SHA256-PAYLOAD", self.timestamp, self.scope, previous)
        return self.sign("\n".join((*head, _EMPTY_SHA256, data_sha256)))

    def sign_trailers(self, previous: str, trailers: Mapping[str, str]) -> str:
        """Give the signature that belongs to the trailers."""
        text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        head = ("AWS4-HMAC-SHA256-TRAILER", self.timestamp, self.scope, previous)
        return self.sign("\n".join((*head, hashlib.sha256(text.encode()).hexdigest())))


class AwsChunkedDecoder:
    """Takes off aws-chunked framing: feed it bytes as they come, it gives the data in them, and the trailers at last.

    1000;chunk-signature=…\\r\\n <4096 bytes> \\r\\n … 0;chunk-signature=…\\r\\n x-amz-checksum-crc32:…\\r\\n \\r\\n
    """

    def __init__(self, signing: ChunkSigning | None = None) -> None:
        self.trailers: dict[str, str] = {}
        self._signing = signing
        self._previous = signing.seed_signature if signing else ""
        self._buffer = bytearray()
        self._left = 0
        self._hash = hashlib.sha256()
        self._signature = ""
        self._read: Callable[[], Iterator[bytes] | None] = self._read_head

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take in bytes and give what data they hold. Raises ServiceError for broken framing or a wrong signature."""
        self._buffer += data
        while (pieces := self._read()) is not None:
            yield from pieces

    def finish(self) -> None:
        """Raise IncompleteBody if the last chunk has not come."""
        if self._read != self._read_nothing:
            raise _incomplete()

    def _read_head(self) -> Iterator[bytes] | None:
        line = self._take_line()
        if line is None:
            return None
        size, _, extension = line.partition(";")
        try:
            self._left = int(size, 16)
        except ValueError:
            raise _malformed(f"'{size[:20]}' is no length of a chunk") from None
        self._signature = extension.strip().removeprefix("chunk-signature=")
        if self._left:
            self._read = self._read_data
        else:
            self._check_chunk()
            self._read = self._read_trailer
        return iter(())

    def _read_data(self) -> Iterator[bytes] | None:
        if not self._buffer:
            return None
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        if self._signing:
            self._hash.update(piece)
        if not self._left:
            self._read = self._read_data_end
        return iter((piece,))

    def _read_data_end(self) -> Iterator[bytes] | None:
        if len(self._buffer) < 2:
            return None
        if self._buffer[:2] != b"\r\n":
            raise _malformed("a chunk is longer than it says")
        del self._buffer[:2]
        self._check_chunk()
        self._read = self._read_head
        return iter(())

    def _read_trailer(self) -> Iterator[bytes] | None:
        line = self._take_line()
        if line is None:
            return None
        name, separator, value = line.partition(":")
        if not line:
            self._check_trailers()
            self._read = self._read_nothing
        elif not separator:
            raise _malformed("a trailer has no colon")
        else:
            self.trailers[name.strip().lower()] = value.strip()
        return iter(())

    def _read_nothing(self) -> Iterator[bytes] | None:
        if self._buffer:
            raise _malformed("there is something after the last chunk")
        return None

    def _take_line(self) -> str | None:
        end = self._buffer.find(b"\r\n", 0, MAX_LINE_BYTES)
        if end < 0:
            if len(self._buffer) >= MAX_LINE_BYTES:
                raise _malformed("a line is too long")
            return None
        line = self._buffer[:end].decode("latin-1")
        del self._buffer[: end + 2]
        return line

    def _check_chunk(self) -> None:
        if self._signing is None:
            return
        expected = self._signing.sign_chunk(self._previous, self._hash.hexdigest())
        if not is_equal(self._signature, expected):
            raise _wrong_chunk_signature()
        self._previous = expected
        self._hash = hashlib.sha256()

    def _check_trailers(self) -> None:
        signature = self.trailers.pop("x-amz-trailer-signature", None)
        if self._signing is None or (signature is None and not self.trailers):
            return
        if not is_equal(signature or "", self._signing.sign_trailers(self._previous, self.trailers)):
            raise _wrong_chunk_signature()


async def decode_body(body: AsyncIterator[bytes], decoder: AwsChunkedDecoder) -> AsyncIterator[bytes]:
    """Take the framing off a body as it comes."""
    async for data in body:
        for piece in decoder.feed(data):
            yield piece
    decoder.finish()


async def check_body(
    body: AsyncIterator[bytes], checks: Sequence[Check], trailers: Mapping[str, str]
) -> AsyncIterator[bytes]:
    """Let a body pass, but its last piece only after every check has passed. `trailers` fill while the body comes."""
    held = b""
    async for piece in body:
        if not piece:
            continue
        for check in checks:
            check.update(piece)
        if held:
            yield held
        held = piece
    for check in checks:
        check.finish(trailers)
    if held:
        yield held


def _incomplete() -> ServiceError:
    return ServiceError(
        "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."
    )


def _malformed(what: str) -> ServiceError:
    return ServiceError("InvalidRequest", f"The body is not aws-chunked as its headers say: {what}.")


def _wrong_chunk_signature() -> ServiceError:
    return ServiceError(
        "SignatureDoesNotMatch",
        "The signature of a chunk that we calculated does not match the one that you provided.",
        status=403,
    )
