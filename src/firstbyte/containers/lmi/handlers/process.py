"""One process of user code, seen from the container: how it is started and initialised, and the socket to it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.errors import StartupFailed, TookTooLong
from firstbyte.containers.lmi.handlers.entry_point import REQUIREMENTS_FILE, EntryPoint
from firstbyte.containers.lmi.handlers.frames import ChannelBroken, Frame, encode_frame, read_frame, receive_frame

COMMAND = (sys.executable, "-P", "-m", "firstbyte.containers.lmi.handlers")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a process found in the file."""

    has_handler: bool
    has_input_formatter: bool
    has_output_formatter: bool


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What to run and how long it may take."""

    entry_point: EntryPoint
    environment: Mapping[str, str]
    """The container's own, which user code sees as it does in LMI."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The model's options without `option.`, for the call that initialises the handler."""
    num_workers: int = 1
    loading_timeout_s: float = 240.0
    """`model_loading_timeout`: for loading the file and for the empty input that initialises it."""
    predict_timeout_s: float = 120.0
    """`predict_timeout`: the longest silence of a process that works."""
    retry_threshold: int = 10
    """So many starts in a row may fail before the model counts as failed."""


@dataclass(slots=True, eq=False)
class Worker:
    """One process and the socket to it."""

    process: subprocess.Popen[bytes]
    end: socket.socket
    contents: Contents
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def send(self, frame: Frame) -> None:
        """Say something to the process.

        Raises:
            ChannelBroken: it is gone.
        """
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_unix_connection(sock=self.end)
            self.writer.write(encode_frame(frame))
            await self.writer.drain()
        except OSError as error:
            raise ChannelBroken(str(error)) from error

    async def receive(self, timeout_s: float) -> Frame:
        """What the process says next.

        Raises:
            ChannelBroken: it is gone.
            TookTooLong: it said nothing for so long.
        """
        assert self.reader is not None, "nothing is said before something was asked"
        try:
            async with asyncio.timeout(timeout_s):
                return await receive_frame(self.reader)
        except TimeoutError as error:
            raise TookTooLong(timeout_s) from error

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        if self.writer is not None:
            self.writer.close()
        else:
            self.end.close()


def start_worker(plan: WorkerPlan) -> Worker:
    """Start a process, let it load the file and initialise its handler. Blocks; for the start, or in a thread.

    Raises:
        StartupFailed: the code cannot be loaded or initialised, or not in time.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - it runs this Python
            (*COMMAND, str(theirs.fileno())),
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            cwd=plan.entry_point.file.parent,
            env=dict(plan.environment) | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": _search_path(plan.environment)},
        )
    worker = Worker(process, ours, Contents(False, False, False))
    try:
        return _initialise(worker, plan)
    except BaseException:
        worker.kill()
        raise


def _search_path(environment: Mapping[str, str]) -> str:
    """Where the process finds this package and what this process imports, also when they are not installed."""
    given = environment.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(path for path in dict.fromkeys((*given, *sys.path)) if path and os.path.isabs(path))  # noqa: PTH117


def _initialise(worker: Worker, plan: WorkerPlan) -> Worker:
    entry_point, label = plan.entry_point, plan.entry_point.label
    order = {
        "file": str(entry_point.file),
        "handler": entry_point.handler,
        "output_formatter": entry_point.output_formatter,
    }
    worker.end.settimeout(plan.loading_timeout_s)
    try:
        worker.end.sendall(encode_frame(Frame("load", order)))
        found = _receive(worker.end)
        if found.kind != "ready":
            hint = f"; {REQUIREMENTS_FILE} is not installed here" if entry_point.notes else ""
            raise StartupFailed(f"{label} cannot be loaded: {found.members.get('error')}{hint}")
        worker.contents = Contents(**found.members)
        if worker.contents.has_handler:
            worker.end.sendall(encode_frame(invocation(plan.properties, ())))
            _check_initialised(worker.end, label)
    except TimeoutError as error:
        raise StartupFailed(f"{label} was not initialised within {plan.loading_timeout_s:g} s") from error
    except (ChannelBroken, OSError) as error:
        exit_code = worker.process.wait()
        raise StartupFailed(f"{label} ended its process while it was loaded, exit code {exit_code}") from error
    worker.end.settimeout(None)
    return worker


def _check_initialised(end: socket.socket, label: str) -> None:
    head = _receive(end)
    body = b""
    while (frame := _receive(end)).kind != "end":
        body += frame.body
    code = head.members["code"]
    if code >= 300:
        reason = " ".join(body.decode(errors="replace").split())
        raise StartupFailed(f"{label} refused the empty input that initialises it, code {code}: {reason}")


def _receive(end: socket.socket) -> Frame:
    def read_exactly(num_bytes: int) -> bytes:
        data = bytearray()
        while len(data) < num_bytes:
            part = end.recv(num_bytes - len(data))
            if not part:
                raise ChannelBroken("the process is gone")
            data += part
        return bytes(data)

    return read_frame(read_exactly)


def invocation(properties: Mapping[str, Any], content: tuple[tuple[str | None, bytes], ...]) -> Frame:
    """The frame that calls the handler with one request."""
    return _request("invoke", properties, content, {})


def reading(properties: Mapping[str, Any], body: bytes, attributes: Mapping[str, Any]) -> Frame:
    """The frame that has the input formatter read one request."""
    return _request("read", properties, (("data", body),), {"attributes": dict(attributes)})


def _request(
    kind: str, properties: Mapping[str, Any], content: tuple[tuple[str | None, bytes], ...], members: dict[str, Any]
) -> Frame:
    lengths = [(key, len(value)) for key, value in content]
    body = b"".join(value for _, value in content)
    return Frame(kind, {"properties": dict(properties), "content": lengths, **members}, body)
