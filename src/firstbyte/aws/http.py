"""HTTP messages as values, so that everything between two sockets is a function. Made and sent by `edge`."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, as it came in."""

    method: str
    """In capitals."""

    path: str
    """Raw: percent-encoded as on the wire. Signatures cover this form."""

    query: str = ""
    """Raw, without the question mark."""

    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Names in lower case; build it with `join_headers`."""

    body: bytes = b""
    """The whole body; empty where the caller keeps it as a stream (S3)."""

    peer: str = ""
    """The address that it came from; empty where there is none."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response, ready to send."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    body: bytes | AsyncIterator[bytes] = b""
    """Each item of an iterator is one HTTP chunk, to be sent at once; close the iterator if the client goes away."""

    def header(self, name: str) -> str | None:
        """Return the first header called `name`, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def join_headers(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Fold header lines into one mapping of lower-case names.

    Lines of one name are joined by a comma, which RFC 9110 §5.3 allows and SigV4's canonical form demands.
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.lower(), raw_value.strip()
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return MappingProxyType(joined)
