"""The engine's answers in the words of a model's own code."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.containers import lmi, play_on, post
from fakes.engine import FakeEngine
from fakes.handlers import plan
from firstbyte.containers.dialect import Application
from firstbyte.containers.lmi.handlers.formatting import InputFormatting, OutputFormatter
from firstbyte.containers.lmi.handlers.workers import Workers
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

BEFORE = """
import json
from djl_python.output_formatter import TextGenerationOutput, output_formatter
from djl_python.input_parser import input_formatter
from djl_python.request_io import TextInput
from djl_python.encode_decode import decode

@output_formatter
def word(output: TextGenerationOutput) -> str:
    token, is_first, is_last = output.sequences[output.best_sequence_index].get_next_token()
    if token.text == "bad":
        raise ValueError("bad word")
    result = {"text": token.text, "prompt": output.input.input_text}
    if is_last:
        result["finish_reason"] = output.sequences[0].finish_reason
    return json.dumps(result) + chr(10)

@input_formatter
def read(input_item, **kwargs) -> TextInput:
    asked = decode(input_item, input_item.get_property("Content-Type"))
    made = TextInput()
    made.input_text = asked["question"]
    made.parameters = {"max_new_tokens": asked.get("n", 9)}
    return made
"""
TODAY = """
from djl_python.output_formatter import output_formatter
from djl_python.input_parser import input_formatter

@output_formatter
def word(response_data: dict) -> dict:
    return {"mine": response_data["generated_text"]}

@input_formatter
def read(decoded_payload: dict, tokenizer=None, **kwargs) -> dict:
    return decoded_payload | {"inputs": decoded_payload.pop("question")}
"""


@asynccontextmanager
async def running(folder: Path, source: str, version: str, engine: FakeEngine) -> AsyncIterator[Application]:
    workers = await asyncio.to_thread(Workers.start, plan(folder, source))
    dialect = dataclasses.replace(lmi(version), formatter=OutputFormatter(workers))
    try:
        yield InputFormatting(ContainerServer(dialect, engine), dialect, workers, {})
    finally:
        await workers.close()


async def asked(application: Any, **body: Any) -> Any:
    return await play_on(application, post("/invocations", body))


async def test_each_token_is_worded_by_the_model(tmp_path: Path) -> None:
    engine = FakeEngine(["a", "é"])
    async with running(tmp_path, BEFORE, "0.28.0", engine) as application:
        answer = await asked(application, question="hi", n=2)
        assert [json.loads(chunk) for chunk in answer.chunks] == [
            {"text": "a", "prompt": "hi"},
            {"text": "é", "prompt": "hi", "finish_reason": "length"},
        ]
        assert "content-type" not in answer.headers
        both = await asyncio.gather(asked(application, question="1", n=2), asked(application, question="2", n=2))
        assert [json.loads(one.chunks[0])["prompt"] for one in both] == ["1", "2"]

        engine.texts = ["a", "bad"]
        failed = await asked(application, question="hi")
        assert json.loads(failed.chunks[-1])["token"]["error_msg"] == "bad word"
        engine.failure, engine.fail_at = GenerationFailed("no memory"), 0
        failed = await asked(application, question="hi")
        assert json.loads(failed.chunks[-1])["details"] == {"finish_reason": "error"}

        refused = await asked(application, inputs="hi")
        assert refused.json["error"] == ("Input Parsing failed. Ensure that the request payload is valid. 'question'")


async def test_todays_formatter_replaces_whole_objects(tmp_path: Path) -> None:
    async with running(tmp_path, TODAY, "0.36.0", FakeEngine(["a", "b"])) as application:
        whole = await asked(application, question="hi")
        assert (whole.status, whole.json, whole.headers["content-length"]) == (200, {"mine": "ab"}, "14")
        lines = await asked(application, question="hi", stream=True)
        assert lines.chunks == [b'{"mine": null}\n', b'{"mine": null}\n', b'{"mine": "ab"}\n']
