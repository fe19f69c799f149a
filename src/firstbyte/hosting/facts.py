"""What this room tells observers, as frozen values; it knows none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "client_gone", "model_error", "timed_out", "stream_broken", "unavailable"]
"""How an invocation ended: model_error is a container's answer that is not 2xx, or too long."""


@dataclass(frozen=True, slots=True)
class EndpointChanged:
    """An endpoint got another goal: created, in service, failed, being deleted, gone."""

    endpoint_name: str
    event: str
    goal: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceChanged:
    """An instance came to another status."""

    instance_id: str
    endpoint_name: str
    variant_name: str
    event: str
    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InvocationStarted:
    """A request was handed to an instance."""

    endpoint_name: str
    variant_name: str
    instance_id: str
    streaming: bool
    body_bytes: int


@dataclass(frozen=True, slots=True)
class InvocationFinished:
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


@dataclass(frozen=True, slots=True)
class ControllerFaulted:
    """One round of the controller, or one of its actions, hit a mistake in this program; the next round tries again."""

    where: str
    error: str


Fact = EndpointChanged | InstanceChanged | InvocationStarted | InvocationFinished | ControllerFaulted
Emit = Callable[[Fact], None]
