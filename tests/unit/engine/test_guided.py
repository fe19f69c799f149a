"""Guided generation through the whole engine: a tiny random model that would never write what it is made to write."""

import json
import re
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import pytest

from fakes.checkpoints import write_checkpoint
from fakes.vocabularies import byte_tokenizer_json
from firstbyte.engine.errors import InvalidRequest
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import FinishReason, GenerateRequest, Grammar, Sampling, TokenEvent
from firstbyte.engine.service import EngineService

SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "size": {"enum": ["small", "large"]}},
    "required": ["ok", "size"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_checkpoint(tmp_path_factory.mktemp("model"), {"vocab_size": 257, "eos_token_id": 256})
    (folder / "tokenizer.json").write_text(byte_tokenizer_json(), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</s>"}', encoding="utf-8")
    return folder


async def generate(engine: EngineService, grammar: Grammar, seed: int) -> list[TokenEvent]:
    request = GenerateRequest((104, 105), 60, Sampling(do_sample=True, seed=seed), num_top_tokens=2, grammar=grammar)
    async with aclosing(engine.generate(request)) as events:
        return [event async for event in events]


@pytest.mark.parametrize("backend", ["reference", "native"])
async def test_text_is_what_the_grammar_asks_for(model_dir: Path, backend: Literal["reference", "native"]) -> None:
    if backend == "native":
        pytest.importorskip("firstbyte.engine.backends.native", reason="the extension is not built")
    engine = EngineService.load(model_dir, EngineOptions(backend=backend, max_total_tokens=128, num_threads=1))
    try:
        for seed in range(3):
            *_, last = await generate(engine, Grammar("json_schema", json.dumps(SCHEMA)), seed)
            assert last.finish is not None
            assert last.finish.reason == FinishReason.EOS_TOKEN
            assert json.loads(last.finish.generated_text).keys() == {"ok", "size"}
            *_, last = await generate(engine, Grammar("regex", "[A-C]{3}-[0-9]+"), seed)
            assert last.finish is not None
            assert re.match(r"[A-C]{3}-[0-9]+", last.finish.generated_text)
        with pytest.raises(InvalidRequest, match="grammar is not valid"):
            await generate(engine, Grammar("regex", "((("), 0)
    finally:
        await engine.close()


async def test_model_without_a_vocabulary_takes_no_grammar() -> None:
    engine = EngineService.load_echo(EngineOptions())
    try:
        with pytest.raises(InvalidRequest, match="grammar is not supported"):
            await generate(engine, Grammar("regex", "a"), 0)
    finally:
        await engine.close()
