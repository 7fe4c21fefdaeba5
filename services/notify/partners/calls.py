"""Calls to partners' endpoints: one POST, one ending, whatever the other side does.

A client of its own instead of a general one, for three reasons (measured in decision 0013): a call
costs a third of the processor, a lane has its own connections, and nothing can be switched on that
must stay off: no redirects, no proxies of the environment, no cookies, nothing unpacked, 64 KiB of
answer at most. An idle connection is used again for a few seconds; a new one is made to an address
that was checked.

No call has a task or a timer of its own: `Calls.sweep` ends those that take too long.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from services.notify.partners.addresses import Target, target, url_faults
from services.notify.partners.endings import Ending, of_status
from services.notify.partners.replies import Reply, TooLarge, Unreadable
from services.notify.partners.resolving import NoAddress, NotAllowed, Resolver

IDLE_SECONDS: Final = 4.0
"""How long a connection is kept for the next call: less than any usual server keeps it."""

_CONNECT_SECONDS: Final = 5.0
"""For one address of several; the last one may take what is left."""


class Call:
    """One POST under way; `ended` hears its ending, once."""

    __slots__ = (
        "_connecting",
        "_connection",
        "_ended",
        "_fresh",
        "_payload",
        "endpoint",
        "started",
    )

    def __init__(
        self, endpoint: Endpoint, payload: bytes, ended: Callable[[Ending], None], *, started: float
    ) -> None:
        self.endpoint = endpoint
        self.started = started
        self._payload = payload
        self._ended: Callable[[Ending], None] | None = ended
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._fresh = False

    def begin(self) -> None:
        idle = self.endpoint.idle_connection()
        if idle is None:
            self._connect()
        else:
            self._send(idle)

    def abort(self, code: str) -> None:
        """End it from our side; the status, if that had come already, is told."""
        status = self._connection.status if self._connection else None
        self._end(Ending(code, status, self._seconds()))

    def answered(self, reply: Reply) -> None:
        """The answer is complete; the connection is free again if both sides say so."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.endpoint.put_back(connection, keep=reply.keep)
        self._end(
            of_status(reply.status, self._seconds(), reply.retry_after, reply.body, time.time)
        )

    def broken(self, code: str, reply: Reply | None) -> None:
        """The connection ended or said what is no answer."""
        self._connection = None
        if code == "closed_early" and reply is None and not self._fresh:
            self._connect()  # an idle connection that the other side had just closed
        else:
            status = (reply.status or None) if reply else None
            self._end(Ending(code, status, self._seconds()))

    def _connect(self) -> None:
        self._fresh = True
        self._connecting = asyncio.get_running_loop().create_task(self._connected())

    async def _connected(self) -> None:
        try:
            connection = await self.endpoint.connect()
        except NotAllowed:
            self.abort("address_not_allowed")
        except NoAddress:
            self.abort("dns")
        except ssl.SSLError:
            self.abort("tls")
        except (OSError, TimeoutError):
            self.abort("connection")
        else:
            self._send(connection)

    def _send(self, connection: _Connection) -> None:
        if self._ended is None:  # given up while the connection was made
            connection.drop()
            return
        self._connection = connection
        connection.post(self, self._payload)

    def _end(self, ending: Ending) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        task, self._connecting = self._connecting, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        self.endpoint.calls.under_way.pop(self, None)
        ended(ending)

    def _seconds(self) -> float:
        return time.monotonic() - self.started


