"""A program sees the variables, reaches the host under Amazon's names; its exit code is the command's."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firstbyte.cli.exec import direct_names, find_proxy, read_trusted

LINE = [sys.executable, "-m", "firstbyte", "exec", "--port", "9001", "--"]


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*LINE, *command], capture_output=True, text=True)


def test_the_program_runs_in_the_environment(keys: dict[str, str]) -> None:
    done = run("sh", "-c", 'echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $HF_ENDPOINT"; exit 7')
    assert done.stdout == f"http://127.0.0.1:9001 {keys['access_key_id']} http://127.0.0.1:9001/hub\n"
    assert done.returncode == 7


def test_a_program_that_is_not_there_is_one_sentence(keys: dict[str, str]) -> None:
    done = run("no-such-program-here", "--flag")
    assert done.returncode == 1
    assert done.stderr == "firstbyte: no-such-program-here cannot be run: No such file or directory\n"


def test_the_program_trusts_the_authority_beside_its_own(keys: dict[str, str], home: Path) -> None:
    done = run("sh", "-c", 'cat "$AWS_CA_BUNDLE"; echo "$REQUESTS_CA_BUNDLE"; env | grep -i _proxy')
    assert (home / "tls" / "ca.pem").read_text() in done.stdout
    assert str(home / "tls" / "trusted.pem") in done.stdout
    assert "HTTPS_PROXY=http://127.0.0.1:" in done.stdout
    assert "NO_PROXY=127.0.0.1,localhost" in done.stdout


def test_signals_reach_the_program_and_its_end_is_told(keys: dict[str, str]) -> None:
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    # Blocked before it says that it is ready, the signal waits for sigwait, however soon it comes.
    program = (
        "import signal; wanted = {signal.SIGTERM}; signal.pthread_sigmask(signal.SIG_BLOCK, wanted);"
        "print('ready', flush=True); signal.sigwait(wanted); print('told', flush=True); raise SystemExit(3)"
    )
    with subprocess.Popen([*LINE, sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert child.stdout.readline() == "told\n"
        assert child.wait() == 3


@pytest.mark.parametrize(
    ("own", "names"),
    [
        ({}, ["127.0.0.1", "localhost", "::1"]),
        ({"NO_PROXY": "*"}, ["127.0.0.1", "localhost", "::1"]),
        ({"no_proxy": ".corp, .amazonaws.com"}, ["127.0.0.1", "localhost", "::1", ".corp"]),
    ],
)
def test_amazon_s_names_never_go_round_the_proxy(own: dict[str, str], names: list[str]) -> None:
    assert direct_names(own) == names


def test_the_user_s_own_proxy_is_found() -> None:
    assert find_proxy({}) is None
    assert find_proxy({"HTTPS_PROXY": "corp:3128"}) == "http://corp:3128"
    assert find_proxy({"https_proxy": "http://u:p@corp:1"}) == "http://u:p@corp:1"


def test_what_programs_trust_already_is_kept(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"certificate {name}\n")
    variables = {"SSL_CERT_FILE": str(tmp_path / "one"), "AWS_CA_BUNDLE": str(tmp_path / "two")}
    assert read_trusted(variables) == "\ncertificate two\n\ncertificate one\n"
    assert "BEGIN CERTIFICATE" in read_trusted({})
