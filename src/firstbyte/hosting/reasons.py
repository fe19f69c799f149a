"""The sentences of FailureReason, in AWS's words where AWS has some."""

from collections.abc import Sequence

MAX_LEN = 1024
"""Characters of a FailureReason, by the API."""


def ping_failure(container_name: str, variant_name: str) -> str:
    """A container that never became healthy."""
    return (
        f"The {container_name} container for production variant {variant_name} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )


def no_longer_answers(variant_name: str) -> str:
    """A container that was healthy and fell silent."""
    return f"The container for production variant {variant_name} no longer answers the ping health check."


def exited(container_name: str, variant_name: str, exit_code: int | None) -> str:
    """A container that was healthy and ended."""
    return f"The {container_name} container for production variant {variant_name} exited with code {exit_code}."


def model_data_timeout(url: str, limit_s: float) -> str:
    """Model data that took too long to fetch."""
    return f"Model data at {url} could not be downloaded within {limit_s:g} seconds."


def with_log(reason: str, lines: Sequence[str]) -> str:
    """Add the container's last lines to `reason`, as many as fit; the latest matter most."""
    text = "\n".join(line.rstrip() for line in lines if line.strip())
    if not text:
        return clip(reason)
    head = f"{reason} Last lines of its log:\n"
    room = MAX_LEN - len(head)
    return clip(head + (text if len(text) <= room else "…" + text[len(text) - room + 1 :]))


def clip(reason: str) -> str:
    """`reason`, no longer than the API allows."""
    return reason if len(reason) <= MAX_LEN else reason[: MAX_LEN - 1] + "…"