class Endpoint:
    """One URL with its idle connections; made for one lane."""

    def __init__(self, calls: Calls, url: str) -> None:
        self.calls = calls
        self.faulty = next((fault.code for fault in calls.faults(url)), None)
        self.trouble = False
        self.target = Target(True, "", 0, "/") if self.faulty else target(url)
        self._idle: list[_Connection] = []
        self._head = (
            f"POST {self.target.path} HTTP/1.1\r\nHost: {self.target.authority}\r\n"
            "User-Agent: Tiaojie-Webhooks/1\r\nAccept: */*\r\n"
        ).encode()

    def post(self, headers: bytes, body: bytes, ended: Callable[[Ending], None]) -> Call | None:
        """Send `body` with these header lines (each with its line end); `ended` hears how it went,
        perhaps before this returns."""
        if self.faulty:
            ended(Ending("address_not_allowed"))
            return None
        payload = b"%b%bContent-Length: %d\r\n\r\n%b" % (self._head, headers, len(body), body)
        call = Call(self, payload, ended, started=time.monotonic())
        self.calls.under_way[call] = None
        call.begin()
        return call

    def idle_connection(self) -> _Connection | None:
        """The one used last, if it is still good."""
        oldest_good = time.monotonic() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest_good and not connection.transport.is_closing():
                return connection
            connection.drop()
        return None

    def put_back(self, connection: _Connection, *, keep: bool) -> None:
        if keep and connection.is_clean():
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.drop()

    def remove(self, connection: _Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    async def connect(self) -> _Connection:
        """A connection to an address of the host that was checked just now."""
        to = self.target
        found = await self.calls.resolver.addresses(to.host, to.port, trouble=self.trouble)
        for number, address in enumerate(found, start=1):
            last = number == len(found)
            try:
                async with asyncio.timeout(None if last else _CONNECT_SECONDS):
                    return await self._connect_to(address)
            except (OSError, TimeoutError):
                if last:
                    raise
        raise NoAddress(to.host)

    async def _connect_to(self, address: str) -> _Connection:
        to = self.target
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(self),
            address,
            to.port,
            ssl=self.calls.tls if to.tls else None,
            server_hostname=to.host if to.tls else None,
        )
        return connection

    def close_idle(self, older_than: float) -> None:
        """Close connections that nobody used since."""
        for connection in [c for c in self._idle if c.idle_since <= older_than]:
            self._idle.remove(connection)
            connection.drop()


class Calls:
    """All calls of a process, and what they share."""

    def __init__(self, resolver: Resolver, *, seconds: float, loopback: bool) -> None:
        self.resolver = resolver
        self.seconds = seconds
        self.tls = ssl.create_default_context()
        self.under_way: dict[Call, None] = {}
        self._loopback = loopback

    def endpoint(self, url: str) -> Endpoint:
        return Endpoint(self, url)

    def faults(self, url: str) -> Any:
        return url_faults(url, loopback=self._loopback)

    def sweep(self, now: float) -> None:
        """End what has taken too long; those that began first are looked at first."""
        late = []
        for call in self.under_way:
            if now - call.started < self.seconds:
                break
            late.append(call)
        for call in late:
            call.abort("timeout")

    def close(self) -> None:
        for call in [*self.under_way]:
            call.abort("stopped")
        self.resolver.close()


class _Connection(asyncio.Protocol):
    """One connection of an endpoint: idle, or with one call."""

    __slots__ = ("_call", "_endpoint", "_reply", "idle_since", "transport")

    def __init__(self, endpoint: Endpoint) -> None:
        self.transport: asyncio.Transport = asyncio.Transport()
        self.idle_since = 0.0
        self._endpoint = endpoint
        self._call: Call | None = None
        self._reply: Reply | None = None

    def post(self, call: Call, payload: bytes) -> None:
        self._call = call
        self._reply = None
        if self.transport.is_closing():
            self._broken("closed_early")
        else:
            self.transport.write(payload)

    @property
    def status(self) -> int | None:
        """What the answer under way says so far."""
        return (self._reply.status or None) if self._reply else None

    def is_clean(self) -> bool:
        """Whether it is open and all of the last request has been sent."""
        return not self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def drop(self) -> None:
        """Close at once, whatever is still on its way."""
        self._call = None
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream protocol
        self.transport = transport

    def data_received(self, received: bytes) -> None:
        call = self._call
        if call is None:  # nobody asked
            self.transport.abort()
            return
        reply = self._reply or Reply()
        self._reply = reply
        try:
            complete = reply.feed(received)
        except TooLarge:
            self._broken("response_too_large")
        except Unreadable:
            self._broken("not_http")
        else:
            if complete:
                self._call = self._reply = None
                call.answered(reply)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, _: Exception | None) -> None:
        self._endpoint.remove(self)
        reply, call = self._reply, self._call
        if call is not None and reply is not None and reply.end():
            self._call = None
            call.answered(reply)
        elif call is not None:
            self._broken("closed_early")

    def _broken(self, code: str) -> None:
        call, self._call = self._call, None
        reply, self._reply = self._reply, None
        self.transport.abort()
        if call is not None:
            call.broken(code, reply)
