"""The mainland working-day calendar: holidays, make-up days (调休) and the arithmetic of periods.

The State Council announces each year's plan in the autumn before. Announced years come from
`chinesecalendar`; a plan announced after its release is added to `working_days.json`:

    {"2027": {"holidays": ["2027-01-01", …], "make_up_days": ["2027-02-14", …]}}

`holidays` lists every day off of the plan, weekends included or not, and a plan may name days of
the neighbouring years. Beyond all plans a day is judged by its weekday and the statutory holidays
that are certain (全国年节及纪念日放假办法, 2024), and every result says that it is provisional.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

import chinese_calendar
from chinese_calendar import constants

ONE_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class DueDate:
    """The last day of a period; `provisional` while a plan that may move it is not announced."""

    on: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What has been announced: days off, weekend days to be worked, and the years covered."""

    holidays: frozenset[date]
    make_up_days: frozenset[date]
    years: frozenset[int]


def announced(later: Mapping[str, Mapping[str, Any]]) -> Plan:
    """The plans of `chinesecalendar` and those announced later, which win where both speak.

    `later` is the content of `working_days.json`; ValueError for a year or date that is none, or a
    day that is both off and worked.
    """
    holidays, make_up_days = set(constants.holidays), set(constants.workdays)
    years = {day.year for day in holidays}
    for year, plan in later.items():
        off = {date.fromisoformat(day) for day in plan.get("holidays", ())}
        worked = {date.fromisoformat(day) for day in plan.get("make_up_days", ())}
        if off & worked:
            raise ValueError(f"working_days.json: {year} has days both off and worked")
        years.add(int(year))
        holidays = (holidays - worked) | off
        make_up_days = (make_up_days - off) | worked
    return Plan(frozenset(holidays), frozenset(make_up_days), frozenset(years))


ANNOUNCED = announced(
    json.loads(resources.files(__package__).joinpath("working_days.json").read_text("utf-8"))
)
"""Every plan known to this release."""


def is_working_day(day: date, plan: Plan = ANNOUNCED) -> bool:
    """Whether offices work on this day."""
    if day in plan.make_up_days:
        return True
    if day.weekday() >= _SATURDAY or day in plan.holidays:
        return False
    return day.year in plan.years or day not in _statutory_holidays(day.year)


def is_announced(day: date, plan: Plan = ANNOUNCED) -> bool:
    """Whether no later announcement can change this day.

    The plan of a year has moved working days in the last week of the year before (2018-12-29).
    """
    return {day.year, (day + 7 * ONE_DAY).year} <= plan.years


def add_working_days(start: date, count: int, plan: Plan = ANNOUNCED) -> DueDate:
    """The `count`-th working day after `start`, which is itself not counted; count of 1 or more."""
    if count < 1:
        raise ValueError("count must be 1 or more")
    day, provisional = start, False
    while count:
        day += ONE_DAY
        provisional = provisional or not is_announced(day, plan)
        count -= is_working_day(day, plan)
    return DueDate(day, provisional)


def add_days(start: date, count: int, plan: Plan = ANNOUNCED) -> DueDate:
    """The last day of a period of `count` calendar days (0 or more) after `start`.

    The first day is not counted; a last day off moves to the next working day
    (民事诉讼法 85, 民法典 201, 203).
    """
    if count < 0:
        raise ValueError("count must be 0 or more")
    return next_working_day_on_or_after(start + count * ONE_DAY, plan)


def next_working_day_on_or_after(day: date, plan: Plan = ANNOUNCED) -> DueDate:
    """`day` itself if it is worked, else the first working day after it."""
    provisional = not is_announced(day, plan)
    while not is_working_day(day, plan):
        day += ONE_DAY
        provisional = provisional or not is_announced(day, plan)
    return DueDate(day, provisional)


def one_year_after(day: date) -> date:
    """The same day of the next year, the month's last where there is none (民法典 202)."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)


_LUNAR: Mapping[int, tuple[str, str, str]] = {
    2027: ("02-06", "06-09", "09-15"),
    2028: ("01-26", "05-28", "10-03"),
    2029: ("02-13", "06-16", "09-22"),
    2030: ("02-03", "06-05", "09-12"),
    2031: ("01-23", "06-24", "10-01"),
    2032: ("02-11", "06-12", "09-19"),
    2033: ("01-31", "06-01", "09-08"),
    2034: ("02-19", "06-20", "09-27"),
    2035: ("02-08", "06-10", "09-16"),
    2036: ("01-28", "05-30", "10-04"),
}
"""Lunar new year's day (春节), 端午 and 中秋 in the civil calendar, facts of GB/T 33661."""


@cache
def _statutory_holidays(year: int) -> frozenset[date]:
    """The statutory days off of a year (1900 to 2100) without a plan, as far as they are certain."""
    days = {date(year, 1, 1), date(year, 5, 1), date(year, 5, 2)}
    days |= {date(year, 10, day) for day in (1, 2, 3)}
    days |= {
        day
        for day, term in chinese_calendar.get_solar_terms(date(year, 4, 1), date(year, 4, 30))
        if term == "清明"
    }
    if year in _LUNAR:
        spring, dragon_boat, mid_autumn = (
            date.fromisoformat(f"{year}-{day}") for day in _LUNAR[year]
        )
        days |= {spring + offset * ONE_DAY for offset in range(-1, 3)}  # new year's eve to 初三
        days |= {dragon_boat, mid_autumn}
    return frozenset(days)
