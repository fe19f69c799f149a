"""The relay: pick a variant and an instance, hand the request over, hand the answer back chunk by chunk.

`edge.runtime` calls this. Before the first byte every failure is an exception of `invoke`; after it, one of `chunks()`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """The members of InvokeEndpoint and InvokeEndpointWithResponseStream."""

    endpoint_name: str
    body: bytes
    streaming: bool = False
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    target_model: str | None = None
    target_variant: str | None = None
    target_container_hostname: str | None = None
    inference_id: str | None = None
    enable_explanations: str | None = None
    inference_component_name: str | None = None
    session_id: str | None = None


class InvocationAnswer:
    """The container's 2xx answer. Call `close()` when done with it, read to its end or not."""

    status: int
    """Always 200 so far as the caller is concerned."""
    content_type: str | None
    custom_attributes: str | None
    invoked_production_variant: str
    new_session_id: str | None
    closed_session_id: str | None
    body: bytes
    """The whole answer of a call that does not stream; b"" of one that does."""

    def chunks(self) -> AsyncIterator[bytes]:
        """One item per chunk the container wrote (streaming calls). Raises StreamFailed."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give the instance back; closes its connection at once if the answer was not read to its end."""
        raise NotImplementedError


class Invoker:
    """Relays invocations to instances."""

    async def invoke(self, call: Invocation) -> InvocationAnswer:
        """Relay one call; for a streaming one, return as soon as the container's status line is in.

        Raises ValidationFailed or NotFound (the caller's mistake), ModelFailed or ModelTimedOut (the container's), Unavailable.
        """
        raise NotImplementedError
