"""Every setting of this room, written once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HostingSettings:
    """Whose account this is, how long things may take, and how much there may be."""

    account_id: str = "123456789012"
    """AWS account that the host plays: 12 digits."""
    region: str = "us-east-1"
    """AWS region that the host plays."""
    strict: bool = False
    """Refuse what AWS refuses where this host is kind: deleting an endpoint or an inference component that is being
    made or changed, changing an endpoint that is SystemUpdating, and invoking a component without copies."""
    instances_dir: Path = Path("instances")
    """Holds one folder per instance: its model data and its log."""
    max_body_bytes: int = 25 * 1024 * 1024
    """Of a request to InvokeEndpoint*, and of a regular (not streamed) answer."""
    max_async_body_bytes: int = 1024 * 1024 * 1024
    """Of a request to InvokeEndpointAsync that lies in S3, and of its answer."""
    invoke_timeout_s: float = 60.0
    """For the whole answer to InvokeEndpoint."""
    stream_timeout_s: float = 480.0
    """For the whole answer to InvokeEndpointWithResponseStream."""
    health_check_timeout_s: int = 240
    """From launch to the first good /ping; ContainerStartupHealthCheckTimeoutInSeconds of a variant goes before it."""
    model_data_timeout_s: int = 3600
    """For fetching model data; ModelDataDownloadTimeoutInSeconds of a variant goes before it."""
    max_start_attempts: int = 2
    """How often a container that ends by itself is started before CreateEndpoint fails."""
    max_missed_pings: int = 15
    """How many pings in a row a healthy instance may miss before it is started again."""
    restart_backoff_s: float = 0.5
    """Wait before the first restart of a crashed instance; doubles with each."""
    max_restart_backoff_s: float = 60.0
    """The longest wait before a restart."""
    crash_loop_starts: int = 4
    """From so many starts in a row on, an endpoint without a healthy instance is shown as OutOfService."""
    stable_after_s: float = 30.0
    """An instance healthy for so long is forgiven its earlier crashes."""
    capture_flush_s: float = 5.0
    """How long captured data is gathered before it is written to S3."""
    busy_poll_s: float = 0.05
    """How often instances are looked at while one is starting or stopping."""
    idle_poll_s: float = 2.0
    """How often they are looked at otherwise."""
    max_shadow_copies: int = 100
    """Copies of requests that all shadow variants together may have under way; beyond it requests are not copied."""
    multi_model_memory_bytes: int | None = None
    """Memory that the models loaded by multi-model containers may take together; by itself half of what the
    machine has. A model counts with the size of its files."""
    max_instances: int = 100
    """How many instances all endpoints together may ask for."""
    num_log_lines: int = 10
    """How many of the container's last lines a FailureReason quotes."""
