"""Models of the Hugging Face hub: from a cache where they lie already, else downloaded where there is a network."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firstbyte.artifacts.errors import ModelAccessDenied, ModelNotFound, SourceUnreachable
from firstbyte.artifacts.local import has_model

logger = logging.getLogger(__name__)

NEEDED_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
"""What the engine reads; weights in other formats are left where they are."""


def find_snapshot(
    model_id: str, cache_dir: Path, *, revision: str | None = None, token: str | None = None, offline: bool = False
) -> Path:
    """The folder of a model's snapshot: the user's own hub cache first, then ours, then the hub.

    Raises:
        ModelNotFound: the hub has no such model or revision, or it is in no cache and the hub must not be asked.
        ModelAccessDenied: it is gated or private.
        SourceUnreachable: the hub did not answer.
    """
    for cache in (None, cache_dir / "hub"):
        if cached := _find_cached(model_id, revision, cache):
            return cached
    if offline:
        raise ModelNotFound(f"{model_id} is in no local cache, and HF_HUB_OFFLINE forbids asking the hub")
    logger.info("downloading %s from the hub", model_id)
    return _download(model_id, revision, token, cache_dir / "hub")


def _find_cached(model_id: str, revision: str | None, cache_dir: Path | None) -> Path | None:
    # Imported here: it takes longer than everything else of a start, and most models are not from the hub.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(model_id, revision=revision, cache_dir=cache_dir, local_files_only=True)
    except (LocalEntryNotFoundError, OSError):
        return None
    return Path(folder) if has_model(Path(folder)) else None


def _download(model_id: str, revision: str | None, token: str | None, cache_dir: Path) -> Path:
    from huggingface_hub import snapshot_download

    with _translated_errors(model_id, revision):
        folder = Path(
            snapshot_download(
                model_id, revision=revision, cache_dir=cache_dir, token=token or None, allow_patterns=NEEDED_FILES
            )
        )
    if not has_model(folder):
        raise ModelNotFound(f"{model_id} has no safetensors weights with a config.json")
    return folder


@contextmanager
def _translated_errors(model_id: str, revision: str | None) -> Iterator[None]:
    """The hub's errors in this room's words, most specific first."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise ModelAccessDenied(
            f"{model_id} is gated: ask for access on the hub and set HUGGING_FACE_HUB_TOKEN, "
            "or serve another model in its place with a model map"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelNotFound(f"{model_id} has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise ModelNotFound(f"the hub has no model {model_id} that this token may read") from error
    except LocalEntryNotFoundError as error:
        raise SourceUnreachable(f"{model_id} is in no local cache and the hub cannot be reached") from error
    except HfHubHTTPError as error:
        raise SourceUnreachable(f"the hub refused {model_id}: {_first_line(error)}") from error
    except Exception as error:  # the disk's, and the HTTP client's own, which changes with the hub's version
        raise SourceUnreachable(f"{model_id} could not be downloaded: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
