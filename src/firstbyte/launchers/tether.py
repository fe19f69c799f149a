"""Runs a command that ends when the host ends, however the host ends: `python tether.py HOST_PID COMMAND...`.

A host that is killed cannot stop its instances, and nobody else knows them. On Linux the kernel does it: the command is
sent SIGKILL when its parent dies (PR_SET_PDEATHSIG, prctl(2); kept across execve). It is set here, in a process of its
own before the command takes its place, because code between fork and exec is not safe in a host that has threads.
Elsewhere the command just runs. The script imports nothing of ours, so that it starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    """Tie this process to its parent, then become the command."""
    host_pid, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != host_pid:
        raise SystemExit("error: the host ended before its instance began")  # it died before the tie was made
    os.execvp(command[0], command)  # noqa: S606 - the command is the launcher's own


if __name__ == "__main__":
    main()
