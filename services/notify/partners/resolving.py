"""From a host's name to addresses that may be called, on threads of its own.

A name server that does not answer holds its threads only: hosts of endpoints in trouble are looked
up on other threads than those of the rest. Nothing is cached; who asks for a name that is just
being looked up gets the same answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from services.notify.partners.addresses import is_allowed

THREADS: Final = 16
ADDRESSES_MOST: Final = 4
"""Addresses of a host that are tried, one after the other."""

Lookup = Callable[[str, int], Sequence[str]]


class NoAddress(Exception):
    """The host has no address, or none could be found out."""


class NotAllowed(Exception):
    """One of the host's addresses is not public."""


def looked_up(host: str, port: int) -> Sequence[str]:
    """The addresses the system's resolver knows, IPv4 first. Raises NoAddress."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise NoAddress(host) from error
    ordered = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return [str(entry[4][0]) for entry in ordered]


class Resolver:
    """Checked addresses of hosts; for one event loop."""

    def __init__(self, *, loopback: bool, lookup: Lookup = looked_up) -> None:
        self._loopback = loopback
        self._lookup = lookup
        self._threads = {
            trouble: ThreadPoolExecutor(THREADS, f"resolve-{'trouble' if trouble else 'usual'}")
            for trouble in (False, True)
        }
        self._asked: dict[tuple[str, int, bool], asyncio.Future[Sequence[str]]] = {}

    async def addresses(self, host: str, port: int, *, trouble: bool) -> Sequence[str]:
        """Where a connection may be made to; `trouble` says that the endpoint is failing.

        Raises NoAddress, or NotAllowed if *any* address of the host is not public: a name that
        leads to both is an attack or a mistake.
        """
        key = (host, port, trouble)
        asked = self._asked.get(key)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._threads[trouble], self._lookup, host, port)
            self._asked[key] = asked
            asked.add_done_callback(lambda _: self._asked.pop(key))
        # one that gives up waiting must not take the answer from the others
        found = tuple(dict.fromkeys(await asyncio.shield(asked)))
        if not found:
            raise NoAddress(host)
        if not all(is_allowed(address, loopback=self._loopback) for address in found):
            raise NotAllowed(host)
        return found[:ADDRESSES_MOST]

    def close(self) -> None:
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
