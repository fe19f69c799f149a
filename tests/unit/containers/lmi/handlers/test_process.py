"""A process as it is started; each test starts one."""

from pathlib import Path

import pytest

from fakes.handlers import plan
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.handlers.process import Contents, start_worker


def test_a_process_says_what_it_found(tmp_path: Path) -> None:
    worker = start_worker(plan(tmp_path))
    assert worker.contents == Contents(has_handler=True, has_input_formatter=False, has_output_formatter=False)
    worker.kill()
    assert worker.process.returncode is not None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import not_there", "cannot be loaded: ModuleNotFoundError: No module named 'not_there'$"),
        ("raise SystemExit(1)", "cannot be loaded: SystemExit: 1"),
        ("import os; os._exit(3)", "ended its process while it was loaded, exit code 3"),
        ("def handle(inputs): raise ValueError('no weights')", "code 424: .*no weights"),
    ],
)
def test_code_that_cannot_be_started_is_told_in_one_line(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(StartupFailed, match=message) as failure:
        start_worker(plan(tmp_path, source))
    assert "\n" not in str(failure.value)
    assert str(failure.value).startswith(f"{tmp_path.name}/model.py ")


def test_missing_module_beside_requirements_is_explained(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("not_there")
    with pytest.raises(StartupFailed, match=r"not_there'; requirements\.txt is not installed here"):
        start_worker(plan(tmp_path, "import not_there"))


def test_start_that_takes_too_long(tmp_path: Path) -> None:
    source = "import threading; threading.Event().wait()"
    with pytest.raises(StartupFailed, match=r"was not initialised within 0\.05 s"):
        start_worker(plan(tmp_path, source, loading_timeout_s=0.05))
