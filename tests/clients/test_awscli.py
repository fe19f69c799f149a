"""The AWS CLI 1, in a shell script as people write them; it has no command for streams, so none is read here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clients.conftest import SCRIPTS, find_program, is_empty, run

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]


def test_an_endpoint_lives_and_dies_by_shell_script(host: Any, checkpoint: Path, tmp_path: Path) -> None:
    path = f"{find_program('awscli', 'aws').parent}:/usr/bin:/bin"
    said = run(host, tmp_path, "sh", "-x", SCRIPTS / "aws_cli.sh", checkpoint, PATH=path)

    assert "account 123456789012 role arn:aws:iam::123456789012:role/sagemaker_execution_role" in said
    assert set(re.findall(r"^[\d-]+ [\d:]+ +\d+ (.+)$", said, re.MULTILINE)) == {p.name for p in checkpoint.iterdir()}
    assert "came back whole" in said
    assert "status InService" in said
    assert isinstance(json.loads(re.findall(r"^answer (.+)$", said, re.MULTILINE)[0])[0]["generated_text"], str)
    assert "instances 2" in said
    assert 'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/tiny".' in said
    assert said.endswith("cleaned up\n")
    assert is_empty(host)
