"""Live against transformers and PyTorch in float32 (`make test-parity`): the model, the warpers, the recording."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.checkpoints import write_checkpoint
from fakes.steps import decode_greedily, prefill
from firstbyte.engine import sampling
from firstbyte.engine.backends.backend import Float32
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.checkpoint import Checkpoint
from parity.cases import CASES, NUM_NEW_TOKENS, prompt_of, seed_of

# torch and transformers are imported inside the tests: without them the file can still be collected and deselected.
pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("default"),  # theirs are theirs to mend
]
RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES)
def test_the_reference_gives_what_transformers_gives(tmp_path: Path, case: str) -> None:
    from parity.oracle import run_oracle

    model_dir = write_checkpoint(tmp_path, CASES[case], seed_of(case))
    backend = ReferenceBackend.load(Checkpoint.open(model_dir))
    backend.allocate(num_blocks=32, block_len=4)
    prompt = prompt_of(case)

    oracle = run_oracle(model_dir, prompt, NUM_NEW_TOKENS)

    assert decode_greedily(backend, prompt, NUM_NEW_TOKENS) == oracle["token_ids"]
    np.testing.assert_allclose(prefill(backend, prompt, 7), oracle["first_logits"], atol=1e-4)
    last = prefill(backend, prompt + oracle["token_ids"][:-1], 64)
    np.testing.assert_allclose(last, oracle["last_logits"], atol=1e-4)
    assert oracle["token_ids"] == RECORDED[case]["token_ids"], "the recording is out of date"
    np.testing.assert_allclose(oracle["last_logits"], RECORDED[case]["last_logits"], atol=1e-4)


def random_scores() -> Float32:
    return (np.random.default_rng(5).standard_normal((64, 500)) * 3).astype(np.float32)


@pytest.mark.parametrize(
    ("warper", "argument", "field", "process"),
    [
        ("TopKLogitsWarper", 50, "top_k", sampling.keep_top_k),
        ("TopPLogitsWarper", 0.6, "top_p", sampling.keep_top_p),
        ("TopPLogitsWarper", 0.95, "top_p", sampling.keep_top_p),
        ("TypicalLogitsWarper", 0.7, "typical_p", sampling.keep_typical),
        ("TemperatureLogitsWarper", 0.9, "temperature", sampling.apply_temperature),
    ],
)
def test_warpers_keep_what_transformers_keeps(warper: str, argument: float, field: str, process: Any) -> None:
    import torch
    import transformers

    from fakes.plans import plans_of

    scores = random_scores()
    expected = getattr(transformers, warper)(argument)(None, torch.from_numpy(scores.copy())).numpy()

    process(scores, plans_of(len(scores), **dict[str, Any]({field: argument})))

    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_the_repetition_penalty_is_that_of_transformers() -> None:
    import torch
    import transformers

    from fakes.plans import plans_of

    scores = random_scores()
    history = np.random.default_rng(6).integers(0, 500, (len(scores), 40))
    processor = transformers.RepetitionPenaltyLogitsProcessor(1.3)
    expected = processor(torch.from_numpy(history), torch.from_numpy(scores.copy())).numpy()

    sampling.penalise_repetition(scores, plans_of(len(scores), history.tolist(), repetition_penalty=1.3))

    np.testing.assert_allclose(scores, expected, rtol=1e-6)
