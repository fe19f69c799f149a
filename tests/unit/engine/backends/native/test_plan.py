"""Which matrices are packed how."""

from pathlib import Path
from typing import Any

import pytest

from fakes.checkpoints import write_checkpoint
from firstbyte.engine.backends.native._kernels import Format
from firstbyte.engine.backends.native.plan import PackedEntry, plan_weights
from firstbyte.engine.backends.native.quantization import Quantization
from firstbyte.engine.checkpoint import Checkpoint
from parity.cases import CASES

FITS: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 96}


def plan(folder: Path, quantization: Quantization, config: dict[str, Any]) -> dict[str, PackedEntry]:
    checkpoint = Checkpoint.open(write_checkpoint(folder, config))
    return {entry.name: entry for entry in plan_weights(checkpoint, quantization)}


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_is_taken_once(tmp_path: Path, case: str) -> None:
    entries = plan(tmp_path, Quantization.NONE, CASES[case])

    sources = sorted(source for entry in entries.values() for source in entry.sources)
    assert sources == sorted(Checkpoint.open(tmp_path).tensors)


def test_projections_of_one_input_are_one_matrix(tmp_path: Path) -> None:
    entries = plan(tmp_path, Quantization.INT4, FITS)

    assert entries["layers.0.qkv"].shape == (16 * (4 + 2 + 2), 64)
    assert entries["layers.0.gate_up"].shape == (2 * 96, 64)


def test_embedding_and_head_stay_int8(tmp_path: Path) -> None:
    entries = plan(tmp_path, Quantization.INT4, FITS)

    assert entries["embedding"].format is entries["head"].format is Format.INT8
    assert entries["layers.2.down"].format is Format.INT4


def test_tied_embeddings_are_packed_once(tmp_path: Path) -> None:
    assert "head" not in plan(tmp_path, Quantization.INT8, FITS | {"tie_word_embeddings": True})


def test_what_does_not_fit_groups_stays_as_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entries = plan(tmp_path, Quantization.INT8, {})

    assert {entry.format for entry in entries.values()} == {Format.F32, None}
    assert "stay as stored" in caplog.text
