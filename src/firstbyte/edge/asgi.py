"""The one door: a plain ASGI application that tells services apart, and sends what they answer, chunk by chunk.

Served by uvicorn, built by `app`. One item of a response's body is one `send` is one HTTP chunk, at once; when the
client goes away, the work for it is cancelled at once.
"""

import asyncio
import contextlib
import contextvars
import dataclasses
import email.utils
import ipaddress
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, Protocol

from firstbyte.aws.claims import claimed_scope
from firstbyte.aws.http import HttpRequest, HttpResponse, join_headers
from firstbyte.aws.query import read_form
from firstbyte.edge.hub import PREFIX
from firstbyte.edge.objects import Objects
from firstbyte.telemetry.facts import Emit, RequestFaulted, RequestServed

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REQUEST_ID = "x-amzn-requestid"
LINGER_S = 10.0
"""How long the rest of a request is still taken in after its answer; see `Exchange.send`."""

received_at: contextvars.ContextVar[float] = contextvars.ContextVar("received_at")
"""When the present request's head was in, on `time.monotonic`'s clock."""


class Handler(Protocol):
    """What answers a request whose body is whole: the gateway, the hub."""

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer; refusals too are answers."""


class ClientGone(Exception):
    """The client closed its connection before its request was whole."""


class BodyTooLong(Exception):
    """The client sent more than the limit."""


class Edge:
    """Routes requests to the AWS services behind the gateway, to the object store, and to the host's own pages."""

    def __init__(
        self,
        gateway: Handler,
        objects: Objects,
        hub: Handler,
        pages: Mapping[str, Callable[[], HttpResponse]],
        *,
        max_body_bytes: int,
        emit: Emit,
    ) -> None:
        """`pages` are the host's own, by path: what anybody may GET without a signature."""
        self._gateway = gateway
        self._objects = objects
        self._hub = hub
        self._pages = pages
        self._max_body_bytes = max_body_bytes
        self._emit = emit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        assert scope["type"] == "http", "uvicorn is told to leave out lifespan and websockets"
        received_at.set(time.monotonic())
        exchange = Exchange(read_head(scope), receive, send, self._emit)
        exchange.is_local = ipaddress.ip_address(exchange.head.peer or "::").is_loopback
        try:
            await self._serve(exchange)
        except ClientGone:
            exchange.is_abandoned = True
        except Exception as error:
            self._emit(RequestFaulted(exchange.request_id, type(self).__name__, repr(error)))
            raise  # uvicorn answers 500 if nothing was sent, and else breaks the connection off
        finally:
            exchange.tell()

    async def _serve(self, exchange: "Exchange") -> None:
        head = exchange.head
        match route(head, self._pages):
            case "s3" if head.method in ("PUT", "POST"):
                exchange.service, exchange.operation = "s3", head.method
                await exchange.send(await self._objects.handle(head, exchange.body(), exchange.request_id))
            case "s3":
                exchange.service, exchange.operation = "s3", head.method
                await exchange.attend(lambda: self._objects.handle(head, exchange.body(), exchange.request_id))
            case "host":
                exchange.service, exchange.operation = "host", head.path
                await exchange.send(self._pages[head.path]())
            case "telemetry":
                await exchange.send(HttpResponse(200))
            case "hub" if not exchange.is_local:
                await exchange.send(HttpResponse(403, (("x-error-message", "The hub is for this machine only."),)))
            case "hub":
                exchange.service, exchange.operation = "hub", head.method
                request = await exchange.read_whole(self._max_body_bytes)
                await exchange.attend(lambda: self._hub.handle(request))
            case service:
                exchange.service = service
                await self._serve_gateway(exchange)

    async def _serve_gateway(self, exchange: "Exchange") -> None:
        try:
            request = await exchange.read_whole(self._max_body_bytes)
        except BodyTooLong:
            await exchange.send(_refuse_long(self._max_body_bytes))
            return
        exchange.operation = name_operation(request)
        await exchange.attend(lambda: self._gateway.handle(request))


