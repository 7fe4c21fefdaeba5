"""The log as a feed: a page behind a cursor, now or as soon as there is something.

A page tells where to go on. That is behind the newest event that was looked at, whether the filter
let it through or not, so that nobody ever looks twice at what does not concern it. What is no
longer kept is told (`cursor_expired`), never passed over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.notify.partners.catalogue import Filter
from services.notify.partners.cursors import cursor_of, position_of
from services.notify.partners.log import Entry, EventLog
from services.notify.partners.tail import Tail
from shared.contracts.faults import fault
from shared.errors import Refused

LOOKED_AT_MOST: Final = 20_000
"""Events one page looks at: a filter that lets hardly any through gets short pages, and soon."""

START, NOW = "start", "now"


@dataclass(frozen=True, slots=True)
class Page:
    """Events in their order; `position` is where to go on, `more` whether that is worth it at once."""

    entries: Sequence[Entry]
    position: int
    more: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads the log for whoever asks."""

    log: EventLog
    tail: Tail

    def begin(self, after: str | None) -> int:
        """The position behind which a reader begins: a cursor's, the beginning of what is kept
        (`start`, or nothing said), or the end (`now`).

        Refused("cursor_expired") for a cursor whose next events are no longer kept, and
        Refused("validation_failed") for what is none.
        """
        if after is None or after == START:
            return self.log.oldest() - 1
        if after == NOW:
            return self.log.newest()
        position = position_of(after)
        if position is None or position > self.log.newest():
            raise Refused("validation_failed", errors=[fault("unknown_value").at("/after")])
        before_oldest = self.log.oldest() - 1
        if position < before_oldest:
            raise Refused("cursor_expired", extra={"oldest": cursor_of(before_oldest)})
        return position

    def page(self, position: int, wanted: Filter, limit: int) -> Page:
        """What is there behind `position`, at most `limit` events."""
        newest = self.log.newest()
        until = min(newest, position + LOOKED_AT_MOST)
        if until <= position:
            return Page((), position, more=False)
        entries = self.log.after(
            position, limit, names=wanted.names, divisions=wanted.divisions, until=until
        )
        if len(entries) == limit:
            until = entries[-1].position
        return Page(entries, until, more=until < newest)

    def page_when_there_is_one(
        self, position: int, wanted: Filter, limit: int, seconds: float
    ) -> Page:
        """The same, but waits up to `seconds` for the first event that the filter lets through."""
        ends_at = time.monotonic() + seconds
        while True:
            page = self.page(position, wanted, limit)
            left = ends_at - time.monotonic()
            if page.entries or left <= 0 or self.tail.stopping:
                return page
            position = page.position
            if not page.more:
                self.tail.wait(position, left)
