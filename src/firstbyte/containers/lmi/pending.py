"""A container whose port is open while its model is being loaded: SERVING_WAIT_MODEL_LOADING=false.

Without it the port opens when the model is loaded, as in the images, and this is not used. SageMaker takes PENDING,
which is answered 200 unless `allow_multi_status` is set, for healthy: the first calls are then refused with 503.
"""

import logging
import threading
from collections.abc import Callable

from firstbyte.artifacts.errors import ArtifactError
from firstbyte.containers.connection import ClientLeft, Connection, Message, Receive, Send
from firstbyte.containers.dialect import Application
from firstbyte.containers.errors import BodyTooLarge, StartupFailed
from firstbyte.containers.exchange import Answer, Request
from firstbyte.containers.lmi.front_end import FrontEnd, front_end_error, is_ping
from firstbyte.containers.loading import Loaded
from firstbyte.engine.errors import EngineError

logger = logging.getLogger(__name__)
MAX_BODY_BYTES = 64 * 1024 * 1024


class PendingLmi:
    """Implements `loading.Loaded` before its model is there."""

    notes: tuple[str, ...] = ("the port opens while the model is being loaded (SERVING_WAIT_MODEL_LOADING=false)",)
    description = "nothing yet"

    def __init__(self, front_end: FrontEnd, load: Callable[[], Loaded]) -> None:
        self._front_end = front_end
        self._load = load
        self._loaded: Loaded | None = None
        self._served: Application | None = None
        self._has_failed = False
        # A daemon: a load that never ends must not keep a container alive that was told to stop.
        self._thread = threading.Thread(target=self._load_now, name="load", daemon=True)
        self._thread.start()

    @property
    def application(self) -> "PendingLmi":
        """What serves it: this, and what was loaded behind it."""
        return self

    async def close(self) -> None:
        """End what was loaded."""
        if self._loaded is not None:
            await self._loaded.close()

    def wait(self) -> None:
        """Wait until the load has come to its end."""
        self._thread.join()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._served is not None:
            return await self._served(scope, receive, send)
        connection = Connection(receive, send)
        try:
            request = await connection.read_request(scope, MAX_BODY_BYTES)
        except (BodyTooLarge, ClientLeft):
            return None
        return await connection.answer(self._answer(request))

    def _answer(self, request: Request) -> Answer:
        if is_ping(request):
            return self._front_end.health("FAILED" if self._has_failed else "PENDING")
        if (answer := self._front_end.answer(request)) is not None:
            return answer
        message = f"No worker is available to serve request for model: {self._front_end.model_name}"
        return front_end_error(503, "WlmCapacityException", message, self._front_end.headers(request))

    def _load_now(self) -> None:
        try:
            loaded = self._load()
            for note in loaded.notes:
                logger.info("%s", note)
            logger.info("loaded: %s", loaded.description)
            self._loaded, self._served = loaded, loaded.application
        except (StartupFailed, ArtifactError, EngineError) as error:
            logger.error("%s", error)
            self._has_failed = True
        except BaseException:
            logger.exception("the model cannot be loaded")
            self._has_failed = True
