"""What a container and a process of user code say to each other: frames of a kind, members as JSON, and bytes.

A frame is two big-endian lengths of 32 bits, the JSON of `[kind, members]`, and the body. Nothing in it is executable,
so that user code can at most spoil its own answers.

| container says | process answers |
|---|---|
| `load` | `ready` with what it found, or `failed` |
| `invoke` | `head`, any number of `chunk`, `end`; `cancel` in between asks it to end early |
| `read`, `word` | `result`, or `failed` |
"""

import asyncio
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_LENGTHS = struct.Struct(">II")


class ChannelBroken(Exception):
    """The other side is gone, or does not speak in frames."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: str
    members: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """The frame's bytes."""
    head = json.dumps([frame.kind, frame.members]).encode()
    return b"".join((_LENGTHS.pack(len(head), len(frame.body)), head, frame.body))


def read_frame(read_exactly: Callable[[int], bytes]) -> Frame:
    """The next frame of a blocking channel; `read_exactly(n)` gives n bytes, or raises `ChannelBroken`."""
    head_len, body_len = _LENGTHS.unpack(read_exactly(_LENGTHS.size))
    return _decode(read_exactly(head_len), read_exactly(body_len))


async def receive_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame of an asyncio channel.

    Raises:
        ChannelBroken: it ended, or what came is no frame.
    """
    try:
        head_len, body_len = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        return _decode(await reader.readexactly(head_len), await reader.readexactly(body_len))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise ChannelBroken(str(error)) from error


def _decode(head: bytes, body: bytes) -> Frame:
    try:
        kind, members = json.loads(head)
        return Frame(str(kind), dict(members), body)
    except (TypeError, ValueError) as error:
        raise ChannelBroken(f"not a frame: {error}") from error
