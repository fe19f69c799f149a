"""Cuts a response stream into units that can be read one by one.

`invoke_endpoint_with_response_stream` answers with payload parts. A container writes one token per part, but nothing
promises that parts arrive as they were written: a proxy may cut one in two or glue two together. Two byte forms matter:

* **lines**: TGI's server-sent events (`data:{…}\\n\\n`) and LMI's JSON lines (`{…}\\n`). A unit is a whole line.
* **pieces**: LMI's default, ONE JSON object `{"generated_text": "…"}` written bit by bit and without a newline. A unit
  is whatever has arrived, cut so that no UTF-8 character and no JSON escape is split.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from firstbyte.client.errors import GenerationFailed

PIECES_HEAD = re.compile(rb'\s*\{\s*"generated_text"\s*:\s*"')
"""How an answer in pieces begins (djl_python/output_formatter.py of DJL Serving 0.26 to 0.28)."""

_COMPACT_HEAD = b'{"generated_text":"'

# Server-sent events that carry no data: comments (TGI's keep-alive is one), names, ids and retry times.
_SSE_ASIDES = (b":", b"event:", b"id:", b"retry:")

# The longest run of whole JSON string units. A high surrogate waits for its partner: an emoji stays in one unit.
_WHOLE_UNITS = re.compile(
    rb"(?:[^\\]"
    rb"|\\[^u]"
    rb"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}(?=[^\\]|\\[^u]|\\u(?![dD][c-fC-F])[0-9a-fA-F]{2})"
    rb")*",
    re.DOTALL,
)


class LineIterator:
    """Iterates over the units of a streamed answer, as bytes.

    Lines come without their line ends; blank lines and keep-alive comments are left out, so every unit holds JSON. The
    last line needs no newline. Takes the `Body` of a boto3 response; raises `GenerationFailed` for an error event.

    >>> parts = [{"PayloadPart": {"Bytes": b'data:{"a"'}}, {"PayloadPart": {"Bytes": b":1}\\n\\n: keep-alive\\n\\n"}}]
    >>> list(LineIterator(parts))
    [b'data:{"a":1}']
    """

    def __init__(self, event_stream: Iterable[Mapping[str, Any]]) -> None:
        self._parts = map(_payload, event_stream)
        self._units = self._cut()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._units)

    def _cut(self) -> Iterator[bytes]:
        head = b""
        for part in self._parts:
            head += part
            if (in_pieces := is_in_pieces(head)) is not None:
                yield from self._cut_pieces(head) if in_pieces else self._cut_lines(head)
                return
        if head.strip():
            yield head

    def _cut_lines(self, head: bytes) -> Iterator[bytes]:
        *lines, rest = head.split(b"\n")
        yield from filter(None, map(_content, lines))
        pending = [rest]
        for part in self._parts:
            *lines, rest = part.split(b"\n")
            if lines:
                lines[0] = b"".join((*pending, lines[0]))
                pending.clear()
                yield from filter(None, map(_content, lines))
            pending.append(rest)
        if last := _content(b"".join(pending)):
            yield last

    def _cut_pieces(self, head: bytes) -> Iterator[bytes]:
        held = head
        whole = whole_len(held)
        yield held[:whole]
        held = held[whole:]
        for part in self._parts:
            held += part
            if whole := whole_len(held):
                yield held[:whole]
                held = held[whole:]
        if held:
            yield held


def is_in_pieces(head: bytes) -> bool | None:
    """Tell from an answer's first bytes whether it comes in pieces (True) or lines (False); None: too few bytes yet."""
    if PIECES_HEAD.match(head):
        return True
    return None if _COMPACT_HEAD.startswith(b"".join(head.split())) else False


def whole_len(data: bytes) -> int:
    """Count the bytes of `data` that end with a whole JSON escape and a whole UTF-8 character."""
    units = _WHOLE_UNITS.match(data)
    whole = data[: units.end() if units else 0]
    for num_back in range(1, min(4, len(whole) + 1)):
        byte = whole[-num_back]
        if byte >= 0xC0:  # a character's first byte: is the rest of it here?
            char_len = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(whole) - num_back if char_len > num_back else len(whole)
        if byte < 0x80:
            break
    return len(whole)


def _payload(event: Mapping[str, Any]) -> bytes:
    """Take the bytes out of one event; any other member of the event is the service's own error."""
    part = event.get("PayloadPart")
    if part is not None:
        return bytes(part.get("Bytes", b""))
    name, members = next(iter(event.items()), ("an event without members", {}))
    raise GenerationFailed(str(dict(members).get("Message", "the stream carried an error event")), str(name))


def _content(line: bytes) -> bytes:
    """Strip a line's end; what carries no data becomes empty."""
    line = line.strip()
    return b"" if line.startswith(_SSE_ASIDES) else line
