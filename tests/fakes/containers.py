"""Drives a container without a socket: a dialect over the fake engine, one request in, every chunk that goes out."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.engine import FakeEngine, FakeTokenizer
from firstbyte.containers.connection import Message
from firstbyte.containers.dialect import Application, Dialect
from firstbyte.containers.exchange import Request
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.lmi.front_end import FrontEnd
from firstbyte.containers.lmi.options import read_options as read_lmi_options
from firstbyte.containers.server import ContainerServer
from firstbyte.containers.tgi.dialect import TgiDialect
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.options import read_options as read_tgi_options
from firstbyte.containers.tgi.options import settle_limits
from firstbyte.containers.versions import Version
from firstbyte.engine.model_info import ModelInfo

MODEL = ModelInfo("native", "llama", 32000, 4096, frozenset({2}), "float32")


def tgi(version: str = "2.0.2", **environment: str) -> TgiDialect:
    options = read_tgi_options({"HF_MODEL_ID": "my/model", **environment}, Version.parse(version))
    return TgiDialect(Served(options, settle_limits(options, 4096), MODEL, FakeTokenizer()))


def lmi(version: str = "0.28.0", max_total_tokens: int = 4096, **given: str) -> LmiDialect:
    """`given` are variables of the environment, in capitals, and properties."""
    environment = {name: value for name, value in given.items() if name.isupper()}
    properties = {name: value for name, value in given.items() if not name.isupper()}
    named = {name if name == "engine" else f"option.{name}": value for name, value in properties.items()}
    options = read_lmi_options(environment, named, Version.parse(version))
    return LmiDialect(options, FrontEnd("model", new_request_id=lambda: "id-1"), FakeTokenizer(), max_total_tokens)


def post(path: str, value: Any, **headers: str) -> Request:
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Request("POST", path, {"content-type": "application/json", **named}, body)


def get(path: str) -> Request:
    return Request("GET", path, {})


@dataclass
class Transcript:
    """What a client was sent: each body message is one HTTP chunk, or the whole body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    is_whole: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def play(dialect: Dialect, request: Request, engine: FakeEngine | None = None) -> Transcript:
    return await play_on(ContainerServer(dialect, engine or FakeEngine()), request)


async def play_on(server: Application, request: Request) -> Transcript:
    transcript = Transcript()
    incoming: list[Message] = [{"type": "http.request", "body": request.body}]

    async def receive() -> Message:
        return incoming.pop() if incoming else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            transcript.status = message["status"]
            transcript.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["body"]:
            transcript.chunks.append(message["body"])
        transcript.is_whole = not message.get("more_body", message["type"] == "http.response.start")

    await server(asgi_scope(request.method, request.path, request.headers, request.query), receive, send)
    return transcript


def asgi_scope(method: str, path: str, headers: Mapping[str, str], query: str = "") -> Message:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": encoded}
