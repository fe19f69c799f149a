"""Tables and ages."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from firstbyte.cli.screen import age, make_console, print_table

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=3, seconds=5), "3 min"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=2, hours=23), "2 d"),
    ],
)
def test_age_is_said_in_its_largest_unit(elapsed: timedelta, said: str) -> None:
    assert age(NOW - elapsed, NOW) == said


def test_a_table_is_aligned_and_nothing_is_cut_off() -> None:
    out = io.StringIO()
    long = "x" * 300
    print_table(
        Console(file=out, width=40, soft_wrap=True), ("NAME", "STATUS"), [("a", "InService"), (long, "Failed")], 1
    )
    head, first, second = out.getvalue().splitlines()
    assert head == "NAME" + " " * 298 + "STATUS"
    assert first == "a" + " " * 301 + "InService"
    assert second == f"{long}  Failed"


def test_standard_output_that_is_no_terminal_stays_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(make_console(), ("NAME", "STATUS"), [("a", "InService")], status=1)
    assert capsys.readouterr().out == "NAME  STATUS\na     InService\n"
