"""What the control plane needs from outside, as narrow protocols; `launchers` and the composition root fill them."""

import enum
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from firstbyte.hosting.facts import Emit


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """Everything a launcher needs to start one container of an instance."""

    container_id: str
    """What the launcher knows it by: the instance's id, then a slash and its name where the instance has several."""
    endpoint_name: str
    variant_name: str
    image: str
    environment: Mapping[str, str]
    """The model's own Environment, exactly as in CreateModel."""
    folder: Path
    """The container's folder: its working directory and the place of its log."""
    model_dir: Path
    """Stands for /opt/ml/model; empty when the model has no data."""


class InstancePhase(enum.Enum):
    """What a launcher saw."""

    STARTING = enum.auto()
    """The container runs but /ping did not answer 200 within 2 s."""
    HEALTHY = enum.auto()
    """/ping answered 200."""
    EXITED = enum.auto()
    """The container is not running (or was never started)."""


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One observation of one container."""

    phase: InstancePhase
    exit_code: int | None = None
    """Negative: ended by that signal. None unless EXITED, and None when it is not known."""


class Launcher(Protocol):
    """Starts, watches and stops containers; an instance has one or several."""

    def check_image(self, image: str) -> None:
        """Raise UnknownImage if no container here can stand for the image."""

    async def start(self, spec: InstanceSpec) -> str:
        """Start the container and return its base URL at once, without waiting for it to be healthy.

        Raises UnknownImage if no container here can stand for the image, LaunchFailed if it could not be started.
        """

    async def observe(self, container_id: str) -> InstanceState:
        """Look at a container: whether it runs and, with one GET /ping, whether it is healthy. Never raises."""

    async def stop(self, container_id: str) -> None:
        """Ask a container to end, end it by force after a while, and return when it is gone. Unknown ids are fine."""

    def tail_log(self, container_id: str, num_lines: int) -> list[str]:
        """Give the last lines of a container's log, oldest first; also after it was stopped."""


@dataclass(frozen=True, slots=True)
class InstanceCall:
    """One POST /invocations to a container."""

    headers: Mapping[str, str]
    """Content-Type, Accept and X-Amzn-SageMaker-* only."""
    body: bytes


class InstanceAnswer(Protocol):
    """A container's answer, from the moment its status line and headers are in."""

    @property
    def status(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names in lower case."""

    def chunks(self) -> AsyncIterator[bytes]:
        """One item per chunk that the container wrote, as it comes. Raises StreamBroken if it ends before its end."""

    async def close(self) -> None:
        """Close the connection if the answer was not read to its end; may be called more than once."""


class InstanceClient(Protocol):
    """The relay's way to one container."""

    async def invoke(self, url: str, call: InstanceCall) -> InstanceAnswer:
        """POST to `url`/invocations. Raises InstanceUnreachable (nothing was sent) or StreamBroken (no answer came)."""


class ModelData(Protocol):
    """Brings a model's data to a container's folder."""

    async def fetch(self, url: str, into: Path) -> None:
        """Lay the files of a ModelDataUrl or S3 prefix under `into`. Raises ModelDataError with a sentence."""


class Objects(Protocol):
    """Reads and writes single objects in S3, by their locations: `s3://bucket/key`."""

    async def read(self, location: str, max_bytes: int) -> bytes:
        """Give an object. Raises ObjectFailed, also for one that is longer than `max_bytes`."""

    async def write(self, location: str, body: bytes, content_type: str | None) -> None:
        """Write an object over whatever is there. Raises ObjectFailed."""


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Now, in UTC, aware."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters of one host, as the composition root chose them."""

    launcher: Launcher
    client: InstanceClient
    model_data: ModelData
    objects: Objects
    clock: Clock
    emit: Emit
