"""Which provider is asked first: pure rules from what was measured.

GOV.UK Notify changes provider when 15 % of its messages are slow; here what failed counts as well.
A provider *rests* when at least 3 of its attempts within ten minutes went badly and they are 15 % of
them, or when so many of what it accepted were not delivered in time, as its receipts tell. Resting, it
is asked after the others, but once in a while first, with one message: after three such *probes* in a
row went well, and once its receipts say nothing against it, it has its place again. When all rest, they
are asked in the order of the settings: somebody must be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

WINDOW_SECONDS: Final = 600.0
BAD_LEAST: Final = 3
BAD_SHARE: Final = 0.15
PROBE_SECONDS: Final = 15.0
PROBES: Final = 3
_KEPT: Final = 1000
"""Attempts remembered of each; more than that within ten minutes are measured well enough."""


@dataclass(slots=True)
class _Measured:
    attempts: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    bad: int = 0
    resting: bool = False
    undelivered: bool = False
    good_probes: int = 0
    probe_at: float = 0.0

    def add(self, now: float, *, bad: bool) -> None:
        if len(self.attempts) == _KEPT:
            self.bad -= self.attempts[0][1]
        self.attempts.append((now, bad))
        self.bad += bad

    def forget(self, before: float) -> None:
        while self.attempts and self.attempts[0][0] < before:
            self.bad -= self.attempts.popleft()[1]

    @property
    def share(self) -> float:
        return self.bad / len(self.attempts) if self.attempts else 0.0


class Health:
    """What is known of each provider. `now` is in seconds of any steady clock; not thread-safe."""

    def __init__(self, names: Sequence[str]) -> None:
        self._measured = {name: _Measured() for name in names}

    def order(self, now: float) -> tuple[str, ...]:
        """Every provider once, the one to ask first at the head. Taking a probe counts as one."""
        standing = [name for name in self._measured if not self.rests(name)]
        resting = [name for name in self._measured if name not in standing]
        if not standing:
            return tuple(resting)
        for name in resting:
            measured = self._measured[name]
            if measured.probe_at <= now:
                measured.probe_at = now + PROBE_SECONDS
                others = [other for other in resting if other != name]
                return (name, *standing, *others)
        return (*standing, *resting)

    def observe(self, name: str, now: float, *, bad: bool) -> bool:
        """Note how an attempt went; whether that began or ended its rest."""
        rested = self.rests(name)
        self._observe(name, now, bad=bad)
        return self.rests(name) is not rested

    def report(self, name: str, now: float, *, late: int, total: int) -> bool:
        """Note how many of the messages it accepted a while ago came late or not at all; whether that
        began or ended its rest."""
        measured, rested = self._measured[name], self.rests(name)
        measured.undelivered = late >= BAD_LEAST and late >= BAD_SHARE * total
        if measured.undelivered and not rested:
            measured.probe_at = now + PROBE_SECONDS
        return self.rests(name) is not rested

    def rests(self, name: str) -> bool:
        measured = self._measured[name]
        return measured.resting or measured.undelivered

    def _observe(self, name: str, now: float, *, bad: bool) -> None:
        measured = self._measured[name]
        if measured.resting:
            measured.good_probes = 0 if bad else measured.good_probes + 1
            if measured.good_probes >= PROBES:
                self._measured[name] = _Measured(undelivered=measured.undelivered)
            return
        measured.add(now, bad=bad)
        measured.forget(now - WINDOW_SECONDS)
        if measured.bad >= BAD_LEAST and measured.share >= BAD_SHARE:
            measured.resting = True
            measured.probe_at = now + PROBE_SECONDS

    def bad_share(self, name: str) -> float:
        """Of the attempts of the last ten minutes, those that went badly, from 0 to 1; while it
        rests, what made it rest."""
        return self._measured[name].share
