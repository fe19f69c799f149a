"""Foreign clients against a live container, each in an environment of its own (`make test-clients`).

The container serves the echo backend, so every client knows what it must be told: the words of its prompt.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.conftest import ROOT, SCRIPTS, find_program, own_variables

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
TGI_VERSIONS = ("2.0.2", "2.4.1", "3.3.6")


def container(dialect: str, version: str, tmp_path: Path) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "src"),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "FIRSTBYTE_DIALECT": dialect,
        "FIRSTBYTE_DIALECT_VERSION": version,
        "FIRSTBYTE_ENGINE_BACKEND": "echo",
        "FIRSTBYTE_MODEL_DIR": str(tmp_path),
        "HF_MODEL_ID": "some/model",
    }
    command = [sys.executable, "-m", "firstbyte.containers"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a container of the wanted version listens; it is ready when it says so."""
    process = container("tgi", request.param, tmp_path)
    assert process.stdout is not None
    try:
        port = next(match[1] for line in process.stdout if (match := re.search(r"listening on [\d.]+:(\d+)", line)))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


def run_client(name: str, *arguments: str) -> None:
    command: list[str | Path] = [find_program(name, "python"), SCRIPTS / f"{name}_client.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own_variables())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("url", TGI_VERSIONS, indirect=True)
def test_inference_client(url: str) -> None:
    run_client("huggingface_hub", url)


@pytest.mark.parametrize("url", TGI_VERSIONS, indirect=True)
def test_text_generation(url: str) -> None:
    run_client("text_generation", url)


@pytest.mark.parametrize("url", TGI_VERSIONS, indirect=True)
def test_openai(url: str) -> None:
    run_client("openai", url)


@pytest.mark.parametrize("url", TGI_VERSIONS[-1:], indirect=True)
def test_schemathesis(url: str, tmp_path: Path) -> None:
    """Every request that the OpenAPI file allows, and many that it does not, get an answer that it describes.

    Left out is the claim that whatever fits the file is accepted: limits that depend on each other (of a prompt and its
    answer together, say) and what a chat template takes cannot be written in it.
    """
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1", "--no-shrink"]
    options += ["--exclude-checks", "positive_data_acceptance", "--warnings", "off", "--continue-on-failure"]
    program = find_program("schemathesis", "schemathesis")
    command: list[str | Path] = [program, "run", f"{url}/api-doc/openapi.json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own_variables(), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
