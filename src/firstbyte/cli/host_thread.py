"""A host beside the caller: its event loop runs in a thread of its own, so that blocking boto3 calls can be made to it.

Used by `demo`. Thread rule: the host is touched by its own loop's thread only; here one waits for its coroutines.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

import uvloop

from firstbyte.app import Host
from firstbyte.settings import Settings

STOP_TIMEOUT_S = 30.0


class HostThread:
    """Runs a host for the length of a `with` block."""

    def __init__(self, settings: Settings) -> None:
        self._host = Host(settings)
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="host", daemon=True)

    @property
    def url(self) -> str:
        """Where the host listens."""
        return self._host.url

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._host.start())
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self._host.stop(), STOP_TIMEOUT_S)
        finally:
            self._end_loop()

    def _run(self, coroutine: Coroutine[Any, Any, None], timeout_s: float | None = None) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_s)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_TIMEOUT_S)
        self._loop.close()
