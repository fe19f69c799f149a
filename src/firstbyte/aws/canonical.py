"""The normal forms that SigV4 signs: one spelling for each path, query and set of headers.

Source: AWS General Reference, "Create a signed AWS API request". S3 is the exception to the path's rule, see
`canonical_path`. Everything here takes and gives raw wire text.
"""

from collections.abc import Collection, Mapping
from urllib.parse import quote, unquote_to_bytes

S3_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
"""Signing names whose paths are object keys: every byte of a key counts, so nothing may be normalised away."""


def canonical_path(path: str, service: str) -> str:
    """Return the path as it is signed.

    S3 encodes once and keeps `//` and `..`; all others drop empty and dot segments and encode what came over the wire
    a second time.
    """
    if service in S3_SERVICES:
        return "/".join(map(_encode, path.split("/"))) or "/"
    return quote(_without_dot_segments(path), safe="/")


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{tail}"


def canonical_query(query: str, without: Collection[str] = ()) -> str:
    """Return the query sorted by encoded name and value, each encoded once, leaving out the names in `without`."""
    return "&".join(f"{name}={value}" for name, value in sorted(_encoded_pairs(query)) if name not in without)


def _encoded_pairs(query: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in query.split("&")) if query else ()
    return [(_encode(name), _encode(value)) for name, _, value in pairs]


def _encode(raw: str) -> str:
    """Bring percent-encoded text to the one spelling: upper-case hex, and none for unreserved characters."""
    return quote(unquote_to_bytes(raw), safe="")


def canonical_headers(headers: Mapping[str, str], signed: Collection[str]) -> str:
    """Return one `name:value` line for each signed header, runs of spaces made one. Each line ends with a newline."""
    return "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed)
