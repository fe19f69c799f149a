"""The models' patterns are Java's regular expressions; here they become Python's. Called by `constraints`.

A pattern holds for the whole value. What differs between the two languages in botocore's models:

    \\d \\w \\s \\b          ASCII in Java                            re.ASCII
    \\p{L} \\p{Alnum} …     Unicode and POSIX classes                 written out as ranges
    \\z                     end of input                              \\Z
    \\uD800\\uDC00          a surrogate pair is one character         \\U00010000
    [\\w-_] [a[b] [a&b]     a hyphen after a class, brackets, `&`     escaped
    ${1,128}               a repeated anchor                         repeated once
    (?<name>…)             named group                               (?P<name>…)
"""

import functools
import itertools
import re
import sys
import unicodedata

_POSIX = {
    "ASCII": "\\x00-\\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": "!-/:-@\\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t-\\r",
}
_SURROGATE_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_TOKEN = re.compile(
    r"""(?P<property>\\[pP](?:\{\w+\}|\w))
      | (?P<class>\\[dDwWsS])
      | (?P<end>\\z)
      | (?P<escape>\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.)
      | (?P<anchors>\$\{\d+(?:,\d*)?\}|\$[*+?])
      | (?P<group>\(\?<(?=[a-zA-Z]))
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@functools.cache
def compile_pattern(java: str) -> re.Pattern[str] | None:
    """Return `java` as a Python pattern to be used with `fullmatch`; None for what Python cannot express."""
    try:
        return re.compile(translate(java), re.ASCII)
    except (re.error, KeyError):
        return None


def translate(java: str) -> str:
    """Return a Java pattern in Python's words. Raises `KeyError` for a class of characters that is not known."""
    pieces: list[str] = []
    in_class, after_class, opened_at = False, False, -1
    for match in _TOKEN.finditer(_SURROGATE_PAIR.sub(_join_pair, java)):
        kind, text = match.lastgroup, match.group()
        if in_class:
            if text == "]" and len(pieces) > opened_at:
                in_class = False
                pieces.append(text)
            else:
                pieces.append(_in_class(str(kind), text, after_class=after_class))
        elif text == "[":
            in_class = True
            pieces.append(text)
            opened_at = len(pieces)
        else:
            pieces.append(_outside(str(kind), text))
        after_class = kind in ("class", "property")
    return "".join(pieces)


def _join_pair(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _in_class(kind: str, text: str, *, after_class: bool) -> str:
    if kind == "property":
        if text[1] == "P":
            raise KeyError(text)
        return _ranges(text[2:].strip("{}"))
    if text in ("[", "&", "~", "|") or (text == "-" and after_class):
        return f"\\{text}"
    return text


def _outside(kind: str, text: str) -> str:
    if kind == "property":
        return f"[{'^' if text[1] == 'P' else ''}{_ranges(text[2:].strip('{}'))}]"
    return {"end": "\\Z", "anchors": "$", "group": "(?P<"}.get(kind, text)


def _ranges(name: str) -> str:
    """Return the inside of a character class for a POSIX or Unicode property."""
    return _POSIX[name] if name in _POSIX else _categories()[name]


@functools.cache
def _categories() -> dict[str, str]:
    """Return the ranges of every Unicode general category, and of their first letters: one pass over all characters."""
    ranges: dict[str, list[str]] = {}
    runs = itertools.groupby(range(sys.maxunicode + 1), key=lambda point: unicodedata.category(chr(point)))
    for category, run_of_points in runs:
        points = list(run_of_points)
        run = f"\\U{points[0]:08x}-\\U{points[-1]:08x}"
        ranges.setdefault(category, []).append(run)
        ranges.setdefault(category[0], []).append(run)
    return {name: "".join(runs) for name, runs in ranges.items()}
