"""How a case stands as server-sent events (HTML Living Standard, 9.2): at once, then as it changes.

The `id` of an event is a hash of what it shows. A reader that comes back gives it as Last-Event-ID
and is sent the state only if it has become another, whatever it has missed; a change that the reader
may not see is none. Nothing is sent twice and the newest state always arrives. The stream ends by
itself after some minutes, and when its process is about to stop: its reader is told when to come
back, each at a moment of its own, so that readers of one process do not come all at once.
"""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.errors import Transient
from shared.stopping import is_stopping

HEARTBEAT_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.5
_RETRY_MS: Final = (500, 3_000)

Subscribe = Callable[[Callable[[str | None], None]], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """One reader's stream. `shown` gives the JSON of what it may see now, None while there is
    nothing; `is_gone` says whether it has left; `last_id` is the event it has already."""

    number: str
    shown: Callable[[], bytes | None]
    subscribe: Subscribe
    is_gone: Callable[[], bool]
    last_id: str
    seconds: float
    heartbeat: float = HEARTBEAT_SECONDS

    def chunks(self, on_end: Callable[[], None], hang_up: Callable[[], None]) -> Iterator[bytes]:
        """The bytes of the stream; the first at once, so that the reader knows it is heard.

        `on_end` is called whatever ends it, `hang_up` when its reader did: by leaving, which is
        noticed within a second, or by taking nothing for so long that the server gave up.
        """
        changed = threading.Event()
        unsubscribe = self.subscribe(
            lambda number: changed.set() if number in {None, self.number} else None
        )
        try:
            yield _retry()
            yield from self._states(changed)
            if self.is_gone():
                hang_up()
            else:
                yield _retry()
        except GeneratorExit:
            hang_up()
            raise
        finally:
            unsubscribe()
            on_end()

    def _states(self, changed: threading.Event) -> Iterator[bytes]:
        """States and heartbeats until it is time to end."""
        ends_at, quiet_since = time.monotonic() + self.seconds, time.monotonic()
        last_id = self.last_id
        changed.set()
        while not (is_stopping() or self.is_gone()) and (now := time.monotonic()) < ends_at:
            if changed.is_set():
                changed.clear()  # before it is read: what changes meanwhile is read again
                try:
                    body = self.shown()
                except Transient:  # the reader comes back, or is answered 503
                    return
                if body is not None and (key := _id(body)) != last_id:
                    yield b"id: %b\nevent: progress\ndata: %b\n\n" % (key.encode(), body)
                    last_id, quiet_since = key, now
            if now - quiet_since >= self.heartbeat:
                yield b": \n\n"
                quiet_since = now
                changed.set()  # what comes next is told by the time, too
            changed.wait(min(_LOOK_SECONDS, max(ends_at - now, 0.0)))


def _id(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.blake2b(body, digest_size=12).digest()).decode()


def _retry() -> bytes:
    return b"retry: %d\n\n" % random.randint(*_RETRY_MS)  # noqa: S311 - spreads readers
