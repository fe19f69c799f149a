"""Opens the port and serves until SIGTERM: streams under way are finished, then the process ends with exit code 0."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator
from typing import Any

import uvicorn

from firstbyte.containers.errors import StartupFailed

DRAIN_S = 25
"""How long streams may go on after SIGTERM; SageMaker kills after 30 s."""
IDLE_CONNECTION_S = 120
BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Take the port without listening yet, so that a port in use is told at once and nobody connects too early.

    Raises:
        StartupFailed: it cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on connections of a socket that says it is TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise StartupFailed(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return bound


class SignalledServer(uvicorn.Server):
    """A uvicorn server for which SIGTERM is an ordinary end: uvicorn itself would raise the signal again afterwards."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take SIGTERM and SIGINT as the wish to finish."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self._finish)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def _finish(self) -> None:
        self.force_exit = self.should_exit  # the second signal does not wait for streams
        self.should_exit = True


def make_server(application: Any) -> SignalledServer:
    """A server for `application` (ASGI); `serve(sockets=[…])` runs it until a signal asks to finish."""
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_CONNECTION_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    return SignalledServer(config)
