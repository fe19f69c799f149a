import asyncio

import pytest

from fakes.containers import get, play, play_on, post, tgi
from fakes.engine import FakeEngine
from firstbyte.containers.exchange import Request
from firstbyte.containers.server import ContainerServer

BODY = {"inputs": "hi", "parameters": {"max_new_tokens": 1}}
CHAT = {"messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("path", ["/health", "/ping", "/"])
async def test_health_is_an_empty_200(path: str) -> None:
    answer = await play(tgi(), get(path))
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("PUT", 405)])
async def test_other_methods_are_refused(method: str, status: int) -> None:
    request = post("/invocations", BODY)
    assert (await play(tgi(), type(request)(method, "/invocations", {}))).status == status


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/invocations", "POST"), ("POST", "/info", "GET,HEAD"), ("PUT", "/", "GET,HEAD,POST")],
)
async def test_a_refused_method_is_told_what_is_taken(method: str, path: str, allowed: str) -> None:
    answer = await play(tgi(), Request(method, path, {}))
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


async def test_head_is_answered_wherever_get_is() -> None:
    assert (await play(tgi(), Request("HEAD", "/health", {}))).status == 200


@pytest.mark.parametrize("path", ["/nothing", "/invocations/", "/v2/models"])
async def test_unknown_paths_are_404(path: str) -> None:
    assert (await play(tgi(), post(path, BODY))).status == 404


async def test_a_key_is_asked_for_where_one_is_set() -> None:
    dialect = tgi(API_KEY="Secret")
    assert (await play(dialect, post("/generate", BODY))).status == 401
    assert (await play(dialect, post("/generate", BODY, authorization="Bearer other"))).status == 401
    assert (await play(dialect, post("/generate", BODY, authorization="bearer secret"))).status == 200
    assert (await play(dialect, get("/ping"))).status == 200


async def test_invocations_knows_chat_by_its_shape_from_2_4() -> None:
    assert (await play(tgi("2.4.0"), post("/invocations", CHAT))).json["object"] == "chat.completion"
    assert "generated_text" in (await play(tgi("2.4.0"), post("/invocations", BODY | CHAT))).json[0]
    refused = await play(tgi("2.4.0"), post("/invocations", {"prompt_": "x"}))
    assert refused.status == 422
    assert refused.body.decode() == (
        "Failed to deserialize the JSON body into the target type: "
        "data did not match any variant of untagged enum SagemakerRequest"
    )
    # Of an untagged enum no variant says what it misses.
    nearly = await play(tgi("2.4.0"), post("/invocations", {"inputs": 1}))
    assert (nearly.status, nearly.body) == (422, refused.body)
    both = await play(tgi("2.4.0"), post("/invocations", {"inputs": 1, "prompt": "x"}))
    assert both.json["object"] == "text_completion"
    completion = await play(tgi("2.4.0"), post("/invocations", {"prompt": "x"}))
    assert completion.json["choices"][0]["text"] == " a b"


async def test_invocations_speaks_chat_before_2_4_only_where_that_is_switched_on() -> None:
    assert (await play(tgi("2.0.2"), post("/invocations", CHAT))).status == 422
    switched_on = tgi("2.0.2", MESSAGES_API_ENABLED="true")
    assert (await play(switched_on, post("/invocations", CHAT))).json["object"] == "text_completion"


async def test_prompt_is_not_mended() -> None:
    """A prompt that begins with a literal `<s>` gets a second one from the tokenizer, as with TGI."""
    engine = FakeEngine()
    await play(tgi(), post("/invocations", {"inputs": "<s>[INST] hi [/INST]"}), engine)
    assert engine.requests[0].prompt_ids[:2] == (1, ord("<") + 3)


async def test_a_full_server_says_so_before_it_validates() -> None:
    """TGI takes its permit first: what could not be served anyway is not looked at."""
    wrong = {"inputs": "hi", "parameters": {"temperature": 0.0}}
    engine = FakeEngine(pause_at=0)
    server = ContainerServer(tgi(MAX_CONCURRENT_REQUESTS="1"), engine)
    busy = asyncio.create_task(play_on(server, post("/generate", BODY)))
    await engine.paused.wait()
    assert (await play_on(server, post("/generate", wrong))).status == 429
    engine.resume.set()
    assert (await busy).status == 200
    assert (await play_on(server, post("/generate", wrong))).status == 422


async def test_browsers_are_told_that_they_may_come_from_anywhere() -> None:
    origin = {"origin": "https://page.example"}
    answer = await play(tgi(), post("/generate", BODY, **origin))
    assert answer.headers["access-control-allow-origin"] == "*"
    preflight = Request("OPTIONS", "/generate", {**origin, "access-control-request-method": "POST"})
    answer = await play(tgi(), preflight)
    assert (answer.status, answer.headers["access-control-allow-methods"]) == (200, "GET,POST")
    assert answer.headers["access-control-allow-headers"] == "content-type"
    plain = await play(tgi(), post("/generate", BODY))
    assert plain.headers["access-control-allow-origin"] == "*"
    assert (await play(tgi(), Request("OPTIONS", "/nothing", {}))).status == 200


def test_headers_for_browsers_are_those_of_a_recorded_answer() -> None:
    """Of TGI of May 2024, asked by curl, without an origin (huggingface_hub's issue 2281)."""
    assert tgi().shared_headers(post("/generate", BODY)) == (
        ("access-control-allow-origin", "*"),
        ("vary", "origin"),
        ("vary", "access-control-request-method"),
        ("vary", "access-control-request-headers"),
    )


async def test_browsers_may_be_limited_to_some_origins() -> None:
    dialect = tgi(CORS_ALLOW_ORIGIN="https://a.example,https://b.example")
    allowed = await play(dialect, post("/generate", BODY, origin="https://b.example"))
    assert allowed.headers["access-control-allow-origin"] == "https://b.example"
    refused = await play(dialect, post("/generate", BODY, origin="https://c.example"))
    assert "access-control-allow-origin" not in refused.headers


async def test_a_browser_may_read_that_its_body_was_too_long() -> None:
    answer = await play(tgi(PAYLOAD_LIMIT="4"), post("/generate", BODY))
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (413, "*")
