"""The green list is fixed by the token before; and whoever counts the green tokens of a text can tell it was marked."""

import itertools
import math
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.checkpoints import write_checkpoint
from fakes.vocabularies import byte_tokenizer_json
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.service import EngineService
from firstbyte.engine.watermark import Watermark, green_bits, green_tokens

VOCAB_SIZE = 257


@given(
    previous_id=st.integers(0, 2**31 - 1),
    vocab_size=st.integers(1, 400),
    gamma=st.sampled_from([0, 0.25, 0.5, 0.99, 1]),
)
def test_so_many_tokens_are_green_and_the_bits_are_theirs(previous_id: int, vocab_size: int, gamma: float) -> None:
    green = green_tokens(previous_id, vocab_size, gamma)

    assert len(set(green.tolist())) == int(vocab_size * gamma)
    assert all(0 <= token_id < vocab_size for token_id in green)
    bits = np.unpackbits(green_bits(previous_id, vocab_size, gamma).view(np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == green.tolist()


def test_the_list_is_the_same_everywhere_and_another_after_another_token() -> None:
    assert green_tokens(1, 16, 0.5).tolist() == [0, 2, 3, 5, 6, 12, 13, 15]
    assert green_tokens(2, 16, 0.5).tolist() != [0, 2, 3, 5, 6, 12, 13, 15]
    assert green_bits(1, 16, 0.5) is green_bits(1, 16, 0.5)


def test_every_token_is_green_as_often_as_gamma_says() -> None:
    counts = np.zeros(50)
    for previous_id in range(4000):
        counts[green_tokens(previous_id, 50, 0.5)] += 1
    assert np.all(np.abs(counts - 2000) < 5 * math.sqrt(4000 * 0.25))


def z_score(token_ids: list[int], gamma: float) -> float:
    """How many standard deviations more green tokens there are than chance gives; Kirchenbauer et al., equation 3."""
    pairs = list(itertools.pairwise(token_ids))
    num_green = sum(token_id in green_tokens(previous, VOCAB_SIZE, gamma) for previous, token_id in pairs)
    return (num_green - gamma * len(pairs)) / math.sqrt(len(pairs) * gamma * (1 - gamma))


@pytest.mark.parametrize("backend", ["reference", "native"])
async def test_a_marked_text_can_be_told_from_others(tmp_path: Path, backend: Literal["reference", "native"]) -> None:
    if backend == "native":
        pytest.importorskip("firstbyte.engine.backends.native._kernels", reason="the extension is not built")
    folder = write_checkpoint(tmp_path, {"vocab_size": VOCAB_SIZE, "eos_token_id": 256})
    (folder / "tokenizer.json").write_text(byte_tokenizer_json(), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</s>"}', encoding="utf-8")
    engine = EngineService.load(folder, EngineOptions(backend=backend, max_total_tokens=128, num_threads=1))
    scores = []
    try:
        for watermark in (None, Watermark(0.25, 4.0)):
            sampling = Sampling(do_sample=True, seed=3, watermark=watermark)
            request = GenerateRequest((104,), 100, sampling, ignore_eos=True)
            async with aclosing(engine.generate(request)) as events:
                scores.append(z_score([104, *[event.token_id async for event in events]], 0.25))
    finally:
        await engine.close()
    assert abs(scores[0]) < 4
    assert scores[1] > 8
