"""The door: who serves what, and what happens on the two ends of a connection. Requests are played by hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from firstbyte.aws.http import HttpRequest, HttpResponse, join_headers
from firstbyte.edge.asgi import Edge, Message, name_operation, read_head, route
from firstbyte.telemetry.facts import Fact, RequestFaulted, RequestServed

SIGNED_FOR = "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
NO_OBJECTS: Any = None
PAGES = {"/healthz": lambda: HttpResponse(200, (), b"ok\n")}


class Client:
    """Plays uvicorn's part: hands in what a client sends, and keeps what it is sent."""

    def __init__(
        self, *pieces: Any, method: str = "POST", path: str = "/endpoints/e/invocations", headers: Any = ()
    ) -> None:
        length = str(sum(len(piece) for piece in pieces))
        sent = {"content-length": length, **dict(headers)}
        self.scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }
        self.gone = asyncio.Event()
        self.sent: list[Message] = []
        self._pieces = list(pieces)
        self.num_received = 0
        self._more = bool(pieces)

    async def receive(self) -> Any:
        self.num_received += 1
        if self._pieces:
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}
        if self.num_received == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> Any:
        return self.sent[0]["status"]

    @property
    def headers(self) -> Any:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def chunks(self) -> Any:
        return [message["body"] for message in self.sent[1:] if message.get("body")]


class Answering:
    """A gateway that gives one answer."""

    def __init__(self, response: Any = None, error: Any = None) -> None:
        self.request: HttpRequest | None = None
        self._response = response or HttpResponse(200, (), b"fine")
        self._error = error

    async def handle(self, request: Any) -> Any:
        self.request = request
        if self._error:
            raise self._error
        return self._response


async def serve(client: Any, gateway: Any, max_body_bytes: int = 100) -> Any:
    facts: list[Fact] = []
    edge = Edge(gateway, NO_OBJECTS, Answering(), PAGES, max_body_bytes=max_body_bytes, emit=facts.append)
    await edge(client.scope, client.receive, client.send)
    return facts


def request(method: str = "GET", path: str = "/", headers: Any = (), query: str = "", body: bytes = b"") -> Any:
    return HttpRequest(method, path, query, join_headers(dict(headers).items()), body)


@pytest.mark.parametrize(
    ("asked", "service"),
    [
        (request(headers={"authorization": SIGNED_FOR.format("s3")}), "s3"),
        (request("POST", headers={"authorization": SIGNED_FOR.format("sts")}), "sts"),
        (request("POST", headers={"authorization": SIGNED_FOR.format("sagemaker")}), "sagemaker"),
        (request(query="X-Amz-Credential=AK%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"), "s3"),
        (request("POST", headers={"x-amz-target": "SageMaker.ListModels"}), "sagemaker"),
        (request(path="/hub/api/models/m"), "hub"),
        (request(path="/telemetry", headers={"host": "sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com"}), "telemetry"),
        (request("POST", "/endpoints/e/invocations"), "sagemaker"),
        (request("POST", headers={"content-type": "application/x-www-form-urlencoded"}), "query"),
        (
            request(
                "POST",
                headers={"content-type": "application/x-www-form-urlencoded", "host": "sts.us-east-1.amazonaws.com"},
            ),
            "sts",
        ),
        (request(path="/bucket/key"), "s3"),
        (request(path="/healthz"), "host"),
        (request(path="/healthz", headers={"authorization": SIGNED_FOR.format("s3")}), "s3"),
    ],
)
def test_requests_find_their_service(asked: Any, service: str) -> None:
    assert route(asked, PAGES) == service


@pytest.mark.parametrize(
    ("asked", "operation"),
    [
        (request("POST", headers={"x-amz-target": "SageMaker.ListModels"}), "ListModels"),
        (request("POST", "/endpoints/e/invocations-response-stream"), "InvokeEndpointWithResponseStream"),
        (request("POST", "/endpoints/e/something"), ""),
        (
            request("POST", headers={"content-type": "application/x-www-form-urlencoded"}, body=b"Action=GetRole&a=b"),
            "GetRole",
        ),
    ],
)
def test_operations_are_named(asked: Any, operation: str) -> None:
    assert name_operation(asked) == operation


def test_path_and_query_stay_as_they_came() -> None:
    scope = {
        "method": "GET",
        "raw_path": b"/a%2Fb//c",
        "query_string": b"x=%20+",
        "headers": [(b"A", b"1"), (b"a", b"2")],
    }

    head = read_head(scope)
    assert (head.path, head.query, head.headers["a"]) == ("/a%2Fb//c", "x=%20+", "1,2")


