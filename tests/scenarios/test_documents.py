"""The documents' programs and commands, run in their order against a live host."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from documents import DOCUMENTS, blocks
from fakes.checkpoints import write_checkpoint
from firstbyte.cli.credentials import host_at
from firstbyte.cli.main import app

pytestmark = pytest.mark.timeout(300)  # every step of a document, on a machine that may be busy

STARTS_SOMETHING = re.compile(r"make |firstbyte up")
"""Lines that set the project up, run everything or start a host; the host is here, and recipes are CI's to run."""


@pytest.fixture
def host(hosts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host whose `demo` is a tiny random model, in the environment of a shell that knows it."""
    tiny = write_checkpoint(tmp_path / "tiny", {"max_position_embeddings": 4096})
    host = hosts.start(model_map={"demo": str(tiny)})
    monkeypatch.setenv("FIRSTBYTE_HOME", str(host.settings.server.home))
    for name, value in host_at(host.url, host.settings).environment().items():
        monkeypatch.setenv(name, value)
    return host


def steps(document: Path) -> Iterator[tuple[str, str]]:
    """Give the document's `sh` lines and `python` programs in their order."""
    text = document.read_text(encoding="utf-8")
    found = [
        (text.index(block), language, block) for language in ("sh", "python") for block in blocks(document, language)
    ]
    for _, language, block in sorted(found):
        yield from ((language, step) for step in (block.splitlines() if language == "sh" else [block]))


WITH_STEPS = [each for each in DOCUMENTS if blocks(each, "sh") + blocks(each, "python")]


@pytest.mark.parametrize("document", WITH_STEPS, ids=lambda each: each.name)
@pytest.mark.usefixtures("host")
def test_what_the_documents_say_works(document: Path) -> None:
    for language, step in steps(document):
        if language == "python":
            done = subprocess.run([sys.executable, "-c", step], capture_output=True, text=True)
            assert done.returncode == 0, f"{step}\n{done.stderr}"
            assert done.stdout
        elif not STARTS_SOMETHING.match(step):
            evaluated = re.fullmatch(r'eval "\$\((.+)\)"', step)
            program, *words = shlex.split(evaluated[1] if evaluated else step)
            assert program == "firstbyte"
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, f"{step}\n{result.output}"
