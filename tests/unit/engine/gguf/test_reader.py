"""The container: what is written is read, and no number in a damaged file is believed."""

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.gguf import encode, string, value
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.reader import find_gguf, read_gguf

METADATA = {
    "general.name": "tiny – ü",
    "a.count": 7,
    "a.number": 0.5,
    "a.flag": True,
    "a.texts": ["x", "", "yy"],
    "a.numbers": [1.5, -2.0],
}
VALUES = np.arange(64, dtype=np.float32).reshape(2, 32) - 20
WHOLE = encode(METADATA, {"t": ("F32", VALUES), "u": ("Q8_0", VALUES)})
HEAD = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)


def read(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(raw)
    for tensor in read_gguf(path).tensors.values():
        tensor.float32()


@pytest.mark.parametrize("version", [2, 3])
def test_what_was_written_is_read(tmp_path: Path, version: int) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(encode(METADATA, {"t": ("F32", VALUES)}, version))
    file = read_gguf(path)

    read_back = {
        key: item.tolist() if isinstance(item, np.ndarray) else item for key, item in file.metadata.entries.items()
    }
    assert read_back == METADATA
    assert file.tensors["t"].shape == (2, 32)
    np.testing.assert_array_equal(file.tensors["t"].float32(), VALUES)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "ends at byte 0, within its head"),
        (b"GGML" + WHOLE[4:], "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<I", 1), "has GGUF version 1; 2 and 3, little endian, can be read$"),
        (b"GGUF" + struct.pack(">I", 3), "it seems to be big endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63), "claims 9223372036854775808 entries"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**40, 0), "claims 1099511627776 tensors"),
        (HEAD + struct.pack("<Q", 2**62) + bytes(64), "within its head"),
        (HEAD + string("k") + struct.pack("<I", 13), "type 13 of a value is unknown"),
        (HEAD + string("k") + struct.pack("<IIQ", 9, 0, 2**60), "claims 1152921504606846976 values"),
        (HEAD + string("k") + struct.pack("<IIQ", 9, 8, 2**60), "claims 1152921504606846976 strings"),
        (HEAD + string("k") + struct.pack("<IIQ", 9, 9, 1) + bytes(64), "type 9 of a value is unknown"),
        (HEAD + struct.pack("<Q", 2) + b"\xff\xfe" + bytes(64), "not UTF-8"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("general.alignment") + value(24) + bytes(64),
            "must be a power of two, not 24",
        ),
        (HEAD + string("k") + value(1) + string("t") + struct.pack("<I", 9) + bytes(64), "has 9 dimensions"),
    ],
)
def test_a_damaged_head(tmp_path: Path, raw: bytes, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        read(tmp_path, raw)


@pytest.mark.parametrize(
    ("dimensions", "format_id", "offset", "words"),
    [
        ((32,), 10, 0, "stored in Q2_K; F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16 can be read"),
        ((32,), 99, 0, "stored in GGML type 99; F32"),
        ((33,), 8, 0, "rows of 33, no multiple of 32"),
        ((32, 2**33), 0, 0, "ends at byte"),
        ((2**63, 2**63), 0, 0, "ends at byte"),
        ((32,), 0, 2**63, "ends at byte"),
    ],
)
def test_a_tensor_that_cannot_be(
    tmp_path: Path, dimensions: tuple[int, ...], format_id: int, offset: int, words: str
) -> None:
    place = string("t") + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, format_id, offset)

    with pytest.raises(CheckpointError, match=words):
        read(tmp_path, HEAD + string("k") + value(1) + place + bytes(160))


def test_two_tensors_of_one_name(tmp_path: Path) -> None:
    place = string("t") + struct.pack("<IQIQ", 1, 32, 0, 0)

    with pytest.raises(CheckpointError, match="two of its tensors have one name"):
        read(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 2, 0) + place * 2 + bytes(256))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"m\.gguf cannot be read: No such file"):
        read_gguf(tmp_path / "m.gguf")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=9), st.booleans())
def test_damage_anywhere_is_a_sentence_or_harmless(tmp_path: Path, at: int, patch: bytes, is_cut: bool) -> None:
    with suppress(CheckpointError):  # and nothing else
        read(tmp_path, WHOLE[:at] + patch + (b"" if is_cut else WHOLE[at + len(patch) :]))


def test_the_file_is_found_by_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(WHOLE)

    assert find_gguf(tmp_path) == find_gguf(path) == path
    (tmp_path / "model.safetensors").touch()
    assert find_gguf(tmp_path) is None


def test_of_several_files_one_must_be_named(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(WHOLE)

    assert find_gguf(tmp_path / "b.gguf") == tmp_path / "b.gguf"
    with pytest.raises(CheckpointError, match=r"has 2 GGUF files \(a\.gguf, b\.gguf\)"):
        find_gguf(tmp_path)
