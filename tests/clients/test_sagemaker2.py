"""The reference notebooks as scripts, under `firstbyte exec`, with the SageMaker SDK 2 in an environment of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.checkpoints import write_checkpoint
from scenarios.conftest import RunningHost

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venvs" / "sagemaker2" / "bin" / "python"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PYTHON.exists(), reason="`make test-clients` makes the environment"),
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A host that serves a tiny model wherever one of Meta's is asked for."""
    folder = tmp_path_factory.mktemp("sagemaker2")
    model = write_checkpoint(folder / "model", {"max_position_embeddings": 4096})
    running = RunningHost(folder / "home", model_map=[f"meta-llama/*={model}"])
    running.start()
    yield running
    running.stop()


def run(host: Any, script: str, folder: Path) -> str:
    """Run a script as a user would, and return what it printed."""
    port = host.url.rpartition(":")[2]
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_ACCESS", "AWS_SECRET", "PYTHON"))
        },
        "FIRSTBYTE_HOME": str(host.settings.server.home),
        "HOME": str(folder),
        "POLL_S": "1",
    }
    exec_line = [sys.executable, "-m", "firstbyte", "exec", "--port", port, "--"]
    done = subprocess.run(
        [*exec_line, "env", "-u", "PYTHONPATH", PYTHON, Path(__file__).with_name(script)],
        env=environment | {"PYTHONPATH": str(ROOT / "src")},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    return done.stdout


def is_empty(host: Any) -> bool:
    """Whether nothing is left of what a script made."""
    sagemaker = host.client("sagemaker")
    left = sagemaker.list_models()["Models"], sagemaker.list_endpoint_configs()["EndpointConfigs"]
    states = [endpoint["EndpointStatus"] for endpoint in sagemaker.list_endpoints()["Endpoints"]]
    return left == ([], []) and set(states) <= {"Deleting"}


def test_the_tgi_notebooks_run_unedited(host: Any, tmp_path: Path) -> None:
    said = run(host, "notebook_tgi.py", tmp_path)

    assert "role arn:aws:iam::123456789012:role/sagemaker_execution_role" in said
    assert "huggingface-pytorch-tgi-inference:2.3.0-tgi2.0.2" in said
    assert 1 <= int(re.findall(r"^streamed (\d+)$", said, re.MULTILINE)[0]) <= 16
    assert said.endswith("cleaned up\n")
    assert is_empty(host)


def test_the_lmi_notebooks_run_unedited(host: Any, tmp_path: Path) -> None:
    said = run(host, "notebook_lmi.py", tmp_path)

    assert "account 123456789012 us-east-1 sagemaker-us-east-1-123456789012" in said
    assert "djl-inference:0.28.0-lmi10.0.0-cu124" in said
    assert "Status: InService" in said
    assert int(re.findall(r"^streamed (\d+)$", said, re.MULTILINE)[0]) > 1
    assert "deleted 5" in said, "four files of the model and the archive"
    assert is_empty(host)
