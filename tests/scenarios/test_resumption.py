"""A stream that goes on over lost connections, through the whole host, with unmodified boto3."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError

from firstbyte.client import invoke_resumably, stream_tokens
from scenarios.conftest import RunningHost

WORDS = [f"word{number}" for number in range(12)]
BODY = {"inputs": " ".join(WORDS), "parameters": {"max_new_tokens": 64, "return_full_text": False}, "stream": True}
EVENTS_BETWEEN_LOSSES = 3


class LossyRuntime:
    """A boto3 client whose connections break after some events, until the answer has come to its end."""

    def __init__(self, runtime: Any) -> None:
        self.runtime = runtime
        self.num_calls = 0

    def invoke_endpoint_with_response_stream(self, **request: Any) -> Mapping[str, Any]:
        self.num_calls += 1
        response: dict[str, Any] = self.runtime.invoke_endpoint_with_response_stream(**request)
        return response | {"Body": self._broken(response["Body"])}

    def _broken(self, body: Any) -> Iterator[Any]:
        for number, event in enumerate(body):
            if number == EVENTS_BETWEEN_LOSSES:
                body.close()
                raise ProtocolError("Connection broken")
            yield event


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHost, str]]:
    """An endpoint that gives the words of its prompt back."""
    running = RunningHost(tmp_path_factory.mktemp("home"), engine_backend="echo")
    running.start()
    yield running, running.deploy("tgi", image="firstbyte/tgi:2.0.2", environment={"HF_MODEL_ID": "some/model"})
    running.stop()


def test_an_answer_comes_whole_over_broken_connections(endpoint: tuple[RunningHost, str]) -> None:
    host, name = endpoint
    lossy = LossyRuntime(host.client("sagemaker-runtime"))
    response = invoke_resumably(lossy, EndpointName=name, Body=json.dumps(BODY), ContentType="application/json")
    assert list(stream_tokens(response)) == [WORDS[0], *(f" {word}" for word in WORDS[1:])]
    assert lossy.num_calls == 5, "13 events, three to a connection"
