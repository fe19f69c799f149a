"""What is captured of invocations, in which words, and where it goes."""

import asyncio
import base64
import json
import re
from typing import Any

import pytest

from fakes.control_plane import FakeHost
from fakes.instance_client import Script
from firstbyte.hosting.data_capture import Captures, DataCapture, is_capturing
from firstbyte.hosting.errors import ModelFailed, StreamFailed
from firstbyte.hosting.facts import CaptureWritten
from firstbyte.hosting.invoke import Invocation

BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
SPEC = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://capture/data/",
    "CaptureOptions": BOTH,
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
}
CALL = Invocation("e", b'{"inputs": 1}', content_type="application/json", custom_attributes="c=1", inference_id="i-1")


async def serve(host: FakeHost, **spec: Any) -> Captures:
    host.deploy("e", config={"DataCaptureConfig": SPEC | spec})
    assert await host.settle() == "InService"
    host.client.script = Script(headers={"content-type": "text/csv; charset=utf-8"}, chunks=(b"1,", b"2"))
    return Captures(host.invoker, host.ports, host.settings)


async def written(host: FakeHost, captures: Captures) -> list[Any]:
    """Every captured event."""
    await captures.flush()
    return [json.loads(line) for body in host.objects.written.values() for line in body.splitlines()]


async def test_an_event_has_sagemaker_s_form_and_place(host: FakeHost) -> None:
    captures = await serve(host)

    answer = await captures.invoke(CALL)

    assert answer.body == b"1,2"
    (event,) = await written(host, captures)
    assert re.fullmatch(r"[0-9a-f-]{36}", event["eventMetadata"].pop("eventId"))
    assert event == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": '{"inputs": 1}',
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "1,2",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {
            "customAttributes": ["c=1"],
            "inferenceId": "i-1",
            "inferenceTime": "2026-01-01T00:00:00Z",
        },
        "eventVersion": "0",
    }
    (location,) = host.objects.written
    assert re.fullmatch(r"s3://capture/data/e/AllTraffic/2026/01/01/00/00-00-000-[0-9a-f-]{36}\.jsonl", location), (
        location
    )


async def test_a_stream_is_captured_whole_and_not_held_up(host: FakeHost) -> None:
    captures = await serve(host)

    answer = await captures.invoke(Invocation("e", b"x", streaming=True))
    chunks = aiter(answer.chunks())
    assert await anext(chunks) == b"1,"
    assert await written(host, captures) == []
    assert [chunk async for chunk in chunks] == [b"2"]

    (event,) = await written(host, captures)
    assert event["captureData"]["endpointOutput"]["data"] == "1,2"


async def test_what_fails_is_not_captured(host: FakeHost) -> None:
    captures = await serve(host)
    host.client.script = Script(status=500)
    with pytest.raises(ModelFailed):
        await captures.invoke(CALL)
    host.client.script = Script(ending="break")
    answer = await captures.invoke(Invocation("e", b"x", streaming=True))
    with pytest.raises(StreamFailed):
        assert [chunk async for chunk in answer.chunks()] == []

    assert await written(host, captures) == []


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        ([{"CaptureMode": "Input"}], {"endpointInput"}),
        ([{"CaptureMode": "Output"}], {"endpointOutput"}),
        ([{"CaptureMode": "InputAndOutput"}], {"endpointInput", "endpointOutput"}),
    ],
)
async def test_one_side_or_both(host: FakeHost, options: Any, sides: set[str]) -> None:
    captures = await serve(host, CaptureOptions=options)
    await captures.invoke(CALL)

    (event,) = await written(host, captures)
    assert event["captureData"].keys() == sides


async def test_a_share_is_captured(host: FakeHost) -> None:
    captures = await serve(host, InitialSamplingPercentage=30)
    points = iter([0.0, 0.29, 0.3, 0.9])

    class Points:
        def random(self) -> float:
            return next(points)

    captures.random = Points()
    for _ in range(4):
        await captures.invoke(CALL)

    assert len(await written(host, captures)) == 2


@pytest.mark.parametrize("spec", [{"InitialSamplingPercentage": 0}, {"EnableCapture": False}])
async def test_nothing_is_captured_that_is_not_wanted(host: FakeHost, spec: Any) -> None:
    captures = await serve(host, **spec)
    await captures.invoke(CALL)

    assert await written(host, captures) == []


async def test_lines_of_an_hour_share_an_object_and_hours_do_not(host: FakeHost) -> None:
    captures = await serve(host)
    for _ in range(3):
        await captures.invoke(CALL)
    host.clock.pass_time(3600)
    await captures.invoke(CALL)
    await captures.flush()

    assert sorted(body.count(b"\n") for body in host.objects.written.values()) == [1, 3]
    assert [location.split("/")[-2] for location in host.objects.written] == ["00", "01"]


async def test_what_cannot_be_written_is_told(host: FakeHost) -> None:
    captures = await serve(host)
    await captures.invoke(CALL)

    host.objects.is_full = True
    await captures.flush()

    (fact,) = [fact for fact in host.facts if isinstance(fact, CaptureWritten)]
    assert (fact.num_events, fact.error) == (1, f"{fact.location} could not be written.")


async def test_what_is_left_is_written_at_the_end(host: FakeHost) -> None:
    captures = await serve(host)
    running = asyncio.create_task(captures.run())
    await captures.invoke(CALL)
    await captures.close()
    await running

    assert len(host.objects.written) == 1


def test_bytes_are_base64_unless_their_type_is_listed_and_they_are_text() -> None:
    capture = DataCapture.of(SPEC)

    for body, content_type, encoding in (
        (b"{}", "application/json; charset=utf-8", "JSON"),
        (b"{}", "Application/JSON", "JSON"),
        (b"1,2", "text/csv", "CSV"),
        (b"\xff", "text/csv", "BASE64"),
        (b"{}", "application/jsonlines", "BASE64"),
        (b"{}", None, "BASE64"),
    ):
        side = capture.encode(body, content_type, "INPUT")
        assert side["encoding"] == encoding
        text = side["data"]
        assert (base64.b64decode(text) if encoding == "BASE64" else text.encode()) == body
        assert side["observedContentType"] == (content_type or "application/octet-stream")


def test_capture_is_on_unless_switched_off() -> None:
    assert is_capturing({"InitialSamplingPercentage": 1})
    assert not is_capturing({"EnableCapture": False})
    assert not is_capturing(None)


async def test_describe_endpoint_shows_that_it_runs(host: FakeHost) -> None:
    await serve(host)

    assert host.api.describe_endpoint({"EndpointName": "e"})["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": "s3://capture/data/",
        "KmsKeyId": "",
    }
