"""A partner's side of webhooks: a real server on loopback that behaves, or does not, by its path.

/ok /slow?0.3      200 at once, or after so many seconds
/status/500        that status; 429 and 503 with `Retry-After` as the query says
/handshake         200 with the challenge, 401 to a call without a valid signature
/lenient           200 with the challenge to anybody
/redirect          302 to /ok
/hang /drip        no answer; an answer that never ends, a byte at a time
/stream /flood     an answer that never ends, fast; one of 10 MB
/early /nothing    closes in the middle of the answer; before it
/garbage           something that is not HTTP
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(slots=True)
class Received:
    """One call as it arrived, and when it was answered (0.0: not yet)."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    answered_at: float = 0.0

    @property
    def event_id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Endpoints:
    """Everything that arrived, by path; `answers` says what a path answers from now on."""

    port: int = 0
    tls: bool = False
    received: dict[str, list[Received]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, bytes] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    connections: int = 0

    def forget(self) -> None:
        self.received.clear()
        self.answers.clear()
        self.secrets.clear()
        self.connections = 0

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def ids(self, path: str) -> list[str]:
        return [each.event_id for each in self.received[path]]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (call := await self._read(reader)) is not None:
                await self._answer(call, writer)
                call.answered_at = time.time()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.split("\r\n")[:-2]
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        call = Received(first.split(" ")[1], headers, body, time.time())
        self.received[call.path].append(call)
        return call

    async def _answer(self, call: Received, writer: asyncio.StreamWriter) -> None:
        path, _, query = call.path.partition("?")
        if answer := self.answers.get(call.path):
            writer.write(answer)
        elif path.startswith("/status/"):
            retry = f"Retry-After: {query}\r\n" if query else ""
            status = path.rpartition("/")[2]
            writer.write(f"HTTP/1.1 {status} X\r\n{retry}Content-Length: 0\r\n\r\n".encode())
        elif path in {"/handshake", "/lenient"}:
            writer.write(self._handshake(call, strict=path == "/handshake"))
        else:
            await _ANSWERS.get(path, _ok)(writer, query)
        await writer.drain()

    def _handshake(self, call: Received, *, strict: bool) -> bytes:
        if strict and not self._is_signed(call):
            return b"HTTP/1.1 401 Unsigned\r\nContent-Length: 0\r\n\r\n"
        words = call.event.get("data", {}).get("challenge", "")
        body = json.dumps({"challenge": words}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def _is_signed(self, call: Received) -> bool:
        for secret in self.secrets:
            try:
                Webhook(secret).verify(call.body, call.headers)
            except WebhookVerificationError:
                continue
            return True
        return False


async def _ok(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(OK)


async def _slow(writer: asyncio.StreamWriter, query: str) -> None:
    await asyncio.sleep(float(query))
    writer.write(OK)


async def _redirect(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n")


async def _hang(_: asyncio.StreamWriter, __: str) -> None:
    await asyncio.sleep(3600)


async def _drip(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _stream(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _flood(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    for _ in range(100):
        writer.write(b"x" * 100_000)
        await writer.drain()


async def _early(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()
    raise ConnectionResetError


async def _nothing(_: asyncio.StreamWriter, __: str) -> None:
    raise ConnectionResetError


async def _garbage(writer: asyncio.StreamWriter, _: str) -> None:
    writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


_ANSWERS: dict[str, Callable[[asyncio.StreamWriter, str], Awaitable[None]]] = {
    "/slow": _slow,
    "/redirect": _redirect,
    "/hang": _hang,
    "/drip": _drip,
    "/stream": _stream,
    "/flood": _flood,
    "/early": _early,
    "/nothing": _nothing,
    "/garbage": _garbage,
}


@contextmanager
def endpoints(tls: ssl.SSLContext | None = None) -> Iterator[Endpoints]:
    """The server, on a thread of its own until the end."""
    served = Endpoints(tls=tls is not None)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    server: list[asyncio.Server] = []

    async def start() -> None:
        server.append(await asyncio.start_server(served.serve, "127.0.0.1", 0, ssl=tls))
        served.port = server[0].sockets[0].getsockname()[1]
        started.set()

    async def stop() -> None:
        server[0].close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(stop())
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()

    thread = threading.Thread(target=run, name="endpoints", daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
