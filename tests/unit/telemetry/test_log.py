"""Log lines: one per fact, readable by people or by machines."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from firstbyte.telemetry.facts import EndpointChanged, Fact, InvocationFinished
from firstbyte.telemetry.log import LogFormat, LogHook

NOON = datetime(2026, 1, 2, 12, 0, 1, 250_000, tzinfo=UTC)


def write(fact: Fact, log_format: LogFormat) -> Any:
    out = io.StringIO()
    LogHook(out, log_format, now=lambda: NOON).observe(fact)
    return out.getvalue()


def test_a_line_tells_the_time_the_fact_in_words_and_what_is_known_of_it() -> None:
    fact = EndpointChanged("demo", "instance gave up", "fail", reason='no image "x"\nhere')

    expected = (
        '12:00:01.250 endpoint changed endpoint_name=demo event="instance gave up" goal=fail '
        'reason="no image \\"x\\"\\nhere"\n'
    )
    assert expected == write(fact, "text")


def test_what_is_empty_is_left_out_and_numbers_are_short() -> None:
    fact = InvocationFinished("demo", "v", "i-1", True, "ok", 1.23456789, None, 3, 40)

    line = write(fact, "text")
    assert "first_chunk_s" not in line
    assert "streaming=yes" in line
    assert "duration_s=1.235" in line


def test_json_holds_every_field() -> None:
    fact = InvocationFinished("demo", "v", "i-1", True, "ok", 1.5, None, 3, 40)

    told = json.loads(write(fact, "json"))
    assert told["time"] == "2026-01-02T12:00:01.250000+00:00"
    assert told["fact"] == "InvocationFinished"
    assert told["first_chunk_s"] is None
    assert told["duration_s"] == 1.5
