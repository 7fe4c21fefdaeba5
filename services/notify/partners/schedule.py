"""When a partner is tried again, and when that ends: fixed pauses, each spread by a fifth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Pauses:
    """Back-off after failures: `seconds` between one attempt and the next; after the last, no more."""

    seconds: tuple[float, ...]

    @property
    def tries(self) -> int:
        return len(self.seconds) + 1

    def delay(self, attempts: int, jitter: float) -> float | None:
        """Seconds until the next attempt after `attempts` failed ones; None: that was the last.

        `jitter` in [0, 1] spreads it by a fifth either way, so that an outage does not end in a
        stampede.
        """
        if attempts >= self.tries:
            return None
        return self.seconds[attempts - 1] * (0.8 + 0.4 * jitter)

    def elapsed(self) -> tuple[float, ...]:
        """Seconds from the first attempt to each of them, without jitter."""
        return tuple(accumulate(self.seconds, initial=0.0))


DELIVERY: Final = Pauses(
    (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
)  # to 27 h 35 min
HANDSHAKE: Final = Pauses(
    (5, 30, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 24 * HOUR)
)  # to 32 h 35 min
