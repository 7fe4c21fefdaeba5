"""How fast a lane may go and how its endpoint stands: a pure account of its calls and their ends.

- Slow start: one call at a time, twice as many with each success up to the subscription's
  concurrency, one again after a failure.
- At most `per_second` calls begin in a second, evenly.
- `Retry-After` holds everything. An endpoint that goes on failing is called at growing distances,
  at last once a minute: often enough to notice that it is back.

All times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from services.notify.partners.endings import Ending

Standing = Literal["healthy", "suspect", "failing"]

FAILING: Final = 5
"""Failures in a row after which an endpoint is no more suspected but known to fail."""

GAP_MOST: Final = 60.0
SLOW_SECONDS: Final = 1.0
"""A usual answer time above which an endpoint is kept apart from quick ones."""

OUTAGE_SECONDS: Final = 60.0
"""Failing for longer than that is an outage: when it is over, everything that waits is due."""

_BURST: Final = 0.05
_WEIGHT: Final = 0.2


@dataclass(slots=True)
class Pace:
    """The account of one lane; what must outlive the process is kept in its document."""

    concurrency: int = 8
    per_second: float | None = None
    failures: int = 0
    failing_since: float | None = None
    last_success_at: float | None = None
    last_error: str | None = None
    not_before: float = 0.0
    allowance: int = 1
    in_flight: int = 0
    usual_seconds: float = 0.0
    last_call_at: float = 0.0
    _slot: float = 0.0

    @property
    def standing(self) -> Standing:
        if self.failures >= FAILING:
            return "failing"
        return "suspect" if self.failures or self.usual_seconds > SLOW_SECONDS else "healthy"

    def may_call(self, now: float) -> bool:
        return self.in_flight < self.allowance and self.ready_at() <= now

    def ready_at(self) -> float:
        """When time alone allows the next call; 0.0 for any time."""
        if not self.failures and self.per_second is None:
            return self.not_before
        at = max(self.not_before, self._slot - _BURST)
        if self.failures >= FAILING:
            at = max(at, self.last_call_at + min(GAP_MOST, 2.0 ** (self.failures - FAILING)))
        return at

    def began(self, now: float) -> None:
        self.in_flight += 1
        self.last_call_at = now
        if self.per_second is not None:
            self._slot = max(self._slot, now) + 1 / self.per_second

    def succeeded(self, now: float, seconds: float) -> bool:
        """Note a success; whether it ends an outage."""
        since, self.failing_since = self.failing_since, None
        self.in_flight -= 1
        self.failures = 0
        self.last_success_at = now
        self.allowance = min(self.concurrency, self.allowance * 2)
        self.usual_seconds += (seconds - self.usual_seconds) * _WEIGHT
        return since is not None and now - since >= OUTAGE_SECONDS

    def failed(self, now: float, ending: Ending) -> None:
        self.in_flight -= 1
        self.failures += 1
        self.failing_since = self.failing_since or now
        self.last_error = ending.code
        self.allowance = 1
        if ending.retry_after is not None:
            self.not_before = max(self.not_before, now + ending.retry_after)

    def limit(self, concurrency: int, per_second: float | None) -> None:
        """Go on with other limits."""
        self.concurrency = concurrency
        self.per_second = per_second
        self.allowance = min(self.allowance, concurrency)
