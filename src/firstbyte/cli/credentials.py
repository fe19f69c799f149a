"""Where the local host listens and the keys it made, as its home tells them.

Used by `env` and `exec`, which print or set them, and by `target`, which signs with them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import typer

from firstbyte.cli.errors import CommandFailed
from firstbyte.settings import Settings, load_settings

PortOption = Annotated[
    int | None, typer.Option("--port", "-p", min=1, max=65535, help="Port of the local host.", show_default="8770")
]

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a host listens on, not where we listen


@dataclass(frozen=True, slots=True)
class LocalHost:
    """The host on this machine, as a client needs to know it."""

    url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def environment(self) -> Mapping[str, str]:
        """Name the variables by which every AWS SDK and CLI finds the host."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }


def find_local_host(port: int | None = None) -> LocalHost:
    """Read the host's address and keys from the settings and the home. Raises CommandFailed when no host ever ran."""
    settings = load_settings({"port": port})
    access_key_id, secret_access_key = read_keys(settings)
    return LocalHost(local_url(settings), settings.hosting.region, access_key_id, secret_access_key)


def local_url(settings: Settings) -> str:
    """Say where a client on this machine reaches the host."""
    host = _ANY_ADDRESS.get(settings.server.host, settings.server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def read_keys(settings: Settings) -> tuple[str, str]:
    """Read the access key and its secret. Raises CommandFailed when there are none or they cannot be read."""
    path = settings.credentials_file
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
        return str(keys["access_key_id"]), str(keys["secret_access_key"])
    except FileNotFoundError:
        raise CommandFailed(
            f"{path} is not there: no host has run with this home yet; `firstbyte up` starts one"
        ) from None
    except PermissionError:
        raise CommandFailed(f"{path} may not be read by this user; it is the host's user's") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CommandFailed(f"{path} holds no keys ({error}); remove it and start the host again") from None
