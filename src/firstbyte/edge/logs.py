"""CloudWatch Logs, as much as is asked of an endpoint's logs: a group per endpoint, a stream per container.

Groups are named as on SageMaker, `/aws/sagemaker/Endpoints/NAME`, streams `VARIANT/INSTANCE-ID`, and of instances with
several containers `VARIANT/INSTANCE-ID/CONTAINER-NAME`. An event is a line of a container's log; its time is what the
line begins with, else that of the line before.
"""

import asyncio
import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.edge.operations import find_unserved
from firstbyte.hosting.records import Instance

GROUP_PREFIX = "/aws/sagemaker/Endpoints/"
MAX_EVENTS = 10_000
"""FilterLogEvents' own limit for one answer."""
BACKWARD_SINCE_MS = 1_704_067_200_000
"""From 2024 on FilterLogEvents gives the latest events first, if asked; CloudWatch's own limit."""
TAIL_BYTES = 4 << 20
"""How much of a log's end is read; what lies before is not found any more."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)[.,](\d{3})")


@dataclass(frozen=True, slots=True)
class Logs:
    """Reads the logs of instances."""

    find_instances: Callable[[str], Sequence[Instance]]
    """The instances of an endpoint by its name."""
    has_endpoint: Callable[[str], bool]
    log_file: Callable[[str], Path]
    """A container's log by the container's id."""

    async def filter_log_events(self, call: Call) -> Mapping[str, Any]:
        """FilterLogEvents, without filter patterns."""
        wanted = call.params
        if unserved := find_unserved(call.operation, wanted):
            raise _invalid(unserved)
        is_backward = wanted.get("startFromHead") is False
        if is_backward and wanted.get("startTime", 0) < BACKWARD_SINCE_MS:
            raise _invalid("startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z.")
        streams = {name: file for name, file in self._streams(wanted) if _is_wanted(name, wanted)}
        read = await asyncio.to_thread(lambda: [event for item in streams.items() for event in read_events(*item)])
        found = [event for event in read if _is_within(event, wanted)]
        found.sort(key=lambda event: (event["timestamp"], event["eventId"]))
        return _page(found, wanted, is_backward=is_backward)

    async def get_log_events(self, call: Call) -> Mapping[str, Any]:
        """GetLogEvents: one stream, its end first unless `startFromHead`; tokens lead both ways."""
        wanted = call.params
        name = wanted["logStreamName"]
        file = dict(self._streams(wanted)).get(name)
        if file is None:
            raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
        read = await asyncio.to_thread(lambda: list(read_events(name, file)))
        found = [event for event in read if _is_within(event, wanted)]
        start, end = _cut(len(found), wanted)
        shown = ("timestamp", "message", "ingestionTime")
        return {
            "events": [{member: event[member] for member in shown} for event in found[start:end]],
            "nextForwardToken": f"f/{end}",
            "nextBackwardToken": f"b/{start}",
        }

    def _streams(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
        group, identifier = wanted.get("logGroupName"), wanted.get("logGroupIdentifier")
        if (group is None) == (identifier is None):
            raise _invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
        group = group or (identifier or "").rpartition(":log-group:")[2].removesuffix(":*")
        name = group.removeprefix(GROUP_PREFIX)
        if name == group or not self.has_endpoint(name):
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        for instance in self.find_instances(name):
            for container_id in instance.container_ids:
                yield f"{instance.variant_name}/{container_id}", self.log_file(container_id)


def read_events(stream: str, file: Path) -> Iterator[dict[str, Any]]:
    """Read a log's lines as events. The id of an event is its stream and place in the file, so it stays the same."""
    try:
        with file.open("rb") as log:
            offset = max(0, log.seek(0, 2) - TAIL_BYTES)
            log.seek(offset)
            lines = log.read().split(b"\n")[:-1]  # the last is still being written
            at_ms = int(file.stat().st_ctime * 1000)
    except FileNotFoundError:
        return
    texts = [line.decode("utf-8", errors="replace").rstrip("\r") for line in lines]
    at_ms = next((time for text in texts if (time := _read_time(text)) is not None), at_ms)
    for line, text in zip(lines, texts, strict=True):
        time = _read_time(text)
        at_ms = max(at_ms, time) if time is not None else at_ms
        yield {
            "logStreamName": stream,
            "timestamp": at_ms,
            "ingestionTime": at_ms,
            "message": text,
            "eventId": f"{stream}/{offset:012d}",
        }
        offset += len(line) + 1


def _read_time(line: str) -> int | None:
    """Milliseconds since 1970 of the local time that a line begins with; None if it begins otherwise."""
    match = _TIME.match(line)
    if not match:
        return None
    try:
        moment = datetime.datetime.fromisoformat("{}T{}.{}".format(*match.groups()))
    except ValueError:
        return None
    return int(moment.timestamp() * 1000)


def _is_wanted(stream: str, wanted: Mapping[str, Any]) -> bool:
    names = wanted.get("logStreamNames")
    return (names is None or stream in names) and stream.startswith(wanted.get("logStreamNamePrefix", ""))


def _is_within(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    end = wanted.get("endTime")
    return event["timestamp"] >= wanted.get("startTime", 0) and (end is None or event["timestamp"] < end)


def _cut(num_events: int, wanted: Mapping[str, Any]) -> tuple[int, int]:
    """Say from where to where a stream is shown; a token is a direction and the number of events before it."""
    limit = min(wanted.get("limit", MAX_EVENTS), MAX_EVENTS)
    begin = "f/0" if wanted.get("startFromHead") else f"b/{num_events}"
    direction, _, place = wanted.get("nextToken", begin).partition("/")
    at = min(_read_place(place), num_events)
    if direction == "f":
        return at, min(at + limit, num_events)
    if direction == "b":
        return max(0, at - limit), at
    raise _invalid_token()


def _read_place(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise _invalid_token()
    return int(text)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)


def _invalid_token() -> ServiceError:
    return _invalid("The specified nextToken is invalid.")


def _page(events: list[dict[str, Any]], wanted: Mapping[str, Any], *, is_backward: bool) -> dict[str, Any]:
    """Cut out what the request asks for; a token is the direction and the number of events given before."""
    begin = "b/0" if is_backward else "f/0"
    direction, _, place = wanted.get("nextToken", begin).partition("/")
    if direction not in ("f", "b"):
        raise _invalid_token()
    if direction == "b":
        events = events[::-1]
    start = _read_place(place)
    end = start + wanted.get("limit", MAX_EVENTS)
    more = {"nextToken": f"{direction}/{end}"} if end < len(events) else {}
    return {"events": events[start:end], "searchedLogStreams": [], **more}
