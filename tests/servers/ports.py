"""Where a server of a test may listen."""

import socket


def free_port() -> int:
    """A port of this machine at which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])
