"""The AWS SDK for JavaScript reads a stream; the one client that may be missing, since not everybody has Node."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from clients.conftest import ROOT, SCRIPTS, run

NODE = shutil.which("node")
MODULES = ROOT / ".venvs" / "javascript" / "node_modules"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (NODE and shutil.which("npm")), reason="there is no Node with npm here"),
]


def test_a_stream_is_read(host: Any, tmp_path: Path) -> None:
    assert MODULES.exists(), f"{MODULES} is missing: `make test-clients` makes it"
    (tmp_path / "node_modules").symlink_to(MODULES)
    program = shutil.copy(SCRIPTS / "javascript_client.mjs", tmp_path)
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu"
    host.deploy("mails", image=image, environment={"HF_MODEL_ID": "meta-llama/Llama-2-7b-chat-hf"})

    said = run(host, tmp_path, NODE or "node", program, "mails", "Write a short email.")

    answer = json.loads(re.findall(r"^answer (.+)$", said, re.MULTILINE)[0])[0]["generated_text"]
    assert "type text/event-stream AllTraffic" in said
    assert f"streamed 8 {json.dumps(answer, ensure_ascii=False)}" in said
    assert "refused ValidationError Endpoint nobody of account 123456789012 not found." in said
