"""The checksums that S3 clients declare, computed as the bytes pass by.

Names and encodings: S3 User Guide, "Checking object integrity".
"""

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any, Protocol


class Checksum(Protocol):
    """A checksum in the making."""

    def update(self, data: bytes, /) -> None:
        """Take in the next bytes."""

    def digest(self) -> bytes:
        """Give the checksum of all bytes so far, most significant byte first."""


class Crc32:
    """CRC32 as in zlib."""

    def __init__(self) -> None:
        self._crc = 0

    def update(self, data: bytes) -> None:
        """Take in the next bytes."""
        self._crc = zlib.crc32(data, self._crc)

    def digest(self) -> bytes:
        """Give the four bytes."""
        return self._crc.to_bytes(4, "big")


def _make_crc(name: str) -> Checksum:
    from firstbyte.edge import crc  # with it comes NumPy, a fifth of the host's start, for what few clients send

    kind: crc.CrcKind = getattr(crc, name)
    return crc.LanedCrc(kind)


ALGORITHMS: dict[str, Callable[[], Any]] = {
    "crc32": Crc32,
    "crc32c": lambda: _make_crc("CRC32C"),
    "crc64nvme": lambda: _make_crc("CRC64NVME"),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}
"""By the name that follows `x-amz-checksum-`."""


def encode_digest(checksum: Checksum) -> str:
    """Write a checksum as its header has it: base64 of its bytes."""
    return base64.b64encode(checksum.digest()).decode()
