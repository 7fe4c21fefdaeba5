"""The feed as server-sent events (HTML Living Standard, 9.2): a stream that always ends well.

Each event carries its cursor as `id`, which the reader gives back as `Last-Event-ID`; while
nothing comes for it, a comment and the newest cursor keep the connection and the place. The stream
ends by itself after a while, and when its process is about to stop: then the reader is told how
soon to come back, at a moment of its own, so that readers of one process do not come all at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Final

from services.notify.partners.catalogue import Filter
from services.notify.partners.cursors import cursor_of
from services.notify.partners.feed import Feed
from services.notify.partners.log import Entry
from shared.errors import Transient

HEARTBEAT_SECONDS: Final = 15.0
PAGE: Final = 100
_RETRY_MS: Final = (500, 3_000)


@dataclass(frozen=True, slots=True)
class Stream:
    """One reader's stream, from `position` on."""

    feed: Feed
    position: int
    wanted: Filter
    seconds: float

    def chunks(self, on_end: Callable[[], None], hang_up: Callable[[], None]) -> Iterator[bytes]:
        """The bytes of the stream; the first at once, so that the reader knows it is heard.

        `on_end` is called whatever ends it, `hang_up` when its reader did: by leaving, or by taking
        nothing for so long that the server gave up.
        """
        try:
            yield _retry()
            position = yield from self._news()
            yield _retry(b"id: %b\n" % cursor_of(position).encode())
        except GeneratorExit:
            hang_up()
            raise
        finally:
            on_end()

    def _news(self) -> Generator[bytes, None, int]:
        """Events and heartbeats until it is time to end; where it has come to."""
        began = time.monotonic()
        ends_at, quiet_since, position = began + self.seconds, began, self.position
        while not self.feed.tail.stopping and (now := time.monotonic()) < ends_at:
            try:
                page = self.feed.page(position, self.wanted, PAGE)
            except Transient:  # the reader comes back, and finds it there or is answered 503
                return position
            position = page.position
            if page.entries:
                yield b"".join(map(_frame, page.entries))
                quiet_since = now
            elif now - quiet_since >= HEARTBEAT_SECONDS:
                yield b": \n" + _id(position)
                quiet_since = now
            if not page.more:
                wake_at = min(ends_at, quiet_since + HEARTBEAT_SECONDS)
                self.feed.tail.wait(position, wake_at - time.monotonic())
        return position


def _frame(entry: Entry) -> bytes:
    """One event; a CloudEvent has no line breaks, so it is one line of `data`."""
    cursor = cursor_of(entry.position).encode()
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor, entry.type.encode(), entry.body)


def _id(position: int) -> bytes:
    """The place alone: a reader notes it and hands on no event."""
    return b"id: %b\n\n" % cursor_of(position).encode()


def _retry(more: bytes = b"") -> bytes:
    return b"retry: %d\n%b\n" % (random.randint(*_RETRY_MS), more)  # noqa: S311 - spreads readers
