"""Objects in memory."""

import asyncio

from firstbyte.hosting.errors import ObjectFailed


class FakeObjects:
    """Implements hosting's Objects. What is `lost` can be neither read nor written."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}
        self.content_types: dict[str, str | None] = {}
        self.lost: set[str] = set()
        self.is_full = False
        """Nothing more can be written."""
        self.gate: asyncio.Event | None = None
        """Holds every read up until it is set."""

    async def read(self, location: str, max_bytes: int) -> bytes:
        if self.gate is not None:
            await self.gate.wait()
        if location not in self.written or location in self.lost:
            raise ObjectFailed(f"{location} could not be read.")
        if len(self.written[location]) > max_bytes:
            raise ObjectFailed(f"{location} is longer than {max_bytes} bytes.")
        return self.written[location]

    async def write(self, location: str, body: bytes, content_type: str | None) -> None:
        if location in self.lost or self.is_full:
            raise ObjectFailed(f"{location} could not be written.")
        self.written[location] = body
        self.content_types[location] = content_type
