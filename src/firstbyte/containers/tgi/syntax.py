"""Reads a body as serde_json does, to say in its words what is wrong with it and where.

Used by `decoding` for bodies that the fast parser refuses or that may break one of serde's own rules: at most 127
levels, no field of a struct twice. A document may be followed by anything: axum before 0.8 reads no further.

Source: serde_json's `de.rs`, `read.rs` and `error.rs`; the path in front of a message is serde_path_to_error's.
"""

import json
import math
import re
from collections.abc import Collection, Mapping

Path = tuple[str | int, ...]
"""Member names and list indices from the body to a value."""

DEEPEST = 127
"""Levels of lists and objects that serde_json takes."""

_BLANKS = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_IDENTIFIERS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_END = -1


class SyntaxProblem(Exception):
    """What serde_json says, without the place."""

    def __init__(self, what: str, num_read: int, path: Path, *, is_of_type: bool = False) -> None:
        super().__init__(what)
        self.num_read = num_read
        """Bytes read when it noticed."""
        self.path = path
        self.is_of_type = is_of_type
        """The JSON is well-formed and only does not fit the type."""


def place_of(body: bytes, num_read: int) -> tuple[int, int]:
    """Line from 1 and column, as serde_json counts them: the bytes read on that line."""
    read = body[:num_read]
    return read.count(b"\n") + 1, len(read) - (read.rfind(b"\n") + 1)


def scan_document(body: bytes, known: Mapping[Path, Collection[str]]) -> int:
    """Where the first JSON document of `body` ends; `known` are the fields of the structs that it is read into.

    Raises:
        SyntaxProblem: it is none, is nested too deeply, or has one of the known fields twice.
    """
    scanner = _Scanner(body, known)
    scanner.read_value()
    return scanner.num_read


