"""The lines are what a shell reads back."""

import subprocess

from typer.testing import CliRunner

from firstbyte.cli.main import app


def test_env_prints_export_lines(keys: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["env", "--port", "9001"])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "export AWS_ENDPOINT_URL='http://127.0.0.1:9001'",
        f"export AWS_ACCESS_KEY_ID='{keys['access_key_id']}'",
        """export AWS_SECRET_ACCESS_KEY='it'"'"'s/secret+'""",
        "export AWS_REGION='us-east-1'",
        "export AWS_DEFAULT_REGION='us-east-1'",
    ]


def test_a_shell_reads_the_same_values_back(keys: dict[str, str]) -> None:
    lines = CliRunner().invoke(app, ["env"]).output
    script = lines + 'printf %s "$AWS_SECRET_ACCESS_KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == keys["secret_access_key"]


def test_env_without_a_host_is_one_sentence_and_prints_nothing_a_shell_would_run() -> None:
    result = CliRunner().invoke(app, ["env"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("firstbyte: ")
