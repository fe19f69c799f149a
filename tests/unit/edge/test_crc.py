"""CRCs in lanes: with CRC-32's own parameters they are zlib's, whatever the length."""

import random
import zlib

import pytest

from firstbyte.edge.crc import CrcKind, LanedCrc

ZLIB = CrcKind(32, 0xEDB88320)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 511, 512, 1000, 256 * 7, 256 * 8 + 3, 256 * 1000 + 1])
def test_with_zlib_s_polynomial_it_is_zlib_s_crc(length: int) -> None:
    data = random.Random(length).randbytes(length)
    crc = LanedCrc(ZLIB)
    for start in range(0, length, 300):
        crc.update(data[start : start + 300])

    assert zlib.crc32(data) == int.from_bytes(crc.digest(), "big")


def test_a_digest_can_be_taken_in_the_middle() -> None:
    crc = LanedCrc(ZLIB)
    crc.update(b"x" * 300)
    crc.digest()
    crc.update(b"y" * 300)

    assert zlib.crc32(b"x" * 300 + b"y" * 300) == int.from_bytes(crc.digest(), "big")