class Exchange:
    """One request and its answer."""

    def __init__(self, head: HttpRequest, receive: Receive, send: Send, emit: Emit) -> None:
        self.head = head
        self.request_id = str(uuid.uuid4())
        self.service = ""
        self.operation = ""
        self.is_abandoned = False
        self.is_local = False
        """Whether the client is on this machine."""
        self._receive = receive
        self._send = send
        self._emit = emit
        self._status = 0
        self._error_code = ""
        self._has_body = head.headers.get("content-length", "0") != "0" or "transfer-encoding" in head.headers
        self._waits = head.headers.get("expect", "").lower() == "100-continue"
        self._is_whole = False
        self._is_dropped = False

    async def body(self) -> AsyncIterator[bytes]:
        """Give the body as it comes. The first step lets a client go on that waits for `100 Continue`."""
        while not self._is_whole:
            self._waits = False
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._is_whole = not message.get("more_body", False)
            if self._is_dropped:
                raise ClientGone
            if piece := message.get("body", b""):
                yield piece

    async def read_whole(self, max_bytes: int) -> HttpRequest:
        """Read the body; raise BodyTooLong as soon as it is over `max_bytes`."""
        pieces: list[bytes] = []
        length = 0
        async for piece in self.body():
            pieces.append(piece)
            length += len(piece)
            if length > max_bytes:
                raise BodyTooLong
        head = self.head
        return dataclasses.replace(head, body=b"".join(pieces))

    async def attend(self, answer: Callable[[], Awaitable[HttpResponse]]) -> None:
        """Make and send the answer, unless the client goes away first: then cancel the making of it."""

        async def work() -> None:
            await self.send(await answer())

        working = asyncio.create_task(work())
        watching = asyncio.create_task(self._wait_for_end())
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            self.is_abandoned = not working.done()
        finally:
            working.cancel()
            watching.cancel()
            results = await asyncio.gather(working, watching, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def send(self, response: HttpResponse) -> None:
        """Send an answer.

        If the request's body was not read to its end, the connection ends with this answer, but not before the client
        had time to read it: one in the middle of sending takes a connection that is closed on it for a broken one, and
        tries again. One that waits for `100 Continue` sends nothing more.
        """
        self._status = response.status
        self._error_code = response.header("x-amzn-errortype") or ""
        self.request_id = response.header(REQUEST_ID) or self.request_id
        is_unread = self._has_body and not self._is_whole
        await self._send(self._start(response, is_last=is_unread))
        if isinstance(response.body, bytes):
            await self._send({"type": "http.response.body", "body": response.body, "more_body": True})
            if is_unread and not self._waits:
                await self._linger()
        else:
            await self._stream(response.body)
        await self._send({"type": "http.response.body"})

    async def _stream(self, body: AsyncIterator[bytes]) -> None:
        try:
            async for chunk in body:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            if (close := getattr(body, "aclose", None)) is not None:
                await close()

    async def _linger(self) -> None:
        """Take in the rest of the body, and drop it."""
        self._is_dropped = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while not self._is_whole:
                    message = await self._receive()
                    self._is_whole = not message.get("more_body", False)

    def _start(self, response: HttpResponse, *, is_last: bool) -> Message:
        headers = list(response.headers)
        names = {name.lower() for name, _ in headers}
        if "date" not in names:
            headers.append(("date", email.utils.formatdate(usegmt=True)))
        if REQUEST_ID not in names:
            headers += [(REQUEST_ID, self.request_id), ("x-amz-request-id", self.request_id)]
        if "content-length" not in names and isinstance(response.body, bytes) and response.status != 204:
            headers.append(("content-length", str(len(response.body))))
        if is_last:
            headers.append(("connection", "close"))
        # Containers' and the store's headers were read the same way, so that any bytes go through unchanged.
        raw = [(name.lower().encode("ascii"), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        return {"type": "http.response.start", "status": response.status, "headers": raw}

    async def _wait_for_end(self) -> None:
        while (message := await self._receive())["type"] != "http.disconnect":
            # A body that nobody asked for, as of a GET, comes by here.
            self._is_whole = self._is_whole or not message.get("more_body", False)

    def tell(self) -> None:
        """Tell that the request was served."""
        duration_s = time.monotonic() - received_at.get()
        self._emit(
            RequestServed(
                self.service,
                self.operation,
                self._status,
                duration_s,
                self.request_id,
                self._error_code,
                self.is_abandoned,
            )
        )


def read_head(scope: Scope) -> HttpRequest:
    """Make a request, its body still to come, of ASGI's scope; path and query stay as they came."""
    headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return HttpRequest(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        join_headers(headers),
        peer=(scope.get("client") or ("",))[0],
    )


def route(head: HttpRequest, pages: Collection[str] = ()) -> str:
    """Name who serves a request: "s3", "host" (this program's own pages), "hub", or the signing name of a service.

    The scope of a signature says it; a request without one is told by what only one service's requests have.
    """
    if (scope := claimed_scope(head)) is not None:
        return scope.service
    host = head.headers.get("host", "").partition(".")[0]
    if host.startswith(TELEMETRY):
        return "telemetry"
    if head.path.startswith(HUB):
        return "hub"
    if "x-amz-target" in head.headers or head.path.startswith("/endpoints/"):
        return "sagemaker"
    if head.method == "GET" and head.path in pages:
        return "host"
    if head.method == "POST" and head.path == "/" and head.headers.get("content-type", "").startswith(FORM):
        return host if host in ("sts", "iam") else "query"
    return "s3"


TELEMETRY = "sm-pysdk-t-"
"""How the buckets are called that the SageMaker SDK reports its use to, unsigned; nothing is kept of it."""
HUB = f"{PREFIX}/"
FORM = "application/x-www-form-urlencoded"
_RUNTIME_OPERATIONS = {
    "invocations": "InvokeEndpoint",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
    "async-invocations": "InvokeEndpointAsync",
}


def name_operation(request: HttpRequest) -> str:
    """Name the operation that a request asks for; for the log and the metrics only."""
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if request.path.startswith("/endpoints/"):
        return _RUNTIME_OPERATIONS.get(request.path.rpartition("/")[2], "")
    return read_form(request).get("Action", "")


def _refuse_long(max_bytes: int) -> HttpResponse:
    message = (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {max_bytes}"
    )
    headers = (("content-type", "application/json"), ("x-amzn-errortype", "ValidationError"))
    return HttpResponse(400, headers, json.dumps({"message": message}).encode())
