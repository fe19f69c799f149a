"""`firstbyte logs`: what an endpoint's instances write, through CloudWatch Logs' API."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from firstbyte.cli.screen import make_console
from firstbyte.cli.target import TargetOption, find_target

POLL_S = 0.5
LOOKBACK_MS = 10_000
"""How much earlier than the latest event a line of another instance may still turn up."""
COLOURS = ("cyan", "magenta", "yellow", "green", "blue")
"""One per stream, in turn, so that instances are told apart."""


def logs(
    name: Annotated[str, typer.Argument(help="The endpoint's name.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    target: TargetOption = None,
) -> None:
    """Show what an endpoint's instances write.

    Each line is preceded by its variant and instance.
    """
    client = find_target(target).client("logs")
    reader = LogReader(client, f"/aws/sagemaker/Endpoints/{name}")
    writer = LogWriter(make_console())
    pause = threading.Event()  # never set: waiting on it is a pause that Ctrl-C ends
    writer.write(reader.read())
    while follow:
        pause.wait(POLL_S)
        writer.write(reader.read())


class LogReader:
    """Reads a log group; each call gives the events that are new since the one before."""

    def __init__(self, client: Any, group: str) -> None:
        self._pages = client.get_paginator("filter_log_events")
        self._group = group
        self._latest_ms = 0
        self._seen: set[str] = set()

    def read(self) -> Iterator[dict[str, Any]]:
        """Give new events in the order of their times."""
        start_ms = max(0, self._latest_ms - LOOKBACK_MS)
        for page in self._pages.paginate(logGroupName=self._group, startTime=start_ms):
            for event in page["events"]:
                if event["eventId"] not in self._seen:
                    self._seen.add(event["eventId"])
                    self._latest_ms = max(self._latest_ms, event["timestamp"])
                    yield event


class LogWriter:
    """Writes events, each after the name of its stream."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._styles: dict[str, str] = {}

    def write(self, events: Iterator[dict[str, Any]]) -> None:
        """Write `events` as they come."""
        for event in events:
            stream = event["logStreamName"]
            style = self._styles.setdefault(stream, COLOURS[len(self._styles) % len(COLOURS)])
            line = Text(f"{stream}  ", style=style).append(event["message"].rstrip("\n"), style="default")
            self._console.print(line)
