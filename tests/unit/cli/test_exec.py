"""A program sees the variables; its exit code is the command's."""

import subprocess
import sys


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "firstbyte", "exec", "--port", "9001", "--", *command]
    return subprocess.run(line, capture_output=True, text=True)


def test_the_program_runs_in_the_environment(keys: dict[str, str]) -> None:
    done = run("sh", "-c", 'echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID"; exit 7')
    assert done.stdout == f"http://127.0.0.1:9001 {keys['access_key_id']}\n"
    assert done.returncode == 7


def test_a_program_that_is_not_there_is_one_sentence(keys: dict[str, str]) -> None:
    done = run("no-such-program-here", "--flag")
    assert done.returncode == 1
    assert done.stderr == "firstbyte: no-such-program-here cannot be run: No such file or directory\n"
