import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.containers import Transcript, get, lmi, play_on, post
from fakes.engine import FakeEngine
from firstbyte.containers.dialect import Application
from firstbyte.containers.lmi.front_end import FrontEnd
from firstbyte.containers.lmi.polling import PolledAnswers
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed

TOKEN = "0" * 35 + "1"
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


def polled(engine: FakeEngine, version: str = "0.28.0", capacity: int = 9) -> PolledAnswers:
    tokens = (f"{number:036}" for number in range(1, 99))
    front_end = FrontEnd("model", new_request_id=lambda: "id-1")
    inner = ContainerServer(lmi(version), engine)
    return PolledAnswers(inner, front_end, 10_000, capacity, lambda: next(tokens))


async def begin(application: Application, **body: Any) -> Transcript:
    return await play_on(application, post("/invocations", {"inputs": "hi"} | body, x_synchronous="false"))


async def fetch(application: Application, token: str, **headers: str) -> Transcript:
    return await play_on(application, post("/invocations", b"", x_starting_token=token, **headers))


async def settle() -> None:
    """Let the work in the background come as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_token_comes_at_once_and_the_work_goes_on_without_the_client() -> None:
    engine = FakeEngine(["a", "b", "c"], pause_at=1)
    application = polled(engine)
    begun = await begin(application, stream=True)
    assert (begun.status, begun.body, begun.headers["x-next-token"]) == (200, b"", TOKEN)
    assert begun.headers[ATTRIBUTES] == f"x-next-token={TOKEN}"

    await engine.paused.wait()
    first = await fetch(application, TOKEN)
    assert (first.status, first.headers["x-next-token"]) == (200, TOKEN + "1")
    assert first.body == b'{"token": {"id": 10, "text": "a", "log_prob": -0.25}}\n'
    assert first.headers["content-type"] == "application/jsonlines"

    nothing = await fetch(application, TOKEN + "1")
    assert (nothing.status, nothing.body, nothing.headers["x-next-token"]) == (202, b"", TOKEN + "1")
    engine.resume.set()
    await settle()
    rest = await fetch(application, TOKEN + "1")
    assert rest.body.count(b"\n") == 3
    assert "x-next-token" not in rest.headers
    assert (await fetch(application, TOKEN)).body == first.body + rest.body


async def test_nothing_is_there_before_the_first_token() -> None:
    engine = FakeEngine(pause_at=0)
    application = polled(engine)
    await begin(application)
    pending = await fetch(application, TOKEN)
    assert (pending.status, pending.headers[ATTRIBUTES]) == (202, f"x-next-token={TOKEN}")


async def test_no_more_items_than_wanted() -> None:
    application = polled(FakeEngine(["a", "b", "c"]))
    await begin(application, stream=True)
    await settle()
    page = await fetch(application, TOKEN + "1", x_max_items="2")
    assert (page.body.count(b"\n"), page.headers["x-next-token"]) == (2, TOKEN + "3")


async def test_names_may_travel_as_custom_attributes() -> None:
    application = polled(FakeEngine(["a"]))
    request = post("/invocations", {"inputs": "hi"}, x_amzn_sagemaker_custom_attributes="x-synchronous=false")
    assert (await play_on(application, request)).headers[ATTRIBUTES] == f"x-next-token={TOKEN}"
    await settle()
    request = post("/invocations", b"", x_amzn_sagemaker_custom_attributes=f"x-starting-token={TOKEN}")
    answer = await play_on(application, request)
    assert answer.json == {"generated_text": "a"}
    assert ATTRIBUTES not in answer.headers


async def test_failures_are_fetched_with_their_status() -> None:
    engine = FakeEngine(fail_at=0)
    engine.failure = GenerationFailed("no memory")
    application = polled(engine, "0.29.0")
    await begin(application)
    await settle()
    answer = await fetch(application, TOKEN)
    assert (answer.status, answer.json["error"]) == (424, "no memory")
    assert "x-next-token" not in answer.headers


async def test_answer_that_breaks_off_ends() -> None:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("broken")

    application = PolledAnswers(inner, FrontEnd("model"), 10_000, new_token=lambda: TOKEN)
    await begin(application)
    await settle()
    answer = await fetch(application, TOKEN)
    assert (answer.status, "x-next-token" in answer.headers) == (500, False)


@pytest.mark.parametrize(
    ("token", "max_items", "message"),
    [
        ("unknown", "-1", "Invalid x-starting-token: unknown"),
        (TOKEN + "x", "-1", "Failed to lookup cache element"),
        (TOKEN + "9" * 5000, "-1", "Failed to lookup cache element"),
        (TOKEN, "many", "Invalid x-max-items: many"),
    ],
)
async def test_what_cannot_be_fetched(token: str, max_items: str, message: str) -> None:
    application = polled(FakeEngine())
    await begin(application)
    answer = await fetch(application, token, x_max_items=max_items)
    assert answer.json == {"code": 400, "type": "BadRequestException", "message": message}


async def test_only_the_latest_answers_are_kept() -> None:
    engine = FakeEngine(pause_at=0)
    application = polled(engine, capacity=1)
    await begin(application)
    await engine.paused.wait()
    await begin(application)
    await engine.closed.wait()  # the work for the forgotten one has ended
    assert (await fetch(application, TOKEN)).status == 400


async def test_what_is_not_about_polling_passes_through() -> None:
    application = polled(FakeEngine(["a"]))
    assert (await play_on(application, get("/ping"))).json == {"model": {"status": "Healthy"}}
    assert (await play_on(application, post("/invocations", {"inputs": "hi"}, x_synchronous="true"))).json == {
        "generated_text": "a"
    }
    assert (await play_on(application, post("/predictions/other", {}, x_synchronous="false"))).status == 404
    too_large = post("/invocations", {}, x_synchronous="false", content_length="10001")
    assert (await play_on(application, too_large)).status == 413


@settings(deadline=None)  # the machine may be busy
@given(texts=st.lists(st.text(), min_size=1, max_size=8), limits=st.lists(st.integers(1, 4), min_size=9, max_size=9))
async def test_pages_of_any_size_make_up_the_stream(texts: list[str], limits: list[int]) -> None:
    request = post("/invocations", {"inputs": "hi", "stream": True})
    whole = await play_on(ContainerServer(lmi(), FakeEngine(texts)), request)
    application = polled(FakeEngine(texts))
    token: str | None = (await begin(application, stream=True)).headers["x-next-token"]
    await settle()
    pages: list[bytes] = []
    while token is not None:
        page = await fetch(application, token, x_max_items=str(limits[len(pages)]))
        pages.append(page.body)
        token = page.headers.get("x-next-token")
    assert b"".join(pages) == whole.body
