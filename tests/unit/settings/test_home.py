"""The home: keys made once, for their owner only, and one host at a time."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from firstbyte.settings import (
    HomeInUse,
    Settings,
    SettingsError,
    load_settings,
    lock_home,
    open_credentials,
    read_credentials,
)


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return load_settings({"home": tmp_path / "home"}, {})


def test_keys_are_made_at_the_first_start_and_kept(settings: Settings) -> None:
    made = open_credentials(settings)

    assert made == open_credentials(settings) == read_credentials(settings)
    assert made.access_key_id.startswith("AKIA")
    assert len(made.access_key_id) == 20
    assert len(made.secret_access_key) == 40
    assert made.secret_access_key not in repr(made)


def test_home_and_keys_are_their_owner_s_only(settings: Settings) -> None:
    open_credentials(settings)

    assert stat.S_IMODE(settings.server.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.credentials_file.stat().st_mode) == 0o600


def test_reading_keys_that_are_not_there_says_who_makes_them(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="the host makes it when it first starts"):
        read_credentials(settings)


@pytest.mark.parametrize("text", ["", "[]", '{"access_key_id": "AK"}', "{"])
def test_a_broken_key_file_is_not_replaced(settings: Settings, text: str) -> None:
    open_credentials(settings)
    settings.credentials_file.write_text(text)

    with pytest.raises(SettingsError, match="does not hold"):
        open_credentials(settings)
    assert text == settings.credentials_file.read_text()


def test_a_second_host_is_kept_out_and_told_by_whom(settings: Settings) -> None:
    open_credentials(settings)
    with lock_home(settings), pytest.raises(HomeInUse, match=f"process {os.getpid()};"), lock_home(settings):
        pass

    with lock_home(settings):
        pass  # free again
