"""The facts that rooms emit: each is one thing that happened, with its numbers and their units.

A room calls the `Emit` it was built with and knows nothing of who listens (`telemetry.hooks`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened; the name of the class says what, its fields say to whom and how much."""


Emit = Callable[[Fact], None]
"""How a room tells a fact: it returns at once and never raises."""


Outcome = Literal["ok", "client_gone", "model_error", "timed_out", "stream_broken", "unavailable"]
"""How an invocation ended: model_error is a container's answer that is not 2xx, or too long."""


@dataclass(frozen=True, slots=True)
class HostStarted(Fact):
    """The host accepts requests at `url`."""

    url: str
    home: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class HostStopped(Fact):
    """The host, and everything that it had started, has ended."""

    url: str


@dataclass(frozen=True, slots=True)
class SidecarExited(Fact):
    """The object store's process ended without being told to; it is started again."""

    exit_code: int
    last_line: str


@dataclass(frozen=True, slots=True)
class RequestServed(Fact):
    """A request to any of the services was answered, its body sent to the end or given up."""

    service: str
    operation: str
    """AWS's name of the operation where it is known, else the HTTP method."""
    status: int
    duration_s: float
    request_id: str
    error_code: str = ""
    """Empty when the answer was no error."""
    is_abandoned: bool = False
    """The client left before the end."""


@dataclass(frozen=True, slots=True)
class InvocationAnswered(Fact):
    """The runtime service answered an invocation, with its status line at least."""

    endpoint_name: str
    variant_name: str
    """Empty when the request did not come as far as a variant."""
    streaming: bool
    status: int
    container_status: int | None
    """What the container refused it with (0: it gave no status); None where it did not refuse."""


@dataclass(frozen=True, slots=True)
class InvocationStarted(Fact):
    """A request was handed to an instance."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    streaming: bool
    body_bytes: int


@dataclass(frozen=True, slots=True)
class InvocationFinished(Fact):
    """A request that had reached an endpoint's variant is over, well or not."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    streaming: bool
    outcome: Outcome
    duration_s: float
    first_chunk_s: float | None
    """From the call to the container's first chunk; None when none came."""
    num_chunks: int
    body_bytes: int
    """Of the answer, as far as it came."""
    container_status: int | None = None
    """What the container refused it with; None where it did not."""
    overhead_s: float | None = None
    """What the host took before the call to the container; None for one out of the queue."""
    component_name: str | None = None
    """The inference component that a copy of answered."""


@dataclass(frozen=True, slots=True)
class ContainerAsked(Fact):
    """One of an instance's several containers has had its part in a request, well or not."""

    endpoint_name: str
    variant_name: str
    container_name: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class ModelRequested(Fact):
    """A request to a multi-model container has the model that it is for."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    model_name: str
    was_loaded: bool
    """Whether the model was in memory already."""
    waited_s: float


@dataclass(frozen=True, slots=True)
class ModelLoaded(Fact):
    """A multi-model container has loaded a model."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    model_name: str
    num_bytes: int
    """Of its files."""
    downloading_s: float
    loading_s: float
    num_loaded: int
    """How many models the variant's instances have in memory now."""


@dataclass(frozen=True, slots=True)
class ModelUnloaded(Fact):
    """A multi-model container has let go of a model."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    model_name: str
    unloading_s: float
    num_loaded: int
    """How many models the variant's instances have in memory now."""


@dataclass(frozen=True, slots=True)
class ShadowSkipped(Fact):
    """A request was to be copied to a shadow variant, and was not."""

    endpoint_name: str
    variant_name: str
    reason: str


AsyncOutcome = Literal["ok", "expired", "download_failed", "invocation_failed", "upload_failed"]
"""How an asynchronous invocation ended."""


@dataclass(frozen=True, slots=True)
class BacklogChanged(Fact):
    """An asynchronous endpoint has so many requests waiting now."""

    endpoint_name: str
    num_waiting: int


@dataclass(frozen=True, slots=True)
class AsyncInvocationFinished(Fact):
    """An asynchronous invocation is over, well or not."""

    endpoint_name: str
    variant_name: str
    """Empty when it did not come as far as a variant."""
    outcome: AsyncOutcome
    waited_s: float
    """In the queue."""
    duration_s: float
    """From the queue to the end, reading and writing included."""


@dataclass(frozen=True, slots=True)
class CaptureWritten(Fact):
    """Captured data of an endpoint was written to S3, or lost."""

    endpoint_name: str
    location: str
    num_events: int
    error: str = ""
    """Why it could not be written; empty when it was."""


@dataclass(frozen=True, slots=True)
class EndpointChanged(Fact):
    """An endpoint got another goal: created, in service, failed, being deleted, gone."""

    endpoint_name: str
    event: str
    goal: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentChanged(Fact):
    """An inference component got another goal: created, in service, failed, being deleted, gone."""

    component_name: str
    endpoint_name: str
    event: str
    goal: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceChanged(Fact):
    """An instance came to another status."""

    instance_id: str
    endpoint_name: str
    variant_name: str
    event: str
    status: str
    reason: str | None = None
    component_name: str | None = None
    """The inference component that it is a copy of."""


@dataclass(frozen=True, slots=True)
class ControllerFaulted(Fact):
    """One round of the controller, or one of its actions, hit a mistake in this program; the next round tries again."""

    where: str
    error: str


@dataclass(frozen=True, slots=True)
class RequestFaulted(Fact):
    """A request hit a mistake in this program and was answered with an internal failure."""

    request_id: str
    where: str
    error: str
