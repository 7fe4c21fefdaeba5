"""Which ports are free on this machine's loopback address."""

from __future__ import annotations

import random
import socket
import time

LOOPBACK = "127.0.0.1"
BELOW_OUTGOING = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """So many different ports that were free a moment ago.

    Below the range from which the kernel gives outgoing connections their ports: there one could
    be taken between this look and the server's start.
    """
    free: list[int] = []
    for port in random.sample(BELOW_OUTGOING, len(BELOW_OUTGOING)):
        if len(free) == count:
            return tuple(free)
        if is_free(port):
            free.append(port)
    raise OSError(f"fewer than {count} free ports from {BELOW_OUTGOING.start}")


def answers(port: int, *, within_seconds: float = 0.0) -> bool:
    """Whether something accepts connections on the port, waiting up to the given time."""
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True
