"""Runs a call on the engine: where a dialect's plan meets tokens, and where the engine's errors are renamed.

Knows no HTTP: it calls `send` for each chunk. Used by `server`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from firstbyte.containers.dialect import Generation, StreamCall, StreamReply, WholeCall
from firstbyte.containers.errors import ContainerError, GenerationBroke, Overloaded, RequestRejected, TookTooLong
from firstbyte.containers.exchange import Answer
from firstbyte.containers.metering import Meter, Timings
from firstbyte.containers.steps import StepWatch
from firstbyte.engine import errors as engine_errors
from firstbyte.engine.requests import GenerateRequest, TokenEvent
from firstbyte.engine.stats import EngineStats
from firstbyte.engine.tokenizer import Tokenizer


class Engine(Protocol):
    """What the server needs of `firstbyte.engine.service.EngineService`."""

    tokenizer: Tokenizer

    def generate(self, request: GenerateRequest) -> AsyncGenerator[TokenEvent, None]:
        """One event for each token; closing the iterator ends the generation before the next step."""
        ...

    def stats(self) -> EngineStats:
        """How it was doing after its latest step."""
        ...

    async def close(self) -> None:
        """End everything."""
        ...


def translate_error(error: engine_errors.EngineError) -> ContainerError:
    """The engine's error in this room's words."""
    if isinstance(error, engine_errors.RequestError):
        return RequestRejected(str(error))
    if isinstance(error, engine_errors.Overloaded):
        return Overloaded(str(error))
    return GenerationBroke(str(error))


class Generator:
    """Generates on one engine, and knows whether generating works."""

    def __init__(
        self, engine: Engine, first_token_timeout_s: float | None = None, steps: StepWatch | None = None
    ) -> None:
        self._engine = engine
        self._steps = steps or StepWatch()
        self._timeout_s = first_token_timeout_s
        self._is_sure = True

    async def tokens(self, request: GenerateRequest) -> AsyncGenerator[TokenEvent, None]:
        """The engine's events, its errors translated, its iterator closed however this one ends."""
        self._steps.begin(request)
        try:
            async with aclosing(self._engine.generate(request)) as events:
                first = await self._first(events)
                self._steps.note(self._engine.stats(), is_first=True)
                yield first
                async for event in events:
                    self._steps.note(self._engine.stats(), is_first=False)
                    yield event
        except engine_errors.EngineError as error:
            translated = translate_error(error)
            if isinstance(translated, GenerationBroke):
                self._is_sure = False
                self._steps.fail(self._engine.stats())
            raise translated from error
        finally:
            self._steps.end(request)

    async def _first(self, events: AsyncGenerator[TokenEvent, None]) -> TokenEvent:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await anext(events)
        except TimeoutError as error:
            assert self._timeout_s is not None, "only a limit runs out"
            raise TookTooLong(self._timeout_s) from error

    async def collect(self, request: GenerateRequest) -> Generation:
        """All events of one request."""
        async with aclosing(self.tokens(request)) as events:
            return Generation(tuple([event async for event in events]))

    async def is_healthy(self) -> bool:
        """True when the latest generation worked; after a failure one token is tried, so that nothing is guessed."""
        if not self._is_sure:
            probe = GenerateRequest(tuple(self._engine.tokenizer.encode("liveness")), max_new_tokens=1)
            try:
                await self.collect(probe)
            except Overloaded:
                return True  # too busy to try is not broken
            except ContainerError:
                return False
            self._is_sure = True
        return True


class Admission:
    """The slots of a container: as in TGI there is no waiting, a call gets its slots at once or is refused."""

    def __init__(self, num_slots: int) -> None:
        self._num_slots = num_slots
        self._num_free = num_slots

    @property
    def is_full(self) -> bool:
        """Whether a call would be refused now."""
        return self._num_free < 1

    @asynccontextmanager
    async def admit(self, num_requests: int) -> AsyncIterator[None]:
        """Hold one slot for each request of a call.

        Raises:
            Overloaded: not so many are free.
        """
        if num_requests > self._num_free:
            raise Overloaded(f"{self._num_slots} requests are being served")
        self._num_free -= num_requests
        try:
            yield
        finally:
            self._num_free += num_requests


@dataclass(slots=True)
class Chunks:
    """Sends a stream's head and chunks, the head when its time has come."""

    reply: StreamReply
    start: Callable[[StreamReply], Awaitable[None]]
    send: Callable[[bytes], Awaitable[None]]
    is_started: bool = False

    async def begin(self) -> None:
        """Send the head, once."""
        if not self.is_started:
            self.is_started = True
            await self.start(self.reply)

    async def put(self, *chunks: bytes) -> None:
        """Send chunks, each by itself; nothing for an empty one, which would end the body."""
        for chunk in filter(None, chunks):
            await self.begin()
            await self.send(chunk)


@dataclass(frozen=True, slots=True)
class Run:
    """What running one call needs beside the call."""

    generator: Generator
    meter: Meter
    validation_s: float
    """How long reading and checking the request took."""


async def run_stream(run: Run, call: StreamCall, chunks: Chunks) -> None:
    """Generate and send one chunk for each token.

    Raises:
        ContainerError: the generation failed; `chunks` knows whether the head has gone out already.
    """
    if call.reply.is_head_early:
        await chunks.begin()
    if call.beside:
        async with asyncio.TaskGroup() as group:
            for part in (call, *call.beside):
                group.create_task(_stream_beside(run, part, chunks))
    else:
        await _stream_one(run, call, chunks)
    await chunks.begin()
    await chunks.put(*call.reply.render_end())


async def _stream_one(run: Run, call: StreamCall, chunks: Chunks) -> None:
    started_at_s = time.perf_counter()
    run.meter.accept(call.request)
    async with aclosing(run.generator.tokens(call.request)) as events:
        async for event in events:
            chunk = call.reply.render(event)
            await chunks.put(await call.transform(chunk) if call.transform and chunk else chunk)
            if event.finish is not None:
                elapsed_s = time.perf_counter() - started_at_s
                run.meter.finish(event.finish, Timings.of(event.finish, run.validation_s, elapsed_s))


async def _stream_beside(run: Run, call: StreamCall, chunks: Chunks) -> None:
    """One of several generations of an answer; its failure is said in the stream and leaves the others alone."""
    try:
        await _stream_one(run, call, chunks)
    except ContainerError as error:
        await chunks.put(*call.reply.render_error(error))


async def run_whole(run: Run, call: WholeCall) -> Answer:
    """Generate everything that the call asks for, its sequences side by side, and word the answer.

    Raises:
        ContainerError: one of the sequences failed.
    """
    started_at_s = time.perf_counter()
    run.meter.accept(call.requests[0])
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run.generator.collect(request)) for request in call.requests]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    generations = [task.result() for task in tasks]
    finish = generations[0].finish
    timings = Timings.of(finish, run.validation_s, time.perf_counter() - started_at_s)
    run.meter.finish(finish, timings)
    answer = call.reply.render(generations, timings)
    return replace(answer, body=await call.transform(answer.body)) if call.transform else answer
