"""HTTP messages as values: what a dialect is given and what it gives back. The server alone turns them into ASGI."""

from collections.abc import Mapping
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, body read whole."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    query: str = ""
    """What stands behind the question mark of the target, as it came."""

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a streamed answer."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    is_chunked: bool = False
    """Sent as a stream of one chunk, for a dialect whose errors come inside a stream that has already begun."""
    rest: tuple[bytes, ...] = ()
    """Further chunks of such a stream."""


def chunked_answer(head: Head, chunks: tuple[bytes, ...]) -> Answer:
    """A stream of `chunks`, one at least, that is known from the start."""
    return Answer(head.status, head.headers, chunks[0], is_chunked=True, rest=chunks[1:])


def json_answer(status: int, body: bytes, headers: Headers = ()) -> Answer:
    """An answer of type application/json."""
    return Answer(status, (("content-type", "application/json"), *headers), body)


def text_answer(status: int, text: str) -> Answer:
    """An answer of type text/plain."""
    return Answer(status, (("content-type", "text/plain; charset=utf-8"),), text.encode())
