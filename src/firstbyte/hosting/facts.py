"""What this room tells observers: facts about endpoints, instances and invocations. It knows none of who listens."""

from firstbyte.telemetry.facts import (
    AsyncInvocationFinished,
    AsyncOutcome,
    BacklogChanged,
    CaptureWritten,
    ComponentChanged,
    ControllerFaulted,
    Emit,
    EndpointChanged,
    InstanceChanged,
    InvocationFinished,
    InvocationStarted,
    ModelLoaded,
    ModelRequested,
    ModelUnloaded,
    Outcome,
    ShadowSkipped,
)

__all__ = [
    "AsyncInvocationFinished",
    "AsyncOutcome",
    "BacklogChanged",
    "CaptureWritten",
    "ComponentChanged",
    "ControllerFaulted",
    "Emit",
    "EndpointChanged",
    "InstanceChanged",
    "InvocationFinished",
    "InvocationStarted",
    "ModelLoaded",
    "ModelRequested",
    "ModelUnloaded",
    "Outcome",
    "ShadowSkipped",
]
