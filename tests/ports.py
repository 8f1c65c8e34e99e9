"""Ports that nobody listens on, for servers of the tests' own and for servers that are away."""

import random
import socket

# Beneath those that the kernel gives by itself (32,768 and up on Linux): between our looking and a server's listening,
# no connection of another process gets one. From the system's randomness: two processes of one run seed Python's alike.
_RANGE = range(10_000, 32_000)
_random = random.SystemRandom()


def free_port() -> int:
    """One of them."""
    while True:
        port = _random.choice(_RANGE)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def free_ports(count: int) -> list[int]:
    """So many of them."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
