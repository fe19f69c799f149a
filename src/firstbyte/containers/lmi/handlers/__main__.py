"""`python -m firstbyte.containers.lmi.handlers DESCRIPTOR`: the process that runs a model's own code.

Started by `workers` with one end of a socket pair; it ends when the other end is closed. What user code prints goes to
the container's log.
"""

import json
import logging
import select
import socket
import sys
from pathlib import Path
from typing import Any

from firstbyte.containers.lmi.handlers import djl_python
from firstbyte.containers.lmi.handlers.frames import ChannelBroken, Frame, encode_frame, read_frame
from firstbyte.containers.lmi.handlers.inputs import Input
from firstbyte.containers.lmi.handlers.outputs import Output, encode_item
from firstbyte.containers.lmi.handlers.user_code import UserCode

logger = logging.getLogger(__name__)


class Channel:
    """The process's end of the pair, blocking."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def receive(self) -> Frame:
        """The next frame; raises `ChannelBroken` when the container is gone."""
        return read_frame(self._read_exactly)

    def send(self, kind: str, members: dict[str, Any] | None = None, body: bytes = b"") -> None:
        """Say something to the container."""
        self._end.sendall(encode_frame(Frame(kind, members or {}, body)))

    def has_frame(self) -> bool:
        """Whether the container has said something already."""
        return bool(select.select([self._end], [], [], 0)[0])

    def _read_exactly(self, num_bytes: int) -> bytes:
        data = bytearray()
        while len(data) < num_bytes:
            part = self._end.recv(min(num_bytes - len(data), 1 << 20))
            if not part:
                raise ChannelBroken("the container is gone")
            data += part
        return bytes(data)


def main(arguments: list[str]) -> int:
    """Load the code that the first frame names, then serve until the channel closes."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with socket.socket(fileno=int(arguments[0])) as end:
        channel = Channel(end)
        try:
            code = _load(channel)
            if code is not None:
                _serve(channel, code)
        except (ChannelBroken, BrokenPipeError, ConnectionResetError):
            pass  # the ordinary end
    return 0


def _load(channel: Channel) -> UserCode | None:
    members = channel.receive().members
    djl_python.install()
    try:
        code = UserCode.load(Path(members["file"]), members["handler"], members["output_formatter"])
    except BaseException as error:  # user code may raise anything, SystemExit too
        logger.exception("%s cannot be loaded", members["file"])
        channel.send("failed", {"error": f"{type(error).__name__}: {error}"})
        return None
    found = {
        "has_handler": code.handler is not None,
        "has_input_formatter": code.input_formatter is not None,
        "has_output_formatter": code.output_formatter is not None,
    }
    channel.send("ready", found)
    return code


def _serve(channel: Channel, code: UserCode) -> None:
    while True:
        frame = channel.receive()
        match frame.kind:
            case "invoke":
                _invoke(channel, code, read_input(frame))
            case "read":
                _give_result(channel, lambda asked=frame: code.read(read_input(asked), asked.members["attributes"]))
            case "word":
                _give_result(channel, lambda asked=frame: code.word(json.loads(asked.body)))
            case _:
                pass  # a `cancel` that crossed the end of its answer


def read_input(frame: Frame) -> Input:
    """The request in a frame: properties, and content whose keys and lengths are members, whose bytes the body."""
    inputs = Input()
    inputs.properties.update(frame.members["properties"])
    start = 0
    for key, length in frame.members["content"]:
        inputs.content.add(key, frame.body[start : start + length])
        start += length
    return inputs


def _invoke(channel: Channel, code: UserCode, inputs: Input) -> None:
    outputs = code.handle(inputs)
    is_stream = outputs.stream_content is not None
    properties = {str(key): str(value) for key, value in outputs.properties.items()}
    channel.send("head", {"code": int(outputs.code), "properties": properties, "is_stream": is_stream})
    error = None
    if not is_stream:
        channel.send("chunk", body=outputs.body)
    else:
        error = _stream(channel, code, outputs)
    channel.send("end", {"error": error})
    try:
        outputs.execute_finalize()
    except Exception:
        logger.exception("the function given to finalize failed")


def _stream(channel: Channel, code: UserCode, outputs: Output) -> str | None:
    """Send each item; returns what ended the stream too early, if anything did."""
    items = code.items(outputs)
    try:
        for item in items:
            channel.send("chunk", body=encode_item(item))
            if channel.has_frame():  # nothing else than `cancel` comes in between
                return "cancelled"
    except (ChannelBroken, OSError):
        raise
    except Exception as error:
        logger.exception("the stream of the handler failed")
        return str(error) or type(error).__name__
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
    return None


def _give_result(channel: Channel, work: Any) -> None:
    try:
        result = work()
    except Exception as error:
        logger.exception("a formatter failed")
        channel.send("failed", {"error": str(error) or type(error).__name__})
    else:
        channel.send("result", body=result)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
