"""A container's answer on its way to the client, chunk by chunk; made by the relay, read by `edge.runtime`."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from firstbyte.hosting.errors import StreamBroken, StreamFailed
from firstbyte.hosting.exchange import Exchange
from firstbyte.hosting.ports import InstanceAnswer
from firstbyte.hosting.records import Endpoint


class Recorder(Protocol):
    """Keeps a copy of a streamed answer."""

    def take(self, chunk: bytes) -> None:
        """The answer's next piece."""

    def finish(self) -> None:
        """The answer is whole; not called of one that breaks off."""


class InvocationAnswer:
    """The container's 2xx answer. Call `close` when done with it, whether it was read to its end or not."""

    def __init__(
        self,
        endpoint: Endpoint,
        exchange: Exchange,
        answer: InstanceAnswer,
        notify: Callable[[], None],
        body: bytes = b"",
    ) -> None:
        self.endpoint = endpoint
        """Which answered."""
        self.recorder: Recorder | None = None
        """Gets a copy of what `chunks` gives."""
        self._exchange = exchange
        self._answer = answer
        self._notify = notify
        self.body = body
        """The whole answer of a call that does not stream; b"" of one that does."""

    @property
    def status(self) -> int:
        """What the caller sees: 200, whichever 2xx the container chose."""
        return 200

    @property
    def content_type(self) -> str | None:
        """The container's Content-Type."""
        return self._answer.headers.get("content-type")

    @property
    def custom_attributes(self) -> str | None:
        """What the container has to say back in X-Amzn-SageMaker-Custom-Attributes."""
        return self._answer.headers.get("x-amzn-sagemaker-custom-attributes")

    @property
    def new_session_id(self) -> str | None:
        """The session that the container opened."""
        return self._answer.headers.get("x-amzn-sagemaker-new-session-id")

    @property
    def closed_session_id(self) -> str | None:
        """The session that the container closed."""
        return self._answer.headers.get("x-amzn-sagemaker-closed-session-id")

    @property
    def invoked_production_variant(self) -> str:
        """The variant that answered."""
        return self._exchange.deployed.name

    async def chunks(self) -> AsyncIterator[bytes]:
        """One item per chunk the container wrote, as soon as it is there (streaming calls). Raises StreamFailed."""
        name = self._exchange.container_name
        try:
            while (chunk := await self._exchange.next_chunk()) is not None:
                if self.recorder:
                    self.recorder.take(chunk)
                yield chunk
            self._exchange.finish("ok")
            if self.recorder:
                self.recorder.finish()
        except TimeoutError as error:
            self._exchange.fail(error)
            message = f"Your model {name} did not complete sending the inference response in the allotted time."
            raise StreamFailed("ModelInvocationTimeExceeded", message) from None
        except StreamBroken as error:
            self._exchange.fail(error)
            self._notify()
            message = f"Your model {name} broke off sending the inference response."
            raise StreamFailed("StreamBroken", message) from error
        finally:
            await self.close()

    async def close(self) -> None:
        """Give the instance back; closes its connection at once if the answer was not read to its end."""
        self._exchange.finish("client_gone")
        await self._answer.close()
