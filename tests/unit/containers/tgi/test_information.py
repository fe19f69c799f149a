from dataclasses import replace

from fakes.containers import MODEL, get, play, play_on, post, tgi
from fakes.engine import FakeEngine, FakeTokenizer
from firstbyte.containers.server import ContainerServer
from firstbyte.containers.tgi.information import Served, describe_model
from firstbyte.containers.tgi.options import read_options, settle_limits
from firstbyte.containers.versions import Version


async def test_info_of_2_0_2() -> None:
    info = (await play(tgi("2.0.2", MAX_BATCH_TOTAL_TOKENS="8192"), get("/info"))).json
    assert list(info) == [
        "model_id", "model_sha", "model_dtype", "model_device_type", "model_pipeline_tag", "max_concurrent_requests",
        "max_best_of", "max_stop_sequences", "max_input_length", "max_total_tokens", "waiting_served_ratio",
        "max_batch_total_tokens", "max_waiting_tokens", "max_batch_size", "validation_workers", "max_client_batch_size",
        "version", "sha", "docker_label",
    ]  # fmt: skip
    assert (info["model_id"], info["max_input_length"], info["max_total_tokens"]) == ("my/model", 4095, 4096)
    assert (info["max_batch_total_tokens"], info["version"]) == (8192, "2.0.2")


async def test_info_of_3() -> None:
    info = (await play(tgi("3.3.0"), get("/info"))).json
    assert list(info) == [
        "model_id", "model_sha", "model_pipeline_tag", "max_concurrent_requests", "max_best_of", "max_stop_sequences",
        "max_input_tokens", "max_total_tokens", "validation_workers", "max_client_batch_size", "router", "version",
        "sha", "docker_label",
    ]  # fmt: skip


def test_info_says_how_weights_are_kept() -> None:
    options = read_options({"HF_MODEL_ID": "my/model"}, Version.parse("3.3.0"))
    served = Served(options, settle_limits(options, 4096), replace(MODEL, quantize="int8"), FakeTokenizer())
    assert list(describe_model(served).items())[-1] == ("quantize", "int8")


async def test_models_are_listed_by_versions_that_have_the_route() -> None:
    assert (await play(tgi("2.0.2"), get("/v1/models"))).status == 404
    assert (await play(tgi("3.0.0"), get("/v1/models"))).json == {
        "object": "list",
        "data": [{"id": "my/model", "object": "model", "created": 0, "owned_by": "my/model"}],
    }


async def test_tokenize_gives_ids_texts_and_positions() -> None:
    answer = await play(tgi(), post("/tokenize", {"inputs": "aé"}))
    assert answer.json == [
        {"id": 1, "text": "<s>", "start": 0, "stop": 0},
        {"id": ord("a") + 3, "text": "a", "start": 0, "stop": 1},
        {"id": ord("é") + 3, "text": "é", "start": 1, "stop": 2},
    ]
    assert (await play(tgi(), post("/tokenize", {"inputs": ""}))).status == 422


async def test_metrics_count_how_calls_ended() -> None:
    server = ContainerServer(tgi(), FakeEngine(fail_at=0))
    await play_on(server, post("/generate", {"inputs": "a"}))
    await play_on(ContainerServer(tgi(), FakeEngine()), post("/generate", {"inputs": "a"}))
    text = (await play_on(server, get("/metrics"))).body.decode()
    assert "# TYPE tgi_request_count counter\ntgi_request_count 1\n" in text
    assert 'tgi_request_failure{err="generation"} 1\n' in text
    assert "tgi_batch_current_size 0\n" in text
    assert "# TYPE firstbyte_prefix_cache_hits_total counter\nfirstbyte_prefix_cache_hits_total 0\n" in text
    assert text.count("# TYPE tgi_request_failure") == 1
