import asyncio
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.containers.lmi.handlers.frames import ChannelBroken, Frame, encode_frame, read_frame, receive_frame

FRAMES = st.builds(Frame, st.text(), st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.binary())


@settings(deadline=None)  # the machine may be busy
@given(frames=st.lists(FRAMES, min_size=1, max_size=4))
def test_what_is_said_is_heard(frames: list[Frame]) -> None:
    said = io.BytesIO(b"".join(map(encode_frame, frames)))
    assert [read_frame(said.read) for _ in frames] == frames


async def test_frames_arrive_whatever_the_pieces() -> None:
    frame = Frame("word", {"n": 1}, b"body")
    reader = asyncio.StreamReader()
    for byte in encode_frame(frame):
        reader.feed_data(bytes([byte]))
    assert await receive_frame(reader) == frame


@pytest.mark.parametrize(
    "data", [b"", b"\0\0", encode_frame(Frame("a"))[:-1], b"\0\0\0\1\0\0\0\0[", b"\0\0\0\2\0\0\0\0[]"]
)
async def test_what_is_no_frame_breaks_the_channel(data: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    with pytest.raises(ChannelBroken):
        await receive_frame(reader)
