"""Where the local host listens and the keys it made, as its home tells them.

Used by `env` and `exec`, which print or set them, and by `target`, which signs with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import typer

from firstbyte.cli.errors import CommandFailed
from firstbyte.settings import Settings, load_settings, read_credentials

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
    if not settings.credentials_file.exists():
        raise CommandFailed(f"no host has run with the home {settings.server.home} yet; `firstbyte up` starts one")
    return host_at(local_url(settings), settings)


def host_at(url: str, settings: Settings) -> LocalHost:
    """Give the host that listens on `url`, with the keys of its home."""
    keys = read_credentials(settings)
    return LocalHost(url, settings.hosting.region, keys.access_key_id, keys.secret_access_key)


def local_url(settings: Settings) -> str:
    """Say where a client on this machine reaches the host."""
    host = _ANY_ADDRESS.get(settings.server.host, settings.server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
