"""The statutory retirement age since its gradual raise.

国务院关于渐进式延迟法定退休年龄的办法 (with the Standing Committee's decision of 2024-09-13), in
force since 2025-01-01: men from 60 to 63 and women of 55 to 58 by one month for every four months
of birth, women of 50 to 55 by one month for every two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

RetirementGroup = Literal["men", "women_55", "women_50"]


@dataclass(frozen=True, slots=True)
class Raise:
    """From `age` years on, one month more per `step` months of birth since `first_birth`."""

    age: int
    first_birth: tuple[int, int]  # year and month of the first birth the raise touches
    step: int
    most: int  # months


RAISES: Mapping[RetirementGroup, Raise] = {
    "men": Raise(60, (1965, 1), 4, 36),
    "women_55": Raise(55, (1970, 1), 4, 36),
    "women_50": Raise(50, (1975, 1), 2, 60),
}


def delay_months(birth: date, group: RetirementGroup) -> int:
    """Months by which retirement is later than before the raise, 0 for births before it."""
    rule = RAISES[group]
    year, month = rule.first_birth
    months = (birth.year - year) * 12 + birth.month - month
    return 0 if months < 0 else min(rule.most, months // rule.step + 1)


def reaches_retirement_age(birth: date, group: RetirementGroup) -> date:
    """The day on which the statutory retirement age is reached, the month's last if shorter."""
    months = birth.month - 1 + delay_months(birth, group)
    year, month = birth.year + RAISES[group].age + months // 12, months % 12 + 1
    for day in (birth.day, 30, 29, 28):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
