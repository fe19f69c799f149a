import pytest

from fakes.containers import get, play, post, tgi
from fakes.engine import FakeEngine

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


async def test_invocations_speaks_chat_before_2_4_only_where_that_is_switched_on() -> None:
    assert (await play(tgi("2.0.2"), post("/invocations", CHAT))).status == 422
    switched_on = tgi("2.0.2", MESSAGES_API_ENABLED="true")
    assert (await play(switched_on, post("/invocations", CHAT))).json["object"] == "chat.completion"


async def test_prompt_is_not_mended() -> None:
    """A prompt that begins with a literal `<s>` gets a second one from the tokenizer, as with TGI."""
    engine = FakeEngine()
    await play(tgi(), post("/invocations", {"inputs": "<s>[INST] hi [/INST]"}), engine)
    assert engine.requests[0].prompt_ids[:2] == (1, ord("<") + 3)
