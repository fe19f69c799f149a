"""What `rm` refuses before it deletes anything; deleting itself is seen in the scenarios, on a live host."""

import pytest
from typer.testing import CliRunner

from firstbyte.cli.main import app


@pytest.mark.parametrize("arguments", [[], ["a", "--all"]])
def test_rm_takes_names_or_all(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["rm", *arguments])
    assert result.exit_code == 2
    assert result.stderr == "firstbyte: rm takes either names or --all\n"


def test_rm_without_a_host_says_what_to_do(keys: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["rm", "a", "--target", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "nothing answers at http://127.0.0.1:9" in result.stderr
