"""Model data out of a dictionary."""

import asyncio
from pathlib import Path

from firstbyte.hosting.errors import ModelDataError


class FakeModelData:
    """Implements hosting's ModelData: URLs to file names and their text; None stands for a fetch that never ends."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, str] | None] = {}
        self.is_fetching = asyncio.Event()

    async def fetch(self, url: str, into: Path) -> None:
        if url not in self.files:
            raise ModelDataError(f"Could not find model data at {url}.")
        files = self.files[url]
        self.is_fetching.set()
        if files is None:
            await asyncio.Event().wait()
        for name, text in (files or {}).items():
            (into / name).write_text(text)
