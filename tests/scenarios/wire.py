"""HTTP by hand: signed by botocore, sent on a socket, read chunk by chunk, so that nothing is hidden by a client."""

import socket
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from scenarios.conftest import RunningHost


class RawResponse:
    """What came back on a socket; the body's HTTP chunks are read one at a time."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self.read_next_head()

    def read_next_head(self) -> Any:
        """Read a status line and headers; another one comes after `100 Continue`."""
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        return self

    def send(self, data: bytes) -> None:
        """Send more of the request."""
        self._connection.sendall(data)

    def read_chunk(self) -> Any:
        """Give the next HTTP chunk; None at the end of the body."""
        size = int(self._file.readline(), 16)
        data = self._file.read(size)
        assert self._file.read(2) == b"\r\n"
        return data if size else None

    def read_body(self) -> Any:
        """Give a body whose length was declared."""
        return self._file.read(int(self.headers["content-length"]))

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def send_signed(host: RunningHost, service: str, path: str, body: Any, headers: Any = (), method: str = "POST") -> Any:
    """Sign a request with the host's keys and send it on a socket of its own."""
    credentials = host.session.get_credentials()
    request = AWSRequest(method, host.url + path, data=body, headers=dict(headers))
    SigV4Auth(credentials, service, host.settings.hosting.region).add_auth(request)
    return send(host, method, path, body, dict(request.headers.items()))


def send(host: RunningHost, method: Any, path: str, body: Any, headers: Any) -> Any:
    """Send a request as it is; with no body (None) only its head, whose headers say how much will follow."""
    address = urlsplit(host.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=20)
    headers = {name.lower(): value for name, value in headers.items()}
    headers.setdefault("host", address.netloc)
    if body is not None:
        headers["content-length"] = len(body)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode() + (body or b""))
    return RawResponse(connection)