async def test_the_gateway_gets_the_whole_body_and_its_answer_goes_out() -> None:
    client, gateway = Client(b"ab", b"cd"), Answering()
    facts = await serve(client, gateway)

    assert gateway.request is not None
    assert gateway.request.body == b"abcd"
    assert (client.status, client.chunks) == (200, [b"fine"])
    assert client.headers["content-length"] == "4"
    assert client.headers["date"].endswith("GMT")
    (served,) = facts
    assert (served.operation, served.status, served.is_abandoned) == ("InvokeEndpoint", 200, False)
    assert served.request_id == client.headers["x-amzn-requestid"]


async def test_each_item_of_a_stream_is_sent_by_itself() -> None:
    async def stream() -> AsyncIterator[Any]:
        for chunk in (b"a", b"bc", b"d"):
            yield chunk

    client = Client(b"{}")
    await serve(client, Answering(HttpResponse(200, (), stream())))

    assert client.chunks == [b"a", b"bc", b"d"]
    assert "content-length" not in client.headers
    assert client.sent[-1] == {"type": "http.response.body"}


async def test_when_the_client_leaves_the_stream_is_closed() -> None:
    client, closed = Client(b"{}"), asyncio.Event()

    async def stream() -> AsyncIterator[Any]:
        try:
            yield b"first"
            client.gone.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    facts = await serve(client, Answering(HttpResponse(200, (), stream())))

    assert closed.is_set()
    assert client.chunks == [b"first"]
    assert facts[-1].is_abandoned


async def test_when_the_client_leaves_before_an_answer_the_making_of_it_is_cancelled() -> None:
    client, cancelled = Client(b"{}"), asyncio.Event()

    class Dawdling:
        async def handle(self, request: Any) -> None:
            client.gone.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    facts = await serve(client, Dawdling())

    assert cancelled.is_set()
    assert client.sent == []
    assert facts[-1].is_abandoned


async def test_a_client_that_leaves_within_its_request_is_no_fault() -> None:
    client = Client(b"ab", b"cd")
    client._pieces = []
    client.num_received = 1
    client.gone.set()
    facts = await serve(client, Answering())

    assert [type(fact) for fact in facts] == [RequestServed]
    assert facts[0].is_abandoned


async def test_a_body_that_is_too_long_is_refused_and_taken_in() -> None:
    client, gateway = Client(b"x" * 60, b"x" * 60, b"x" * 60), Answering()
    await serve(client, gateway)

    assert gateway.request is None
    assert client.status == 400
    assert client.headers["x-amzn-errortype"] == "ValidationError"
    assert client.headers["connection"] == "close"
    assert client.num_received == 3


async def test_a_fault_of_ours_is_told_and_left_to_the_server() -> None:
    facts: list[Fact] = []
    gateway = Answering(error=RuntimeError("oops"))
    edge = Edge(gateway, NO_OBJECTS, Answering(), PAGES, max_body_bytes=100, emit=facts.append)
    client = Client(b"{}")
    with pytest.raises(RuntimeError, match="oops"):
        await edge(client.scope, client.receive, client.send)

    assert [type(fact) for fact in facts] == [RequestFaulted, RequestServed]


async def test_own_pages_are_served() -> None:
    client = Client(method="GET", path="/healthz")
    await serve(client, Answering())

    assert (client.status, client.chunks) == (200, [b"ok\n"])


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403)])
async def test_the_hub_is_for_this_machine_only(address: str, status: int) -> None:
    hub, facts = Answering(), list[Fact]()
    client = Client(method="GET", path="/hub/api/models/m")
    client.scope["client"] = (address, 1234)

    await Edge(Answering(), NO_OBJECTS, hub, PAGES, max_body_bytes=100, emit=facts.append)(
        client.scope, client.receive, client.send
    )

    assert client.status == status
    assert (hub.request is not None) == (status == 200)


async def test_what_the_sdk_tells_of_its_use_is_dropped() -> None:
    client = Client(method="GET", path="/telemetry", headers={"host": "sm-pysdk-t-us-east-1.s3.amazonaws.com"}.items())

    await serve(client, Answering())

    assert (client.status, client.chunks) == (200, [])


async def test_a_body_that_a_get_brings_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbyte.edge.asgi.LINGER_S", 3600.0)

    class Store:
        async def handle(self, head: HttpRequest, body: Any, request_id: str) -> HttpResponse:
            await asyncio.sleep(0)  # a store takes its time, and meanwhile the body comes by
            return HttpResponse(200, (), b"object")

    store: Any = Store()
    client = Client(b"a body", method="GET", path="/bucket/key")
    edge = Edge(Answering(), store, Answering(), PAGES, max_body_bytes=100, emit=lambda fact: None)

    async with asyncio.timeout(30):
        await edge(client.scope, client.receive, client.send)

    assert client.chunks == [b"object"]
