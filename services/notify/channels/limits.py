"""How many text messages may go out: a second, to one number, on one day.

What is over a limit is not tried and not lost: it waits (NotNow). What is not urgent never holds up
what is: of each limit a part is kept for the urgent ones. `counts` keeps what workers share.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from prometheus_client import Counter

from services.notify.channels import NotNow
from shared.settings import SettingsError

HELD = Counter("tiaojie_sms_held_total", "Text messages that had to wait for a limit.", ("limit",))
PATIENCE_SECONDS: Final = 1.0
"""Longest wait for a provider's turn: what waits longer leaves its place to other channels' work."""

RESERVE: Final = 0.1
"""Share of a day's and a second's messages that only urgent ones may use."""

DAY_SECONDS: Final = 86_400


class Window(NamedTuple):
    """At most `most` messages within any `seconds`."""

    most: int
    seconds: int


def windows(text: str) -> tuple[Window, ...]:
    """Read `1/60,5/3600`; SettingsError for anything else. Nothing is no limit."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", part) for part in parts]
    if not all(found) or any(int(match[2]) > DAY_SECONDS for match in found if match):
        raise SettingsError("TIAOJIE_SMS_PER_NUMBER: number/seconds, up to a day, by commas")
    return tuple(Window(int(match[1]), int(match[2])) for match in found if match)


class Bucket:
    """Turns at one provider: `per_second` of them, as many at once after a quiet second. The last
    tenth is for urgent messages."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._size = max(1.0, per_second)
        self._clock = clock
        self._lock = threading.Lock()
        self._left = self._size
        self._at = clock()

    def take(self, *, urgent: bool) -> float:
        """Take a turn; the seconds until it comes. A turn further away than PATIENCE_SECONDS is not
        taken."""
        if not self._rate:
            return 0.0
        kept = 0.0 if urgent or self._size <= 1 else self._size * RESERVE
        with self._lock:
            now = self._clock()
            self._left = min(self._size, self._left + (now - self._at) * self._rate)
            self._at = now
            wait = max(0.0, (1 + kept - self._left) / self._rate)
            if wait <= PATIENCE_SECONDS:
                self._left -= 1
            return wait


class NumberCounts(Protocol):
    """Messages to one number; one that was counted before is not counted again."""

    def take(self, to: str, reference: str, /, *, urgent: bool) -> float:
        """0, or the seconds until it may go."""


class DayCounts(Protocol):
    """Messages of today."""

    def take(self, *, urgent: bool) -> float:
        """0, or the seconds until tomorrow."""

    def give_back(self, *, urgent: bool) -> None:
        """One was not handed over after all."""


class SmsLimits:
    """All of them, as `failover` asks for them. Safe to use from several threads."""

    def __init__(
        self,
        per_second: float,
        numbers: NumberCounts,
        days: DayCounts,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._numbers = numbers
        self._days = days
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def admit(self, reference: str, to: str, *, urgent: bool) -> None:
        if seconds := self._numbers.take(to, reference, urgent=urgent):
            HELD.labels("number").inc()
            raise NotNow("number_limit", seconds)
        if seconds := self._days.take(urgent=urgent):
            HELD.labels("day").inc()
            raise NotNow("day_limit", seconds)

    def pace(self, provider: str, *, urgent: bool) -> None:
        with self._lock:
            bucket = self._buckets.setdefault(provider, Bucket(self._per_second, self._clock))
        seconds = bucket.take(urgent=urgent)
        if seconds > PATIENCE_SECONDS:
            HELD.labels("rate").inc()
            raise NotNow("rate_limit", seconds)
        if seconds:
            self._sleep(seconds)

    def give_back(self, *, urgent: bool) -> None:
        self._days.give_back(urgent=urgent)
