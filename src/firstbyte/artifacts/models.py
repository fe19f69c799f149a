"""From the name of a model, or the URL of its data, to files: the room's two doors.

`resolve_model` is called by containers (HF_MODEL_ID, option.model_id), `fetch_model_data` by the host (ModelDataUrl).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from firstbyte.artifacts.archive import extract_archive
from firstbyte.artifacts.buckets import ObjectFolder, S3Endpoint, link_tree
from firstbyte.artifacts.errors import InvalidUri, ModelDataNotFound, ModelNotFound
from firstbyte.artifacts.hub import find_snapshot
from firstbyte.artifacts.local import find_demo_model, find_local_model
from firstbyte.artifacts.uris import DEMO_NAMES, S3Uri, is_hub_id, is_local_path, is_s3_uri

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class ArtifactSettings:
    """Where to look."""

    objects_dir: Path | None
    """The embedded object store; None where there is none."""
    cache_dir: Path
    model_map: Mapping[str, str] = field(default_factory=dict)
    """Pattern of fnmatch -> the model to use instead; the first that matches counts."""
    s3_endpoint_url: str | None = None
    """Where buckets are that the embedded store does not have."""
    offline: bool = False


def resolve_model(
    model_id: str, settings: ArtifactSettings, *, revision: str | None = None, token: str | None = None
) -> Path:
    """The local folder of a model: mapped to another one first, then by what its name can mean.

    Raises:
        ArtifactError: there is none, or it may not be had; the text says what to change.
    """
    mapped = map_model(model_id, settings.model_map)
    if mapped in DEMO_NAMES:
        return find_demo_model()
    if is_s3_uri(mapped):
        folder = _find_data(S3Uri.parse(mapped), settings)
        if not folder.is_dir():
            raise ModelNotFound(f"{mapped} is an object; a model is a prefix with its files below")
        return folder
    if is_local_path(mapped) or Path(mapped).is_dir():
        return find_local_model(mapped)
    if not is_hub_id(mapped):
        raise ModelNotFound(f"{mapped!r} is neither a folder, an s3:// prefix nor an id of the hub")
    is_same = mapped == model_id
    return find_snapshot(
        mapped, settings.cache_dir, revision=revision if is_same else None, token=token, offline=settings.offline
    )


def map_model(model_id: str, model_map: Mapping[str, str]) -> str:
    """The model that is served when `model_id` is asked for; one step, never a chain."""
    return next((model for pattern, model in model_map.items() if fnmatchcase(model_id, pattern)), model_id)


def fetch_model_data(url: str, into: Path, settings: ArtifactSettings) -> None:
    """Put what a ModelDataUrl names into the folder `into`: an archive unpacked, a prefix with its layout.

    Raises:
        ArtifactError: it is not there, cannot be read or must not be unpacked; `into` is then as it was.
    """
    source = find_local_data(url) if url.startswith("file://") else _find_data(S3Uri.parse(url), settings)
    if source.is_dir():
        if not any(source.iterdir()):
            raise ModelDataNotFound(f"there is nothing below {url}")
        link_tree(source, into)
    elif source.name.endswith(ARCHIVE_SUFFIXES):
        extract_archive(source, into)
    else:
        raise InvalidUri(f"{url} must be a .tar.gz object or a prefix")


def find_local_data(url: str) -> Path:
    """The file or folder of a file:// URL.

    Raises:
        ModelDataNotFound: it is not there.
    """
    path = Path(url.removeprefix("file://"))
    if not path.is_absolute() or not path.exists():
        raise ModelDataNotFound(f"there is nothing at {url}")
    return path


def _find_data(uri: S3Uri, settings: ArtifactSettings) -> Path:
    """The embedded store's own buckets first, then the endpoint."""
    store = ObjectFolder(settings.objects_dir) if settings.objects_dir is not None else None
    if store is not None and (settings.s3_endpoint_url is None or store.has_bucket(uri.bucket)):
        return store.find(uri)
    if settings.s3_endpoint_url is None:
        raise ModelDataNotFound(f"no object store is configured that could have {uri}")
    return S3Endpoint(settings.s3_endpoint_url, settings.cache_dir).find(uri)
