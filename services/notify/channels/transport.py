"""HTTP to providers of messages: of every failure it is known whether anything was written before.

A call of a provider's program runs within a `Passage`. Its connection says to the passage that it
stands, the last moment at which nothing has been written; only then the message is fenced
(`handing_over`). What fails earlier (no address, refused, TLS) handed nothing over; what fails later
may have arrived. A second connection within one call would be a repetition that a provider's program
decided on by itself: it is refused.

Each call has a connection of its own. One that lay idle dies unnoticed, and that is found out only
after the request was written.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError

from services.notify.channels import HandedOverUnknown, TryLater

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read; those of providers have a few hundred."""

CONNECT_SECONDS: Final = 5.0
"""Longest wait for a connection: nothing was handed over yet, and another provider may be asked."""

_current = threading.local()


class SecondConnection(ConnectionError):
    """A provider's program tried again by itself."""


class Passage:
    """One call of a provider: how far it came. Belongs to the thread that entered it."""

    def __init__(self, handing_over: Callable[[], None]) -> None:
        self._handing_over = handing_over
        self.opened = False
        self.status: int | None = None
        self.error: Exception | None = None
        self.stopped: BaseException | None = None

    def open(self) -> None:
        """The connection stands: fence the message, or let nothing be written."""
        if self.opened:
            raise SecondConnection
        try:
            self._handing_over()
        except BaseException as stopped:
            self.stopped = stopped
            raise
        self.opened = True

    def failure(self) -> BaseException:
        """What a call without an answer means: what the fence raised, TryLater if nothing was
        written, else HandedOverUnknown."""
        if self.stopped is not None:
            return self.stopped
        code = _code(self.error)
        return HandedOverUnknown(code) if self.opened else TryLater(code)


@contextmanager
def passing(handing_over: Callable[[], None]) -> Iterator[Passage]:
    """The passage of the call that this thread makes within the block."""
    passage = Passage(handing_over)
    _current.passage = passage
    try:
        yield passage
    finally:
        _current.passage = None


def session(timeout_seconds: float, tls: ssl.SSLContext | None = None) -> requests.Session:
    """A session over which each call is watched: at most one connection a call, no redirects, no
    answer that goes on for ever, certificates always checked, nothing of the environment (a `.netrc`
    would replace a signature). Safe to share between threads."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    adapter = _Watching(timeout_seconds, tls or ssl.create_default_context())
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


class _Watched:
    """What both kinds of connection have in common; `connect` ends before the first byte."""

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        passage: Passage | None = getattr(_current, "passage", None)
        if passage is None:
            return
        try:
            passage.open()
        except BaseException:
            self.close()  # type: ignore[attr-defined]
            raise


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _NotKept:
    """A pool that keeps no connection."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()
        super()._put_conn(None)  # type: ignore[misc]


class _PlainPool(_NotKept, HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(_NotKept, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Watching(HTTPAdapter):
    _POOLS: ClassVar[Mapping[str, Any]] = {"http": _PlainPool, "https": _SecurePool}

    def __init__(self, timeout_seconds: float, tls: ssl.SSLContext) -> None:
        self._timeout_seconds = timeout_seconds
        self._tls = tls  # made once: the authorities are not read again for each connection
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self._POOLS)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, ssl_context=self._tls, **kwargs)
        manager.pool_classes_by_scheme = dict(self._POOLS)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        request.headers["Connection"] = "close"

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        passage: Passage | None = getattr(_current, "passage", None)
        limit = self._timeout_seconds
        ends_at = time.monotonic() + limit
        waits = min(CONNECT_SECONDS, limit), limit
        options |= {"stream": True, "timeout": waits, "verify": True}
        try:
            response = super().send(request, **options)
            response._content = _read(response, ends_at)  # noqa: SLF001 - as a session would
            response._content_consumed = True  # noqa: SLF001
        except Exception as error:
            if passage is not None:
                passage.error = error
            raise
        if passage is not None:
            passage.status = response.status_code
        return response


def _read(response: requests.Response, ends_at: float) -> bytes:
    """The answer's body, within its limits of size and time."""
    parts: list[bytes] = []
    size = 0
    with response:
        for part in response.iter_content(4096):
            parts.append(part)
            size += len(part)
            if size > ANSWER_LIMIT:
                raise requests.ConnectionError("answer too long")
            if time.monotonic() > ends_at:
                raise requests.ReadTimeout
    return b"".join(parts)


def _code(error: Exception | None) -> str:
    """A name for what went wrong; nobody's words."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (TimeoutError, requests.Timeout)):
            return "timeout"
        if isinstance(seen, (ssl.SSLError, requests.exceptions.SSLError)):
            return "tls"
        if isinstance(seen, NameResolutionError):
            return "dns"
        reason = getattr(seen.args[0], "reason", None) if seen.args else None
        seen = reason if isinstance(reason, Exception) else seen.__cause__ or seen.__context__
    return "connection"
