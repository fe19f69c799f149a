"""Other people's clients, each in an environment of its own that `make test-clients` makes; none knows of Firstbyte."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.checkpoints import write_checkpoint
from scenarios.conftest import RunningHost

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "scripts"


def find_program(client: str, name: str) -> Path:
    """Give a program of a client's environment; that there is none is a failure, so that nothing goes untested."""
    program = ROOT / ".venvs" / client / "bin" / name
    assert program.exists(), f"{program} is missing: `make test-clients` makes it"
    return program


def own_variables() -> dict[str, str]:
    """Give the variables of a user who has set nothing for Python, Amazon or the Hugging Face hub."""
    foreign = ("AWS_", "HF_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def run(host: RunningHost, folder: Path, *command: str | Path, **variables: str) -> str:
    """Run a program under `firstbyte exec` in a folder, as a user would, and give what it printed."""
    port = host.url.rpartition(":")[2]
    home = {"FIRSTBYTE_HOME": str(host.settings.server.home), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "firstbyte", "exec", "--port", port, "--", "env", "-u", "PYTHONPATH", *command],
        env=own_variables() | home | {"PYTHONPATH": str(ROOT / "src")} | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    return done.stdout


def is_empty(host: RunningHost) -> bool:
    """Whether nothing is left of what a program made."""
    sagemaker = host.client("sagemaker")
    left = sagemaker.list_models()["Models"], sagemaker.list_endpoint_configs()["EndpointConfigs"]
    states = [endpoint["EndpointStatus"] for endpoint in sagemaker.list_endpoints()["Endpoints"]]
    return left == ([], []) and set(states) <= {"Deleting"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of random weights."""
    return write_checkpoint(tmp_path_factory.mktemp("model") / "model", {"max_position_embeddings": 4096})


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[Any]:
    """A host that serves the tiny model wherever one of Meta's is asked for."""
    running = RunningHost(tmp_path_factory.mktemp("home"), model_map=[f"meta-llama/*={checkpoint}"])
    running.start()
    yield running
    running.stop()
