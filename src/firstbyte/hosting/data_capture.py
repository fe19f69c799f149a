"""Data capture: a share of the requests and answers goes to S3 as JSON lines, as SageMaker Model Monitor reads them.

Layout: DESTINATION/ENDPOINT/VARIANT/yyyy/mm/dd/hh/FILE.jsonl, hours in UTC. Source: SageMaker developer guide, "Capture
data from real-time endpoint", and API reference, "DataCaptureConfig". Whole, successful answers are captured, a
stream's as one. Lines are gathered for `capture_flush_s` and then written together; those of a host that crashes in
between are lost.
"""

import asyncio
import base64
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, Self

import orjson

from firstbyte.hosting.answers import InvocationAnswer
from firstbyte.hosting.async_inference import split_location
from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import ObjectFailed
from firstbyte.hosting.facts import CaptureWritten
from firstbyte.hosting.invoke import Invocation, Terms
from firstbyte.hosting.ports import Ports
from firstbyte.hosting.settings import HostingSettings
from firstbyte.hosting.traffic import Random

MAX_GATHERED_BYTES = 16 * 1024 * 1024
"""When so much is gathered it is written at once."""


class Relay(Protocol):
    """What relays invocations."""

    async def invoke(self, call: Invocation, terms: Terms | None = None) -> InvocationAnswer:
        """Relay one call."""


@dataclass(frozen=True, slots=True)
class DataCapture:
    """An endpoint's `DataCaptureConfig`, as far as it captures."""

    destination: str
    percentage: int
    has_input: bool
    has_output: bool
    csv_types: frozenset[str] = frozenset()
    json_types: frozenset[str] = frozenset()

    @classmethod
    def of(cls, spec: Members) -> Self:
        """Read a `DataCaptureConfig`."""
        modes = {option["CaptureMode"] for option in spec["CaptureOptions"]}
        headers = spec.get("CaptureContentTypeHeader", {})
        return cls(
            destination=spec["DestinationS3Uri"],
            percentage=spec["InitialSamplingPercentage"],
            has_input=bool(modes & {"Input", "InputAndOutput"}),
            has_output=bool(modes & {"Output", "InputAndOutput"}),
            csv_types=frozenset(name.lower() for name in headers.get("CsvContentTypes", ())),
            json_types=frozenset(name.lower() for name in headers.get("JsonContentTypes", ())),
        )

    def encode(self, body: bytes, content_type: str | None, mode: str) -> dict[str, str]:
        """Return one side of an event: text where its content type is listed as CSV or JSON, else base64."""
        observed = content_type or "application/octet-stream"
        media_type = observed.partition(";")[0].strip().lower()
        listed = "CSV" if media_type in self.csv_types else "JSON" if media_type in self.json_types else "BASE64"
        try:
            data = base64.b64encode(body).decode() if listed == "BASE64" else body.decode()
        except UnicodeDecodeError:
            listed, data = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": observed, "mode": mode, "data": data, "encoding": listed}


def is_capturing(spec: Members | None) -> bool:
    """Whether a `DataCaptureConfig` captures anything; it does unless it says otherwise."""
    return bool(spec) and bool((spec or {}).get("EnableCapture", True))


def check_data_capture(spec: Members) -> None:
    """Refuse a destination that is not in S3. Raises ValidationFailed."""
    split_location(spec["DestinationS3Uri"], "DestinationS3Uri")


@dataclass(slots=True)
class Recording:
    """One invocation while it is answered; `finish` hands it to `captures`."""

    captures: "Captures"
    capture: DataCapture
    call: Invocation
    answer: InvocationAnswer
    at: datetime
    body: bytearray = field(default_factory=bytearray)

    def take(self, chunk: bytes) -> None:
        """Keep a piece of the answer."""
        if self.capture.has_output:
            self.body += chunk

    def finish(self) -> None:
        """The answer is whole."""
        self.captures.add(self.capture, self.answer, self.at, self.line())

    def line(self) -> bytes:
        """Return the event as a line of JSON."""
        data: dict[str, Any] = {}
        if self.capture.has_input:
            data["endpointInput"] = self.capture.encode(self.call.body, self.call.content_type, "INPUT")
        if self.capture.has_output:
            data["endpointOutput"] = self.capture.encode(bytes(self.body), self.answer.content_type, "OUTPUT")
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if self.call.custom_attributes is not None:
            metadata["customAttributes"] = [self.call.custom_attributes]
        if self.call.inference_id is not None:
            metadata["inferenceId"] = self.call.inference_id
        metadata["inferenceTime"] = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return orjson.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}) + b"\n"


@dataclass(slots=True)
class Batch:
    """Lines that go into one object."""

    endpoint_name: str
    lines: list[bytes] = field(default_factory=list)


class Captures:
    """Relays invocations, and writes down those that endpoints want captured."""

    def __init__(self, relay: Relay, ports: Ports, settings: HostingSettings) -> None:
        self._relay = relay
        self._ports = ports
        self._flush_s = settings.capture_flush_s
        self._batches: dict[str, Batch] = {}
        """By the folder that the lines go to."""
        self._num_gathered = 0
        self._begun, self._full = asyncio.Event(), asyncio.Event()
        self._is_closing = False
        self.random: Random = random.Random()  # noqa: S311 - samples, keeps no secret

    async def invoke(self, call: Invocation, terms: Terms | None = None) -> InvocationAnswer:
        """Relay one call, recording it if its endpoint wants it. Raises what the relay does."""
        answer = await self._relay.invoke(call, terms)
        spec = answer.endpoint.spec.get("DataCaptureConfig")
        if spec and is_capturing(spec) and self.random.random() * 100 < spec["InitialSamplingPercentage"]:
            recording = Recording(self, DataCapture.of(spec), call, answer, self._ports.clock.now())
            if call.streaming:
                answer.recorder = recording
            else:
                recording.take(answer.body)
                recording.finish()
        return answer

    def add(self, capture: DataCapture, answer: InvocationAnswer, at: datetime, line: bytes) -> None:
        """Gather a line for the next object of its hour."""
        hour = at.astimezone(UTC).strftime("%Y/%m/%d/%H")
        name = answer.endpoint.name
        folder = f"{capture.destination.rstrip('/')}/{name}/{answer.invoked_production_variant}/{hour}"
        self._batches.setdefault(folder, Batch(name)).lines.append(line)
        self._num_gathered += len(line)
        self._begun.set()
        if self._num_gathered >= MAX_GATHERED_BYTES:
            self._full.set()

    async def run(self) -> None:
        """Write what is gathered, every now and then, until `close` is called."""
        while not self._is_closing:
            await self._begun.wait()
            try:
                async with asyncio.timeout(self._flush_s):
                    await self._full.wait()
            except TimeoutError:
                pass  # the usual case: a little, and some time
            await self.flush()
        await self.flush()

    async def close(self) -> None:
        """Have `run` write what is left, and end."""
        self._is_closing = True
        self._begun.set()
        self._full.set()

    async def flush(self) -> None:
        """Write everything that is gathered, each batch as an object."""
        batches, self._batches, self._num_gathered = self._batches, {}, 0
        self._begun.clear()
        self._full.clear()
        now = self._ports.clock.now()
        for folder, batch in batches.items():
            name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            error = ""
            try:
                await self._ports.objects.write(f"{folder}/{name}", b"".join(batch.lines), "application/jsonlines")
            except ObjectFailed as failure:
                error = failure.message
            self._ports.emit(CaptureWritten(batch.endpoint_name, f"{folder}/{name}", len(batch.lines), error))
