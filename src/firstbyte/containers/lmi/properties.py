"""Reads `serving.properties`: the format of java.util.Properties, which DJL loads it with (see that class's `load`)."""

import re
from collections.abc import Iterator

from firstbyte.containers.errors import StartupFailed

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PAIR = re.compile(r"((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)", re.DOTALL)


def parse_properties(text: str) -> dict[str, str]:
    """Keys and values of a properties file; of equal keys the last one counts.

    Raises:
        StartupFailed: a `\\u` escape is not followed by four hexadecimal digits.
    """
    pairs: dict[str, str] = {}
    for line in _logical_lines(text):
        match = _PAIR.fullmatch(line)
        assert match is not None, "the pattern accepts every line"
        key, value = match.groups()
        pairs[_unescape(key)] = _unescape(value)
    return pairs


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments and leading blanks, continued where an odd number of backslashes ends them."""
    held = ""
    for natural in re.split(r"\r\n|\n|\r", text):
        line = natural.lstrip(" \t\f")
        if not held and (not line or line[0] in "#!"):
            continue
        num_backslashes = len(line) - len(line.rstrip("\\"))
        if num_backslashes % 2:
            held += line[:-1]
            continue
        yield held + line
        held = ""
    if held:
        yield held


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if code == "u":
            raise StartupFailed("serving.properties: Malformed \\uxxxx encoding.")
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)

    return _ESCAPE.sub(replace, text)
