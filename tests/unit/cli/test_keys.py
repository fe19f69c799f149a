"""`firstbyte keys`: what it prints, and where."""

from pathlib import Path

from typer.testing import CliRunner

from firstbyte.cli.main import app
from firstbyte.settings import KeyRing, Rights, load_settings

runner = CliRunner()


def test_a_key_s_secret_is_shown_once(keys: dict[str, str]) -> None:
    added = runner.invoke(app, ["keys", "add", "analyst", "--rights", "read-only"])
    assert added.exit_code == 0, added.output
    _, made = KeyRing(load_settings()).all()

    assert added.stdout == (
        f"export AWS_ACCESS_KEY_ID='{made.access_key_id}'\nexport AWS_SECRET_ACCESS_KEY='{made.secret_access_key}'\n"
    )
    assert "analyst has read-only rights" in added.stderr
    assert made.rights is Rights.READ_ONLY

    listed = runner.invoke(app, ["keys", "ls"]).stdout
    assert made.secret_access_key not in listed
    assert keys["secret_access_key"] not in listed
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        ["host", keys["access_key_id"], "full"],
        ["analyst", made.access_key_id, "read-only"],
    ]


def test_a_key_that_is_taken_away_is_gone(keys: dict[str, str]) -> None:
    runner.invoke(app, ["keys", "add", "analyst"])

    removed = runner.invoke(app, ["keys", "rm", "analyst"])

    assert removed.exit_code == 0
    assert removed.stdout.startswith("analyst (AKIA")
    assert len(KeyRing(load_settings()).all()) == 1


def test_mistakes_are_sentences(keys: dict[str, str]) -> None:
    for words, sentence in (
        (["keys", "rm", "nobody"], "firstbyte: there is no key called nobody\n"),
        (["keys", "add", "host"], "firstbyte: there is a key called host already\n"),
    ):
        result = runner.invoke(app, words)
        assert (result.exit_code, result.stderr) == (2, sentence)


def test_no_host_no_keys(home: Path) -> None:
    result = runner.invoke(app, ["keys", "ls"])

    assert result.exit_code == 1
    assert "`firstbyte up` starts one" in result.stderr
