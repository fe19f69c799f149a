"""The reference notebooks as scripts, under `firstbyte exec`, with the SageMaker SDK 2 in an environment of its own."""

import re
from pathlib import Path
from typing import Any

import pytest

from clients.conftest import SCRIPTS, find_program, is_empty, run

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]


def run_notebook(host: Any, name: str, folder: Path) -> str:
    return run(host, folder, find_program("sagemaker2", "python"), SCRIPTS / name, POLL_S="1")


def test_the_tgi_notebooks_run_unedited(host: Any, tmp_path: Path) -> None:
    said = run_notebook(host, "notebook_tgi.py", tmp_path)

    assert "role arn:aws:iam::123456789012:role/sagemaker_execution_role" in said
    assert "huggingface-pytorch-tgi-inference:2.3.0-tgi2.0.2" in said
    assert 1 <= int(re.findall(r"^streamed (\d+)$", said, re.MULTILINE)[0]) <= 16
    assert said.endswith("cleaned up\n")
    assert is_empty(host)


def test_the_lmi_notebooks_run_unedited(host: Any, tmp_path: Path) -> None:
    said = run_notebook(host, "notebook_lmi.py", tmp_path)

    assert "account 123456789012 us-east-1 sagemaker-us-east-1-123456789012" in said
    assert "djl-inference:0.28.0-lmi10.0.0-cu124" in said
    assert "Status: InService" in said
    assert int(re.findall(r"^streamed (\d+)$", said, re.MULTILINE)[0]) > 1
    assert "deleted 5" in said, "four files of the model and the archive"
    assert is_empty(host)
