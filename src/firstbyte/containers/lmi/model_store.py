"""Finds the one model in DJL's model store, /opt/ml/model (ModelInfo.java; deployment_guide/model-artifacts.md)."""

from dataclasses import dataclass, field
from pathlib import Path

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.properties import parse_properties

ROOT_NAME = "model"
PROPERTIES_FILE = "serving.properties"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A folder of the model store and what its serving.properties say."""

    name: str
    folder: Path
    properties: dict[str, str] = field(default_factory=dict)


def find_stored_model(store: Path) -> StoredModel:
    """The model in `store`: its only folder where it holds nothing but folders, otherwise the store itself.

    Raises:
        StartupFailed: it holds several models, or a file that cannot be read.
    """
    entries = sorted(entry for entry in store.iterdir() if not entry.name.startswith(".")) if store.is_dir() else []
    folders = [entry for entry in entries if entry.is_dir()]
    folder, name = store, ROOT_NAME
    if entries and len(folders) == len(entries):
        if len(folders) > 1:
            names = ", ".join(entry.name for entry in folders)
            raise StartupFailed(f"the model data holds several models ({names}); one is served in a container")
        folder, name = folders[0], folders[0].name
    return StoredModel(name, folder, _read_properties(folder / PROPERTIES_FILE))


def _read_properties(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        return parse_properties(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise StartupFailed(f"{PROPERTIES_FILE} is not UTF-8: {error}") from error
