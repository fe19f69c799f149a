"""The native backend against what transformers gave in float32, and against itself under every mix of neighbours."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import parity.cases
from fakes.checkpoints import write_checkpoint
from fakes.steps import decode_greedily, run_of, sequence_of
from firstbyte.engine.backends.backend import Float32
from firstbyte.engine.backends.native import NativeBackend
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.batch import build_batch
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import GenerateRequest, Sampling, TokenEvent
from firstbyte.engine.scheduler import Step
from firstbyte.engine.service import EngineService
from firstbyte.engine.tensors import StoredTensor
from parity.cases import CASES, NUM_NEW_TOKENS, prompt_of, seed_of

RECORDED: dict[str, Any] = json.loads(Path(parity.cases.__file__).with_name("recorded.json").read_text())["cases"]
EXACT = EngineOptions(quantize="none", num_threads=2)
FITS_GROUPS: dict[str, Any] = {"hidden_size": 128, "intermediate_size": 256, "num_attention_heads": 4}
"""Sizes that int8 and int4 can pack."""


def load(folder: Path, case: str, isa: str) -> NativeBackend:
    model_dir = write_checkpoint(folder, CASES[case], seed_of(case))
    backend = NativeBackend.load(Checkpoint.open(model_dir), EXACT, isa)
    backend.allocate(num_blocks=64, block_len=4)
    return backend


def prefill(backend: NativeBackend, prompt_ids: list[int], chunk: int) -> Float32:
    """Logits after a prompt computed `chunk` tokens a step."""
    sequence = sequence_of(prompt_ids)
    while sequence.num_pending:
        run = run_of(sequence, min(chunk, sequence.num_pending))
        backend.run(build_batch(Step((run,))))
        sequence.num_computed += run.num_tokens
    logits: Float32 = backend.logits(np.array([run.num_tokens - 1], np.int32))[0]
    return logits


@pytest.mark.parametrize("case", CASES)
def test_greedy_tokens_equal_those_of_transformers(tmp_path: Path, case: str, isa: str) -> None:
    backend = load(tmp_path, case, isa)

    assert decode_greedily(backend, prompt_of(case), NUM_NEW_TOKENS) == RECORDED[case]["token_ids"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_logits_equal_those_of_transformers_however_the_prompt_is_cut(
    tmp_path: Path, case: str, chunk: int, isa: str
) -> None:
    backend = load(tmp_path, case, isa)

    first = prefill(backend, prompt_of(case), chunk)
    last = prefill(backend, prompt_of(case) + RECORDED[case]["token_ids"][:-1], chunk)

    np.testing.assert_allclose(first, RECORDED[case]["first_logits"], atol=2e-4)
    np.testing.assert_allclose(last, RECORDED[case]["last_logits"], atol=2e-4)


@pytest.mark.parametrize(("quantize", "bound"), [("none", 1e-5), ("int8", 0.06), ("int4", 0.45)])
@pytest.mark.parametrize("kv_cache_dtype", ["float32", "float16", "int8"])
def test_quantised_logits_are_within_a_bound_of_float32(
    tmp_path: Path, isa: str, quantize: str, bound: float, kv_cache_dtype: Any
) -> None:
    """The bound is on the error's length relative to that of the logits, over all tokens of a prompt.

    Random weights with a gain above 1 are the worst case: these three layers make an error six times as large as one
    matrix does (0.8 % and 8 %).
    """
    checkpoint = Checkpoint.open(write_checkpoint(tmp_path, FITS_GROUPS))
    reference = ReferenceBackend.load(checkpoint)
    options = EngineOptions(quantize=quantize, kv_cache_dtype=kv_cache_dtype, num_threads=2)
    native = NativeBackend.load(checkpoint, options, isa)
    sequence = sequence_of(np.random.default_rng(0).integers(3, 97, 60).tolist())
    batch = build_batch(Step((run_of(sequence, 60),)))
    for backend in (reference, native):
        backend.allocate(64, 4)
    native.run(batch)

    expected = reference.logits(reference.forward(batch))
    error = native.logits(np.arange(60, dtype=np.int32)) - expected

    cache_error = {"float32": 0, "float16": 1e-3, "int8": 0.03}[kv_cache_dtype]
    assert np.linalg.norm(error) < (bound + cache_error) * np.linalg.norm(expected)


REQUESTS = [
    GenerateRequest(
        (1, *range(10, 10 + 9 * index), 50 + index),
        12,
        Sampling(do_sample=index % 2 == 1, seed=index, temperature=1.5, top_k=20 if index % 4 == 3 else 0),
        num_top_tokens=index % 3,
        prompt_logprobs=index == 2,
        ignore_eos=True,
    )
    for index in range(6)
]


async def collect(service: EngineService, request: GenerateRequest) -> list[TokenEvent]:
    return [event async for event in service.generate(request)]


async def cancel_after(service: EngineService, request: GenerateRequest, num_events: int) -> None:
    stream = service.generate(request)
    for _ in range(num_events):
        await anext(stream)
    await stream.aclose()


def serve(folder: Path, **options: Any) -> EngineService:
    defaults: dict[str, Any] = {"backend": "native", "block_len": 4, "num_blocks": 400, "prefix_caching": False}
    return EngineService.load(folder, EngineOptions(**(defaults | options)))


@pytest.mark.parametrize("quantize", ["none", "int8", "int4"])
@pytest.mark.parametrize(
    ("options", "must_have"),
    [
        ({}, ""),
        ({"num_threads": 1}, ""),
        ({"max_batch_prefill_tokens": 7, "min_prefill_tokens": 3}, ""),
        ({"prefix_caching": True}, "num_cached_tokens"),
        ({"num_blocks": 36}, "num_preemptions"),
    ],
    ids=["together", "one_thread", "chunked", "prefix_hits", "preempted"],
)
async def test_neighbours_change_no_bit(tmp_path: Path, quantize: str, options: dict[str, Any], must_have: str) -> None:
    """Texts, tokens and log-probabilities are those of each request alone; cancelled neighbours come and go."""
    write_checkpoint(tmp_path, FITS_GROUPS)
    alone = serve(tmp_path, quantize=quantize, num_threads=3)
    expected = [await collect(alone, request) for request in REQUESTS]
    await alone.close()
    service = serve(tmp_path, quantize=quantize, **options)
    # The second round finds the prefixes of the first.
    for _ in range(2):
        cancelled = [cancel_after(service, request, 1 + index) for index, request in enumerate(REQUESTS)]
        results = await asyncio.gather(*[collect(service, request) for request in REQUESTS], *cancelled)
        if not options.get("prefix_caching"):
            assert results[: len(REQUESTS)] == expected
        else:  # prompts that are found are not scored anew
            assert [[event.token_id for event in events] for events in results[: len(REQUESTS)] if events] == [
                [event.token_id for event in events] for events in expected
            ]
    await collect(service, REQUESTS[0])  # whose steps count what the last cancellation freed
    stats = service.stats()
    await service.close()

    assert stats.num_free_blocks == stats.num_blocks
    assert not must_have or getattr(stats, must_have) > 0


@pytest.mark.parametrize("quantize", ["none", "int8", "int4"])
async def test_guesses_change_no_bit(tmp_path: Path, quantize: str) -> None:
    """With eight words much is said twice, and many guesses are wrong."""
    write_checkpoint(tmp_path, FITS_GROUPS | {"vocab_size": 8})
    samplings = [Sampling(), Sampling(repetition_penalty=1.1), Sampling(do_sample=True, seed=4), Sampling()]
    requests = [
        GenerateRequest((1, 3, 4, 5, 6, 7, 3 + index), 40, sampling, num_top_tokens=2, ignore_eos=True)
        for index, sampling in enumerate(samplings)
    ]
    plain = serve(tmp_path, quantize=quantize)
    expected = await asyncio.gather(*[collect(plain, request) for request in requests])
    await plain.close()
    service = serve(tmp_path, quantize=quantize, prompt_lookup_num_tokens=4)
    results = await asyncio.gather(*[collect(service, request) for request in requests])
    stats = service.stats()
    await service.close()

    assert results == expected
    assert 0 < stats.num_accepted_tokens < stats.num_draft_tokens
    assert stats.num_free_blocks == stats.num_blocks


def test_int8_is_taken_on_a_cpu_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    checkpoint = Checkpoint.open(write_checkpoint(tmp_path, FITS_GROUPS))

    info = NativeBackend.load(checkpoint, EngineOptions()).info

    assert (info.backend, info.quantize, info.num_parameters) == ("native", "int8", checkpoint.num_parameters)
    assert "on a CPU the weights are kept as int8" in caplog.text


def test_exact_weights_are_not_called_quantised(tmp_path: Path) -> None:
    assert NativeBackend.load(Checkpoint.open(write_checkpoint(tmp_path)), EXACT).info.quantize is None


def test_scores_that_are_not_finite_fail_the_step(tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(write_checkpoint(tmp_path, {"rms_norm_eps": 1e-5}))
    huge = dict(checkpoint.tensors)
    norm = huge["model.norm.weight"]
    huge["model.norm.weight"] = StoredTensor(norm.name, "F32", np.full(norm.shape, 3e38, np.float32))
    backend = NativeBackend.load(Checkpoint(checkpoint.path, checkpoint.config, huge), EXACT)
    backend.allocate(64, 4)

    with pytest.raises(FloatingPointError, match="not finite"):
        decode_greedily(backend, [1, 2, 3], 1)


def test_a_batch_out_of_bounds_is_refused(tmp_path: Path) -> None:
    backend = load(tmp_path, "llama_gqa_tied", "")
    sequence = sequence_of([1, 2, 97])

    with pytest.raises(ValueError, match="within the vocabulary"):
        backend.run(build_batch(Step((run_of(sequence, 3),))))


def test_a_step_before_allocation_is_refused(tmp_path: Path) -> None:
    backend = NativeBackend.load(Checkpoint.open(write_checkpoint(tmp_path)), EXACT)

    with pytest.raises(RuntimeError, match="allocate"):
        decode_greedily(backend, [1, 2, 3], 1)
