"""The home outlives the host: what was InService is InService again, and nobody else gets in meanwhile."""

import os
import subprocess
from typing import Any

import pytest

from firstbyte.settings import HomeInUse
from scenarios.conftest import SOON, Hosts


def test_endpoints_come_back_with_the_home(hosts: Hosts) -> None:
    first = hosts.start()
    first.deploy("lasting")
    first.client("s3").create_bucket(Bucket="lasting-bucket")
    first.client("s3").put_object(Bucket="lasting-bucket", Key="a/b", Body=b"kept")
    hosts.stop(first)

    second = hosts.start()
    second.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName="lasting", WaiterConfig=SOON)
    answer = second.client("sagemaker-runtime").invoke_endpoint(EndpointName="lasting", Body=b"hello")
    assert answer["Body"].read() == b"hello"
    assert second.client("s3").get_object(Bucket="lasting-bucket", Key="a/b")["Body"].read() == b"kept"


def test_a_second_host_is_kept_out(hosts: Hosts) -> None:
    hosts.start()

    with pytest.raises(HomeInUse, match=f"is in use by another host, process {os.getpid()}"):
        hosts.start()


def test_nothing_runs_any_more_after_a_stop(hosts: Hosts) -> None:
    before = list_children()
    host = hosts.start()
    host.deploy("brief")
    running = list_children() - before
    assert any("firstbyte.containers" in command for command in running)
    assert any("rclone" in command for command in running)
    hosts.stop(host)

    assert set() == list_children() - before


def list_children() -> Any:
    """Give process id and command line of each child of this process."""
    table = subprocess.run(["ps", "-wweo", "ppid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=1) for line in table.splitlines()]
    return {row[1] for row in rows if row[0] == str(os.getpid()) and "ps -wweo" not in row[1]}
