"""The keys that a host trusts: its own, with full rights, and named ones that `firstbyte keys` makes and takes away.

The command line writes `keys.json` and a running host reads it: a key is good, or gone, from the next request on.
Writing is putting a whole new file in the old one's place, so a reader never sees half of one.
"""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firstbyte.aws.rights import Rights
from firstbyte.settings.home import open_private, read_credentials
from firstbyte.settings.sections import Settings, SettingsError

HOST_KEY = "host"
"""The name of the host's own key, which `firstbyte env` prints."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=,.@-]{1,63}")
"""What IAM allows in the name of a role's session (2 to 64 characters), since names become those."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One key pair, its name, and what it may do."""

    name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    rights: Rights = Rights.FULL
    created_at: datetime | None = None
    """None for the host's own."""


class KeyRing:
    """The keys of one home."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.keys_file
        self._seen: tuple[int, int, int] | None = None
        """Which state of the file `_known` is from; None while there was no file."""
        self._known: Mapping[str, AccessKey] = {}
        self._host_key: AccessKey | None = None

    def find(self, access_key_id: str) -> AccessKey | None:
        """Return the key of an id, as things stand now. Raises SettingsError if the file cannot be read."""
        if self._host_key is None:
            self._host_key = self._read_host_key()
        if access_key_id == self._host_key.access_key_id:
            return self._host_key
        state = self._look()
        if state != self._seen:
            self._known = {key.access_key_id: key for key in self._read()}
            self._seen = state
        return self._known.get(access_key_id)

    def all(self) -> tuple[AccessKey, ...]:
        """Return every key, the host's own first, then by name. Raises SettingsError."""
        return (self._read_host_key(), *sorted(self._read(), key=lambda key: key.name))

    def add(self, name: str, rights: Rights) -> AccessKey:
        """Make a key. Raises SettingsError for a name that cannot be or is taken."""
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{name!r} is no name for a key: it has 2 to 64 letters, digits and any of _=,.@-")
        made = AccessKey(
            name,
            f"AKIA{secrets.token_hex(8).upper()}",
            secrets.token_hex(20),
            rights,
            datetime.now(UTC).replace(microsecond=0),
        )

        def append(keys: Sequence[AccessKey]) -> list[AccessKey]:
            if name == HOST_KEY or any(key.name == name for key in keys):
                raise SettingsError(f"there is a key called {name} already")
            return [*keys, made]

        self._change(append)
        return made

    def remove(self, name: str) -> AccessKey:
        """Take a key away and return it, without its secret. Raises SettingsError if there is none of that name."""
        if name == HOST_KEY:
            raise SettingsError("the host's own key stays; the host makes a new one when its credentials.json is gone")
        gone: list[AccessKey] = []

        def drop(keys: Sequence[AccessKey]) -> list[AccessKey]:
            gone.extend(key for key in keys if key.name == name)
            if not gone:
                raise SettingsError(f"there is no key called {name}")
            return [key for key in keys if key.name != name]

        self._change(drop)
        return replace(gone[0], secret_access_key="")

    def _read_host_key(self) -> AccessKey:
        own = read_credentials(self._settings)
        return AccessKey(HOST_KEY, own.access_key_id, own.secret_access_key)

    def _look(self) -> tuple[int, int, int] | None:
        """Return what changes whenever the file does."""
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> list[AccessKey]:
        try:
            return [_read_key(written) for written in json.loads(self._file.read_text(encoding="utf-8"))["keys"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{self._file} does not hold a list of keys: {error!r}") from error

    def _change(self, change: Callable[[Sequence[AccessKey]], Sequence[AccessKey]]) -> None:
        """Put a changed list in the place of the old one; of two writers one waits."""
        beside = self._file.with_suffix(".new")
        with open(self._file.with_suffix(".lock"), "a", opener=open_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            written = [_write_key(key) for key in change(self._read())]
            beside.unlink(missing_ok=True)
            with open(beside, "x", opener=open_private) as file:
                json.dump({"keys": written}, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(self._file)


def _read_key(written: Mapping[str, Any]) -> AccessKey:
    return AccessKey(
        str(written["name"]),
        str(written["access_key_id"]),
        str(written["secret_access_key"]),
        Rights(written["rights"]),
        datetime.fromisoformat(written["created_at"]),
    )


def _write_key(key: AccessKey) -> Mapping[str, str]:
    assert key.created_at is not None, "the host's own key stands in a file of its own"
    return {
        "name": key.name,
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "rights": key.rights.value,
        "created_at": key.created_at.isoformat(timespec="seconds"),
    }
