"""What commands put on the screen: colour and width on a terminal, plain text in a pipe."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

STATUS_STYLES = {"InService": "green", "Failed": "red", "Deleting": "dim", "OutOfService": "red"}
"""Colours of endpoint statuses; any other is on its way and yellow."""


def make_console() -> Console:
    """Make a console for standard output; it writes no escape codes unless that is a terminal."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], status: int = -1) -> None:
    """Print aligned columns; nothing is cut off. `status` is the index of a column of endpoint statuses."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    console.print(Text(_aligned(header, widths), style="bold"))
    for row in rows:
        line = Text()
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            style = STATUS_STYLES.get(cell, "yellow") if index == status else ""
            line.append(cell.ljust(width), style).append("  ")
        line.rstrip()
        console.print(line)


def age(moment: datetime, now: datetime | None = None) -> str:
    """Say how long ago `moment` was, in its largest unit: `12 s`, `3 min`, `5 h`, `2 d`."""
    elapsed_s = max(0, int(((now or datetime.now(UTC)) - moment).total_seconds()))
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if elapsed_s >= length_s:
            return f"{elapsed_s // length_s} {unit}"
    return f"{elapsed_s} s"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
