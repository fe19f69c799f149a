import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from firstbyte.containers.loading import LoadedContainer, load_tgi, locate_model, read_longest_position
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
    }
    options = close_later(load_tgi(settings(tmp_path, FIRSTBYTE_ENGINE_THREADS="2"), environment)).engine.options
    assert (options.max_total_tokens, options.max_batch_total_tokens) == (4096, 8192)
    assert (options.max_batch_prefill_tokens, options.max_queue, options.max_batch_size) == (2098, 7, 64)
    assert (options.tensor_parallel_degree, options.num_threads) == (4, 2)
    assert options.cache_dir == tmp_path / "cache"


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"max_position_embeddings": 2048}, 2048),
        ({"max_position_embeddings": "many"}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_longest_position_is_read_where_it_is_told(tmp_path: Path, config: Any, longest: int | None) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_longest_position(tmp_path) == longest


@pytest.mark.parametrize(("model_id", "folder"), [("/opt/ml/model", "model"), ("/opt/ml/model/sub", "model/sub")])
def test_sagemakers_folder_is_the_instances(tmp_path: Path, model_id: str, folder: str) -> None:
    located = locate_model(settings(tmp_path, FIRSTBYTE_ENGINE_BACKEND="auto"), model_id, None, None)
    assert located == tmp_path / folder


def test_other_ids_are_resolved_by_the_map(tmp_path: Path) -> None:
    mapped = settings(tmp_path, FIRSTBYTE_ENGINE_BACKEND="auto", FIRSTBYTE_MODEL_MAP=json.dumps({"x/*": str(tmp_path)}))
    assert locate_model(mapped, "x/y", None, None) == tmp_path
