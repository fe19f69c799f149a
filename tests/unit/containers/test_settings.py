from pathlib import Path

import pytest

from firstbyte.artifacts.models import ArtifactSettings
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.settings import ContainerSettings, read_settings
from firstbyte.containers.versions import Version

HOME = Path("/home/user")


def test_defaults_are_sagemakers() -> None:
    assert read_settings({"FIRSTBYTE_DIALECT": "tgi"}, HOME) == ContainerSettings(
        dialect="tgi",
        version=Version(2, 0, 2),
        host="127.0.0.1",
        port=8080,
        model_dir=Path("/opt/ml/model"),
        artifacts=ArtifactSettings(objects_dir=None, cache_dir=HOME / ".firstbyte" / "cache"),
    )


def test_reads_every_variable() -> None:
    settings = read_settings(
        {
            "FIRSTBYTE_DIALECT": "lmi",
            "FIRSTBYTE_DIALECT_VERSION": "0.29.0",
            "SAGEMAKER_BIND_TO_PORT": "9001",
            "FIRSTBYTE_BIND_HOST": "0.0.0.0",
            "FIRSTBYTE_MODEL_DIR": "/m",
            "FIRSTBYTE_MODEL_MAP": '{"meta-llama/*": "demo"}',
            "FIRSTBYTE_OBJECTS_DIR": "/o",
            "FIRSTBYTE_CACHE_DIR": "/c",
            "FIRSTBYTE_ENGINE_THREADS": "3",
            "FIRSTBYTE_ENGINE_BACKEND": "reference",
            "HF_HUB_OFFLINE": "1",
            "FIRSTBYTE_RESUMABLE_STREAMS": "False",
        },
        HOME,
    )
    assert settings == ContainerSettings(
        dialect="lmi",
        version=Version(0, 29, 0),
        host="0.0.0.0",
        port=9001,
        model_dir=Path("/m"),
        artifacts=ArtifactSettings(Path("/o"), Path("/c"), {"meta-llama/*": "demo"}, offline=True),
        backend="reference",
        num_threads=3,
        keeps_streams=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FIRSTBYTE_DIALECT", "vllm", "FIRSTBYTE_DIALECT must be one of tgi, lmi, echo, not 'vllm'"),
        ("FIRSTBYTE_DIALECT_VERSION", "new", "not a version: 'new'"),
        ("SAGEMAKER_BIND_TO_PORT", "http", "SAGEMAKER_BIND_TO_PORT must be a port, not 'http'"),
        ("SAGEMAKER_BIND_TO_PORT", "65536", "SAGEMAKER_BIND_TO_PORT must be a port, not '65536'"),
        ("FIRSTBYTE_MODEL_MAP", "[]", "FIRSTBYTE_MODEL_MAP must be a JSON object of pattern: model"),
        ("FIRSTBYTE_MODEL_MAP", '{"a": 1}', "FIRSTBYTE_MODEL_MAP must be a JSON object of pattern: model"),
        ("FIRSTBYTE_MODEL_MAP", "{", "FIRSTBYTE_MODEL_MAP is not JSON: Expecting property name"),
        ("FIRSTBYTE_ENGINE_THREADS", "0", "FIRSTBYTE_ENGINE_THREADS must be a number above 0, not '0'"),
        ("FIRSTBYTE_RESUMABLE_STREAMS", "on", "FIRSTBYTE_RESUMABLE_STREAMS must be true or false, not 'on'"),
        ("FIRSTBYTE_ENGINE_BACKEND", "gpu", "FIRSTBYTE_ENGINE_BACKEND must be one of auto, native, reference, echo"),
    ],
)
def test_says_what_is_wrong(name: str, value: str, message: str) -> None:
    with pytest.raises(StartupFailed) as failure:
        read_settings({"FIRSTBYTE_DIALECT": "tgi", name: value}, HOME)
    assert str(failure.value).startswith(message)
