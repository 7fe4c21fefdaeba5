"""Whoever waits for news of the log waits here: one thread of the process asks for all of them.

It begins with the first waiter and ends when there has been none for half a minute; asking ten times
a second costs the database the same whether one waits or thirty. A process that is about to stop
lets everybody go at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from shared.log import logger

ASK_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 30.0
_AWAY_SECONDS: Final = 1.0
_LOOK_UP_SECONDS: Final = 0.5
"""How soon those who wait see that the process is about to stop, whatever the database does."""


class Tail:
    """`newest` asks the log for its newest position, `stopping` whether the process is to end."""

    def __init__(self, newest: Callable[[], int], stopping: Callable[[], bool]) -> None:
        self._ask = newest
        self._stopping = stopping
        self._newest = 0
        self._waiting = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def stopping(self) -> bool:
        """Whether the process is about to stop: nobody should begin to wait."""
        return self._stopping()

    def wait(self, position: int, seconds: float) -> bool:
        """Until the log goes beyond `position`: True; False after `seconds` and before a stop."""
        ends_at = time.monotonic() + seconds
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            try:
                self._watch()
                while (
                    self._newest <= position
                    and not self._stopping()
                    and (left := ends_at - time.monotonic()) > 0
                ):
                    self._changed.wait(min(left, _LOOK_UP_SECONDS))
            finally:
                self._waiting -= 1
            return self._newest > position

    def _watch(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="feed-tail", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._is_wanted():
            try:
                newest = self._ask()
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of it when they read
                logger().warning("feed_tail_failed", error=type(error).__name__)
                time.sleep(_AWAY_SECONDS)
                continue
            with self._changed:
                if newest > self._newest:
                    self._newest = newest
                    self._changed.notify_all()
            time.sleep(ASK_SECONDS)

    def _is_wanted(self) -> bool:
        """Whether somebody waits, now or within the next half minute; else the thread is gone."""
        with self._changed:
            if self._changed.wait_for(lambda: self._waiting > 0, IDLE_SECONDS):
                return True
            self._thread = None
            return False
