"""Lengths of time as the law counts them: completed months by date, first and last day included."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

ONE_DAY: Final = timedelta(days=1)
MONTHS_A_YEAR: Final = 12
_HALF_A_YEAR: Final = 6


class Service(NamedTuple):
    """Completed years, completed months beyond them, days beyond those."""

    years: int
    months: int
    days: int

    @property
    def owed(self) -> Decimal:
        """Months of wage: one a year, six months or more as a year, less as half (劳动合同法 47)."""
        if self.months >= _HALF_A_YEAR:
            return Decimal(self.years + 1)
        return self.years + (Decimal("0.5") if self.months or self.days else Decimal(0))


def after_months(start: date, months: int) -> date:
    """The first day after `months` months that begin with `start`.

    Where the month has no such day the period ends with the month (民法典 202): one month from
    31 January is full at the end of February, a year from 29 February likewise.
    """
    year, month = divmod(start.year * MONTHS_A_YEAR + start.month - 1 + months, MONTHS_A_YEAR)
    month += 1
    if start.day <= monthrange(year, month)[1]:
        return date(year, month, start.day)
    return date(year, month, monthrange(year, month)[1]) + ONE_DAY


def completed_months(start: date, last: date) -> int:
    """Whole months from `start` to the end of `last`; 0 if it lies before."""
    end = last + ONE_DAY
    months = (end.year - start.year) * MONTHS_A_YEAR + end.month - start.month
    while months > 0 and after_months(start, months) > end:
        months -= 1
    return max(months, 0)


def service(start: date, last: date) -> Service:
    """How long somebody worked who began on `start` and whose last day was `last`."""
    months = completed_months(start, last)
    days = (last + ONE_DAY - after_months(start, months)).days
    return Service(*divmod(months, MONTHS_A_YEAR), max(days, 0))
