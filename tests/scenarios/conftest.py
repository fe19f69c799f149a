"""A real host on a free port with a home of its own, and unmodified boto3 in front of it."""

import asyncio
import threading

import boto3
import pytest

from firstbyte.app import Host
from firstbyte.settings import load_settings, read_credentials

ROLE_ARN = "arn:aws:iam::123456789012:role/sagemaker_execution_role"
SOON = {"Delay": 0.05, "MaxAttempts": 600}
"""For boto3's waiters, whose own delay is half a minute."""


class FactList:
    """A hook that remembers what it is told."""

    def __init__(self):
        self.facts = []
        self._changed = threading.Condition()

    def observe(self, fact):
        with self._changed:
            self.facts.append(fact)
            self._changed.notify_all()

    def wait_for(self, kind, **fields):
        """Give the first fact of a kind whose fields are as given, waiting for it if need be."""

        def find():
            for fact in self.facts:
                if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items()):
                    return fact
            return None

        with self._changed:
            assert self._changed.wait_for(find, timeout=20), f"no {kind.__name__} with {fields} in {self.facts}"
            return find()


class RunningHost:
    """A host on a thread of its own, as `firstbyte demo` has it."""

    def __init__(self, home, **options):
        self.settings = load_settings({"home": home, "port": 0, **options}, {})
        self.hook = FactList()
        self._host = Host(self.settings, [self.hook])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="host", daemon=True)
        self._clients = {}

    @property
    def url(self):
        return self._host.url

    def start(self):
        self._thread.start()
        self._run(self._host.start())
        return self

    def stop(self):
        for client in self._clients.values():
            client.close()
        self._run(self._host.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    @property
    def session(self):
        """A boto3 session with the host's keys."""
        keys = read_credentials(self.settings)
        return boto3.Session(keys.access_key_id, keys.secret_access_key, region_name=self.settings.hosting.region)

    def client(self, service):
        """A boto3 client as any program makes it, made once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def create_endpoint(self, name, image="firstbyte/echo", environment=None, **container):
        """Make model, config and endpoint of one name, as the notebooks do."""
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
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return sagemaker

    def deploy(self, name, **arguments):
        """Make an endpoint and wait until it is InService."""
        sagemaker = self.create_endpoint(name, **arguments)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
        return name


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """One host for the tests of a file."""
    running = RunningHost(tmp_path_factory.mktemp("home"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def echo(host):
    """An endpoint whose container does what its requests say (`firstbyte.containers.echo`)."""
    return host.deploy("echo")


@pytest.fixture
def start_host(tmp_path):
    """Start hosts that a test stops, or that end with it."""
    running = []

    def start(home=tmp_path / "home", **options):
        running.append(RunningHost(home, **options).start())
        return running[-1]

    def stop(host):
        running.remove(host)
        host.stop()

    start.stop = stop
    yield start
    for host in running:
        host.stop()
