"""A real host on a free port with a home of its own, and unmodified boto3 in front of it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import boto3
import pytest

from firstbyte.app import Host
from firstbyte.settings import load_settings, read_credentials
from firstbyte.telemetry.facts import Fact

ROLE_ARN = "arn:aws:iam::123456789012:role/sagemaker_execution_role"
SOON = {"Delay": 0.05, "MaxAttempts": 600}
"""For boto3's waiters, whose own delay is half a minute."""


class FactList:
    """A hook that remembers what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._changed = threading.Condition()

    def observe(self, fact: Fact) -> None:
        with self._changed:
            self.facts.append(fact)
            self._changed.notify_all()

    def wait_for(self, kind: Any, **fields: Any) -> Any:
        """Give the first fact of a kind whose fields are as given, waiting for it if need be."""

        def find() -> Any:
            for fact in self.facts:
                if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items()):
                    return fact
            return None

        with self._changed:
            assert self._changed.wait_for(find, timeout=20), f"no {kind.__name__} with {fields} in {self.facts}"
            return find()


class RunningHost:
    """A host on a thread of its own, as `firstbyte demo` has it."""

    def __init__(self, home: Path, **options: Any) -> None:
        self.settings = load_settings({"home": home, "port": 0, **options}, {})
        self.hook = FactList()
        self._host = Host(self.settings, [self.hook])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="host", daemon=True)
        self._clients: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return self._host.url

    def start(self) -> Self:
        self._thread.start()
        try:
            self._run(self._host.start())
        except BaseException:
            self._end_loop()
            raise
        return self

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        self._run(self._host.stop())
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    @property
    def session(self) -> Any:
        """A boto3 session with the host's keys."""
        keys = read_credentials(self.settings)
        return boto3.Session(keys.access_key_id, keys.secret_access_key, region_name=self.settings.hosting.region)

    def client(self, service: str) -> Any:
        """A boto3 client as any program makes it, made once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def create_endpoint(
        self, name: str, image: str = "firstbyte/echo", environment: Any = None, config: Any = None, **container: Any
    ) -> Any:
        """Make model, config and endpoint of one name, as the notebooks do; `config` has more of the second."""
        sagemaker = self.client("sagemaker")
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE_ARN,
            PrimaryContainer={"Image": image, "Environment": environment or {}, **container},
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InstanceType": "ml.g5.2xlarge",
                    "InitialInstanceCount": 1,
                    "ContainerStartupHealthCheckTimeoutInSeconds": 300,
                    "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
                }
            ],
            **(config or {}),
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return sagemaker

    def deploy(self, name: str, **arguments: Any) -> Any:
        """Make an endpoint and wait until it is InService."""
        sagemaker = self.create_endpoint(name, **arguments)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
        return name


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One host for the tests of a file."""
    running = RunningHost(tmp_path_factory.mktemp("home"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def echo(host: RunningHost) -> Any:
    """An endpoint whose container does what its requests say (`firstbyte.containers.echo`)."""
    return host.deploy("echo")


class Hosts:
    """Starts hosts that a test stops, or that end with it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running: list[RunningHost] = []

    def start(self, **options: Any) -> RunningHost:
        host = RunningHost(self._home, **options).start()
        self._running.append(host)
        return host

    def stop(self, host: RunningHost) -> None:
        self._running.remove(host)
        host.stop()

    def stop_all(self) -> None:
        for host in list(self._running):
            self.stop(host)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """For tests that need hosts of their own, one after the other, with one home."""
    hosts = Hosts(tmp_path / "home")
    yield hosts
    hosts.stop_all()
