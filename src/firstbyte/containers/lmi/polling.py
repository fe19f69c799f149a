"""Answers that are fetched by polling: `x-synchronous: false` asks for one, `x-starting-token` fetches what there is.

For clients behind something that cannot stream. The first request is answered at once with a token (`x-next-token`);
the work goes on without it. Each further request names a token and is given the chunks since, and the token of what
comes next, until there is none. Behind SageMaker the names travel in X-Amzn-SageMaker-Custom-Attributes (DJL Serving's
streaming.md, cache.md; InferenceRequestHandler.java). Answers are kept in this process, the latest ones only.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.connection import ClientLeft, Connection, Message, Receive, Send, read_head
from firstbyte.containers.dialect import Application
from firstbyte.containers.errors import BodyTooLarge
from firstbyte.containers.exchange import Answer, Headers, Request
from firstbyte.containers.lmi.front_end import (
    CUSTOM_ATTRIBUTES,
    FrontEnd,
    front_end_error,
    front_end_refusal,
    properties_of,
)

logger = logging.getLogger(__name__)
TOKEN_LEN = 36
"""Of a UUID; what follows it in a token is the number of the next chunk."""
LONGEST_NUMBER = 18
"""Digits of that number; Python refuses to read one of thousands."""
DEFAULT_CAPACITY = 1024
"""Answers that are kept; SERVING_MEMORY_CACHE_CAPACITY."""


@dataclass(slots=True)
class KeptAnswer:
    """One answer, as far as it has come."""

    status: int | None = None
    """None while the head is not known."""
    headers: Headers = ()
    chunks: list[bytes] = field(default_factory=list)
    is_whole: bool = False
    work: asyncio.Task[None] | None = None

    async def take(self, message: Message) -> None:
        """Keep a message that the container sends (ASGI)."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            )
            return
        if message.get("body"):
            self.chunks.append(message["body"])
        self.is_whole = not message.get("more_body", False)


class PolledAnswers:
    """Stands in front of a container; what is not about polling passes through."""

    def __init__(
        self,
        inner: Application,
        front_end: FrontEnd,
        max_body_bytes: int,
        capacity: int = DEFAULT_CAPACITY,
        new_token: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._inner = inner
        self._front_end = front_end
        self._max_body_bytes = max_body_bytes
        self._capacity = capacity
        self._new_token = new_token
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        properties = _properties(scope)
        starting_token = properties.get("x-starting-token")
        is_synchronous = properties.get("x-synchronous", "true").lower() == "true"
        if scope["method"] != "POST" or (starting_token is None and is_synchronous):
            return await self._inner(scope, receive, send)
        connection = Connection(receive, send)
        try:
            request = await connection.read_request(scope, self._max_body_bytes)
        except BodyTooLarge as error:
            refusal = front_end_refusal(error, self._front_end.model_name, self._front_end.headers(None))
            return await connection.answer(refusal)
        except ClientLeft:
            return None
        answer = self._front_end.answer(request)
        if answer is None and starting_token is not None:
            answer = self._fetch(request, starting_token, properties.get("x-max-items", "-1"))
        return await connection.answer(answer or self._begin(scope, request))

    def _begin(self, scope: Message, request: Request) -> Answer:
        """Start the work and tell its token."""
        token = self._new_token()
        kept = self._kept[token] = KeptAnswer()
        kept.work = asyncio.create_task(self._run(scope, request.body, kept))
        while len(self._kept) > self._capacity:
            _, oldest = self._kept.popitem(last=False)
            if oldest.work is not None:
                oldest.work.cancel()
        return Answer(200, (*_next(token), *self._plain_headers()))

    async def _run(self, scope: Message, body: bytes, kept: KeptAnswer) -> None:
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            # There is no client that could leave.
            return waiting.pop() if waiting else await asyncio.Event().wait()  # type: ignore[return-value]

        try:
            await self._inner(scope, receive, kept.take)
        except Exception:
            logger.exception("an answer that is to be polled broke off")
        finally:
            if not kept.is_whole:  # what a client would have seen as a broken connection
                kept.status, kept.is_whole = kept.status if kept.chunks else 500, True

    def _fetch(self, request: Request, token: str, max_items: str) -> Answer:
        kept, start = self._kept.get(token[:TOKEN_LEN]), token[TOKEN_LEN:] or "0"
        headers = self._front_end.headers(request)
        if kept is None:
            return front_end_error(400, "BadRequestException", f"Invalid x-starting-token: {token}", headers)
        if not (start.isascii() and start.isdigit() and len(start) <= LONGEST_NUMBER):
            return front_end_error(400, "BadRequestException", "Failed to lookup cache element", headers)
        limit = _limit(max_items)
        if limit is None:
            return front_end_error(400, "BadRequestException", f"Invalid x-max-items: {max_items}", headers)
        first = min(int(start), len(kept.chunks))
        chunks = kept.chunks[first : None if limit < 0 else first + limit]
        following = first + len(chunks)
        is_last = kept.is_whole and following == len(kept.chunks)
        more = () if is_last else _next(f"{token[:TOKEN_LEN]}{following or ''}")
        if kept.status is None or (not chunks and not is_last):
            return Answer(202, (*more, *self._plain_headers()))
        own = tuple((name, value) for name, value in kept.headers if name not in ("content-length", CUSTOM_ATTRIBUTES))
        return Answer(kept.status, (*more, *own), b"".join(chunks))

    def _plain_headers(self) -> Headers:
        return self._front_end.headers(None)


def _next(token: str) -> Headers:
    return (("x-next-token", token), (CUSTOM_ATTRIBUTES, f"x-next-token={token}"))


def _limit(max_items: str) -> int | None:
    """How many chunks are wanted, -1 for all; None for what is no number."""
    with contextlib.suppress(ValueError):
        return int(max_items)
    return None


def _properties(scope: Message) -> Mapping[str, Any]:
    return properties_of(read_head(scope))
