"""The composition root: settings in, running host out. The only file that names adapters.

`serve` runs a host until it is told to end (`firstbyte up`); `Host` is the same for whoever has an event loop (tests,
`firstbyte demo`).
"""

import asyncio
import contextlib
import datetime
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import uvicorn

from firstbyte.artifacts.errors import ArtifactError
from firstbyte.artifacts.models import ArtifactSettings, fetch_model_data, map_model, resolve_model
from firstbyte.artifacts.uris import DEMO_NAMES
from firstbyte.aws.gateway import Gateway, Service
from firstbyte.aws.http import HttpResponse
from firstbyte.aws.sigv4 import Credentials, Verifier
from firstbyte.aws.throttle import FailureLimit
from firstbyte.edge.asgi import Edge
from firstbyte.edge.buckets import Buckets
from firstbyte.edge.certificates import Authority, write_bundle
from firstbyte.edge.control import control_operations
from firstbyte.edge.hub import Hub
from firstbyte.edge.identity import ROLE_SESSION_NAME, Identities
from firstbyte.edge.logs import Logs
from firstbyte.edge.members import with_known_members
from firstbyte.edge.metrics import Metrics
from firstbyte.edge.objects import Objects
from firstbyte.edge.proxy import ProxyThread, TlsProxy
from firstbyte.edge.runtime import Runtime
from firstbyte.edge.sessions import Sessions
from firstbyte.edge.sidecar import Sidecar
from firstbyte.hosting.api import ControlPlane
from firstbyte.hosting.async_invoke import AsyncInvoker
from firstbyte.hosting.controller import Controller
from firstbyte.hosting.data_capture import Captures
from firstbyte.hosting.errors import ModelDataError
from firstbyte.hosting.fleet import Fleet
from firstbyte.hosting.invoke import Invoker
from firstbyte.hosting.multi_model import LoadedModels
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.store.database import Store
from firstbyte.launchers.environment import ContainerSettings
from firstbyte.launchers.instance_http import HttpInstanceClient
from firstbyte.launchers.process import LOG_NAME, ProcessLauncher, ProcessLauncherSettings
from firstbyte.settings import (
    HostCredentials,
    KeyRing,
    Settings,
    SettingsError,
    lock_home,
    open_credentials,
    read_environment,
)
from firstbyte.telemetry.facts import HostStarted, HostStopped
from firstbyte.telemetry.hooks import Hook, Hooks
from firstbyte.telemetry.log import LogHook
from firstbyte.telemetry.minutes import MinuteStatistics
from firstbyte.telemetry.prometheus import CONTENT_TYPE, PrometheusHook

STOP_TIMEOUT_S = 10
"""How long answers under way may take after the host was told to end."""


class SystemClock:
    """The time of day, as the operating system has it."""

    def now(self) -> datetime.datetime:
        """Now, in UTC."""
        return datetime.datetime.now(datetime.UTC)


class Keys:
    """The home's keys as credentials, each signing as the account's role in a session of its own; and assumed roles."""

    def __init__(self, settings: Settings) -> None:
        self._ring = KeyRing(settings)
        self.sessions = Sessions(settings.hosting.account_id, SystemClock().now)
        self._identities = Identities(settings.hosting.account_id)

    def find(self, access_key_id: str) -> Credentials | None:
        """Find the credentials of a key."""
        key = self._ring.find(access_key_id)
        if key is None:
            return self.sessions.find(access_key_id)
        session_name = key.name if key.created_at else ROLE_SESSION_NAME
        principal = self._identities.principal(session_name, key.rights)
        return Credentials(key.access_key_id, key.secret_access_key, principal=principal)


def make_verifier(settings: Settings, keys: Keys) -> Verifier:
    """Make what tells whether a request is from someone we know."""
    clock = SystemClock().now
    limit = FailureLimit(settings.server.max_signature_failures, clock)
    return Verifier(keys.find, clock, region=settings.hosting.region, limit=limit)


class FetchedModelData:
    """Brings model data to instances by way of `artifacts`, on a thread: archives are unpacked and files copied."""

    def __init__(self, settings: ArtifactSettings) -> None:
        self._settings = settings

    async def fetch(self, url: str, into: Path) -> None:
        """Lay the files of a ModelDataUrl or S3 prefix under `into`. Raises ModelDataError."""
        is_given_up = threading.Event()
        try:
            await asyncio.to_thread(self._fetch, url, into, is_given_up)
        except ArtifactError as error:
            raise ModelDataError(str(error)) from error
        except asyncio.CancelledError:
            is_given_up.set()
            raise

    def _fetch(self, url: str, into: Path, is_given_up: threading.Event) -> None:
        fetch_model_data(url, into, self._settings)
        if is_given_up.is_set():  # a thread cannot be stopped: whoever gave up has cleared away before it was done
            shutil.rmtree(into, ignore_errors=True)


