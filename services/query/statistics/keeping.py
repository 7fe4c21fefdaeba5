"""Counts are kept for a minute, for everybody, and few questions are counted at once.

Counting may take seconds: without a bound a handful of questions would hold every thread of the
process. While others are counted an older answer is given rather than none.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from shared.errors import Transient

if TYPE_CHECKING:
    from services.query.statistics.counting import Question

Counts = TypeVar("Counts")

KEPT_SECONDS: Final = 60.0
"""How long the counts of a question are given again without counting anew."""

OLDEST_SECONDS: Final = 600.0
"""How old they may be while other questions are counted."""

PLACES: Final = 3
"""Threads that count or wait for their turn to: one at a time counts."""

_TURN_SECONDS: Final = 15.0
_QUESTIONS: Final = 64


class Keeping(Generic[Counts]):
    """What `count` says of a question, not asked again within a minute. Safe to share between
    threads."""

    def __init__(self, count: Callable[[Question], Counts]) -> None:
        self._count = count
        self._kept: OrderedDict[Question, tuple[float, Counts]] = OrderedDict()
        self._lock = threading.Lock()
        self._places = threading.Semaphore(PLACES)
        self._turn = threading.Lock()

    def of(self, question: Question) -> Counts:
        """Transient("full") while too many other questions are counted; whatever `count` raises."""
        kept = self._within(question, KEPT_SECONDS)
        if kept is not None:
            return kept
        if not self._places.acquire(blocking=False):
            return self._older_of(question)
        try:
            if not self._turn.acquire(timeout=_TURN_SECONDS):
                return self._older_of(question)
            try:
                return self._counted(question)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def _counted(self, question: Question) -> Counts:
        kept = self._within(
            question, KEPT_SECONDS
        )  # who had the turn before may have asked the same
        if kept is not None:
            return kept
        asked_at = monotonic()
        counts = self._count(question)
        with self._lock:
            self._kept[question] = asked_at, counts
            self._kept.move_to_end(question)
            if len(self._kept) > _QUESTIONS:
                self._kept.popitem(last=False)
        return counts

    def _within(self, question: Question, seconds: float) -> Counts | None:
        with self._lock:
            kept = self._kept.get(question)
        return kept[1] if kept is not None and monotonic() - kept[0] < seconds else None

    def _older_of(self, question: Question) -> Counts:
        kept = self._within(question, OLDEST_SECONDS)
        if kept is None:
            raise Transient("statistics: others are counted", slug="full")
        return kept
