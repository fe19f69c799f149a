"""A container without a model, for tests of what stands around containers: it answers what it is told to answer.

POST /invocations gives the body back, with its content type. A JSON object of these members only is a script:

    chunks          list of strings: stream them, one HTTP chunk each (default: none)
    status          the HTTP status (default 200)
    content_type    of the answer (default application/json)
    headers         object of further headers
    body            string: the whole answer, when there are no chunks
    gate            name: wait before each chunk until a request with `open` lets one chunk of that gate through
    open            name: let one more chunk through that gate; answers {}
    stall_after     number: after so many chunks wait until the client leaves
    die_after       number: after so many chunks end the process at once, as a crash does
    break_after     number: after so many chunks break the connection off, the body unfinished

GET /ping answers 200, or ECHO_PING_STATUS. GET /facts answers {"num_requests", "num_left"}: requests seen, and clients
that left before their answer was whole. ECHO_EXIT_MESSAGE makes the start fail with that message.
"""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbyte.containers.connection import ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.errors import BodyTooLarge, StartupFailed
from firstbyte.containers.exchange import Answer, Head, Request, json_answer, text_answer

MAX_BODY_BYTES = 64 * 1024 * 1024
EXIT_CODE = 86
"""Of a process that was told to die."""


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is to be answered."""

    chunks: tuple[str, ...] | None = None
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    gate: str | None = None
    open: str | None = None
    stall_after: int | None = None
    die_after: int | None = None
    break_after: int | None = None

    @property
    def is_stream(self) -> bool:
        """True when the answer goes out in chunks, even in none."""
        return self.chunks is not None or {self.stall_after, self.die_after, self.break_after} != {None}


MEMBER_KINDS: dict[str, type] = {
    "chunks": list,
    "status": int,
    "content_type": str,
    "headers": dict,
    "body": str,
    "gate": str,
    "open": str,
    "stall_after": int,
    "die_after": int,
    "break_after": int,
}


class ConnectionBroken(Exception):
    """Raised out of the application on purpose: the server then breaks the connection off."""


def read_script(body: bytes) -> Script | None:
    """The script in a body; None for a body that is to be given back."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value or value.keys() - MEMBER_KINDS.keys():
        return None
    if not all(_is_kind(member, MEMBER_KINDS[name]) for name, member in value.items()):
        return None
    chunks = value.get("chunks")
    return Script(**value | {"chunks": None if chunks is None else tuple(chunks)})


def _is_kind(member: Any, kind: type) -> bool:
    """True for a member of its type; lists and objects here hold strings."""
    items = member if isinstance(member, list) else member.values() if isinstance(member, dict) else ()
    return type(member) is kind and all(isinstance(item, str) for item in items)


class EchoContainer:
    """The echo dialect as an ASGI application."""

    def __init__(self, ping_status: int = 200) -> None:
        self._ping_status = ping_status
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))
        self._num_requests = 0
        self._num_left = 0

    @classmethod
    def configured(cls, environment: Mapping[str, str]) -> "EchoContainer":
        """The container that a model's environment asks for.

        Raises:
            StartupFailed: it asks to fail.
        """
        if message := environment.get("ECHO_EXIT_MESSAGE"):
            raise StartupFailed(message)
        status = environment.get("ECHO_PING_STATUS", "200")
        if not status.isdigit():
            raise StartupFailed(f"ECHO_PING_STATUS must be an HTTP status, not {status!r}")
        return cls(int(status))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection = Connection(receive, send)
        try:
            request = await connection.read_request(scope, MAX_BODY_BYTES)
        except BodyTooLarge as error:
            return await connection.answer(text_answer(413, str(error)))
        except ClientLeft:
            return None
        if not await connection.while_connected(self._answer(request, connection)):
            self._num_left += 1
        return None

    async def _answer(self, request: Request, connection: Connection) -> None:
        if (request.method, request.path) == ("GET", "/ping"):
            await connection.answer(Answer(self._ping_status))
        elif (request.method, request.path) == ("GET", "/facts"):
            facts = {"num_requests": self._num_requests, "num_left": self._num_left}
            await connection.answer(json_answer(200, json.dumps(facts).encode()))
        elif (request.method, request.path) == ("POST", "/invocations"):
            self._num_requests += 1
            await self._invoke(request, connection)
        else:
            await connection.answer(Answer(404))

    async def _invoke(self, request: Request, connection: Connection) -> None:
        script = read_script(request.body)
        if script is None:
            content_type = request.headers.get("content-type", "application/octet-stream")
            await connection.answer(Answer(200, (("content-type", content_type),), request.body))
        elif script.open is not None:
            self._gates[script.open].release()
            await connection.answer(json_answer(200, b"{}"))
        elif script.is_stream:
            await self._play(script, connection)
        else:
            headers = (("content-type", script.content_type), *script.headers.items())
            await connection.answer(Answer(script.status, headers, script.body.encode()))

    async def _play(self, script: Script, connection: Connection) -> None:
        await connection.start(Head(script.status, (("content-type", script.content_type), *script.headers.items())))
        await self._misbehave(script, 0)
        for num_sent, chunk in enumerate(script.chunks or (), start=1):
            if script.gate is not None:
                await self._gates[script.gate].acquire()
            await connection.send_chunk(chunk.encode())
            await self._misbehave(script, num_sent)
        await connection.end_stream()

    async def _misbehave(self, script: Script, num_sent: int) -> None:
        if num_sent == script.die_after:
            await asyncio.sleep(0)
            os._exit(EXIT_CODE)
        if num_sent == script.break_after:
            raise ConnectionBroken
        if num_sent == script.stall_after:
            await asyncio.Event().wait()  # cancelled when the client leaves
