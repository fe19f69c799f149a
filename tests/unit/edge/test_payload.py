"""Uploads: framing comes off, and nothing wrong gets its last byte through."""

import base64
import hashlib
import io
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws.errors import ServiceError
from firstbyte.edge.payload import (
    AwsChunkedDecoder,
    ChecksumCheck,
    ChunkSigning,
    HashCheck,
    LengthCheck,
    check_body,
    decode_body,
)

CRC32_OF_HELLO = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()


async def stream(*pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


async def take(pieces: Any) -> Any:
    """Give what came through and the code of the error that ended it."""
    taken = []
    try:
        async for piece in pieces:
            taken.append(piece)
    except ServiceError as error:
        return b"".join(taken), error.code
    return b"".join(taken), None


def decode(data: bytes, step: int | None = None) -> Any:
    decoder = AwsChunkedDecoder()
    step = step or len(data)
    decoded = b"".join(
        piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])
    )
    decoder.finish()
    return decoded, decoder.trailers


@given(st.binary(max_size=300), st.integers(1, 64), st.integers(1, 64))
def test_what_botocore_frames_comes_off_again_however_it_is_cut(
    data: bytes, chunk_bytes: int, step: int | None
) -> None:

    framed = AwsChunkedWrapper(
        io.BytesIO(data), checksum_cls=Crc32Checksum, checksum_name="x-amz-checksum-crc32", chunk_size=chunk_bytes
    ).read()

    decoded, trailers = decode(framed, step)
    assert data == decoded
    assert {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()} == trailers


@pytest.mark.parametrize(
    "framed",
    [
        b"five\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"0\r\nno colon here\r\n\r\n",
        b"0\r\n\r\nmore",
        b"x" * 20_000,
    ],
)
def test_broken_framing_is_refused(framed: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        decode(framed)

    assert (caught.value.code, caught.value.status) == ("InvalidRequest", 400)


@pytest.mark.parametrize("framed", [b"", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n"])
async def test_a_body_that_ends_early_is_incomplete(framed: bytes) -> None:
    assert (await take(decode_body(stream(framed), AwsChunkedDecoder())))[1] == "IncompleteBody"


# The example of the S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in
# Multiple Chunks": its date, scope and seed signature, with the key that the documentation always uses.
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SCOPE = "20130524/us-east-1/s3/aws4_request"
FIRST = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
SECOND = "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
LAST = "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"


def sign_as_documented(text: str) -> Any:
    from firstbyte.aws.claims import Scope
    from firstbyte.aws.sigv4 import signature

    return signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Scope("20130524", "us-east-1", "s3"), text)


def documented_body(second: Any = SECOND) -> Any:
    return (
        b"10000;chunk-signature=%s\r\n%s\r\n" % (FIRST.encode(), b"a" * 65536)
        + b"400;chunk-signature=%s\r\n%s\r\n" % (second.encode(), b"a" * 1024)
        + b"0;chunk-signature=%s\r\n\r\n" % LAST.encode()
    )


async def test_the_signed_chunks_of_the_documentation_pass() -> None:
    decoder = AwsChunkedDecoder(ChunkSigning(SEED, "20130524T000000Z", SCOPE, sign_as_documented))

    assert await take(decode_body(stream(documented_body()), decoder)) == (b"a" * 66560, None)


async def test_a_chunk_that_somebody_else_signed_does_not_pass() -> None:
    decoder = AwsChunkedDecoder(ChunkSigning(SEED, "20130524T000000Z", SCOPE, sign_as_documented))
    body = decode_body(stream(documented_body(second=FIRST)), decoder)

    taken, code = await take(check_body(body, [], {}))
    assert code == "SignatureDoesNotMatch"
    assert len(taken) < 66560


def checks_of(data: bytes, declared: Any) -> Any:
    return [LengthCheck(len(data)), HashCheck(hashlib.sha256(data).hexdigest()), ChecksumCheck("crc32", declared)]


async def test_a_body_that_is_as_declared_passes_whole() -> None:
    pieces = check_body(stream(b"he", b"", b"ll", b"o"), checks_of(b"hello", CRC32_OF_HELLO), {})

    assert await take(pieces) == (b"hello", None)


async def test_a_checksum_may_come_in_the_trailer() -> None:
    check = ChecksumCheck("crc32", None)

    assert await take(check_body(stream(b"hello"), [check], {check.header: CRC32_OF_HELLO})) == (b"hello", None)


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (LengthCheck(4), "IncompleteBody"),
        (LengthCheck(6), "IncompleteBody"),
        (HashCheck("0" * 64), "XAmzContentSHA256Mismatch"),
        (ChecksumCheck("crc32", "AAAAAA=="), "BadDigest"),
        (ChecksumCheck("crc32", None), "InvalidRequest"),
    ],
)
async def test_the_last_piece_of_a_body_that_is_not_as_declared_is_kept_back(check: Any, code: str) -> None:
    taken, refused = await take(check_body(stream(b"hel", b"lo"), [check], {}))

    assert code == refused
    assert taken in (b"", b"hel")


async def test_an_empty_body_is_checked_too() -> None:
    assert await take(check_body(stream(), [ChecksumCheck("crc32", "NhCmhg==")], {})) == (b"", "BadDigest")
