"""Keys and address come from the home and the settings."""

from pathlib import Path

import pytest

from firstbyte.cli.credentials import find_local_host, local_url
from firstbyte.cli.errors import CommandFailed
from firstbyte.settings import SettingsError, load_settings


def test_a_local_host_is_found_by_its_home(keys: dict[str, str]) -> None:
    host = find_local_host()
    assert host.url == "http://127.0.0.1:8770"
    assert (host.access_key_id, host.secret_access_key) == (keys["access_key_id"], keys["secret_access_key"])
    assert keys["secret_access_key"] not in repr(host)


def test_the_port_can_be_given(keys: dict[str, str]) -> None:
    assert find_local_host(9000).url == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8770"),
        ("0.0.0.0", "http://127.0.0.1:8770"),
        ("::", "http://[::1]:8770"),
        ("::1", "http://[::1]:8770"),
        ("models.example", "http://models.example:8770"),
    ],
)
def test_a_host_that_listens_everywhere_is_reached_on_loopback(host: str, url: str) -> None:
    assert local_url(load_settings({"host": host})) == url


def test_without_a_host_ever_run_it_says_how_to_start_one() -> None:
    with pytest.raises(CommandFailed, match="no host has run with the home"):
        find_local_host()


@pytest.mark.parametrize("written", ["", "[]", '{"access_key_id": "A"}'])
def test_a_damaged_file_says_so(home: Path, written: str) -> None:
    (home / "credentials.json").write_text(written)
    with pytest.raises(SettingsError, match="does not hold"):
        find_local_host()
