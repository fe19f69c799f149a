"""Free ports on the loopback interface."""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listens on just now. It is not held: whoever is told to bind it may find it taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((host, 0))
        port: int = listener.getsockname()[1]
        return port
