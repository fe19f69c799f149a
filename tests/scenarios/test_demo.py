"""`firstbyte demo`: everything is seen, and the figures are written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fakes.checkpoints import write_checkpoint
from firstbyte.cli.main import app

pytestmark = pytest.mark.timeout(300)  # a whole deployment, twice, on a machine that may be busy

Shown = tuple["subprocess.CompletedProcess[str]", dict[str, Any]]


def demo(*options: object) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "firstbyte", "demo", *map(str, options)]
    return subprocess.run(line, capture_output=True, text=True)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """What the demo printed, and its figures, with a tiny model in the shipped one's place."""
    folder = tmp_path_factory.mktemp("demo")
    model = write_checkpoint(folder / "tiny", {"max_position_embeddings": 4096})
    done = demo("--json", folder / "figures.json", "--model", model)
    assert done.returncode == 0, done.stderr
    return done, json.loads((folder / "figures.json").read_text())


def test_both_approaches_are_seen_from_nothing_to_cleaned_up(shown: Shown) -> None:
    done, _ = shown
    steps = [line.strip() for line in done.stdout.splitlines()]
    assert [step[0] for step in steps if step[:2] in ("1 ", "2 ", "3 ")] == ["1", "2", "3"]
    assert sum("InService" in step for step in steps) == 2
    assert any(step.endswith("nothing is left") for step in steps)
    assert done.stdout.endswith("everything is cleaned up and the host is stopped.\n")


def test_a_pipe_gets_plain_text(shown: Shown) -> None:
    done, _ = shown
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_the_figures_say_what_streaming_is_for(shown: Shown) -> None:
    _, figures = shown
    assert [each["approach"] for each in figures["approaches"]] == ["TGI", "LMI"]
    for each in figures["approaches"]:
        timing = each["timing"]
        assert each["text"].strip()
        assert timing["num_tokens"] >= 2
        assert 0 < timing["ttfb_s"] < timing["streamed_s"]
        assert timing["whole_s"] > 0
        assert timing["tokens_per_s"] > 0
    assert figures["host_up_s"] < figures["first_token_s"]


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--model", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr == f"firstbyte: {tmp_path} holds no model: config.json is missing\n"