class _Scanner:
    def __init__(self, body: bytes, known: Mapping[Path, Collection[str]]) -> None:
        self._body = body
        self._known = known
        self._path: list[str | int] = []
        self._depth = 0
        self.num_read = 0

    def read_value(self) -> None:
        """Read one value, and the blanks before it."""
        first = self._peek()
        if first == _END:
            raise self._problem_ahead("EOF while parsing a value")
        if first == ord('"'):
            self._read_string()
        elif first in b"{[":
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._problem_ahead("recursion limit exceeded")
            self.num_read += 1
            self._read_object() if first == ord("{") else self._read_list()
            self._depth -= 1
        elif first in b"-0123456789":
            self._read_number()
        elif first in _IDENTIFIERS:
            self._read_identifier(_IDENTIFIERS[first])
        else:
            raise self._problem_ahead("expected value")

    def _read_object(self) -> None:
        fields = self._known.get(tuple(self._path), ())
        seen: set[str] = set()
        while self._has_more("}", "EOF while parsing an object", is_first=not seen):
            if self._peek() != ord('"'):
                raise self._problem_ahead("key must be a string")
            name = self._read_string()
            if name in fields and name in seen:
                raise self._problem(f"duplicate field `{name}`", is_of_type=True)
            seen.add(name)
            self._path.append(name)
            if (colon := self._peek()) != ord(":"):
                raise self._problem_ahead("EOF while parsing an object" if colon == _END else "expected `:`")
            self.num_read += 1
            self.read_value()
            self._path.pop()

    def _read_list(self) -> None:
        index = 0
        while self._has_more("]", "EOF while parsing a list", is_first=index == 0):
            self._path.append(index)
            self.read_value()
            self._path.pop()
            index += 1

    def _has_more(self, closing: str, at_end: str, *, is_first: bool) -> bool:
        """Read what stands between two members, or what closes them; True before a member."""
        found = self._peek()
        if found == ord(closing):
            self.num_read += 1
            return False
        if found == _END:
            raise self._problem_ahead(at_end)
        if is_first:
            return True
        if found != ord(","):
            raise self._problem_ahead(f"expected `,` or `{closing}`")
        self.num_read += 1
        found = self._peek()
        if found in (ord(closing), _END):
            raise self._problem_ahead("trailing comma" if found != _END else "EOF while parsing a value")
        return True

    def _read_string(self) -> str:
        start = self.num_read
        self.num_read += 1
        while True:
            self.num_read = _span_end(_PLAIN, self._body, self.num_read)
            stop = self._take_in_string()
            if stop == ord('"'):
                break
            if stop != ord("\\"):
                raise self._problem("control character (\\u0000-\\u001F) found while parsing a string")
            self._read_escape()
        try:
            text: str = json.loads(self._body[start : self.num_read].decode())
        except UnicodeDecodeError:
            raise self._problem("invalid unicode code point") from None
        return text

    def _read_escape(self) -> None:
        kind = self._take_in_string()
        if kind in b'"\\/bfnrt':
            return
        if kind != ord("u"):
            raise self._problem("invalid escape")
        unit = self._read_hex()
        if 0xD800 <= unit <= 0xDBFF:
            for expected in b"\\u":
                if self._take_in_string() != expected:
                    raise self._problem("unexpected end of hex escape")
            unit = 0 if 0xDC00 <= self._read_hex() <= 0xDFFF else 0xDC00
        if 0xDC00 <= unit <= 0xDFFF:
            raise self._problem("lone leading surrogate in hex escape")

    def _read_hex(self) -> int:
        if len(self._body) - self.num_read < 4:
            self.num_read = len(self._body)
            raise self._problem("EOF while parsing a string")
        digits = _HEX.match(self._body, self.num_read)
        self.num_read += 4
        if digits is None:
            raise self._problem("invalid escape")
        return int(digits[0], 16)

    def _take_in_string(self) -> int:
        if self.num_read == len(self._body):
            raise self._problem("EOF while parsing a string")
        self.num_read += 1
        return self._body[self.num_read - 1]

    def _read_number(self) -> None:
        start = self.num_read
        if self._at() == ord("-"):
            self.num_read += 1
            if self._at() not in b"0123456789":
                raise self._number_problem(self._problem_ahead("invalid number"))
        is_zero = self._at() == ord("0")
        self.num_read += 1
        if is_zero and self._at() in b"0123456789":
            raise self._problem_ahead("invalid number")
        self.num_read = _span_end(_DIGITS, self._body, self.num_read)
        if self._at() == ord("."):
            self.num_read += 1
            self._read_digits()
        if self._at() in b"eE":
            self.num_read += 1
            if self._at() in b"+-":
                self.num_read += 1
            self._read_digits()
        if math.isinf(float(self._body[start : self.num_read])):
            raise self._problem("number out of range")

    def _read_digits(self) -> None:
        end = _span_end(_DIGITS, self._body, self.num_read)
        if end == self.num_read:
            raise self._number_problem(self._problem_ahead("invalid number"))
        self.num_read = end

    def _number_problem(self, problem: SyntaxProblem) -> SyntaxProblem:
        return problem if self._at() else self._problem("EOF while parsing a value")

    def _read_identifier(self, name: bytes) -> None:
        for expected in name:
            found = self._at()
            if not found:
                raise self._problem("EOF while parsing a value")
            self.num_read += 1
            if found != expected:
                raise self._problem("expected ident")

    def _at(self) -> int:
        """The next byte; 0 at the end, which no document has."""
        return self._body[self.num_read] if self.num_read < len(self._body) else 0

    def _peek(self) -> int:
        """The next byte that is no blank."""
        self.num_read = _span_end(_BLANKS, self._body, self.num_read)
        return self._body[self.num_read] if self.num_read < len(self._body) else _END

    def _problem(self, what: str, *, is_of_type: bool = False) -> SyntaxProblem:
        return SyntaxProblem(what, self.num_read, tuple(self._path), is_of_type=is_of_type)

    def _problem_ahead(self, what: str) -> SyntaxProblem:
        """Noticed by looking at the next byte, which counts as read."""
        return SyntaxProblem(what, min(self.num_read + 1, len(self._body)), tuple(self._path))


def _span_end(pattern: re.Pattern[bytes], body: bytes, start: int) -> int:
    match = pattern.match(body, start)
    assert match is not None, "the pattern accepts nothing, too"
    return match.end()
