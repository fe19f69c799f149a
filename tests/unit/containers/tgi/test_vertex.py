from typing import Any

import pytest

from fakes.containers import play, post, tgi
from fakes.engine import FakeEngine
from firstbyte.engine.errors import GenerationFailed


async def test_every_instance_is_a_prediction() -> None:
    engine = FakeEngine()
    instances = [
        {"inputs": "x", "parameters": {"max_new_tokens": 1, "seed": 3}},
        {"messages": [{"role": "u", "content": "y"}]},
    ]
    answer = await play(tgi("3.3.0"), post("/vertex", {"instances": instances}), engine)
    assert (answer.status, answer.json) == (200, {"predictions": [" a", " a b"]})
    assert (engine.requests[0].sampling.do_sample, engine.requests[0].sampling.seed) == (True, 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [({"instances": []}, 422), ({"instances": {}}, 422), ({"instances": [{}]}, 422), ({}, 422)],
)
async def test_refusals(body: Any, status: int) -> None:
    assert (await play(tgi(), post("/vertex", body))).status == status


@pytest.mark.parametrize("instance", [{"inputs": 1}, {"inputs": "x", "parameters": 1}, {"messages": "x"}, {}, 1])
async def test_an_instance_of_no_known_shape_is_named(instance: Any) -> None:
    answer = await play(tgi(), post("/vertex", {"instances": [{"inputs": "x"}, instance]}))
    assert answer.status == 422
    assert "instances[1]: data did not match any variant of untagged enum VertexInstance at" in answer.body.decode()


async def test_failure_of_one_is_the_failure_of_all() -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = GenerationFailed("broken")
    answer = await play(tgi(), post("/vertex", {"instances": [{"inputs": "x"}]}), engine)
    assert (answer.status, answer.json) == (
        500,
        {"error": "Incomplete generation", "error_type": "Incomplete generation"},
    )
