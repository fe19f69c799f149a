"""The tether: an instance ends when its host is killed."""

import asyncio
import os
import sys

import pytest

from firstbyte.launchers import tether

HOST = f"""
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-IS", {tether.__file__!r}, str(os.getpid()), "sh", "-c", "echo up; exec sleep 60"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ties processes on Linux only")
async def test_a_killed_host_takes_its_instance_along() -> None:
    host = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", HOST, stdout=asyncio.subprocess.PIPE)
    assert host.stdout is not None
    words = {(await host.stdout.readline()).strip(), (await host.stdout.readline()).strip()}
    (pid,) = (int(word) for word in words if word.isdigit())
    os.kill(pid, 0)  # it lives

    host.kill()
    await host.wait()
    # The instance holds the other end of the pipe; it closes when the instance is gone.
    async with asyncio.timeout(20):
        assert await host.stdout.read() == b""


async def test_an_instance_whose_host_is_gone_already_does_not_begin() -> None:
    not_the_parent = os.getpid() + 1
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-IS",
        tether.__file__,
        str(not_the_parent),
        "echo",
        "began",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert error == b"error: the host ended before its instance began\n"