class Server(uvicorn.Server):
    """Uvicorn without its hold on the process's signals; whoever runs the host decides about those."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class Host:
    """A whole host on the running event loop. Use it as `async with Host(settings) as host`, or `start` and `stop`."""

    def __init__(self, settings: Settings, hooks: Sequence[Hook] = ()) -> None:
        self.settings = settings
        self.url = ""
        """Where it listens, once started."""
        self._metrics = PrometheusHook()
        self._minutes = MinuteStatistics()
        self._emit = Hooks((self._metrics, self._minutes, *hooks))
        self._exits = contextlib.AsyncExitStack()

    @property
    def credentials(self) -> HostCredentials:
        """The key pair that it trusts."""
        return open_credentials(self.settings)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start everything and return when requests are answered.

        Raises SettingsError (the home is in use, the address cannot be had) and SidecarFailed.
        """
        began = time.monotonic()
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        self._emit(HostStarted(self.url, str(self.settings.server.home), time.monotonic() - began))

    async def stop(self) -> None:
        """End everything that was started: server, instances, object store. May be called more than once."""
        url, self.url = self.url, ""
        await self._exits.aclose()
        if url:
            self._emit(HostStopped(url))

    async def _start(self) -> None:
        """Start part after part; each puts what ends it onto the stack, so that they end in the reverse order."""
        settings, exits = self.settings, self._exits
        open_credentials(settings)
        exits.enter_context(lock_home(settings))
        listener = open_listener(settings)
        exits.callback(listener.close)
        sidecar = Sidecar(settings.objects_dir, self._emit)
        exits.push_async_callback(sidecar.stop)
        starting = asyncio.create_task(sidecar.start())
        keys = Keys(settings)
        verifier = make_verifier(settings, keys) if settings.server.auth else None
        objects = Objects(
            sidecar,
            keys.find,
            verifier,
            account_id=settings.hosting.account_id,
            region=settings.hosting.region,
        )
        plane, runtime, logs = await self._start_hosting(sidecar)
        services = list_services(plane, runtime, logs, keys.sessions, Metrics(self._minutes))
        gateway = Gateway(services, verifier)
        await objects.start()
        exits.push_async_callback(objects.close)
        await starting
        pages = {"/healthz": _say_ok, "/metrics": self._render_metrics}
        hub = Hub(self._find_model, offline=settings.models.offline)
        exits.push_async_callback(hub.close)
        edge = Edge(gateway, objects, hub, pages, max_body_bytes=settings.hosting.max_body_bytes, emit=self._emit)
        await self._start_server(edge, listener)

    async def _start_hosting(self, sidecar: Sidecar) -> tuple[ControlPlane, Runtime, Logs]:
        """Start the control plane over its adapters."""
        settings, exits = self.settings, self._exits
        store = Store(settings.state_file)
        exits.callback(store.close)
        launcher, client = ProcessLauncher(launcher_settings(settings)), HttpInstanceClient()
        exits.push_async_callback(launcher.close)
        exits.push_async_callback(client.close)
        buckets = Buckets(
            sidecar,
            settings.objects_dir,
            region=settings.hosting.region,
            outside_url=settings.models.s3_endpoint_url,
        )
        exits.callback(buckets.close)
        model_data = FetchedModelData(artifact_settings(settings))
        ports = Ports(launcher, client, model_data, buckets, SystemClock(), self._emit)
        fleet, models = Fleet(ports), LoadedModels(ports, settings.hosting)
        controller = Controller(store, fleet, models, ports, settings.hosting)
        invoker = Invoker(store, fleet, models, ports, settings.hosting, controller.notify)
        running = asyncio.create_task(controller.run(), name="controller")
        exits.push_async_callback(self._end, controller, running)
        exits.push_async_callback(invoker.shadows.close)
        captures = Captures(invoker, ports, settings.hosting)
        exits.push_async_callback(self._end, captures, asyncio.create_task(captures.run(), name="data capture"))
        async_invoker = AsyncInvoker(store, fleet, ports, settings.hosting, captures)
        working = asyncio.create_task(async_invoker.run(), name="asynchronous invocations")
        exits.push_async_callback(self._end, async_invoker, working)
        plane = ControlPlane(store, fleet, ports, settings.hosting, controller.notify)
        logs = Logs(
            fleet.on,
            lambda name: store.endpoints.get(name) is not None,
            lambda container_id: settings.hosting.instances_dir / container_id / LOG_NAME,
        )
        return plane, Runtime(captures, async_invoker, self._emit), logs

    @staticmethod
    async def _end(loop: Controller | AsyncInvoker | Captures, running: asyncio.Task[None]) -> None:
        await loop.close()
        await running

    def _find_model(self, model_id: str) -> Path | None:
        """What the hub serves in a model's place; raises ArtifactError."""
        models = self.settings.models
        is_ours = map_model(model_id, models.model_map) != model_id or model_id in DEMO_NAMES
        if is_ours or models.offline:
            return resolve_model(model_id, artifact_settings(self.settings))
        return None

    def _render_metrics(self) -> HttpResponse:
        return HttpResponse(200, (("content-type", CONTENT_TYPE),), self._metrics.render())

    async def _start_server(self, edge: Edge, listener: socket.socket) -> None:
        """Serve `edge` on `listener`, from now on."""
        server = Server(
            uvicorn.Config(
                edge,
                http="httptools",
                ws="none",
                lifespan="off",
                loop="none",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=STOP_TIMEOUT_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="server")
        self._exits.push_async_callback(_stop_server, server, serving)
        host, port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def list_services(
    plane: ControlPlane, runtime: Runtime, logs: Logs, sessions: Sessions, metrics: Metrics
) -> dict[str, Service]:
    """Return what the gateway serves: handlers by service and operation."""
    identities = Identities(sessions.account_id)
    handlers: dict[str, Service] = {
        "sagemaker": control_operations(plane),
        "sagemaker-runtime": {
            "InvokeEndpoint": runtime.invoke_endpoint,
            "InvokeEndpointAsync": runtime.invoke_endpoint_async,
            "InvokeEndpointWithResponseStream": runtime.invoke_endpoint_with_response_stream,
        },
        "sts": {"AssumeRole": sessions.assume_role, "GetCallerIdentity": identities.get_caller_identity},
        "iam": {
            "GetRole": identities.get_role,
            "SimulatePrincipalPolicy": identities.simulate_principal_policy,
        },
        "logs": {"FilterLogEvents": logs.filter_log_events, "GetLogEvents": logs.get_log_events},
        "cloudwatch": {
            "GetMetricData": metrics.get_metric_data,
            "GetMetricStatistics": metrics.get_metric_statistics,
            "ListMetrics": metrics.list_metrics,
        },
    }
    return with_known_members(handlers)


def _say_ok() -> HttpResponse:
    return HttpResponse(200, (("content-type", "text/plain; charset=utf-8"),), b"ok\n")


async def _stop_server(server: Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    await serving


def launcher_settings(settings: Settings) -> ProcessLauncherSettings:
    """What the launcher and the containers are told."""
    return ProcessLauncherSettings(
        ContainerSettings(
            cache_dir=settings.cache_dir,
            objects_dir=settings.objects_dir,
            model_map=settings.models.model_map,
            engine_threads=settings.models.engine_threads,
            engine_backend=settings.models.engine_backend,
            host_environment=read_environment(),
        )
    )


def artifact_settings(settings: Settings) -> ArtifactSettings:
    """What the fetching of model data is told."""
    return ArtifactSettings(
        objects_dir=settings.objects_dir,
        cache_dir=settings.cache_dir,
        model_map=settings.models.model_map,
        s3_endpoint_url=settings.models.s3_endpoint_url,
        offline=settings.models.offline,
    )


def open_listener(settings: Settings) -> socket.socket:
    """Take the address, so that a port in use is known at once. Raises SettingsError."""
    host, port = settings.server.host, settings.server.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


@contextlib.contextmanager
def intercept(settings: Settings, url: str, *, trusted: str, upstream_url: str | None) -> Iterator[tuple[str, Path]]:
    """Run the proxy that leads Amazon's names to the host at `url`; gives its URL and the certificates to trust.

    `trusted`: the certificates (PEM) that are trusted already; `upstream_url`: the proxy in use so far. Raises OSError.
    """
    authority = Authority.open(settings.tls_dir)
    bundle = settings.tls_dir / "trusted.pem"
    write_bundle(authority, trusted, bundle)
    with ProxyThread(TlsProxy(authority, url, upstream_url)) as proxy:
        yield proxy.url, bundle


async def serve(settings: Settings, out: TextIO = sys.stderr, on_start: Callable[[Host], None] | None = None) -> None:
    """Run a host until SIGINT or SIGTERM, writing facts to `out`. Call it from the main thread.

    `on_start` is called once, when requests are answered. Raises what `Host.start` does.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with Host(settings, [LogHook(out, settings.server.log_format)]) as host:
        if on_start:
            on_start(host)
        await told.wait()
