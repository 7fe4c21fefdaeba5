"""The connection of a reader of server-sent events, where the server lets it be seen (gunicorn does)."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from shared.answering import SECURITY_HEADERS

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {**SECURITY_HEADERS, "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Connection:
    sock: socket.socket | None

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> Connection:
        """That of a request by its WSGI environment."""
        return cls(environ.get("gunicorn.socket"))

    def is_gone(self) -> bool:
        """Whether the reader has closed it: a stream that waits for news would not notice."""
        if self.sock is None:
            return False
        try:
            return not self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def hang_up(self) -> None:
        """Shut it down: closing it, gunicorn would wait two seconds for a reader that does not
        answer, and take no other connection meanwhile."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
