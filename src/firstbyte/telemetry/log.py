"""One log line per fact, for people or, by option, as JSON for machines. Built by `app`."""

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

from firstbyte.telemetry.facts import Fact

LogFormat = Literal["text", "json"]

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_PLAIN = re.compile(r"[^\s\"=]+")


class LogHook:
    """Writes each fact to `out` as it happens: `12:00:01.250 endpoint changed endpoint=demo after=InService`."""

    def __init__(self, out: TextIO, log_format: LogFormat = "text", now: Callable[[], datetime] | None = None) -> None:
        self._out = out
        self._render = render_json if log_format == "json" else render_text
        self._now = now or (lambda: datetime.now(UTC))

    def observe(self, fact: Fact) -> None:
        """Write the line of `fact`."""
        self._out.write(self._render(fact, self._now()) + "\n")
        self._out.flush()


def render_text(fact: Fact, at: datetime) -> str:
    """Tell `fact` in one line: the time, its name in words, then what is neither empty nor None as name=value."""
    told = [f"{name}={_text(value)}" for name, value in _fields(fact).items() if value not in ("", None)]
    return " ".join([at.strftime("%H:%M:%S.") + f"{at.microsecond // 1000:03d}", _words(type(fact).__name__), *told])


def render_json(fact: Fact, at: datetime) -> str:
    """Tell `fact` as one JSON object with every field, its name under "fact" and the time in UTC under "time"."""
    return orjson.dumps({"time": at.isoformat(), "fact": type(fact).__name__, **_fields(fact)}, default=str).decode()


def _fields(fact: Fact) -> dict[str, Any]:
    return {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}


def _words(name: str) -> str:
    return _WORD.sub(" ", name).lower()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else orjson.dumps(text).decode()
