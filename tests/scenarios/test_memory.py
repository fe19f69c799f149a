"""Objects pass through without staying in memory, however large they are: read from /proc of the host and its store."""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig

from firstbyte.settings import load_settings, read_credentials

OBJECT_MB = 64
HOST_GROWTH_MB = 16
STORE_GROWTH_MB = 48
"""Of two parts of 8 MB at a time one may have to wait for the other; the rest is what Go's collector leaves lying."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read from /proc")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A host in a process of its own, as its number and URL."""
    environment = {**os.environ, "FIRSTBYTE_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "firstbyte", "up", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    listens = re.search(r"http://[\d.:]+", process.stdout.readline())
    assert listens is not None
    yield process.pid, listens[0]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def find_store(host_id: int) -> int:
    """The rclone below a host."""
    table = subprocess.run(["ps", "-wweo", "ppid=,pid=,comm="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    below = {str(host_id)}
    for _ in range(3):
        below |= {pid for ppid, pid, _ in rows if ppid in below}
    return next(int(pid) for _, pid, name in rows if pid in below and name == "rclone")


def peak_mb(process_id: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def test_a_large_object_goes_up_and_down_in_bounded_memory(running: tuple[int, str], tmp_path: Path) -> None:
    host_id, url = running
    chance = random.Random(1)
    with (tmp_path / "up").open("wb") as file:
        for _ in range(OBJECT_MB):
            file.write(chance.randbytes(1024 * 1024))
    keys = read_credentials(load_settings({"home": tmp_path / "home"}, {}))
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )
    s3.create_bucket(Bucket="large")
    store_id = find_store(host_id)
    before = peak_mb(host_id), peak_mb(store_id)

    by_parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20, max_concurrency=2)
    s3.upload_file(str(tmp_path / "up"), "large", "k", Config=by_parts)
    s3.download_file("large", "k", str(tmp_path / "down"), Config=by_parts)
    s3.close()

    assert peak_mb(host_id) - before[0] < HOST_GROWTH_MB
    assert peak_mb(store_id) - before[1] < STORE_GROWTH_MB
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
