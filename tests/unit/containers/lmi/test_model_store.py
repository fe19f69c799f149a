from pathlib import Path

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.model_store import StoredModel, find_stored_model


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("engine=MPI\n" if path.suffix == ".properties" else "")


def test_single_folder_is_unwrapped_and_names_the_model(tmp_path: Path) -> None:
    write(tmp_path, "chat_llama2_7b_hf/serving.properties", "chat_llama2_7b_hf/notes.txt", ".DS_Store")
    assert find_stored_model(tmp_path) == StoredModel(
        "chat_llama2_7b_hf", tmp_path / "chat_llama2_7b_hf", {"engine": "MPI"}
    )


def test_root_is_the_model_where_it_holds_files(tmp_path: Path) -> None:
    write(tmp_path, "serving.properties", "extra/file")
    assert find_stored_model(tmp_path) == StoredModel("model", tmp_path, {"engine": "MPI"})


@pytest.mark.parametrize("name", ["", "missing"])
def test_store_may_be_empty_or_missing(tmp_path: Path, name: str) -> None:
    assert find_stored_model(tmp_path / name) == StoredModel("model", tmp_path / name)


def test_several_models_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a/config.json", "b/config.json")
    with pytest.raises(StartupFailed, match=r"several models \(a, b\)"):
        find_stored_model(tmp_path)


def test_properties_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "serving.properties").write_bytes(b"\xff\xfe")
    with pytest.raises(StartupFailed, match="not UTF-8"):
        find_stored_model(tmp_path)
