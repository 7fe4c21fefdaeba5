"""How a call to a partner can end, and what that says: one code for each way.

(none)                2xx: taken
http_NNN              any other status but 3xx; 410 says that the endpoint is gone for good
redirect              3xx: calls go to the address that proved control and nowhere else
timeout               no complete answer in time, however much of it had come
connection            nobody there, refused, or cut off before anything was sent
closed_early          cut off before the answer was complete
tls                   no certificate that is valid for the host
dns                   the host has no address
address_not_allowed   it has one that is not public
response_too_large    more than 64 KiB of answer: no answer to a webhook
not_http              an answer that cannot be read
expired               not called any more: the event has left the log
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

GONE: Final = "http_410"
RETRY_AFTER_MOST: Final = 3600.0
"""Seconds of a Retry-After that are honoured."""

_HONOURED: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one call: `code` as above, None if it was taken; `seconds` from its beginning."""

    code: str | None
    status_code: int | None = None
    seconds: float = 0.0
    retry_after: float | None = None
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return self.code is None

    @property
    def gone(self) -> bool:
        return self.code == GONE


def of_status(
    status: int, seconds: float, retry_after: bytes, body: bytes, now: Callable[[], float]
) -> Ending:
    """The ending that a complete answer is; `now` tells the time to a Retry-After with a date."""
    if 200 <= status < 300:
        return Ending(None, status, seconds, None, body)
    code = "redirect" if 300 <= status < 400 else f"http_{status}"
    wait = _seconds(retry_after, now) if retry_after and status in _HONOURED else None
    return Ending(code, status, seconds, wait, body)


def _seconds(retry_after: bytes, now: Callable[[], float]) -> float | None:
    """Seconds that a Retry-After asks for, as a number or as a date; None if it says neither."""
    text = retry_after.decode("ascii", "replace").strip()
    if text.isdecimal():
        return min(RETRY_AFTER_MOST, float(text[:9]))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(RETRY_AFTER_MOST, max(0.0, until.timestamp() - now()))
