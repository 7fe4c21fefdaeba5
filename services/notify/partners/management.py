"""The broker's management interface, as far as partners' queues need it: JSON over HTTP.

Everything asked for here is idempotent, so a call whose answer was lost is simply made again. What
keeps the broker from answering is Transient (503 for the partner); a request that it refuses as
wrong is ours to mend, and Permanent. Its answers are read up to a limit and never shown.
"""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit

import orjson

from shared.errors import Permanent, Transient

_ANSWER_BYTES: Final = 8 * 1024 * 1024
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Management:
    """Where the interface is and how it is called; connects when it is used."""

    host: str
    port: int
    path: str
    authorization: str
    tls: ssl.SSLContext | None
    timeout: float

    @classmethod
    def at(cls, url: str, *, timeout: float, ca_file: str = "") -> Self:
        """Read `https://user:password@host:port`; certificates are checked against the system's
        authorities, or those in `ca_file`."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        account = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (15671 if secure else 15672),
            path=parts.path.rstrip("/"),
            authorization=f"Basic {b64encode(account.encode()).decode()}",
            tls=ssl.create_default_context(cafile=ca_file or None) if secure else None,
            timeout=timeout,
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Several calls over one connection. Raises Transient when the broker cannot be asked."""
        connection = (
            http.client.HTTPSConnection(
                self.host, self.port, timeout=self.timeout, context=self.tls
            )
            if self.tls
            else http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        )
        try:
            yield Session(connection, self.path, self.authorization)
        except (OSError, http.client.HTTPException) as error:
            raise Transient(f"amqp_management: {type(error).__name__}") from error
        finally:
            connection.close()


class Session:
    """Calls over one connection; parts of a path are quoted here."""

    def __init__(
        self, connection: http.client.HTTPConnection, path: str, authorization: str
    ) -> None:
        self._connection = connection
        self._path = path
        self._headers = {"Authorization": authorization, "Content-Type": _JSON}

    def get(self, *path: str) -> Any:
        """The JSON there, None for 404."""
        return self._call("GET", path, None)

    def put(self, *path: str, body: Mapping[str, Any]) -> None:
        self._call("PUT", path, body)

    def post(self, *path: str, body: Mapping[str, Any]) -> None:
        self._call("POST", path, body)

    def delete(self, *path: str) -> None:
        """What is not there is deleted already."""
        self._call("DELETE", path, None)

    def _call(self, method: str, path: tuple[str, ...], body: Mapping[str, Any] | None) -> Any:
        where = "/".join(quote(part, safe="") for part in path)
        self._connection.request(
            method,
            f"{self._path}/api/{where}",
            body=None if body is None else orjson.dumps(body),
            headers=self._headers,
        )
        response = self._connection.getresponse()
        answer = response.read(_ANSWER_BYTES + 1)
        status = response.status
        if status == http.client.NOT_FOUND and method in {"GET", "DELETE"}:
            return None
        if status in _OPERATORS or status >= http.client.INTERNAL_SERVER_ERROR:
            raise Transient(f"amqp_management: {status}")
        if status >= http.client.MULTIPLE_CHOICES or len(answer) > _ANSWER_BYTES:
            raise Permanent(f"amqp_management: {method} {path[0]} was answered {status}")
        if method != "GET":
            return None
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise Transient("amqp_management: not JSON") from None


_OPERATORS: Final = frozenset(
    {http.client.UNAUTHORIZED, http.client.FORBIDDEN, http.client.TOO_MANY_REQUESTS}
)
"""Answers that an operator mends: the same call succeeds once the account is right."""
