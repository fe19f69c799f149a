"""Every expected error becomes one sentence."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    EventStreamError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
    WaiterError,
)

from firstbyte.cli.errors import EXPECTED, CommandFailed, UsageMistake, exit_code, sentence
from firstbyte.client import GenerationFailed
from firstbyte.settings import SettingsError

REFUSED: Any = {"Error": {"Code": "ValidationException", "Message": 'Could not find endpoint "a".'}}
DIED: Any = {"Error": {"Code": "ModelStreamError", "Message": "died"}}


def waiter_error(reason: str, **answer: Any) -> WaiterError:
    last_response: Any = {"EndpointName": "a", **answer}
    return WaiterError("endpoint_in_service", reason, last_response)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ClientError(REFUSED, "DescribeEndpoint"), "DescribeEndpoint was refused: ValidationException: Could not find"),
        (EventStreamError(DIED, "Invoke"), "broke off: ModelStreamError: died"),
        (EndpointConnectionError(endpoint_url="http://h:1"), "nothing answers at http://h:1; `firstbyte up`"),
        (ReadTimeoutError(endpoint_url="http://h", error="x"), "http://h"),
        (NoCredentialsError(), 'eval "$(firstbyte env)"'),
        (NoRegionError(), "AWS_REGION"),
        (waiter_error("Failed", FailureReason="no memory"), "a failed: no memory"),
        (waiter_error("Max attempts exceeded"), "waiting for a ended: Max attempts"),
        (CommandFailed("left behind"), "left behind"),
        (GenerationFailed("CUDA", "generation"), "generation: CUDA"),
        (SettingsError("port is -1"), "port is -1"),
    ],
)
def test_sentence(error: Exception, words: str) -> None:
    assert isinstance(error, EXPECTED)
    assert words in sentence(error)
    assert "\n" not in sentence(error)


def test_the_users_own_words_exit_with_2_and_what_happened_with_1() -> None:
    assert exit_code(UsageMistake("rm takes names")) == 2
    assert exit_code(SettingsError("port is -1")) == 2
    assert exit_code(CommandFailed("no")) == 1
    assert exit_code(ClientError(REFUSED, "DescribeEndpoint")) == 1
