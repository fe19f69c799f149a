import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.checkpoints import write_checkpoint
from fakes.gguf import write_gguf
from firstbyte.containers.loading import LoadedContainer, load_tgi, locate_model
from firstbyte.containers.settings import ContainerSettings, read_settings

Load = Callable[[Mapping[str, str]], LoadedContainer]


def settings(tmp_path: Path, **environment: str) -> ContainerSettings:
    given = {
        "FIRSTBYTE_DIALECT": "tgi",
        "FIRSTBYTE_ENGINE_BACKEND": "echo",
        "FIRSTBYTE_MODEL_DIR": str(tmp_path / "model"),
        "FIRSTBYTE_CACHE_DIR": str(tmp_path / "cache"),
    }
    return read_settings(given | environment, tmp_path)


@pytest.fixture
async def close_later() -> AsyncIterator[Callable[[LoadedContainer], LoadedContainer]]:
    """Ends the engines' threads after a test."""
    loaded: list[LoadedContainer] = []

    def keep(container: LoadedContainer) -> LoadedContainer:
        loaded.append(container)
        return container

    yield keep
    for container in loaded:
        await container.engine.close()


async def test_tgis_options_become_the_engines(tmp_path: Path, close_later: Any) -> None:
    environment = {
        "HF_MODEL_ID": "x",
        "SM_NUM_GPUS": "4",
        "MAX_INPUT_LENGTH": "2048",
        "MAX_TOTAL_TOKENS": "4096",
        "MAX_BATCH_TOTAL_TOKENS": "8192",
        "MAX_CONCURRENT_REQUESTS": "7",
        "SPECULATE": "3",
    }
    options = close_later(load_tgi(settings(tmp_path, FIRSTBYTE_ENGINE_THREADS="2"), environment)).engine.options
    assert (options.max_total_tokens, options.max_batch_total_tokens) == (4096, 8192)
    assert (options.max_batch_prefill_tokens, options.max_queue, options.max_batch_size) == (2098, 7, 64)
    assert (options.tensor_parallel_degree, options.num_threads, options.prompt_lookup_num_tokens) == (4, 2, 3)
    assert options.cache_dir == tmp_path / "cache"


async def test_tgis_limits_follow_the_positions_of_a_gguf_file(tmp_path: Path, close_later: Any) -> None:
    model_dir = write_checkpoint(tmp_path / "checkpoint", {"max_position_embeddings": 96})
    (tmp_path / "model").mkdir()
    write_gguf(tmp_path / "model" / "m.gguf", model_dir)
    shutil.copy(model_dir / "tokenizer.json", tmp_path / "model")
    environment = {"HF_MODEL_ID": "/opt/ml/model"}

    loaded = close_later(load_tgi(settings(tmp_path, FIRSTBYTE_ENGINE_BACKEND="reference"), environment))

    assert loaded.engine.options.max_total_tokens == 96


@pytest.mark.parametrize(("model_id", "folder"), [("/opt/ml/model", "model"), ("/opt/ml/model/sub", "model/sub")])
def test_sagemakers_folder_is_the_instances(tmp_path: Path, model_id: str, folder: str) -> None:
    located = locate_model(settings(tmp_path, FIRSTBYTE_ENGINE_BACKEND="auto"), model_id, None, None)
    assert located == tmp_path / folder


def test_other_ids_are_resolved_by_the_map(tmp_path: Path) -> None:
    mapped = settings(tmp_path, FIRSTBYTE_ENGINE_BACKEND="auto", FIRSTBYTE_MODEL_MAP=json.dumps({"x/*": str(tmp_path)}))
    assert locate_model(mapped, "x/y", None, None) == tmp_path
