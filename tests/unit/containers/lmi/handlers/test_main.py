"""The loop of the process, run in a thread."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.containers.lmi.handlers.__main__ import Channel, main
from firstbyte.containers.lmi.handlers.frames import Frame
from firstbyte.containers.lmi.handlers.process import invocation

SOURCE = """
from djl_python import Output
finished = []
def handle(inputs):
    if inputs.is_empty():
        return None
    if inputs.get_as_string() == "finalized":
        return Output().add(finished)
    return Output().add_stream_content(["a", {"b": 1}, b"c"], None).finalize(finished.append, 1)
"""


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    (tmp_path / "looped.py").write_text(SOURCE)
    path, ours, theirs = list(sys.path), *socket.socketpair()
    thread = threading.Thread(target=main, args=([str(theirs.detach())],))
    thread.start()
    channel = Channel(ours)
    order = {"file": str(tmp_path / "looped.py"), "handler": "handle", "output_formatter": None}
    channel.send("load", order)
    yield channel
    ours.close()
    thread.join()
    sys.path[:] = path
    del sys.modules["looped"]


def send(channel: Channel, frame: Frame) -> None:
    channel.send(frame.kind, dict(frame.members), frame.body)


def test_load_invoke_and_stream(channel: Channel) -> None:
    found = {"has_handler": True, "has_input_formatter": False, "has_output_formatter": False}
    assert channel.receive() == Frame("ready", found)
    send(channel, invocation({}, ()))
    assert [channel.receive().kind for _ in range(3)] == ["head", "chunk", "end"]
    send(channel, invocation({}, (("data", b"x"),)))
    assert channel.receive() == Frame("head", {"code": 200, "properties": {}, "is_stream": True})
    assert [channel.receive().body for _ in range(3)] == [b"a", b'{\n  "b":1\n}', b"c"]
    assert channel.receive() == Frame("end", {"error": None})
    send(channel, Frame("cancel"))  # crossed the end
    send(channel, invocation({}, (("data", b"finalized"),)))
    channel.receive()
    assert json.loads(channel.receive().body) == [1]
    assert channel.receive().kind == "end"


def test_code_that_cannot_be_loaded_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text("raise KeyError('x')")
    path, ours, theirs = list(sys.path), *socket.socketpair()
    thread = threading.Thread(target=main, args=([str(theirs.detach())],))
    thread.start()
    channel = Channel(ours)
    channel.send("load", {"file": str(tmp_path / "failing.py"), "handler": "handle", "output_formatter": None})
    assert channel.receive() == Frame("failed", {"error": "KeyError: 'x'"})
    thread.join()
    ours.close()
    sys.path[:] = path
    del sys.modules["failing"]
