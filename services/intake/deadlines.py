"""The clocks that start when an application is received.

All days are civil days of the mainland (Asia/Shanghai); the first day is not counted and a last
day off moves forward (民事诉讼法 85).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from services.intake.claims import arbitration_limit
from services.intake.persons import Application
from shared.civil_time import civil_day
from shared.contracts.clocks import CLOCKS, due

FROM_RECEIPT = (
    "mediator_assignment",
    "fast_track_acceptance",
    "acceptance_decision",
    "right_to_arbitrate",
)
"""Clocks of `shared.contracts.clocks` that run from the day of receipt."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A named last day; `provisional` while a holiday plan that may move it is not announced."""

    name: str
    due_on: date
    provisional: bool


def deadlines(
    received: datetime, application: Application, flags: Collection[str] = ()
) -> tuple[Deadline, ...]:
    """What is known at submission, in this order; ValueError if `received` has no time zone.

    - `mediator_assignment`: 1 working day, a target of the service;
    - `fast_track_acceptance`: of the cases with that flag;
    - `acceptance_decision`: 3 working days, R17 22;
    - `right_to_arbitrate`: the 15 days after receipt in which an agreement may be reached; from
      the day after, either party may go to arbitration without one (LDMA 14);
    - `arbitration_limitation`: the first claim's limit (LDMA 27), missing if nothing lapses.
    """
    clocks = _from_receipt(civil_day(received), "fast_track" in flags)
    limit = arbitration_limit(application)
    if limit is None:
        return clocks
    return (*clocks, _deadline("arbitration_limitation", civil_day(received), limit))


@lru_cache(maxsize=8)  # the same for all applications of a day
def _from_receipt(day: date, fast_track: bool) -> tuple[Deadline, ...]:  # noqa: FBT001
    return tuple(
        _deadline(name, day) for name in FROM_RECEIPT if fast_track or not CLOCKS[name].flag
    )


def _deadline(name: str, start: date, on: date | None = None) -> Deadline:
    found = due(name, start, on)
    return Deadline(name, found.on, found.provisional)
