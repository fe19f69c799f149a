"""Every setting of the host, read once: options, then FIRSTBYTE_* variables, then config.toml in the home, then defaults.

Called by `app` and by the command line. A setting is one dataclass field, its help the string beneath it; rooms declare
their own, `Settings` composes them, and `render_reference` makes docs/settings.md of the same fields.
"""

import ast
import dataclasses
import difflib
import inspect
import ipaddress
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from firstbyte.hosting.settings import HostingSettings

ENVIRONMENT_PREFIX = "FIRSTBYTE_"
CONFIG_FILE = "config.toml"
DEFAULT_HOME = Path("~/.firstbyte")

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


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
    log_format: Literal["text", "json"] = "text"
    """One line per fact, for people (text) or machines (json)."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port is {self.port}, but ports go from 0 to 65535")
        if not self.auth and not _is_loopback(self.host):
            raise SettingsError(
                f"signatures must be checked when the host listens on {self.host}: whoever can reach it could run models "
                "and read objects; leave auth on, or listen on 127.0.0.1"
            )
