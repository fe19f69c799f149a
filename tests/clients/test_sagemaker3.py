"""Scripts for the SageMaker SDK 3, under `firstbyte exec`, in an environment of its own."""

import re
from pathlib import Path
from typing import Any

import pytest

from clients.conftest import SCRIPTS, find_program, is_empty, run

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]


def test_a_model_builder_deploys(host: Any, checkpoint: Path, tmp_path: Path) -> None:
    script = SCRIPTS / "sagemaker3_builder.py"
    said = run(host, tmp_path, find_program("sagemaker3", "python"), script, checkpoint)

    assert "role arn:aws:iam::123456789012:role/sagemaker_execution_role" in said
    assert "uploaded s3://sagemaker-us-east-1-123456789012/builder/code/model.tar.gz" in said
    assert "djl-inference:0.31.0-lmi13.0.0-cu124" in said
    assert "built arn:aws:sagemaker:us-east-1:123456789012:model/first" in said
    assert "deployed mails InService" in said
    assert re.search(r"^streamed 16 True$", said, re.MULTILINE)
    assert "updated second InService" in said
    assert said.endswith("cleaned up\n")
    assert is_empty(host)


def test_resource_classes_deploy(host: Any, tmp_path: Path) -> None:
    said = run(host, tmp_path, find_program("sagemaker3", "python"), SCRIPTS / "sagemaker3_resources.py")

    assert "huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0" in said
    assert "status InService ['llama']" in said
    assert re.search(r"^streamed 16 True$", said, re.MULTILINE)
    assert "instances 2" in said
    assert said.endswith("cleaned up\n")
    assert is_empty(host)
