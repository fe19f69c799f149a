"""A home with keys in it, as a host leaves one behind."""

import json
from pathlib import Path

import pytest

AWS_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment without anybody's credentials."""
    for name in AWS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("FIRSTBYTE_HOME", str(folder))
    return folder


@pytest.fixture
def keys(home: Path) -> dict[str, str]:
    """The keys of the host whose home it is."""
    made = {"access_key_id": "AKIAFIRSTBYTE0000001", "secret_access_key": "it's/secret+"}
    (home / "credentials.json").write_text(json.dumps(made))
    return made
