"""Finds where serde_json stands when it objects to a value: the line, and how many bytes of it have been read.

That is behind a value it has consumed (text, numbers, booleans, null), before a list or an object it does not want, and
behind the closing brace of an object that lacks a member. What a type says of a value in its own words is given its
place by the object or list around the value, which looks for its end first: one that comes next is read, too.
"""

import enum
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]

from firstbyte.containers.tgi.syntax import Path

_BLANKS = " \t\n\r"


class Reach(enum.Enum):
    """How much has been read when the objection is made."""

    VALUE = enum.auto()
    """A text, a number and the like; nothing of a list or an object."""
    WHOLE = enum.auto()
    """A list or an object to its end, too."""
    CLOSING = enum.auto()
    """And what closes the list or object around it, if that comes next: the words are those of a type of TGI's."""


def position_of(body: bytes, path: Path, reach: Reach = Reach.VALUE) -> tuple[int, int]:
    """Line from 1 and column as serde_json counts them (bytes read on that line), of the value at `path`.

    `body` must be JSON that has a value there.
    """
    text = body.decode(errors="replace")  # what follows the document may be anything
    start = _skip_blanks(text, 0)
    for step in path:
        start = _enter(text, start, step)
    is_unread = reach is Reach.VALUE and text[start] in "[{"
    end = start if is_unread else _end_of(text, start)
    if reach is Reach.CLOSING:
        end = _skip_blanks(text, end)
        end += text[end : end + 1] in ("}", "]")
    read = text[:end].encode()
    return read.count(b"\n") + 1, len(read) - (read.rfind(b"\n") + 1)


def _enter(text: str, start: int, step: str | int) -> int:
    """Where the member or item `step` of the object or list at `start` begins."""
    index = _skip_blanks(text, start + 1)
    for position in range(len(text)):
        name: str | int = position
        if text[start] == "{":
            name, index = scanstring(text, index + 1)
            index = _skip_blanks(text, _skip_blanks(text, index) + 1)
        if name == step:
            return index
        index = _skip_blanks(text, _skip_blanks(text, _end_of(text, index)) + 1)
    raise AssertionError("the path leads to a value of this body")


def _end_of(text: str, start: int) -> int:
    end: int = JSONDecoder(strict=False).raw_decode(text, start)[1]
    return end


def _skip_blanks(text: str, index: int) -> int:
    while index < len(text) and text[index] in _BLANKS:
        index += 1
    return index
