import tarfile
from pathlib import Path

import pytest

from firstbyte.artifacts import local
from firstbyte.artifacts.errors import (
    ArtifactError,
    HostileArchive,
    InvalidUri,
    ModelDataNotFound,
    ModelNotFound,
)
from firstbyte.artifacts.models import ArtifactSettings, fetch_model_data, map_model, resolve_model


@pytest.fixture
def settings(tmp_path: Path) -> ArtifactSettings:
    """An embedded store with the model `llama` in bucket `bucket-1`; the hub must not be asked."""
    model = tmp_path / "objects" / "bucket-1" / "llama"
    (model / "sub").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "sub" / "weights.safetensors").write_bytes(b"w")
    return ArtifactSettings(tmp_path / "objects", tmp_path / "cache", offline=True)


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "demo_model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(local, "DEMO_MODEL_DIR", folder)
    return folder


@pytest.mark.parametrize("name", ["demo", "firstbyte/demo"])
def test_demo_model(name: str, demo: Path, settings: ArtifactSettings) -> None:
    assert resolve_model(name, settings) == demo


def test_demo_model_may_be_missing(settings: ArtifactSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "DEMO_MODEL_DIR", tmp_path / "nothing")
    with pytest.raises(ModelNotFound, match="demo model"):
        resolve_model("demo", settings)


def test_map_comes_first_and_is_one_step(demo: Path, settings: ArtifactSettings) -> None:
    mapping = {"meta-llama/*-70b*": "x", "meta-llama/*": "demo", "demo": "never"}
    assert map_model("meta-llama/Llama-2-70b-chat-hf", mapping) == "x"
    assert map_model("meta-llama/Llama-2-7b-chat-hf", mapping) == "demo"
    assert map_model("META-llama/x", mapping) == "META-llama/x"
    mapped = ArtifactSettings(None, settings.cache_dir, mapping)
    assert resolve_model("meta-llama/Llama-2-7b-chat-hf", mapped) == demo


def test_prefix_is_read_where_it_lies(settings: ArtifactSettings) -> None:
    assert settings.objects_dir is not None
    for uri in ("s3://bucket-1/llama/", "s3://bucket-1/llama"):
        assert resolve_model(uri, settings) == settings.objects_dir / "bucket-1" / "llama"


def test_local_folder(settings: ArtifactSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_model(str(tmp_path), settings) == tmp_path
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert resolve_model("here", settings) == Path("here")


@pytest.mark.parametrize(
    ("model_id", "error", "message"),
    [
        ("/nowhere", ModelNotFound, "no folder and no GGUF file at /nowhere"),
        ("s3://bucket-1/other/", ModelDataNotFound, "there is no object or prefix s3://bucket-1/other/"),
        ("s3://bucket-1/llama/config.json", ModelNotFound, "is an object; a model is a prefix"),
        ("s3://bucket-1/../../x", HostileArchive, "component"),
        ("s3://B/x", InvalidUri, "not an S3 URI"),
        ("a b c", ModelNotFound, "'a b c' is neither a folder, an s3:// prefix nor an id of the hub"),
        ("nobody/nothing", ModelNotFound, "nobody/nothing is in no local cache, and HF_HUB_OFFLINE forbids"),
    ],
)
def test_says_what_is_wrong(
    model_id: str, error: type[ArtifactError], message: str, settings: ArtifactSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error) as failure:
        resolve_model(model_id, settings)
    assert message in str(failure.value)


def test_without_a_store_there_are_no_objects(tmp_path: Path) -> None:
    with pytest.raises(ModelDataNotFound, match="no object store is configured"):
        resolve_model("s3://bucket-1/llama/", ArtifactSettings(None, tmp_path))


def test_fetches_an_archive(settings: ArtifactSettings, tmp_path: Path) -> None:
    assert settings.objects_dir is not None
    with tarfile.open(settings.objects_dir / "bucket-1" / "model.tar.gz", "w:gz") as tar:
        tar.add(settings.objects_dir / "bucket-1" / "llama", "chat")
    fetch_model_data("s3://bucket-1/model.tar.gz", tmp_path / "into", settings)
    assert (tmp_path / "into" / "chat" / "sub" / "weights.safetensors").read_bytes() == b"w"
    fetch_model_data(f"file://{settings.objects_dir}/bucket-1/model.tar.gz", tmp_path / "again", settings)
    assert (tmp_path / "again" / "chat" / "config.json").is_file()


def test_fetches_a_prefix(settings: ArtifactSettings, tmp_path: Path) -> None:
    fetch_model_data("s3://bucket-1/llama/", tmp_path / "into", settings)
    assert (tmp_path / "into" / "sub" / "weights.safetensors").read_bytes() == b"w"
    assert (tmp_path / "into" / "config.json").is_file()


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("s3://bucket-1/missing.tar.gz", ModelDataNotFound, "no object or prefix s3://bucket-1/missing.tar.gz"),
        ("s3://bucket-1/llama/config.json", InvalidUri, r"must be a .tar.gz object or a prefix"),
        ("s3://bucket-1/empty/", ModelDataNotFound, "there is nothing below s3://bucket-1/empty/"),
        ("file:///nowhere.tar.gz", ModelDataNotFound, "there is nothing at file:///nowhere.tar.gz"),
        ("https://x/y.tar.gz", InvalidUri, "not an S3 URI"),
    ],
)
def test_data_that_cannot_be_fetched(
    url: str, error: type[ArtifactError], message: str, settings: ArtifactSettings, tmp_path: Path
) -> None:
    assert settings.objects_dir is not None
    (settings.objects_dir / "bucket-1" / "empty").mkdir()
    with pytest.raises(error) as failure:
        fetch_model_data(url, tmp_path / "into", settings)
    assert message in str(failure.value)
    assert not (tmp_path / "into").exists()
