"""What this room tells observers: facts about endpoints, instances and invocations. It knows none of who listens."""

from firstbyte.telemetry.facts import (
    ControllerFaulted,
    Emit,
    EndpointChanged,
    InstanceChanged,
    InvocationFinished,
    InvocationStarted,
    Outcome,
)

__all__ = [
    "ControllerFaulted",
    "Emit",
    "EndpointChanged",
    "InstanceChanged",
    "InvocationFinished",
    "InvocationStarted",
    "Outcome",
]
