"""The seam between the server and a dialect: a dialect reads requests and writes answers, and touches nothing else.

Each dialect's package also has `read_options(…)`, called by the composition root before any model is loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, Request
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


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the parts of one call took, in seconds."""

    validation_s: float
    """Reading, checking and tokenising the request."""
    inference_s: float
    """From handing it to the engine to the last token; waiting in the engine's queue is part of it."""

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.validation_s + self.inference_s


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

    def render_end(self) -> bytes:
        """The chunk after the last token; empty where there is none."""
        ...

    def render_error(self, error: ContainerError) -> bytes:
        """The chunk that ends a stream which has already begun."""
        ...

    def refuse(self, error: ContainerError) -> Answer:
        """The answer that takes the stream's place when nothing has gone out yet."""
        ...


class WholeReply(Protocol):
    """The answer to one call that goes out at once when everything is generated."""

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The answer made of one generation for each of the call's requests."""
        ...


@dataclass(frozen=True, slots=True)
class StreamCall:
    """A checked request whose tokens go out one by one, and who words them."""

    request: GenerateRequest
    reply: StreamReply


@dataclass(frozen=True, slots=True)
class WholeCall:
    """A checked request that is answered at once, and who words the answer."""

    requests: tuple[GenerateRequest, ...]
    """Several only where the best of them is wanted."""
    reply: WholeReply


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened in a container since its start, and what goes on now."""

    num_received: int = 0
    """Calls that reached the engine's door."""
    num_succeeded: int = 0
    num_overloaded: int = 0
    num_failed: int = 0
    """Calls that ended in another error."""
    num_left: int = 0
    """Calls whose client left before the end."""
    num_under_way: int = 0
    """Now."""


@dataclass(frozen=True, slots=True)
class HealthInquiry:
    """A request that asks whether generating works; the server finds out, `render` words it."""

    render: Callable[[bool], Answer]


@dataclass(frozen=True, slots=True)
class TallyInquiry:
    """A request for the counts; the server has them, `render` words them."""

    render: Callable[[Tally], Answer]


Call = StreamCall | WholeCall
Parsed = Call | HealthInquiry | TallyInquiry | Answer


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

    def parse(self, request: Request) -> Parsed:
        """What to do for `request`; an answer where nothing has to be done, errors of the client included."""
        ...

    def render_error(self, error: ContainerError) -> Answer:
        """The answer that reports `error`, as long as no byte has gone out."""
        ...
