"""Free ports."""

import socket

from firstbyte.launchers.loopback import free_port


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
