"""Answers to invocations without a network: a script says what the container writes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from firstbyte.hosting.errors import InstanceUnreachable, StreamBroken
from firstbyte.hosting.ports import InstanceCall


@dataclass(slots=True)
class Script:
    """What a container does with one invocation."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/plain"})
    chunks: tuple[bytes, ...] = (b"one", b"two")
    ending: str = "complete"
    """complete | break (the connection goes) | hang (nothing more comes)."""
    start: str = "answer"
    """answer | refuse (no connection) | break (no status line) | hang (no status line, ever)."""
    calls: list[tuple[str, InstanceCall]] = field(default_factory=list)
    is_closed: bool = False

    async def answer_chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        await self._end(self.ending)

    async def _end(self, how: str) -> None:
        if how == "hang":
            await asyncio.Event().wait()
        if how == "break":
            raise StreamBroken("The connection to the container broke.")
        if how == "refuse":
            raise InstanceUnreachable("The container does not accept connections.")

    async def begin(self) -> None:
        await self._end(self.start)


class FakeAnswer:
    """Implements hosting's InstanceAnswer."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.status = script.status
        self.headers = script.headers
        self.chunks = script.answer_chunks

    async def close(self) -> None:
        self._script.is_closed = True


class FakeInstanceClient:
    """Implements hosting's InstanceClient. One script for every instance, unless `scripts` has one for its URL."""

    def __init__(self) -> None:
        self.script = Script()
        self.scripts: dict[str, Script] = {}

    async def invoke(self, url: str, call: InstanceCall) -> FakeAnswer:
        script = self.scripts.get(url, self.script)
        script.calls.append((url, call))
        await script.begin()
        return FakeAnswer(script)
