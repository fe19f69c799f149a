import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.containers import get, play_on, post
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.loading import LoadedHandler, LoadedLmi, load_lmi, within
from firstbyte.containers.lmi.pending import PendingLmi
from firstbyte.containers.loading import Loaded
from firstbyte.containers.settings import read_settings

HANDLER = """
from djl_python import Output

def handle(inputs):
    if inputs.is_empty():
        print("initialised with", inputs.get_properties()["dtype"])
        return None
    return Output().add_as_json({"said": inputs.get_as_json()["inputs"]})
"""
FORMATTERS = """
from djl_python.input_parser import input_formatter

@input_formatter
def read(decoded_payload: dict) -> dict:
    return {"inputs": decoded_payload["prompt"]}
"""


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Loads what the test has put in the model store, and ends it after the test."""
    loaded: list[Loaded] = []

    def load_stored(environment: Mapping[str, str] | None = None) -> Loaded:
        given = {
            "FIRSTBYTE_DIALECT": "lmi",
            "FIRSTBYTE_ENGINE_BACKEND": "echo",
            "FIRSTBYTE_MODEL_DIR": str(tmp_path),
            "FIRSTBYTE_CACHE_DIR": str(tmp_path / ".cache"),
        }
        loaded.append(load_lmi(read_settings(given, tmp_path), environment or {}))
        return loaded[-1]

    yield load_stored
    for container in loaded:
        await container.close()


def store(folder: Path, properties: str, model: str | None = None) -> Path:
    inner = folder / "llama"
    inner.mkdir()
    (inner / "serving.properties").write_text(properties)
    if model is not None:
        (inner / "model.py").write_text(model)
    return inner


async def test_properties_become_the_engines(tmp_path: Path, load: Any) -> None:
    inner = store(
        tmp_path,
        "engine=MPI\noption.rolling_batch=lmi-dist\noption.max_rolling_batch_size=16\noption.tensor_parallel_degree=8\n"
        "option.max_rolling_batch_prefill_tokens=16384\noption.max_model_len=512\n"
        "option.speculative_draft_model=[ngram]\noption.speculative_length=4\n",
    )
    loaded = load()
    assert isinstance(loaded, LoadedLmi)
    options = loaded.engine.options
    assert (options.max_batch_size, options.max_batch_prefill_tokens, options.max_total_tokens) == (16, 16384, 512)
    assert (options.tensor_parallel_degree, options.max_queue, options.prompt_lookup_num_tokens) == (8, 1000, 4)
    assert loaded.notes[:2] == (
        f"model llama is {inner}",
        "rolling_batch=lmi-dist: served by this engine's continuous batching",
    )
    assert loaded.description.startswith("echo: backend echo")
    assert (await play_on(loaded.application, get("/ping"))).json == {"llama": {"status": "Healthy"}}


async def test_model_with_a_handler_needs_no_engine(
    tmp_path: Path, load: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path, "option.dtype=fp16\n", HANDLER)
    loaded = load()
    assert isinstance(loaded, LoadedHandler)
    assert loaded.description == "handler llama/model.py"
    assert "initialised with fp16" in capfd.readouterr().out
    assert (await play_on(loaded.application, post("/invocations", {"inputs": "hi"}))).json == {"said": "hi"}


async def test_model_with_formatters_runs_on_the_engine(tmp_path: Path, load: Any) -> None:
    store(tmp_path, "", FORMATTERS)
    loaded = load()
    assert (await play_on(loaded.application, post("/invocations", {"prompt": "big world"}))).json == {
        "generated_text": "big world"
    }


async def test_code_without_a_handler_and_formatters_is_left_aside(
    tmp_path: Path, load: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path, "", "x = 1")
    with caplog.at_level("INFO"):
        loaded = load()
    assert "llama/model.py has no function handle and no formatter; the engine serves" in caplog.text
    assert (await play_on(loaded.application, post("/invocations", {"inputs": "hi"}))).status == 200


@pytest.mark.parametrize(
    ("properties", "model", "message"),
    [
        (
            "option.output_formatter=xml",
            None,
            "option.output_formatter=xml is not served here: choose json, jsonlines or sse, "
            "or name a function of model.py",
        ),
        (
            "option.output_formatter=mine",
            "x = 1",
            "llama/model.py cannot be loaded: AttributeError: option.output_formatter names mine, "
            "which is no function of it",
        ),
        ("", "import not_there", "llama/model.py cannot be loaded: ModuleNotFoundError: No module named 'not_there'"),
    ],
)
def test_start_that_cannot_work(tmp_path: Path, load: Any, properties: str, model: str | None, message: str) -> None:
    store(tmp_path, properties, model)
    with pytest.raises(StartupFailed) as failure:
        load()
    assert str(failure.value) == message


async def test_answers_can_be_polled(tmp_path: Path, load: Any) -> None:
    store(tmp_path, "")
    application = load().application
    begun = await play_on(application, post("/invocations", {"inputs": "big world"}, x_synchronous="false"))
    text, token = b"", begun.headers.get("x-next-token")
    while token is not None:
        page = await play_on(application, post("/invocations", {}, x_starting_token=token))
        text, token = text + page.body, page.headers.get("x-next-token")
        await asyncio.sleep(0)
    assert text == b'{"generated_text": "big world"}'


async def test_port_may_open_before_the_model_is_loaded(tmp_path: Path, load: Any) -> None:
    store(tmp_path, "")
    loaded = load({"SERVING_WAIT_MODEL_LOADING": "false"})
    assert isinstance(loaded, PendingLmi)
    await asyncio.to_thread(loaded.wait)
    assert (await play_on(loaded.application, get("/ping"))).json == {"llama": {"status": "Healthy"}}


def test_load_that_takes_too_long_is_a_start_failure() -> None:
    with pytest.raises(StartupFailed, match=r"was not loaded within 0\.01 s \(option\.model_loading_timeout\)"):
        within(0.01, threading.Event().wait)  # type: ignore[arg-type]


def test_failure_of_a_load_comes_out() -> None:
    def load() -> Any:
        raise StartupFailed("broken")

    with pytest.raises(StartupFailed, match="broken"):
        within(60, load)
