import logging

import pytest

from fakes.containers import get, lmi, play, play_on, post
from fakes.engine import FakeEngine
from firstbyte.containers.exchange import Request
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

BODY = {"inputs": "hi", "parameters": {}}


@pytest.mark.parametrize(
    "path", ["/invocations", "/predictions", "/predictions/model", "/predictions/model/1", "/models/model/invoke"]
)
async def test_routes_of_the_model(path: str) -> None:
    assert (await play(lmi(), post(path, BODY))).json == {"generated_text": " a b"}


@pytest.mark.parametrize(
    ("request_", "status", "error_type", "message"),
    [
        (post("/predictions/other", BODY), 404, "ModelNotFoundException", "Model not found: other"),
        (
            post("/nothing", BODY),
            404,
            "ResourceNotFoundException",
            "Requested resource is not found, please refer to API document.",
        ),
        (
            get("/invocations"),
            405,
            "MethodNotAllowedException",
            "Request method is not allowed, please refer to API document.",
        ),
    ],
)
async def test_errors_of_the_front_end(request_: Request, status: int, error_type: str, message: str) -> None:
    answer = await play(lmi(), request_)
    assert answer.status == status
    assert answer.json == {"code": status, "type": error_type, "message": message}


async def test_ping_names_the_model_and_its_state() -> None:
    answer = await play(lmi(), get("/ping"))
    assert (answer.status, answer.json) == (200, {"model": {"status": "Healthy"}})


async def test_ping_is_answered_to_head_too() -> None:
    assert (await play(lmi(), Request("HEAD", "/ping", {}))).status == 200


HALF = b'"\\ud83d"'
"""Half of an emoji's escape, which JSON can name and UTF-8 cannot."""


@pytest.mark.parametrize("version", ["0.25.0", "0.28.0", "0.29.0", "0.36.0"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": "a", "adapters": %b}' % HALF,
        b'{"requestType": %b}' % HALF,
        b'{"inputs": %b}' % HALF,
        b'{"inputs": "a", "parameters": {%b: 1}}' % HALF,
        b'{"inputs": "a", "parameters": {"seed": %b, "do_sample": true}}' % HALF,
        b'{"inputs": "a", "parameters": {"seed": "%b", "do_sample": true}}' % (b"9" * 5000),
    ],
)
@pytest.mark.parametrize("is_static", [False, True])
async def test_text_that_is_no_unicode_is_no_crash(version: str, body: bytes, is_static: bool) -> None:
    dialect = lmi(version, rolling_batch="disable") if is_static else lmi(version)
    answer = await play(dialect, post("/invocations", body))
    assert answer.status in (200, 400, 424)
    assert isinstance(answer.json, dict | list)


async def test_half_a_pair_comes_back_as_the_escape_that_it_was() -> None:
    answer = await play(lmi("0.36.0"), post("/invocations", b'{"inputs": "a", "adapters": %b}' % HALF))
    assert answer.json["error"].endswith("Adapter \ud83d is not registered")


async def test_ping_after_a_failure_tries_one_token() -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = GenerationFailed("broken")
    server = ContainerServer(lmi(), engine)
    await play_on(server, post("/invocations", BODY))
    answer = await play_on(server, get("/ping"))
    assert (answer.status, answer.json) == (500, {"model": {"status": "FAILED"}})
    engine.fail_at = -1
    assert (await play_on(server, get("/ping"))).status == 200
    num_requests = len(engine.requests)
    await play_on(server, get("/ping"))
    assert len(engine.requests) == num_requests


async def test_models_are_listed() -> None:
    assert (await play(lmi(), get("/models"))).json["models"][0]["modelName"] == "model"


async def test_headers_of_the_front_end_and_custom_attributes_come_back() -> None:
    answer = await play(lmi(), post("/invocations", BODY, x_amzn_sagemaker_custom_attributes="accept_eula=true"))
    assert answer.headers["x-request-id"] == "id-1"
    assert answer.headers["x-amzn-sagemaker-custom-attributes"] == "accept_eula=true"
    assert answer.headers["pragma"] == "no-cache"


async def test_unused_parameters_are_dropped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        answer = await play(lmi(), post("/invocations", {"inputs": "hi", "parameters": {"mood": 1, "colour": 2}}))
    assert answer.status == 200
    assert "'colour', 'mood'" in caplog.text


async def test_body_over_the_limit() -> None:
    dialect = lmi()
    request = post("/invocations", BODY, content_length=str(dialect.max_body_bytes + 1))
    assert (await play(dialect, request)).status == 413
