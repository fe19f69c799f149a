"""Lines of instances' logs come out as CloudWatch's events."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.edge.logs import Logs, read_events
from firstbyte.hosting.records import Instance, InstanceStatus

GROUP = "/aws/sagemaker/Endpoints/chat"
NOON = datetime.datetime(2026, 1, 31, 12)
NOON_MS = int(NOON.timestamp() * 1000)


def instance(name: str, variant: str = "v") -> Instance:
    return Instance(name, "chat", variant, InstanceStatus.HEALTHY, datetime.datetime.now(datetime.UTC))


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    (tmp_path / "i-1").write_text("2026-01-31 12:00:00,250 INFO ready\n  more\n2026-01-31 12:00:02,000 INFO done\n")
    (tmp_path / "i-2").write_text("2026-01-31 12:00:01,000 INFO ready\n")
    fleet = (instance("i-1"), instance("i-2", "other"), instance("i-3"))
    return Logs(lambda name: fleet, lambda name: name == "chat", lambda name: tmp_path / name)


async def messages(logs: Logs, **params: Any) -> list[str]:
    answer = await logs.filter_log_events(call(**params))
    return [event["message"] for event in answer["events"]]


def call(**params: Any) -> Call:
    return Call("logs", "FilterLogEvents", {"logGroupName": GROUP, **params}, None, "r")


async def test_lines_of_all_instances_come_in_the_order_of_their_times(logs: Logs) -> None:
    answer = await logs.filter_log_events(call())
    assert [(event["logStreamName"], event["timestamp"] - NOON_MS, event["message"]) for event in answer["events"]] == [
        ("v/i-1", 250, "2026-01-31 12:00:00,250 INFO ready"),
        ("v/i-1", 250, "  more"),
        ("other/i-2", 1000, "2026-01-31 12:00:01,000 INFO ready"),
        ("v/i-1", 2000, "2026-01-31 12:00:02,000 INFO done"),
    ]
    assert len({event["eventId"] for event in answer["events"]}) == 4


async def test_times_and_streams_narrow_the_answer(logs: Logs) -> None:
    assert len(await messages(logs, startTime=NOON_MS + 1000)) == 2
    assert len(await messages(logs, endTime=NOON_MS + 1000)) == 2
    assert len(await messages(logs, logStreamNamePrefix="other/")) == 1
    assert len(await messages(logs, logStreamNames=["v/i-1"])) == 3
    assert await messages(logs, logStreamNames=[]) == []


async def test_pages_follow_each_other(logs: Logs) -> None:
    first = await logs.filter_log_events(call(limit=3))
    assert len(first["events"]) == 3
    second = await logs.filter_log_events(call(limit=3, nextToken=first["nextToken"]))
    assert len(second["events"]) == 1
    assert "nextToken" not in second


async def test_the_latest_come_first_if_asked(logs: Logs) -> None:
    answer = await logs.filter_log_events(call(limit=3, startFromHead=False, startTime=NOON_MS))
    assert [event["timestamp"] - NOON_MS for event in answer["events"]] == [2000, 1000, 250]
    later = await logs.filter_log_events(call(limit=3, startTime=NOON_MS, nextToken=answer["nextToken"]))
    assert [event["timestamp"] - NOON_MS for event in later["events"]] == [250]
    assert "nextToken" not in later


@pytest.mark.parametrize("identifier", [GROUP, f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*"])
async def test_a_group_may_be_named_by_its_arn(logs: Logs, identifier: str) -> None:
    answer = await logs.filter_log_events(Call("logs", "FilterLogEvents", {"logGroupIdentifier": identifier}, None, ""))
    assert len(answer["events"]) == 4


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"logGroupIdentifier": GROUP}, "InvalidParameterException"),
        ({"startFromHead": False}, "InvalidParameterException"),
        ({"logGroupName": "/aws/sagemaker/Endpoints/other"}, "ResourceNotFoundException"),
        ({"logGroupName": "chat"}, "ResourceNotFoundException"),
        ({"filterPattern": "ERROR"}, "InvalidParameterException"),
        ({"nextToken": "x"}, "InvalidParameterException"),
        ({"nextToken": "9" * 5000}, "InvalidParameterException"),
    ],
)
async def test_what_cannot_be_answered_is_refused(logs: Logs, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        await logs.filter_log_events(call(**params))
    assert caught.value.code == code


def test_a_line_still_being_written_waits_and_ids_stay_the_same(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\r\ntwo\n\xfft")
    first = list(read_events("v/i", log))
    assert [event["message"] for event in first] == ["one", "two"]
    log.write_bytes(b"one\r\ntwo\n\xfftree\n")
    second = list(read_events("v/i", log))
    assert [event["message"] for event in second] == ["one", "two", "\N{REPLACEMENT CHARACTER}tree"]
    assert [event["eventId"] for event in second[:2]] == [event["eventId"] for event in first]


def test_a_lone_carriage_return_ends_no_line_and_hides_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"10 %\r50 %\r100 %\nready\n")
    assert [event["message"] for event in read_events("v/i", log)] == ["10 %\r50 %\r100 %", "ready"]


def test_impossible_times_are_no_times(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("2026-99-31 12:00:00,250 x\n2026-01-31 12:00:00,000 y\n")
    assert [event["timestamp"] for event in read_events("v/i", log)] == [NOON_MS, NOON_MS]


async def stream(logs: Logs, **params: Any) -> Any:
    answer = await logs.get_log_events(call(logStreamName="v/i-1", **params))
    return [event["message"][-4:] for event in answer["events"]], answer


async def test_one_stream_is_read_from_its_end_or_its_head(logs: Logs) -> None:
    shown, answer = await stream(logs, limit=2)
    assert shown == ["more", "done"]
    assert answer["events"][1] == {
        "timestamp": NOON_MS + 2000,
        "ingestionTime": NOON_MS + 2000,
        "message": "2026-01-31 12:00:02,000 INFO done",
    }
    assert (await stream(logs, limit=2, nextToken=answer["nextBackwardToken"]))[0] == ["eady"]

    shown, answer = await stream(logs, limit=2, startFromHead=True)
    assert shown == ["eady", "more"]
    assert (await stream(logs, startTime=NOON_MS + 1000))[0] == ["done"]


async def test_the_forward_token_stays_where_there_is_nothing_more_and_finds_what_comes(
    logs: Logs, tmp_path: Path
) -> None:
    _, answer = await stream(logs)
    shown, again = await stream(logs, nextToken=answer["nextForwardToken"])
    assert shown == []
    assert again["nextForwardToken"] == answer["nextForwardToken"]

    with (tmp_path / "i-1").open("a") as log:
        log.write("2026-01-31 12:00:03,000 INFO late\n")
    assert (await stream(logs, nextToken=again["nextForwardToken"]))[0] == ["late"]


@pytest.mark.parametrize("token", ["x", "f", "f/", "f/x", "g/1", "f/" + "9" * 5000, "b/-1"])
async def test_a_token_of_another_kind_is_refused(logs: Logs, token: str) -> None:
    with pytest.raises(ServiceError, match="The specified nextToken is invalid"):
        await stream(logs, nextToken=token)


async def test_a_stream_that_is_not_there_is_not_found(logs: Logs) -> None:
    with pytest.raises(ServiceError, match="The specified log stream does not exist"):
        await logs.get_log_events(call(logStreamName="v/none"))


async def test_each_container_of_an_instance_has_a_stream(tmp_path: Path) -> None:
    pair = replace(instance("i-1"), container_names=("first", "second"))
    for name in pair.container_names:
        (tmp_path / "i-1" / name).mkdir(parents=True)
        (tmp_path / "i-1" / name / "log").write_text(f"{name} ready\n")
    logs = Logs(lambda name: (pair,), lambda name: True, lambda name: tmp_path / name / "log")
    answer = await logs.filter_log_events(call())
    streams = {event["logStreamName"]: event["message"] for event in answer["events"]}
    assert streams == {"v/i-1/first": "first ready", "v/i-1/second": "second ready"}
