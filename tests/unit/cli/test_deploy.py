"""Names and environments that `deploy` makes up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from firstbyte.cli.deploy import MAX_NAME_LEN, environment_for, name_for
from firstbyte.cli.errors import UsageMistake
from firstbyte.cli.main import app

NOW = datetime(2026, 1, 31, 12, 30, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("demo", "demo-0131-123045"),
        ("meta-llama/Llama-2-7b-chat-hf", "Llama-2-7b-chat-hf-0131-123045"),
        ("s3://bucket/prefix/my_model/", "my-model-0131-123045"),
        ("/", "model-0131-123045"),
    ],
)
def test_a_name_is_made_of_the_models(model: str, name: str) -> None:
    assert name_for(model, NOW) == name


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_every_made_name_is_one_that_sagemaker_takes(model: str) -> None:
    name = name_for(model, NOW)
    assert len(name) <= MAX_NAME_LEN
    assert name.replace("-", "").isascii()
    assert name.replace("-", "").isalnum()
    assert not name.startswith("-")


def test_given_variables_join_the_models_own() -> None:
    assert environment_for("demo", ["MAX_TOTAL_TOKENS=4096", "X=a=b"]) == {
        "HF_MODEL_ID": "demo",
        "SM_NUM_GPUS": "1",
        "MAX_TOTAL_TOKENS": "4096",
        "X": "a=b",
    }


def test_a_local_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoint").mkdir()
    monkeypatch.chdir(tmp_path)
    assert environment_for("./checkpoint", [])["HF_MODEL_ID"] == str(tmp_path / "checkpoint")
    assert environment_for("demo", [])["HF_MODEL_ID"] == "demo"


@pytest.mark.parametrize("assignment", ["NAME", "=value"])
def test_a_variable_needs_a_name_and_a_value(assignment: str) -> None:
    with pytest.raises(UsageMistake, match="NAME=VALUE"):
        environment_for("demo", [assignment])


def test_aws_needs_a_role() -> None:
    result = CliRunner().invoke(app, ["deploy", "demo", "--target", "aws"], env={"AWS_REGION": "us-east-1"})
    assert result.exit_code == 2
    assert "Amazon SageMaker needs --role" in result.stderr
