"""The seam between the server and a dialect: a dialect reads requests and writes answers, and touches nothing else.

Each dialect's package also has `read_options(…)`, called by the composition root before any model is loaded.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, Headers, Request
from firstbyte.containers.metering import Tally, Timings
from firstbyte.engine.requests import Finish, GenerateRequest, TokenEvent


@dataclass(frozen=True, slots=True)
class Generation:
    """Every token of one finished sequence."""

    events: tuple[TokenEvent, ...]

    @property
    def finish(self) -> Finish:
        """How it ended; the last event always says."""
        finish = self.events[-1].finish
        assert finish is not None, "the engine ends each sequence with an event that carries its finish"
        return finish

    @property
    def mean_logprob(self) -> float:
        """Mean log-probability of its tokens, by which the best of several sequences is chosen."""
        return sum(event.logprob for event in self.events) / len(self.events)


class StreamReply(Protocol):
    """The answer to one call that goes out token by token. It may count and gather, so one is made for each call."""

    @property
    def head(self) -> Head:
        """Status and headers."""
        ...

    @property
    def is_head_early(self) -> bool:
        """True where the head goes out before the first token is known (TGI); every error then comes in the stream."""
        ...

    @property
    def keep_alive(self) -> bytes:
        """What is sent when the stream has been silent for long; empty where the dialect sends nothing."""
        ...

    def render(self, event: TokenEvent) -> bytes:
        """The one chunk that this token becomes; empty when it completes nothing that could be sent."""
        ...

    def render_end(self) -> tuple[bytes, ...]:
        """The chunks after the last token's."""
        ...

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """The chunks that end a stream which has already begun."""
        ...

    def refuse(self, error: ContainerError) -> Answer:
        """The answer that takes the stream's place when nothing has gone out yet."""
        ...


class WholeReply(Protocol):
    """The answer to one call that goes out at once when everything is generated."""

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The answer made of one generation for each of the call's requests."""
        ...

    def refuse(self, error: ContainerError) -> Answer:
        """The answer when one of them failed."""
        ...


Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

Transform = Callable[[bytes], Awaitable[bytes]]
"""What makes a chunk, or a body, into the one that is sent."""


@dataclass(frozen=True, slots=True)
class StreamCall:
    """A checked request whose tokens go out one by one, and who words them."""

    request: GenerateRequest
    reply: StreamReply
    beside: tuple["StreamCall", ...] = ()
    """Further generations of the same answer, their chunks between this one's; head and end are this one's alone."""
    transform: Transform | None = None
    """What each token's chunk goes through, where somebody beside the reply has the last word."""


@dataclass(frozen=True, slots=True)
class WholeCall:
    """A checked request that is answered at once, and who words the answer."""

    requests: tuple[GenerateRequest, ...]
    """Several only where the best of them is wanted."""
    reply: WholeReply
    transform: Transform | None = None
    """What the answer's body goes through, where somebody beside the reply has the last word."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request found wrong by checks that the original makes only when a call has its slot."""

    answer: Answer
    overloaded: Answer
    """Given instead when no slot is free."""
    outcome: str = "validation"
    """How it is counted."""


@dataclass(frozen=True, slots=True)
class HealthInquiry:
    """A request that asks whether generating works; the server finds out, `render` words it."""

    render: Callable[[bool], Answer]


@dataclass(frozen=True, slots=True)
class TallyInquiry:
    """A request for the counts; the server has them, `render` words them."""

    render: Callable[[Tally], Answer]


Call = StreamCall | WholeCall
Parsed = Call | Refusal | HealthInquiry | TallyInquiry | Answer


class Dialect(Protocol):
    """A container's language. Pure: it may be called from any thread, and the same request gives the same call."""

    @property
    def max_body_bytes(self) -> int:
        """The longest body that is read."""
        ...

    @property
    def max_concurrent_requests(self) -> int:
        """How many requests may be under way or waiting at a time."""
        ...

    @property
    def first_token_timeout_s(self) -> float | None:
        """How long a request may wait for its first token; None for ever."""
        ...

    def shared_headers(self, request: Request) -> Headers:
        """Headers of whatever is answered to `request`."""
        ...

    def parse(self, request: Request) -> Parsed:
        """What to do for `request`; an answer where nothing has to be done, errors of the client included."""
        ...

    def render_error(self, error: ContainerError) -> Answer:
        """The answer that reports `error`, as long as no byte has gone out."""
        ...
