"""The settings as values: the server's own section, and `Settings`, which composes one section per room."""

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firstbyte.hosting.settings import HostingSettings

DEFAULT_HOME = Path("~/.firstbyte")


class SettingsError(ValueError):
    """A setting is unknown, cannot have its value, or does not go with another; the message is for whoever set it."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the host listens, whom it trusts, and what it writes down."""

    home: Path = DEFAULT_HOME
    """Folder for state, credentials, objects, caches and logs."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8770
    """Port to listen on; 0 takes a free one."""
    auth: bool = True
    """Whether signatures are checked. May be off only on a loopback address."""
    max_signature_failures: int = 60
    """Wrong signatures that one address may send in a minute for one key; then it is throttled. 0 is no limit."""
    log_format: Literal["text", "json"] = "text"
    """One line per fact, for people (text) or machines (json)."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port is {self.port}, but ports go from 0 to 65535")
        if self.max_signature_failures < 0:
            raise SettingsError(f"max_signature_failures is {self.max_signature_failures}, but 0 is the least")
        if not self.auth and not _is_loopback(self.host):
            raise SettingsError(
                f"signatures must be checked when the host listens on {self.host}: whoever can reach it could run "
                "models and read objects; leave auth on, or listen on 127.0.0.1"
            )


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where models come from and what they run on; containers are told."""

    model_map: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Models that take the place of others: PATTERN=MODEL, separated by commas; a pattern may hold `*`."""
    offline: bool = False
    """Never ask the Hugging Face hub; only what is on this machine counts."""
    s3_endpoint_url: str | None = None
    """Another S3, which is asked for buckets that the embedded store does not have: model data, inputs and outputs of
    asynchronous inference, captured data. Its keys are those that botocore finds in the host's environment."""
    engine_threads: int | None = None
    """Threads of the engine in each instance; by itself it takes what the machine has."""
    engine_backend: str | None = None
    """The engine's backend: auto, native, reference or echo."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided, section by section. Build it with `load_settings`."""

    server: ServerSettings = dataclasses.field(default_factory=ServerSettings)
    models: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    hosting: HostingSettings = dataclasses.field(default_factory=HostingSettings)

    @property
    def state_file(self) -> Path:
        """The SQLite database of the control plane."""
        return self.server.home / "state.sqlite"

    @property
    def credentials_file(self) -> Path:
        """The keys that clients sign with."""
        return self.server.home / "credentials.json"

    @property
    def keys_file(self) -> Path:
        """The named keys beside the host's own."""
        return self.server.home / "keys.json"

    @property
    def objects_dir(self) -> Path:
        """The object store's root: buckets are folders, objects plain files."""
        return self.server.home / "objects"

    @property
    def cache_dir(self) -> Path:
        """What can be made again: packed weights, models from the hub."""
        return self.server.home / "cache"

    @property
    def tls_dir(self) -> Path:
        """The local certificate authority of `firstbyte exec`."""
        return self.server.home / "tls"

    @property
    def lock_file(self) -> Path:
        """Held by the one host that may use this home."""
        return self.server.home / "host.lock"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
