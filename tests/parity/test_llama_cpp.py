"""Our reading of GGUF against llama.cpp's (`make test-parity`): the tokens of whole models, the values of blocks."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.checkpoints import write_checkpoint
from fakes.gguf import write_gguf
from fakes.steps import run_of, sequence_of
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.batch import build_batch
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.gguf.tensors import FORMATS
from firstbyte.engine.grammar import num_words
from firstbyte.engine.scheduler import Step
from parity.cases import CASES, NUM_NEW_TOKENS, prompt_of, seed_of

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venvs" / "llama" / "bin" / "python"
SCRIPT = Path(__file__).with_name("llama_cpp.py")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PYTHON.is_file(), reason="llama.cpp's environment is made by make test-parity"),
]
WITHOUT_A_WINDOW = [case for case in CASES if "window" not in case]
"""llama.cpp knows a window neither in its architecture `llama` nor in `qwen2`."""
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
WORDS = [f"▁w{index}" for index in range(61)]
VOCABULARY: dict[str, Any] = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *BYTES, *WORDS],
    "tokenizer.ggml.scores": [0.0] * (3 + 256 + len(WORDS)),
    "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256 + [1] * len(WORDS),
    "tokenizer.ggml.bos_token_id": 1,
}
"""llama.cpp loads no model without one."""


def ask(question: dict[str, Any]) -> Any:
    """Run the script in llama.cpp's environment."""
    done = subprocess.run(
        [PYTHON, SCRIPT], input=json.dumps(question), capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def decode_without_eos(backend: ReferenceBackend, prompt_ids: list[int]) -> list[int]:
    """Greedy tokens, of which EOS is never one: so does llama.cpp's `ignore_eos`."""
    allowed = np.full((1, num_words(backend.info.vocab_size)), -1, np.int32)
    allowed[0, 0] &= ~(1 << 2)
    sequence = sequence_of(prompt_ids)
    for _ in range(NUM_NEW_TOKENS):
        batch = build_batch(Step((run_of(sequence, sequence.num_pending),)))
        choices = backend.run(replace(batch, plans=replace(batch.plans, allowed=allowed)))
        sequence.num_computed = sequence.num_tokens
        sequence.append(int(choices.token_ids[0]))
    generated: list[int] = sequence.token_ids[len(prompt_ids) :].tolist()
    return generated


@pytest.mark.parametrize("case", WITHOUT_A_WINDOW)
def test_the_same_file_gives_the_same_tokens(tmp_path: Path, case: str) -> None:
    config = CASES[case] | {"vocab_size": len(VOCABULARY["tokenizer.ggml.tokens"])}
    model_dir = write_checkpoint(tmp_path / "model", config, seed_of(case))
    path = write_gguf(tmp_path / "m.gguf", model_dir, extra=VOCABULARY)
    backend = ReferenceBackend.load(Checkpoint.open(path))
    backend.allocate(num_blocks=64, block_len=4)

    (tokens,) = ask({"path": str(path), "prompts": [prompt_of(case)], "num_tokens": NUM_NEW_TOKENS})

    assert decode_without_eos(backend, prompt_of(case)) == tokens


def test_blocks_of_every_format_stand_for_the_same_values() -> None:
    random = np.random.default_rng(0)
    blocks = {}
    for stored in FORMATS.values():
        if stored.block_len > 1:
            raw = random.integers(0, 256, (40, stored.block_bytes), np.uint8)
            with np.errstate(invalid="ignore", over="ignore"):
                values = stored.widen(raw.reshape(-1)).reshape(len(raw), -1)
            blocks[stored.name] = raw[np.isfinite(values).all(axis=1)]

    expected = ask({"blocks": {name: raw.tobytes().hex() for name, raw in blocks.items()}})

    for stored in FORMATS.values():
        if stored.name in blocks:
            np.testing.assert_array_equal(stored.widen(blocks[stored.name].reshape(-1)), expected[stored.name])
