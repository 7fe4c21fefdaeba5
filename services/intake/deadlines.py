"""The clocks that start when an application is received.

All days are civil days of the mainland (Asia/Shanghai); the first day is not counted and a last
day off moves forward (民事诉讼法 85).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from services.intake.claims import arbitration_limit
from services.intake.persons import Application
from services.intake.working_days import (
    DueDate,
    add_days,
    add_working_days,
    next_working_day_on_or_after,
)
from shared.civil_time import civil_day

ASSIGNMENT_WORKING_DAYS = 1
ACCEPTANCE_WORKING_DAYS = 3
ARBITRATION_OPENS_AFTER_DAYS = 15


@dataclass(frozen=True, slots=True)
class Deadline:
    """A named last day; `provisional` while a holiday plan that may move it is not announced."""

    name: str
    due_on: date
    provisional: bool


def deadlines(received: datetime, application: Application) -> tuple[Deadline, ...]:
    """What is known at submission, in this order; ValueError if `received` has no time zone.

    - `mediator_assignment`: 1 working day, a target of the service;
    - `acceptance_decision`: 3 working days, R17 22;
    - `right_to_arbitrate`: the 15 days after receipt in which an agreement may be reached; from
      the day after, either party may go to arbitration without one (LDMA 14);
    - `arbitration_limitation`: the first claim's limit (LDMA 27), missing if nothing lapses.
    """
    clocks = _from_receipt(civil_day(received))
    limit = arbitration_limit(application)
    if limit is None:
        return clocks
    return (*clocks, _deadline("arbitration_limitation", next_working_day_on_or_after(limit)))


@lru_cache(maxsize=8)  # the same for all applications of a day
def _from_receipt(day: date) -> tuple[Deadline, ...]:
    return (
        _deadline("mediator_assignment", add_working_days(day, ASSIGNMENT_WORKING_DAYS)),
        _deadline("acceptance_decision", add_working_days(day, ACCEPTANCE_WORKING_DAYS)),
        _deadline("right_to_arbitrate", add_days(day, ARBITRATION_OPENS_AFTER_DAYS)),
    )


def _deadline(name: str, due: DueDate) -> Deadline:
    return Deadline(name, due.on, due.provisional)
