from pathlib import Path

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.handlers.entry_point import EntryPoint, find_entry_point


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("model.py", "mine.py", "inner/other.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({}, "model.py"),
        ({"entryPoint": "model.py"}, "model.py"),
        ({"entryPoint": "mine.py"}, "mine.py"),
        ({"entryPoint": "mine"}, "mine.py"),
        ({"entryPoint": "inner.other"}, "inner/other.py"),
        ({"entryPoint": "djl_python.huggingface"}, "model.py"),
    ],
)
def test_file_that_is_run(folder: Path, properties: dict[str, str], name: str) -> None:
    assert find_entry_point(folder, properties, None) == EntryPoint((folder / name).resolve())


def test_absolute_path_and_names_in_the_file(folder: Path) -> None:
    properties = {"entryPoint": str(folder / "mine.py"), "handler": "serve"}
    assert find_entry_point(Path("/"), properties, "word") == EntryPoint(
        (folder / "mine.py").resolve(), "serve", "word"
    )


@pytest.mark.parametrize("properties", [{}, {"entryPoint": "djl_python.lmi_vllm.vllm_async_service"}])
def test_no_code_of_ones_own(tmp_path: Path, properties: dict[str, str]) -> None:
    assert find_entry_point(tmp_path, properties, None) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.py", "entry-point file not found .*/mine.py"),
        ("djl_python.stable-diffusion", "option.entryPoint=djl_python.stable-diffusion is not served here"),
    ],
)
def test_entry_point_that_is_not_there(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(StartupFailed, match=message):
        find_entry_point(tmp_path, {"entryPoint": name}, None)


def test_requirements_are_reported_in_one_line(folder: Path) -> None:
    assert EntryPoint(folder / "model.py").notes == ()
    (folder / "requirements.txt").write_text("# wanted\nscipy==1.13\n\npandas\n")
    [note] = EntryPoint(folder / "model.py").notes
    assert note == (
        f"requirements.txt is not installed; {folder.name}/model.py runs with what this host's Python has: "
        "scipy==1.13, pandas"
    )
