"""The home outlives the host: what was InService is InService again, and nobody else gets in meanwhile."""

import os
import subprocess
import time

import pytest

from firstbyte.settings import HomeInUse
from scenarios.conftest import SOON


def test_endpoints_come_back_with_the_home(start_host):
    first = start_host()
    first.deploy("lasting")
    first.client("s3").create_bucket(Bucket="lasting-bucket")
    first.client("s3").put_object(Bucket="lasting-bucket", Key="a/b", Body=b"kept")
    start_host.stop(first)

    second = start_host()
    second.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName="lasting", WaiterConfig=SOON)
    answer = second.client("sagemaker-runtime").invoke_endpoint(EndpointName="lasting", Body=b"hello")
    assert b"hello" == answer["Body"].read()
    assert b"kept" == second.client("s3").get_object(Bucket="lasting-bucket", Key="a/b")["Body"].read()


def test_a_second_host_is_kept_out(start_host):
    start_host()

    with pytest.raises(HomeInUse, match=f"is in use by another host, process {os.getpid()}"):
        start_host()


def test_nothing_runs_any_more_after_a_stop(start_host):
    host = start_host()
    host.deploy("brief")
    home = str(host.settings.server.home)
    assert any(home in command for command in list_commands())
    start_host.stop(host)

    assert [] == [command for command in list_commands() if home in command]


def test_a_host_starts_in_less_than_a_second(start_host):
    began = time.monotonic()
    start_host()

    assert time.monotonic() - began < 1


def list_commands():
    """Give the command lines of everything that runs."""
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
