import json
from typing import Any

from fakes.containers import lmi, play, post
from fakes.engine import FakeEngine
from firstbyte.engine.errors import GenerationFailed


async def asked(engine: FakeEngine | None = None, version: str = "0.36.0", **body: Any) -> Any:
    return await play(lmi(version), post("/invocations", {"prompt": "hi", **body}), engine)


async def test_whole() -> None:
    answer = await asked(FakeEngine(["a", "é"]))
    made = answer.json
    assert isinstance(made.pop("created"), int)
    assert made == {
        "id": "cmpl-id-1",
        "object": "text_completion",
        "model": "model",
        "choices": [{"index": 0, "text": "aé", "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
    }


async def test_lines_and_the_counts_where_they_are_asked_for() -> None:
    answer = await asked(FakeEngine(["a"]), stream=True, stream_options={"include_usage": True})
    assert answer.headers["content-type"] == "application/jsonlines"
    lines = [json.loads(chunk) for chunk in answer.chunks]
    assert [line["choices"] for line in lines] == [
        [{"index": 0, "text": "a", "logprobs": None, "finish_reason": None}],
        [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}],
        [],
    ]
    assert lines[-1]["usage"]["completion_tokens"] == 2
    assert len((await asked(FakeEngine(["a"]), stream=True)).chunks) == 2


async def test_failure() -> None:
    engine = FakeEngine(["a", "b"], fail_at=1)
    engine.failure = GenerationFailed("no memory")
    lines = await asked(engine, stream=True)
    assert json.loads(lines.chunks[-1]) == {"code": 424, "error": "no memory"}
    assert (await asked(engine)).status == 424
    engine.fail_at = 0
    assert (await asked(engine, stream=True)).status == 424
