"""The errors of the command line, and the one place that puts any error into a sentence.

    CommandError
    ├── CommandFailed    what was asked for could not be done: exit code 1
    └── UsageMistake     the command line itself is wrong: exit code 2

No command shows a traceback for anything a user or a peer can cause.
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is meant
    EventStreamError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    WaiterError,
)

from firstbyte.client import ClientSideError
from firstbyte.settings import SettingsError


class CommandError(Exception):
    """Whatever a command reports by itself; the message is one sentence for the user."""

    exit_code = 1


class CommandFailed(CommandError):
    """What was asked for could not be done."""


class UsageMistake(CommandError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


EXPECTED = (CommandError, SettingsError, ClientSideError, BotoCoreError, ClientError, HTTPClientError)
"""What a command may end with; anything else is a mistake of ours and shows its traceback."""


def exit_code(error: Exception) -> int:
    """Give the exit code of an expected error: 2 for the user's words, 1 for everything that happened."""
    return 2 if isinstance(error, UsageMistake | SettingsError) else 1


def sentence(error: Exception) -> str:
    """Put an expected error into one sentence."""
    match error:
        case EventStreamError():
            return f"the stream broke off: {_service_message(error)}"
        case ClientError():
            return f"{error.operation_name} was refused: {_service_message(error)}"
        case ConnectionError():
            url = error.kwargs.get("endpoint_url", "the endpoint")
            return f"nothing answers at {url}; `firstbyte up` starts a host, --target names another"
        case NoCredentialsError():
            return 'there are no credentials to sign with; run `eval "$(firstbyte env)"` for the local host'
        case NoRegionError():
            return "no region is set; set AWS_REGION"
        case WaiterError():
            return _waiter_sentence(error)
        case _:
            return str(error)


def _service_message(error: ClientError) -> str:
    details = error.response.get("Error", {})
    return f"{details.get('Code', 'Unknown')}: {details.get('Message', 'no message')}"


def _waiter_sentence(error: WaiterError) -> str:
    answer = error.last_response or {}
    name = answer.get("EndpointName", "the resource")
    if reason := answer.get("FailureReason"):
        return f"{name} failed: {reason}"
    return f"waiting for {name} ended: {error.kwargs.get('reason', error)}"
