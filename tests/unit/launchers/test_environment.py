"""The environment of an instance."""

import json
from pathlib import Path

from firstbyte.hosting.ports import InstanceSpec
from firstbyte.launchers.environment import ContainerSettings, container_environment
from firstbyte.launchers.images import Dialect, StandIn

HOST = {"PATH": "/bin", "HOME": "/home/me", "AWS_SECRET_ACCESS_KEY": "secret", "LD_PRELOAD": "x.so"}


def environment_of(model: dict[str, str], settings: ContainerSettings) -> dict[str, str]:
    spec = InstanceSpec("i-1", "e", "v", "firstbyte/tgi", model, Path("/i/i-1"), Path("/i/i-1/model"))
    return container_environment(spec, StandIn(Dialect.TGI, "2.0.2"), settings, host="127.0.0.1", port=4242)


def test_the_contract_and_the_models_own_and_nothing_else() -> None:
    settings = ContainerSettings(
        cache_dir=Path("/cache"),
        objects_dir=Path("/objects"),
        model_map={"meta-llama/*": "demo"},
        engine_threads=2,
        engine_backend="echo",
        host_environment=HOST,
    )
    environment = environment_of({"HF_MODEL_ID": "demo", "SM_NUM_GPUS": "1"}, settings)

    assert json.loads(environment.pop("FIRSTBYTE_MODEL_MAP")) == {"meta-llama/*": "demo"}
    assert environment == {
        "PATH": "/bin",
        "HOME": "/home/me",
        "HF_MODEL_ID": "demo",
        "SM_NUM_GPUS": "1",
        "SAGEMAKER_BIND_TO_PORT": "4242",
        "FIRSTBYTE_BIND_HOST": "127.0.0.1",
        "FIRSTBYTE_DIALECT": "tgi",
        "FIRSTBYTE_DIALECT_VERSION": "2.0.2",
        "FIRSTBYTE_MODEL_DIR": "/i/i-1/model",
        "FIRSTBYTE_CACHE_DIR": "/cache",
        "FIRSTBYTE_OBJECTS_DIR": "/objects",
        "FIRSTBYTE_ENGINE_THREADS": "2",
        "FIRSTBYTE_ENGINE_BACKEND": "echo",
    }


def test_a_model_cannot_take_the_contracts_variables_but_may_set_its_own_path() -> None:
    model = {"SAGEMAKER_BIND_TO_PORT": "1", "FIRSTBYTE_MODEL_DIR": "/", "PATH": "/opt/bin"}
    environment = environment_of(model, ContainerSettings(cache_dir=Path("/cache"), host_environment=HOST))

    assert environment["SAGEMAKER_BIND_TO_PORT"] == "4242"
    assert environment["FIRSTBYTE_MODEL_DIR"] == "/i/i-1/model"
    assert environment["PATH"] == "/opt/bin"


def test_what_is_not_set_is_not_told() -> None:
    environment = environment_of({}, ContainerSettings(cache_dir=Path("/cache")))
    assert not {"FIRSTBYTE_OBJECTS_DIR", "FIRSTBYTE_ENGINE_THREADS", "FIRSTBYTE_ENGINE_BACKEND"} & environment.keys()
