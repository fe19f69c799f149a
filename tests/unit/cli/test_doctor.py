"""Each check finds what is wrong."""

import socket
from pathlib import Path

from typer.testing import CliRunner

from firstbyte.cli.doctor import run_checks
from firstbyte.cli.main import app
from firstbyte.settings import ServerSettings, Settings, load_settings


def findings(**options: object) -> dict[str, tuple[bool, str]]:
    return {check.what: (check.is_good, check.finding) for check in run_checks(load_settings(options))}


def test_what_this_suite_runs_on_is_good(tmp_path: Path) -> None:
    found = findings(home=tmp_path / "new" / "home")
    assert found["Python"][0]
    assert found["object store"][0]
    assert found["home"][0]


def test_a_home_that_is_a_file_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (check,) = (check for check in run_checks(Settings(ServerSettings(tmp_path / "file"))) if check.what == "home")
    assert not check.is_good
    assert "may not be written to" in check.finding


def test_a_busy_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert findings(port=port)["port"] == (True, f"127.0.0.1:{port} is in use, by a host or another program")
    assert findings(port=port)["port"][1].endswith("is free")


def test_the_command_prints_a_line_per_check() -> None:
    result = CliRunner().invoke(app, ["doctor"])
    assert [line.split()[1] for line in result.output.splitlines()] == [
        "Python",
        "firstbyte",
        "object",
        "demo",
        "home",
        "port",
    ]
