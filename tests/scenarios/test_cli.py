"""The commands against a live host: what a person types in the first five minutes."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fakes.checkpoints import write_checkpoint
from firstbyte.cli.main import app

Run = Callable[..., Result]
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with a context long enough for the commands' defaults."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "tiny", {"max_position_embeddings": 4096})


@pytest.fixture
def run(host: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the host and give its result; by default it must succeed."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FIRSTBYTE_HOME", str(host.settings.server.home))
    monkeypatch.setenv("AWS_ENDPOINT_URL", host.url)

    def run(*arguments: object, exit_code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
        assert result.exit_code == exit_code, (result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def test_an_endpoint_from_deploy_to_rm(run: Run, checkpoint: Path) -> None:
    deployed = run("deploy", checkpoint, "--name", "life", "--env", "MAX_TOTAL_TOKENS=4096")
    assert "life is InService" in deployed.output

    header, *rows = run("ls").output.splitlines()
    assert header.split() == ["NAME", "STATUS", "INSTANCES", "CONTAINER", "MODEL", "AGE"]
    assert [row.split()[:5] for row in rows] == [["life", "InService", "1/1", "tgi", "2.0.2"]]

    described = json.loads(run("describe", "life").output)
    assert described["Models"][0]["PrimaryContainer"]["Environment"]["MAX_TOTAL_TOKENS"] == "4096"
    assert described["EndpointConfig"]["ProductionVariants"][0]["InitialInstanceCount"] == 1

    answer = run("invoke", "life", "Hello", "--max-new-tokens", "5").output
    assert answer.endswith("\n")
    assert answer == run("invoke", "life", "--max-new-tokens", "5", input="Hello").output
    raw = run("invoke", "life", "Hello", "--max-new-tokens", "3", "--raw").output
    assert raw.count("data:") == 3

    assert "variant1/i-" in run("logs", "life").output
    assert run("rm", "life").output == "deleted life\n"
    host_is_empty(run)


def test_lmi_is_an_option_away(run: Run, checkpoint: Path) -> None:
    run("deploy", checkpoint, "--name", "lmi", "--image", "lmi")
    assert "lmi 0.28.0" in run("ls").output
    assert run("invoke", "lmi", "Hello", "--max-new-tokens", "5").output.strip()
    run("rm", "--all", "--yes")
    host_is_empty(run)


def test_a_conversation_goes_on_until_an_empty_line(run: Run, checkpoint: Path) -> None:
    run("deploy", checkpoint, "--name", "talk")
    output = run("chat", "talk", "--system", "Be brief.", "--max-new-tokens", "4", input="One\nTwo\n\n").output
    assert output.count("\n") == 2
    run("rm", "talk")


def test_rm_all_asks_first(run: Run, host: Any) -> None:
    host.deploy("asked")
    assert run("rm", "--all", input="n\n", exit_code=1).output.startswith("Delete asked?")
    assert "asked" in run("ls").output
    run("rm", "asked")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("describe", "nope"), "Could not find endpoint"),
        (("rm", "nope"), "Could not find endpoint"),
        (("invoke", "nope", "hi"), "Endpoint nope of account 123456789012 not found"),
        (("chat", "nope"), "Endpoint nope of account 123456789012 not found"),
        (("logs", "nope"), "The specified log group does not exist"),
        (("deploy", "demo", "--name", "no_underscores"), "failed to satisfy constraint"),
    ],
)
def test_a_refusal_is_one_sentence(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments, exit_code=1, input="hi\n")
    assert words in result.stderr
    assert result.stderr.startswith("firstbyte: ")
    assert "Traceback" not in result.output


def test_an_endpoint_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    result = run("deploy", tmp_path / "no-such-model", "--name", "broken", exit_code=1)
    assert "broken failed: " in result.stderr
    assert "no-such-model" in result.stderr
    run("rm", "broken")


def test_an_error_in_the_stream_is_one_sentence(run: Run, checkpoint: Path) -> None:
    run("deploy", checkpoint, "--name", "limits")
    result = run("invoke", "limits", "Hello", "--max-new-tokens", "100000", exit_code=1)
    assert "validation: Input validation error: `inputs` tokens + `max_new_tokens` must be <=" in result.stderr
    run("rm", "limits")


def test_another_key_is_refused_in_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "ListEndpoints was refused: UnrecognizedClientException" in run("ls", exit_code=1).stderr


def host_is_empty(run: Run) -> None:
    assert "no endpoints" in run("ls").output


def start_up(home: Path, *options: str) -> "tuple[subprocess.Popen[str], list[str]]":
    """Start `firstbyte up` as a process; give it and what it announced."""
    environment = {**os.environ, "FIRSTBYTE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "firstbyte", "up", *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    announced = [process.stdout.readline() for _ in range(5)]
    return process, announced


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_announces_itself_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    process, announced = start_up(tmp_path / "home", "--port", "0")
    try:
        listens = re.fullmatch(r"Firstbyte listens on http://127\.0\.0\.1:(\d+); its home is .*\n", announced[0])
        assert listens, announced
        port = listens[1]
        assert announced[2].strip() == f'eval "$(firstbyte env --port {port})"'
        socket.create_connection(("127.0.0.1", int(port))).close()
    finally:
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def test_a_busy_port_is_one_sentence(tmp_path: Path, host: Any) -> None:
    port = host.url.rpartition(":")[2]
    environment = {**os.environ, "FIRSTBYTE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "firstbyte", "up", "--port", port]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"firstbyte: cannot listen on 127.0.0.1 port {port}: Address already in use")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_no_auth_is_refused_beyond_loopback(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["up", "--no-auth", "--host", "0.0.0.0"], env={"FIRSTBYTE_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert "signatures must be checked" in result.stderr


def test_output_is_a_byte_stream_in_a_pipe(run: Run, checkpoint: Path) -> None:
    run("deploy", checkpoint, "--name", "pipe")
    answer = run("invoke", "pipe", "Hello", "--max-new-tokens", "5").output
    assert "\x1b" not in answer
    assert io.StringIO(answer).readline().endswith("\n")
    run("rm", "pipe")
