"""The home's two guarded files: the host's own key pair, and the lock that keeps a second host out."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from firstbyte.settings.sections import Settings, SettingsError


class HomeInUse(SettingsError):
    """Another host uses this home."""


@dataclass(frozen=True, slots=True)
class HostCredentials:
    """The key pair that this host trusts."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"HostCredentials({self.access_key_id!r}, …)"


def open_credentials(settings: Settings) -> HostCredentials:
    """Read the home's key pair, making home (0700) and keys (0600) if there are none yet."""
    home = settings.server.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{home} cannot be this host's home: {error}") from error
    made = {"access_key_id": f"AKIA{secrets.token_hex(8).upper()}", "secret_access_key": secrets.token_hex(20)}
    with contextlib.suppress(FileExistsError), open(settings.credentials_file, "x", opener=open_private) as file:
        json.dump(made, file, indent=2)
    return read_credentials(settings)


def read_credentials(settings: Settings) -> HostCredentials:
    """Read the home's key pair. Raises SettingsError if there is none or it cannot be read."""
    file = settings.credentials_file
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        return HostCredentials(written["access_key_id"], written["secret_access_key"])
    except FileNotFoundError:
        raise SettingsError(f"{file} is not there yet; the host makes it when it first starts") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{file} does not hold an access_key_id and a secret_access_key: {error!r}") from error


@contextlib.contextmanager
def lock_home(settings: Settings) -> Iterator[None]:
    """Keep every other host out of this home. Raises HomeInUse, naming the one that is in."""
    file = settings.lock_file
    with open(file, "a+", opener=open_private) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise HomeInUse(
                f"{settings.server.home} is in use by another host, process {holder}; stop that one, "
                "or give this one a home of its own with FIRSTBYTE_HOME"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def open_private(path: str, flags: int) -> int:
    """Open a file, as `open` wants its opener; one that is made is its owner's only."""
    return os.open(path, flags, 0o600)
