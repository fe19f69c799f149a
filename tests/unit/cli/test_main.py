"""The group: its help, its border for errors, its speed."""

import inspect
import subprocess
import sys
import time

import pytest
import typer
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from firstbyte import __version__
from firstbyte.cli import main
from firstbyte.cli.main import COMMANDS, app, load_command

runner = CliRunner()


def test_help_lists_every_command_with_its_whole_summary() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in result.output
        assert entry.summary in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_own_help_which_begins_with_its_summary(name: str) -> None:
    result = runner.invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert COMMANDS[name].summary in " ".join(result.output.split())
    help_text = inspect.cleandoc(load_command(name).help)
    assert help_text.splitlines()[0] == COMMANDS[name].summary


def test_version() -> None:
    assert runner.invoke(app, ["--version"]).output == f"firstbyte {__version__}\n"


def test_a_misspelt_command_names_the_nearest() -> None:
    result = runner.invoke(app, ["descrbe"])
    assert result.exit_code == 2
    assert "Did you mean 'describe'?" in result.output


def test_an_expected_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "DeleteModel")

    single = typer.Typer()
    single.command("ls")(refused)
    monkeypatch.setattr(main, "load_command", lambda _name: typer.main.get_command(single))
    result = runner.invoke(app, ["ls"])
    assert result.exit_code == 1
    assert result.stderr == "firstbyte: DeleteModel was refused: ValidationException: no\n"


def test_a_wrong_setting_is_a_usage_mistake() -> None:
    result = runner.invoke(app, ["env"], env={"FIRSTBYTE_PROT": "1"})
    assert result.exit_code == 2
    assert "FIRSTBYTE_PROT is no setting; the nearest is FIRSTBYTE_PORT" in result.stderr


def test_help_loads_neither_boto3_nor_the_host_and_is_quick() -> None:
    program = (
        "import sys; from firstbyte.cli.main import app; app(['--help'], standalone_mode=False);"
        "sys.exit(str({'boto3', 'aiohttp', 'uvicorn', 'firstbyte.app'} & set(sys.modules) or ''))"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    elapsed_s = time.perf_counter() - began
    assert done.stderr.strip() == ""
    assert elapsed_s < 3, "0.15 s on an idle machine; this bound only catches an import gone wrong"
