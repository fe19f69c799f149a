"""The facts that rooms emit: each is one thing that happened, with its numbers and their units.

A room calls the `Emit` it was built with and knows nothing of who listens (`telemetry.hooks`).
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened; the name of the class says what, its fields say to whom and how much."""


Emit = Callable[[Fact], None]
"""How a room tells a fact: it returns at once and never raises."""


@dataclass(frozen=True, slots=True)
class HostStarted(Fact):
    """The host accepts requests at `url`."""

    url: str
    home: str
    start_s: float


@dataclass(frozen=True, slots=True)
class HostStopped(Fact):
    """The host and everything that it had started have ended."""

    url: str


@dataclass(frozen=True, slots=True)
class RequestServed(Fact):
    """A request to any of the services was answered, its body sent to the end or given up.

    `operation` is AWS's name, or the HTTP method for objects; `error_code` is empty when the answer was no error.
    """

    service: str
    operation: str
    status: int
    duration_s: float
    request_id: str
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class EndpointChanged(Fact):
    """An endpoint went from one EndpointStatus to another; "" stands for "not there"."""

    endpoint: str
    before: str
    after: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InstanceChanged(Fact):
    """An instance went from one status to another; "" stands for "not there"."""

    endpoint: str
    variant: str
    instance_id: str
    before: str
    after: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InvocationFinished(Fact):
    """An invocation ended, for good or ill; the durations are those of CloudWatch's namespace AWS/SageMaker.

    `status` is what the client was answered (200 for a stream that broke later), `model_s` the time the container took,
    `overhead_s` what the host added, `first_chunk_s` the time to the first chunk of a stream, `num_chunks` how many
    chunks went out, `stream_error` the ErrorCode of a stream that broke, `is_abandoned` whether the client left first.
    """

    endpoint: str
    variant: str
    is_streaming: bool
    status: int
    model_s: float
    overhead_s: float
    first_chunk_s: float | None = None
    num_chunks: int = 0
    stream_error: str = ""
    is_abandoned: bool = False


@dataclass(frozen=True, slots=True)
class WorkFailed(Fact):
    """Something of ours went wrong where no client waits for the answer; `error` is its class and message."""

    room: str
    doing: str
    error: str
