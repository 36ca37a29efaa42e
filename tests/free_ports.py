"""Ports for servers of tests, where no connection of anybody is given one meanwhile."""

import random
import socket

# Below the range from which Linux takes the ports of connections, and outside of that of the worlds.
FIRST, LAST = 10_000, 19_999


def free_port() -> int:
    """A port of loopback that nothing listens on, and that hardly anybody else is given at the same time."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
