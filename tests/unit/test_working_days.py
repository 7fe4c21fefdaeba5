from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import working_days
from shared.working_days import (
    DueDate,
    add_days,
    add_working_days,
    announced,
    is_announced,
    is_working_day,
    next_working_day_on_or_after,
    one_year_after,
)

DAY = timedelta(days=1)
FROM_PACKAGE = announced({})
days = st.dates(date(2015, 1, 1), date(2045, 12, 31))
counts = st.integers(1, 40)


def test_announced_years_agree_with_the_published_plans_day_by_day():
    day = date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert is_working_day(day, FROM_PACKAGE) == chinese_calendar.is_workday(day), day
        day += DAY


@given(days, counts)
def test_a_working_day_period_ends_on_a_working_day_after_its_start(start, count):
    due = add_working_days(start, count)
    assert is_working_day(due.on)
    assert due.on >= start + count * DAY


@given(days, counts)
def test_a_working_day_period_holds_exactly_that_many_working_days(start, count):
    end = add_working_days(start, count).on
    worked = sum(is_working_day(start + n * DAY) for n in range(1, (end - start).days + 1))
    assert worked == count


@given(days, counts, counts)
def test_working_day_periods_add_up(start, first, second):
    there = add_working_days(add_working_days(start, first).on, second).on
    assert there == add_working_days(start, first + second).on


@given(days, days, st.integers(0, 400))
def test_later_starts_never_end_earlier(one, other, count):
    first, second = sorted((one, other))
    assert add_days(first, count).on <= add_days(second, count).on
    assert add_working_days(first, 3).on <= add_working_days(second, 3).on


@given(days, st.integers(0, 400))
def test_a_calendar_period_ends_on_the_first_working_day_from_its_last_day(start, count):
    end = add_days(start, count).on
    assert is_working_day(end)
    nominal = start + count * DAY
    assert not any(is_working_day(nominal + n * DAY) for n in range((end - nominal).days))


@given(days)
def test_moving_to_a_working_day_twice_is_moving_once(day):
    moved = next_working_day_on_or_after(day)
    assert next_working_day_on_or_after(moved.on).on == moved.on


@given(days)
def test_a_due_date_is_provisional_exactly_if_a_later_plan_can_move_it(day):
    due = next_working_day_on_or_after(day)
    steps = range((due.on - day).days + 1)
    assert due.provisional == any(not is_announced(day + n * DAY) for n in steps)


def test_a_period_over_the_national_day_holiday_skips_it_and_counts_make_up_days():
    # 2026: off 1 to 7 October; worked Sunday 20 September and Saturday 10 October
    assert add_working_days(date(2026, 9, 30), 1) == DueDate(date(2026, 10, 8), provisional=False)
    assert add_working_days(date(2026, 9, 30), 3).on == date(2026, 10, 10)
    assert add_working_days(date(2026, 9, 18), 1).on == date(2026, 9, 20)
    assert add_days(date(2026, 9, 20), 15).on == date(2026, 10, 8)


def test_a_last_day_on_a_make_up_saturday_stays():
    assert add_days(date(2026, 9, 25), 15).on == date(2026, 10, 10)


def test_the_first_day_is_not_counted():
    monday = date(2026, 11, 23)
    assert add_working_days(monday, 1).on == monday + DAY
    assert add_days(monday, 1).on == monday + DAY


@pytest.mark.parametrize(
    "day",
    [
        date(2027, 1, 1),  # new year
        date(2027, 2, 5),  # lunar new year's eve
        date(2027, 2, 8),  # 初三
        date(2027, 4, 5),  # 清明
        date(2029, 5, 2),
        date(2027, 6, 9),  # 端午
        date(2027, 9, 15),  # 中秋
        date(2029, 10, 3),
    ],
)
def test_certain_holidays_of_a_year_without_a_plan_are_days_off(day):
    assert day.weekday() < 5, "weekends are off anyway"
    assert not is_working_day(day, FROM_PACKAGE)
    assert next_working_day_on_or_after(day, FROM_PACKAGE).provisional


def test_lunar_festivals_follow_the_moon():
    """A year has 12 or 13 months of 29 or 30 days; 端午 is 5/5, 中秋 8/15; a leap month adds one."""
    festivals = {
        year: [date.fromisoformat(f"{year}-{day}") for day in days]
        for year, days in working_days._LUNAR.items()
    }
    known_new_moon = date(2000, 2, 5)  # lunar new year's day of 2000
    for year, (spring, dragon_boat, mid_autumn) in festivals.items():
        months = (spring - known_new_moon).days / 29.530588
        assert abs(months - round(months)) * 29.530588 < 1.5, year
        assert date(year, 1, 21) <= spring <= date(year, 2, 21)
        assert (dragon_boat - spring).days in {121, 122, 123, 151, 152, 153}
        assert (mid_autumn - dragon_boat).days in {98, 99, 127, 128, 129}
    for year in range(2027, 2036):
        assert (festivals[year + 1][0] - festivals[year][0]).days in {353, 354, 355, 383, 384, 385}


def test_qingming_is_computed_as_it_was_published():
    for year in range(2008, 2027):
        computed = working_days._statutory_holidays(year)
        (day,) = (day for day in computed if day.month == 4)
        assert not chinese_calendar.is_workday(day)
        assert chinese_calendar.get_holiday_detail(day)[1] == "Tomb-sweeping Day"


def test_a_later_announcement_wins_and_settles_the_year():
    plan = announced(
        {"2027": {"holidays": ["2027-01-01", "2027-01-04"], "make_up_days": ["2027-01-09"]}}
    )
    assert add_working_days(date(2026, 12, 31), 1, plan).on == date(2027, 1, 5)
    assert is_working_day(date(2027, 1, 9), plan)
    assert is_working_day(date(2027, 4, 5), plan), "the plan alone counts in its year"
    assert not add_days(date(2027, 3, 1), 15, plan).provisional


def test_a_later_plan_may_change_days_of_the_year_before():
    plan = announced({"2027": {"holidays": ["2026-12-31"], "make_up_days": ["2026-12-26"]}})
    assert not is_working_day(date(2026, 12, 31), plan)
    assert is_working_day(date(2026, 12, 26), plan)


def test_the_last_week_of_the_last_announced_year_is_provisional():
    assert is_announced(date(2026, 12, 24), FROM_PACKAGE)
    assert not is_announced(date(2026, 12, 25), FROM_PACKAGE)
    assert is_announced(date(2026, 12, 25), announced({"2027": {}}))


@pytest.mark.parametrize(
    "content",
    [
        {"next year": {"holidays": []}},
        {"2027": {"holidays": ["1 January"]}},
        {"2027": {"holidays": ["2027-01-01"], "make_up_days": ["2027-01-01"]}},
    ],
)
def test_an_unusable_announcement_is_refused(content):
    with pytest.raises(ValueError, match=r".+"):
        announced(content)


def test_periods_of_no_or_negative_length_are_refused():
    with pytest.raises(ValueError, match="1 or more"):
        add_working_days(date(2026, 11, 23), 0)
    with pytest.raises(ValueError, match="0 or more"):
        add_days(date(2026, 11, 23), -1)


def test_a_year_ends_on_the_same_day_or_the_last_of_february():
    assert one_year_after(date(2026, 9, 30)) == date(2027, 9, 30)
    assert one_year_after(date(2024, 2, 29)) == date(2025, 2, 28)
