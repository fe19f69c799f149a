import socket

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.listening import bind


def test_port_is_taken_without_listening() -> None:
    with bind("127.0.0.1", 0) as bound, pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound.getsockname())


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupFailed, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use"):
            bind("127.0.0.1", port)


def test_address_of_another_machine() -> None:
    with pytest.raises(StartupFailed, match=r"cannot listen on 203\.0\.113\.1:0"):
        bind("203.0.113.1", 0)
