"""The service as a container uses it: many callers on an event loop, one engine on its thread."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.backend import POISON, FakeBackend
from fakes.checkpoints import byte_tokenizer, write_checkpoint
from fakes.gguf import SMALL as SMALL_GGUF
from fakes.gguf import write_gguf
from firstbyte.engine.backends.echo import WordTokenizer
from firstbyte.engine.errors import CheckpointError, GenerationFailed, InvalidRequest, Overloaded, PromptTooLong
from firstbyte.engine.gguf.reader import read_gguf
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import FinishReason, GenerateRequest, Sampling, TokenEvent
from firstbyte.engine.service import EngineService

SMALL = EngineOptions(num_blocks=64, block_len=4, max_batch_size=4, max_queue=2)


@contextlib.asynccontextmanager
async def serving(backend: FakeBackend | None = None, **changes: Any) -> AsyncIterator[EngineService]:
    options = EngineOptions(**{"num_blocks": 64, "block_len": 4, "max_batch_size": 4, "max_queue": 2} | changes)
    service = EngineService(backend or FakeBackend(), WordTokenizer(), options)
    try:
        yield service
    finally:
        await service.close()


def request(*prompt_ids: int, max_new_tokens: int = 8, **more: Any) -> GenerateRequest:
    return GenerateRequest(prompt_ids, max_new_tokens, **more)


async def collect(service: EngineService, wanted: GenerateRequest) -> list[TokenEvent]:
    return [event async for event in service.generate(wanted)]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def spoil_a_scale(path: Path) -> None:
    file = read_gguf(path)
    tensor = file.tensors["blk.1.ffn_down.weight"]
    raw = bytearray(path.read_bytes())
    at = raw.index(tensor.raw.tobytes())
    raw[at + 34 : at + 36] = np.float16(np.nan).tobytes()  # of the second group
    path.write_bytes(raw)


def widen_the_vocabulary(path: Path) -> None:
    byte_tokenizer(120).save(str(path.with_name("tokenizer.json")))


def forget_the_tokenizer(path: Path) -> None:
    path.with_name("tokenizer.json").unlink()


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut, "is damaged or incomplete: tensor .* ends at byte"),
        (spoil_a_scale, "blk.1.ffn_down.weight holds values that are not finite numbers"),
        (widen_the_vocabulary, "the tokenizer gives ids up to 119, but the model's vocabulary has 97"),
        (forget_the_tokenizer, "m.gguf has no tokenizer.ggml.tokens"),
    ],
)
def test_a_damaged_gguf_file_is_refused_at_the_start(tmp_path: Path, damage: Any, words: str, backend: Any) -> None:
    if backend == "native":
        pytest.importorskip("firstbyte.engine.backends.native", reason="the extension is not built")
    model_dir = write_checkpoint(tmp_path / "checkpoint", SMALL_GGUF)
    path = tmp_path / "model" / "m.gguf"
    path.parent.mkdir()
    write_gguf(path, model_dir, "Q8_0")
    shutil.copy(model_dir / "tokenizer.json", path.parent)
    damage(path)

    with pytest.raises(CheckpointError, match=words):
        EngineService.load(path.parent, EngineOptions(backend=backend, num_threads=1, cache_dir=tmp_path / "cache"))


async def test_a_shared_beginning_is_computed_once() -> None:
    """Eight users whose prompts begin with the same 32 tokens, all at once, and one more when they have gone."""
    system = tuple(range(3, 35))
    async with serving(num_blocks=256, max_batch_size=8, max_queue=8) as service:
        await asyncio.gather(*[collect(service, request(*system, 40 + user, 7, 9)) for user in range(8)])
        together = service.stats()
        await collect(service, request(*system, 60, 7, 9))
        stats = service.stats()

    assert (together.num_prefix_queries, together.num_prefix_hits, together.num_cached_tokens) == (8, 7, 7 * 32)
    assert together.num_computed_tokens == 32 + 8 * 3 + 8 * 7
    assert (stats.num_prefix_hits, stats.num_cached_tokens) == (8, 8 * 32)
    assert stats.num_free_blocks == 256


async def test_events_come_one_for_each_token() -> None:
    async with serving() as service:
        events = await collect(service, request(5, 6, 7))

    assert [event.index for event in events] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [event.finish is not None for event in events] == [False] * 7 + [True]


async def test_results_do_not_depend_on_who_else_is_there() -> None:
    wanted = [request(5, 6, index, sampling=Sampling(do_sample=True, seed=index)) for index in range(8)]
    async with serving() as service:
        alone = [await collect(service, each) for each in wanted]
    async with serving(max_queue=8, max_batch_prefill_tokens=5) as service:
        together = await asyncio.gather(*[collect(service, each) for each in wanted])

    assert together == alone


async def test_closing_the_iterator_frees_the_blocks() -> None:
    async with serving() as service:
        stream = service.generate(request(5, 6, 7, max_new_tokens=100))
        await anext(stream)
        await stream.aclose()
        await collect(service, request(8, max_new_tokens=1))  # a step after the cancelling

        assert service.stats().num_free_blocks == 64
        assert service.stats().num_generated_tokens < 100


async def test_a_cancelled_task_leaves_the_batch() -> None:
    backend = FakeBackend()
    async with serving(backend) as service:
        backend.gate.clear()
        task = asyncio.create_task(collect(service, request(5, 6, max_new_tokens=100)))
        await asyncio.to_thread(backend.entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        backend.gate.set()
        await collect(service, request(8, max_new_tokens=1))

        assert service.stats().num_free_blocks == 64
        assert service.stats().num_generated_tokens <= 2


async def test_a_failed_step_is_told_to_its_caller() -> None:
    async with serving() as service:
        with pytest.raises(GenerationFailed, match="poisoned"):
            await collect(service, request(POISON))

        assert len(await collect(service, request(5))) == 8
        assert service.is_healthy


async def test_closing_ends_running_requests() -> None:
    backend = FakeBackend()
    service = EngineService(backend, WordTokenizer(), SMALL)
    backend.gate.clear()
    task = asyncio.create_task(collect(service, request(5, max_new_tokens=200)))
    await asyncio.to_thread(backend.entered.wait, 30)
    closing = asyncio.create_task(service.close())
    while service.is_healthy:
        await asyncio.wait([closing], timeout=0.01)
    backend.gate.set()
    await closing

    with pytest.raises(GenerationFailed, match="closed"):
        await task
    with pytest.raises(GenerationFailed, match="closed"):
        await collect(service, request(5))


async def test_one_request_too_many_is_refused_and_then_there_is_room_again() -> None:
    backend = FakeBackend()
    async with serving(backend) as service:
        backend.gate.clear()
        tasks = [asyncio.create_task(collect(service, request(5, index))) for index in range(6)]
        await asyncio.to_thread(backend.entered.wait, 30)
        with pytest.raises(Overloaded):
            await collect(service, request(5))
        backend.gate.set()
        await asyncio.gather(*tasks)

        assert len(await collect(service, request(5))) == 8


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (request(), "at least one token"),
        (request(5, max_new_tokens=0), "max_new_tokens must be at least 1"),
        (request(65), "from 0 to 64"),
        (request(-1), "from 0 to 64"),
        (request(5, sampling=Sampling(temperature=0.0)), "temperature"),
        (request(5, sampling=Sampling(top_k=-1)), "top_k"),
        (request(5, sampling=Sampling(top_p=1.5)), "top_p"),
        (request(5, sampling=Sampling(typical_p=0.0)), "typical_p"),
        (request(5, sampling=Sampling(repetition_penalty=-1.0)), "repetition_penalty"),
        (request(5, sampling=Sampling(frequency_penalty=float("nan"))), "frequency_penalty"),
        (request(5, sampling=Sampling(seed=2**64)), "seed"),
        (request(5, num_top_tokens=-1), "num_top_tokens"),
    ],
)
async def test_what_cannot_run_is_refused(wanted: GenerateRequest, message: str) -> None:
    async with serving() as service:
        with pytest.raises(InvalidRequest, match=message):
            await collect(service, wanted)

        assert service.stats().num_steps == 0


async def test_a_sequence_must_fit() -> None:
    async with serving(num_blocks=4) as service:
        assert service.max_total_tokens == 16
        with pytest.raises(PromptTooLong, match="must be <= 16: given 9 prompt tokens and 8"):
            await collect(service, request(*[5] * 9))
        assert len(await collect(service, request(*[5] * 8))) == 8


@pytest.mark.parametrize(("asked", "in_force"), [(None, 4096), (100, 100), (10_000, 4096)])
async def test_the_models_positions_bound_the_length(asked: int | None, in_force: int) -> None:
    async with serving(num_blocks=None, max_total_tokens=asked) as service:
        assert service.max_total_tokens == in_force
        assert service.stats().num_blocks == in_force * 4 // 4  # four sequences in blocks of four tokens


async def test_a_seed_is_drawn_and_told_when_sampling() -> None:
    async with serving() as service:
        first = await collect(service, request(5, 6, sampling=Sampling(do_sample=True)))
        finish = first[-1].finish
        assert finish is not None
        again = await collect(service, request(5, 6, sampling=Sampling(do_sample=True, seed=finish.seed)))
        greedy = await collect(service, request(5, 6))

    assert again == first
    assert greedy[-1].finish is not None
    assert greedy[-1].finish.seed is None


async def test_preempted_requests_give_the_same_result() -> None:
    wanted = [request(5, 6, index, max_new_tokens=20) for index in range(4)]
    async with serving() as service:
        alone = [await collect(service, each) for each in wanted]
    async with serving(num_blocks=10) as service:
        together = await asyncio.gather(*[collect(service, each) for each in wanted])
        num_preemptions = service.stats().num_preemptions

    assert together == alone
    assert num_preemptions > 0


async def test_prompt_and_top_tokens_are_told_when_asked() -> None:
    async with serving() as service:
        events = await collect(service, request(5, 6, 7, prompt_logprobs=True, num_top_tokens=2))

    finish = events[-1].finish
    assert finish is not None
    assert [token.token_id for token in finish.prompt_tokens] == [5, 6, 7]
    assert finish.prompt_tokens[0].logprob is None
    assert all(token.logprob is not None and token.logprob < 0 for token in finish.prompt_tokens[1:])
    assert [token.token_id for token in events[0].top_tokens][:1] == [events[0].token_id]
    assert events[0].top_tokens[0].logprob >= events[0].top_tokens[1].logprob


def test_one_engine_serves_callers_on_several_event_loops() -> None:
    service = EngineService(FakeBackend(), WordTokenizer(), SMALL)

    first, second = (asyncio.run(collect(service, request(5, 6))) for _ in range(2))

    assert first == second
    asyncio.run(service.close())


async def test_echo_gives_the_prompt_back() -> None:
    service = EngineService.load_echo(EngineOptions())
    events = await collect(service, request(*service.tokenizer.encode("one two three"), max_new_tokens=10))
    await service.close()

    assert [event.text for event in events] == ["one", " two", " three", "</s>"]
    finish = events[-1].finish
    assert finish is not None
    assert (finish.reason, finish.generated_text) == (FinishReason.EOS_TOKEN, "one two three")


async def test_a_checkpoint_is_loaded_and_run(tmp_path: Path) -> None:
    service = EngineService.load(write_checkpoint(tmp_path), EngineOptions(backend="reference"))
    events = await collect(service, request(*service.tokenizer.encode("HELLO")))
    await service.close()

    assert service.model.backend == "reference"
    assert service.model.eos_token_ids == {2}
    assert service.max_total_tokens == 256
    assert 1 <= len(events) <= 8


def test_a_tokenizer_that_does_not_belong_to_the_model_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    byte_tokenizer(200).save(str(tmp_path / "tokenizer.json"))

    with pytest.raises(CheckpointError, match=r"ids up to 199.*97 entries"):
        EngineService.load(tmp_path, EngineOptions())
