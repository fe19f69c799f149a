"""The reference backend against what transformers gave in float32 (recorded by `parity.record`)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import parity.cases
from fakes.checkpoints import write_checkpoint
from fakes.steps import decode_greedily, prefill
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.checkpoint import Checkpoint
from parity.cases import CASES, NUM_NEW_TOKENS, prompt_of, seed_of

RECORDED: dict[str, Any] = json.loads(Path(parity.cases.__file__).with_name("recorded.json").read_text())["cases"]


def load(folder: Path, case: str) -> ReferenceBackend:
    model_dir = write_checkpoint(folder, CASES[case], seed_of(case))
    backend = ReferenceBackend.load(Checkpoint.open(model_dir))
    backend.allocate(num_blocks=32, block_len=4)
    return backend


@pytest.mark.parametrize("case", CASES)
def test_greedy_tokens_equal_those_of_transformers(tmp_path: Path, case: str) -> None:
    backend = load(tmp_path, case)

    assert decode_greedily(backend, prompt_of(case), NUM_NEW_TOKENS) == RECORDED[case]["token_ids"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_logits_equal_those_of_transformers_however_the_prompt_is_cut(tmp_path: Path, case: str, chunk: int) -> None:
    backend = load(tmp_path, case)

    first = prefill(backend, prompt_of(case), chunk)
    last = prefill(backend, prompt_of(case) + RECORDED[case]["token_ids"][:-1], chunk)

    np.testing.assert_allclose(first, RECORDED[case]["first_logits"], atol=2e-4)
    np.testing.assert_allclose(last, RECORDED[case]["last_logits"], atol=2e-4)
