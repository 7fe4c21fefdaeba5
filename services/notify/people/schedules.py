"""When a message that could not be handed over is tried again, and when that ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Schedule:
    """Back-off after a temporary failure: `first` seconds, then `factor` times as long each time.
    Who has another address is not kept waiting to the end: it is used after `tries_of_several`."""

    first: float
    factor: float
    tries: int
    tries_of_several: int = 6

    def delay(self, attempts: int, jitter: float, *, several: bool = False) -> float | None:
        """Seconds until the next attempt after `attempts` failed ones; None: that was the last,
        or the last that is made while there is another address (`several`).

        `jitter` in [0, 1] spreads it by a fifth either way, so that an outage does not end in a
        stampede.
        """
        if attempts >= (self.tries_of_several if several else self.tries):
            return None
        return self.first * self.factor ** (attempts - 1) * (0.8 + 0.4 * jitter)

    def elapsed(self) -> tuple[float, ...]:
        """Seconds from the first attempt to each of them, without jitter."""
        times = [0.0]
        for attempts in range(1, self.tries):
            times.append(times[-1] + self.first * self.factor ** (attempts - 1))
        return tuple(times)


SCHEDULES: Final[Mapping[str, Schedule]] = {
    "sms": Schedule(first=30, factor=3, tries=8),  # to 9 hours
    "push": Schedule(first=30, factor=3, tries=8),
    "chat": Schedule(first=30, factor=3, tries=8),
    "email": Schedule(first=90, factor=3, tries=8),  # to 27 hours, past any greylisting
}
