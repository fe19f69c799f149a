from pathlib import Path

import pytest

from firstbyte.artifacts.errors import ModelNotFound
from firstbyte.artifacts.local import find_local_model, has_model


def test_model_is_a_configuration_and_weights(tmp_path: Path) -> None:
    assert not has_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert not has_model(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert has_model(tmp_path)


def test_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "m").mkdir()
    assert find_local_model("~/m") == tmp_path / "m"


def test_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(ModelNotFound):
        find_local_model(str(tmp_path / "f"))


def test_a_gguf_file_is_a_whole_model(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"")
    assert has_model(tmp_path)
    assert find_local_model(str(path)) == path
