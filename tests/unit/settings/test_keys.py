"""The key ring: made, listed, found and gone, in one file for its owner only."""

import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from firstbyte.settings import KeyRing, Rights, Settings, SettingsError, load_settings, open_credentials


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    loaded = load_settings({"home": tmp_path / "home"}, {})
    open_credentials(loaded)
    return loaded


def test_the_host_s_own_key_comes_first_and_may_do_everything(settings: Settings) -> None:
    own = open_credentials(settings)
    ring = KeyRing(settings)

    assert [key.name for key in ring.all()] == ["host"]
    found = ring.find(own.access_key_id)
    assert found is not None
    assert (found.secret_access_key, found.rights) == (own.secret_access_key, Rights.FULL)


def test_a_key_is_found_by_a_ring_that_was_open_before_it_was_made_and_not_after_it_went(settings: Settings) -> None:
    running = KeyRing(settings)
    assert running.find("AKIANOBODY0000000000") is None

    made = KeyRing(settings).add("analyst", Rights.READ_ONLY)
    assert running.find(made.access_key_id) == made
    KeyRing(settings).add("other", Rights.FULL)
    assert running.find(made.access_key_id) is not None

    gone = KeyRing(settings).remove("analyst")
    assert (gone.access_key_id, gone.secret_access_key) == (made.access_key_id, "")
    assert running.find(made.access_key_id) is None


def test_keys_look_like_amazon_s_and_hide_their_secrets(settings: Settings) -> None:
    made = KeyRing(settings).add("analyst", Rights.INVOKE_ONLY)

    assert (made.access_key_id[:4], len(made.access_key_id), len(made.secret_access_key)) == ("AKIA", 20, 40)
    assert made.secret_access_key not in repr(made)
    assert stat.S_IMODE(settings.keys_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "a", "a b", "-a", "a/b", "x" * 65, "é1"])
def test_a_name_must_be_one_of_a_role_s_session(settings: Settings, name: str) -> None:
    with pytest.raises(SettingsError, match="is no name for a key"):
        KeyRing(settings).add(name, Rights.FULL)


def test_a_name_is_taken_once(settings: Settings) -> None:
    ring = KeyRing(settings)
    ring.add("analyst", Rights.FULL)

    for name in ("analyst", "host"):
        with pytest.raises(SettingsError, match=f"there is a key called {name} already"):
            ring.add(name, Rights.FULL)
    assert [key.name for key in ring.all()] == ["host", "analyst"]


def test_what_is_not_there_cannot_be_taken_away(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="there is no key called nobody"):
        KeyRing(settings).remove("nobody")
    with pytest.raises(SettingsError, match="the host's own key stays"):
        KeyRing(settings).remove("host")


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{}]}', '{"keys": [{"name": "a", "rights": "all"}]}'])
def test_a_broken_file_lets_no_named_key_in(settings: Settings, text: str) -> None:
    settings.keys_file.write_text(text)
    ring = KeyRing(settings)

    with pytest.raises(SettingsError, match="does not hold a list of keys"):
        ring.find("AKIANOBODY0000000000")
    with pytest.raises(SettingsError, match="does not hold a list of keys"):
        ring.add("analyst", Rights.FULL)
    assert settings.keys_file.read_text() == text


def test_of_many_writers_none_is_lost(settings: Settings) -> None:
    threads = [
        threading.Thread(target=lambda number=number: KeyRing(settings).add(f"key-{number}", Rights.FULL))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(KeyRing(settings).all()) == 13
