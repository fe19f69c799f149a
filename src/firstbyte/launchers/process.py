"""Containers of instances as processes on this machine, without a container runtime. Implements hosting's Launcher."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from firstbyte.hosting.errors import LaunchFailed
from firstbyte.hosting.ports import InstancePhase, InstanceSpec, InstanceState
from firstbyte.launchers import tether
from firstbyte.launchers.environment import ContainerSettings, container_environment
from firstbyte.launchers.images import read_image
from firstbyte.launchers.loopback import free_port

CONTAINER_COMMAND = (sys.executable, "-m", "firstbyte.containers")
LOG_NAME = "log"
TAIL_BYTES = 64 * 1024
"""How much of a log's end is read for its last lines."""


@dataclass(frozen=True, slots=True)
class ProcessLauncherSettings:
    """How instances are run."""

    container: ContainerSettings
    command: tuple[str, ...] = CONTAINER_COMMAND
    host: str = "127.0.0.1"
    """Where instances listen."""
    ping_timeout_s: float = 2.0
    """SageMaker's limit for one health check."""
    stop_grace_s: float = 30.0
    """Between SIGTERM and SIGKILL, as on SageMaker."""


@dataclass(frozen=True, slots=True)
class _Running:
    """One container's process."""

    process: Process
    url: str


class ProcessLauncher:
    """Starts, watches and stops containers as child processes."""

    def __init__(self, settings: ProcessLauncherSettings) -> None:
        self._settings = settings
        self._running: dict[str, _Running] = {}
        self._ports: dict[str, int] = {}
        """What containers were told to bind, by id: one that is still starting does not hold its port yet."""
        self._logs: dict[str, Path] = {}
        self._http: aiohttp.ClientSession | None = None

    def check_image(self, image: str) -> None:
        """Raise UnknownImage if none of our containers stands for the image."""
        read_image(image)

    async def start(self, spec: InstanceSpec) -> str:
        """Start a container's process; its folder must exist. Raises UnknownImage, LaunchFailed."""
        assert spec.container_id not in self._running, "a container is stopped before it is started again"
        stand_in = read_image(spec.image)
        host, port = self._settings.host, self._take_port(spec.container_id)
        environment = container_environment(spec, stand_in, self._settings.container, host=host, port=port)
        url = f"http://{host}:{port}"
        self._logs[spec.container_id] = spec.folder / LOG_NAME
        spawning = asyncio.ensure_future(self._spawn(spec, environment))
        try:
            await asyncio.shield(spawning)
        except OSError as error:
            raise LaunchFailed(f"its process could not be started: {error}") from error
        finally:
            # A start that is cancelled may have made a process all the same; stop must find it.
            try:
                self._running[spec.container_id] = _Running(await spawning, url)
            except OSError:
                del self._ports[spec.container_id]
        return url

    def _take_port(self, container_id: str) -> int:
        """A free port that no other container was told; two of one port would answer for each other."""
        while (port := free_port(self._settings.host)) in self._ports.values():
            continue
        self._ports[container_id] = port
        return port

    async def _spawn(self, spec: InstanceSpec, environment: dict[str, str]) -> Process:
        log = await asyncio.to_thread(self._logs[spec.container_id].open, "ab")
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-IS",  # the tether needs nothing but the standard library
                tether.__file__,
                str(os.getpid()),
                *self._settings.command,
                cwd=spec.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the host's terminal is the host's; stop ends the whole group
            )
        finally:
            log.close()

    async def observe(self, container_id: str) -> InstanceState:
        """Whether the process runs and, with one ping, whether the container in it is healthy."""
        running = self._running.get(container_id)
        if running is None:
            return InstanceState(InstancePhase.EXITED)
        if running.process.returncode is None and await self._ping(running.url):
            return InstanceState(InstancePhase.HEALTHY)
        if running.process.returncode is not None:
            return InstanceState(InstancePhase.EXITED, running.process.returncode)
        return InstanceState(InstancePhase.STARTING)

    async def _ping(self, url: str) -> bool:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=self._settings.ping_timeout_s),
            )
        try:
            async with self._http.get(f"{url}/ping") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def stop(self, container_id: str) -> None:
        """SIGTERM, and SIGKILL to what is left of the process group after the grace period."""
        running = self._running.get(container_id)
        if running is None:
            return
        if running.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                running.process.terminate()
        try:
            async with asyncio.timeout(self._settings.stop_grace_s):
                await running.process.wait()
        except TimeoutError:
            pass  # it had its time; what follows is not a request
        # Also when the leader ended by itself: children of its own may be left. An ended group is fine.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.process.pid, signal.SIGKILL)
        await running.process.wait()
        self._running.pop(container_id, None)
        self._ports.pop(container_id, None)

    def pid(self, container_id: str) -> int:
        """The process id of a running container. Raises KeyError if it was not started, or was stopped."""
        return self._running[container_id].process.pid

    def tail_log(self, container_id: str, num_lines: int) -> list[str]:
        """The last lines that a container wrote."""
        path = self._logs.get(container_id)
        if path is None or not path.is_file():
            return []
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - TAIL_BYTES))
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        return lines[-num_lines:]

    async def close(self) -> None:
        """Stop whatever runs still, and close the connections for pings."""
        await asyncio.gather(*(self.stop(container_id) for container_id in list(self._running)))
        if self._http is not None:
            await self._http.close()
