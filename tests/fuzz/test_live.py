"""Damaged requests over sockets to a live host: it stays alive, answers no 5xx, and leaves no task, file or socket.

`tests/fuzz/test_requests.py` tries more, without the sockets; of `--num-fuzzed` a third is tried here.
"""

import asyncio
import os
import random
import socket
import time
from pathlib import Path

import pytest

from firstbyte.aws.http import HttpRequest
from fuzz.corpus import good_requests
from fuzz.mutation import mutate
from scenarios.conftest import RunningHost

PATIENCE_S = 30.0


def raw(request: HttpRequest, chance: random.Random) -> bytes:
    """A request as bytes; now and then they are not HTTP any more."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", "connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(lines).encode("utf-8", "replace")
    if chance.random() < 0.1:
        at = chance.randrange(len(head))
        head = head[:at] + chance.choice((b"\x00", b"\r\n", b"\xff", b" ", b"")) + head[at + 1 :]
    return head + b"\r\n\r\n" + request.body


def exchange(address: tuple[str, int], message: bytes, *, leaves_early: bool) -> bytes:
    """Send all of a message and say that it is all; gives the answer's first line."""
    with socket.create_connection(address, timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(message)
            if leaves_early:
                return b""
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            return b""  # it would not hear more of this
        return answer.partition(b"\r\n")[0]


def num_open(host: RunningHost) -> tuple[int, int]:
    """Tasks of the host's loop, and files and sockets of this process."""
    return len(asyncio.all_tasks(host._loop)), len(os.listdir("/dev/fd"))  # noqa: PTH208 - it is no folder for pathlib


@pytest.mark.timeout(3600)
def test_a_live_host_outlives_every_request(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    num_requests, seed = pytestconfig.getoption("--num-fuzzed") // 3, pytestconfig.getoption("--fuzz-seed")
    chance = random.Random(seed)
    host = RunningHost(tmp_path / "home", auth=False, max_instances=2, stream_timeout_s=5.0).start()
    try:
        host.deploy("e")
        seeds = good_requests()
        address = ("127.0.0.1", int(host.url.rpartition(":")[2]))
        for request in seeds:
            exchange(address, raw(request, random.Random(0)), leaves_early=False)
        before = num_open(host)
        wrong = []
        for number in range(num_requests):
            message = raw(mutate(chance.choice(seeds), chance), chance)
            line = exchange(address, message, leaves_early=chance.random() < 0.03)
            status = line[9:12]
            if status.startswith(b"5") and status != b"501":
                wrong.append(f"request {number} of seed {seed}: {line!r} to {message!r:.2000}")
        assert wrong == [], "\n".join(wrong[:10])

        deadline = time.monotonic() + PATIENCE_S
        while any(now > then for now, then in zip(num_open(host), before, strict=True)) and time.monotonic() < deadline:
            exchange(address, b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", leaves_early=False)
        assert num_open(host) <= before
        assert host.client("sagemaker").describe_endpoint(EndpointName="e")["EndpointName"] == "e"
    finally:
        host.stop()
