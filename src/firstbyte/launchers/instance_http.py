"""The relay's way to an instance over HTTP/1.1. Implements hosting's InstanceClient.

What matters is that nothing is held back and nothing is merged: no compression, TCP_NODELAY (aiohttp sets it), and each
HTTP chunk that the container wrote is one item, even if several arrive in one packet or one arrives in several.
"""

import io
from collections.abc import AsyncIterator, Mapping

import aiohttp

from firstbyte.hosting.errors import InstanceUnreachable, StreamBroken
from firstbyte.hosting.ports import InstanceCall

PASSED_ON = ("content-type", "accept")
PASSED_ON_PREFIX = "x-amzn-sagemaker-"
CONNECT_TIMEOUT_S = 10.0
"""On loopback a connection is made or refused at once. What takes longer is a container that takes no more of them, or
this process, which other work on the machine kept from noticing."""
MAX_WHOLE_BODY_BYTES = 256 * 1024
"""A longer request body is written in pieces, so that the other streams are not held up."""


class HttpInstanceAnswer:
    """One answer that is under way."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names in lower case."""
        return {name.lower(): value for name, value in self._response.headers.items()}

    async def chunks(self) -> AsyncIterator[bytes]:
        """One item per HTTP chunk; of an answer that is not chunked, what there is as it comes."""
        is_chunked = self._response.headers.get("Transfer-Encoding", "").lower() == "chunked"
        pieces: list[bytes] = []
        try:
            async for piece, is_end in self._response.content.iter_chunks():
                if piece:
                    pieces.append(piece)
                if pieces and (is_end or not is_chunked):
                    yield pieces[0] if len(pieces) == 1 else b"".join(pieces)
                    pieces.clear()
        except (aiohttp.ClientError, ConnectionError) as error:
            raise StreamBroken(f"The connection to the container broke: {error}") from error

    async def close(self) -> None:
        """Close the connection, unless the answer is at its end."""
        self._response.close()


class HttpInstanceClient:
    """Posts invocations to instances, each over a connection of its own.

    Connections are not kept: a container may close an idle one just as the next request is written to it, and a POST
    must not be sent twice. On loopback a new one costs some 0.1 ms.
    """

    def __init__(self, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._http: aiohttp.ClientSession | None = None

    async def invoke(self, url: str, call: InstanceCall) -> HttpInstanceAnswer:
        """POST to `url`/invocations and return once the answer's head is in."""
        headers = {name: value for name, value in call.headers.items() if is_passed_on(name)}
        body = call.body if len(call.body) <= MAX_WHOLE_BODY_BYTES else io.BytesIO(call.body)
        try:
            response = await self._session().post(f"{url}/invocations", data=body, headers=headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:  # nothing has been sent
            raise InstanceUnreachable(f"The container does not accept connections: {error}") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise StreamBroken(f"The container closed the connection without an answer: {error}") from error
        return HttpInstanceAnswer(response)

    def _session(self) -> aiohttp.ClientSession:
        # Made on the first call, when the loop runs.
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        return self._http

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.close()


def is_passed_on(name: str) -> bool:
    """Whether SageMaker hands a request header on to the container."""
    return name.lower() in PASSED_ON or name.lower().startswith(PASSED_ON_PREFIX)
