"""How many readers may hold a thread of this process at a time, in all and of one asker.

A thread that waits for news serves nobody else; so the number is bounded, and one asker that opens
streams without end takes its own places only.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from shared.errors import Refused

RETRY_AFTER_SECONDS: Final = 5


class Places:
    """`take` gives a place or refuses; what it returns gives the place back, once."""

    def __init__(self, *, in_all: int, of_one: int) -> None:
        self._in_all = in_all
        self._of_one = of_one
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, asker: str) -> Callable[[], None]:
        """Refused("feed_busy") when all are taken, or all that one asker may have."""
        with self._lock:
            if self._taken.total() >= self._in_all or self._taken[asker] >= self._of_one:
                raise Refused("feed_busy", extra={"retry_after": RETRY_AFTER_SECONDS})
            self._taken[asker] += 1
        given_back = threading.Event()

        def give_back() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self._taken[asker] -= 1
                    if not self._taken[asker]:
                        del self._taken[asker]

        return give_back

    @property
    def taken(self) -> int:
        with self._lock:
            return self._taken.total()
