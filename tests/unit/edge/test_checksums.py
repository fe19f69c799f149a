"""Checksums: the published check values, and the laned CRCs against plain ones."""

import itertools
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.edge.checksums import ALGORITHMS, encode_digest


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_every_algorithm_gives_its_published_check_value(algorithm: str, expected: str) -> None:
    checksum = ALGORITHMS[algorithm]()
    checksum.update(b"123456789")

    assert expected == checksum.digest().hex()


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=4))
def test_pieces_do_not_change_a_crc(data: bytes, cuts: Any) -> None:
    whole, pieces = ALGORITHMS["crc64nvme"](), ALGORITHMS["crc64nvme"]()
    whole.update(data)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in itertools.pairwise(edges):
        pieces.update(data[start:end])

    assert whole.digest() == pieces.digest()


def test_the_header_holds_base64() -> None:
    checksum = ALGORITHMS["crc32"]()
    checksum.update(b"hello")

    assert encode_digest(checksum) == "NhCmhg=="
    assert zlib.crc32(b"hello").to_bytes(4, "big") == checksum.digest()
