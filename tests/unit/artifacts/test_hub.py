"""The hub's own client over caches made by hand, and its errors as it raises them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from firstbyte.artifacts.errors import ArtifactError, ModelAccessDenied, ModelNotFound, SourceUnreachable
from firstbyte.artifacts.hub import find_snapshot

COMMIT = "a" * 40


def put_into_cache(cache: Path, *names: str) -> Path:
    """Lay a snapshot as the hub's client lays it."""
    repository = cache / "models--owner--name"
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for name in names:
        (snapshot / name).write_bytes(b"{}")
    return snapshot


def test_snapshot_in_our_cache_needs_no_network(tmp_path: Path) -> None:
    snapshot = put_into_cache(tmp_path / "hub", "config.json", "model.safetensors")
    assert find_snapshot("owner/name", tmp_path, offline=True) == snapshot
    assert find_snapshot("owner/name", tmp_path, revision=COMMIT, offline=True) == snapshot


@pytest.mark.parametrize("names", [(), ("config.json",), ("model.safetensors",)])
def test_snapshot_that_is_not_whole_does_not_count(tmp_path: Path, names: tuple[str, ...]) -> None:
    put_into_cache(tmp_path / "hub", *names)
    with pytest.raises(ModelNotFound, match="in no local cache"):
        find_snapshot("owner/name", tmp_path, offline=True)


ANSWER: Any = SimpleNamespace(headers={}, request=None)
"""What the hub's errors ask of the answer that they come from."""


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (lambda: GatedRepoError("gated", response=ANSWER), ModelAccessDenied, "owner/name is gated: ask for"),
        (
            lambda: RepositoryNotFoundError("no", response=ANSWER),
            ModelNotFound,
            "the hub has no model owner/name that this token may read",
        ),
        (
            lambda: RevisionNotFoundError("no", response=ANSWER),
            ModelNotFound,
            "owner/name has no revision 'r1'",
        ),
        (lambda: LocalEntryNotFoundError("no"), SourceUnreachable, "the hub cannot be reached"),
        (lambda: HfHubHTTPError("502 Bad Gateway\nmore", response=ANSWER), SourceUnreachable, "502 Bad Gateway"),
        (lambda: OSError("No space left"), SourceUnreachable, "No space left"),
        (lambda: TimeoutError(), SourceUnreachable, "could not be downloaded: TimeoutError"),
    ],
)
def test_hubs_errors_are_translated(
    failure: Callable[[], Exception],
    error: type[ArtifactError],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def download(model_id: str, *, local_files_only: bool = False, **_: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        raise failure()

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(error) as raised:
        find_snapshot("owner/name", tmp_path, revision="r1")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
