"""The safetensors reader: dtypes, and files cut or damaged anywhere."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.tensors import read_safetensors

VALUES = np.array([[0.0, 1.0, -2.5], [65504.0, 2.0**-14, 0.333251953125]], np.float32)
"""Exact in float16; those of the first row in bfloat16 too."""


def write(path: Path, header: Any, data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.mark.parametrize(("name", "dtype"), [("F32", np.float32), ("F16", np.float16)])
def test_what_the_library_wrote_is_read(tmp_path: Path, name: str, dtype: type[np.generic]) -> None:
    save_file({"x": VALUES.astype(dtype), "empty": np.zeros((0, 4), dtype)}, tmp_path / "t", {"format": "pt"})

    tensors = read_safetensors(tmp_path / "t")

    assert tensors.keys() == {"x", "empty"}
    assert tensors["x"].dtype == name
    assert tensors["x"].float32().dtype == np.float32
    np.testing.assert_array_equal(tensors["x"].float32(), VALUES)


def test_bfloat16_is_the_upper_half_of_float32(tmp_path: Path) -> None:
    data = b"\x00\x00\x80\x3f\x20\xc0"  # 0.0, 1.0, -2.5
    path = write(tmp_path / "t", {"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}, data)

    assert read_safetensors(path)["x"].float32().tolist() == [0.0, 1.0, -2.5]


def test_values_not_aligned_in_the_file_are_read(tmp_path: Path) -> None:
    header: dict[str, Any] = {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {}}
    for padding in range(4):
        header["__metadata__"] = {"pad": "." * padding}
        path = write(tmp_path / str(padding), header, VALUES[0, :2].tobytes())
        assert read_safetensors(path)["x"].float32().tolist() == [0.0, 1.0]


def test_nothing_is_copied(tmp_path: Path) -> None:
    save_file({"x": VALUES}, tmp_path / "t")
    data = read_safetensors(tmp_path / "t")["x"].data

    while not isinstance(data, np.memmap):
        assert data.base is not None, "the values must lie in the mapped file"
        data = data.base
    assert not data.flags.writeable


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}, "stored as I64"),
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, "does not fit its shape"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "does not fit its shape"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}, "does not fit its shape"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}, "ends at byte 12 of 8"),
        ({"dtype": "F32", "shape": [2]}, "not understood"),
        ({"dtype": "F32", "shape": "2", "data_offsets": 8}, "not understood"),
        (7, "not understood"),
    ],
)
def test_entries_that_lie_are_refused(tmp_path: Path, entry: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_safetensors(write(tmp_path / "t", {"x": entry}, bytes(8)))


@pytest.mark.parametrize("header", [[], 7, None])
def test_a_header_that_is_no_object_is_refused(tmp_path: Path, header: Any) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        read_safetensors(write(tmp_path / "t", header))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="missing from the model folder"):
        read_safetensors(tmp_path / "t")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    save_file({"x": VALUES, "y": VALUES}, tmp_path / "t")
    whole = (tmp_path / "t").read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    (tmp_path / "cut").write_bytes(whole[:cut])

    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        read_safetensors(tmp_path / "cut")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "junk").write_bytes(junk)

    with contextlib.suppress(CheckpointError):
        assert read_safetensors(tmp_path / "junk") == {}


def test_a_header_nested_without_end_is_refused(tmp_path: Path) -> None:
    text = b"[" * 200_000
    (tmp_path / "t").write_bytes(len(text).to_bytes(8, "little") + text)

    with pytest.raises(CheckpointError, match="not JSON"):
        read_safetensors(tmp_path / "t")
