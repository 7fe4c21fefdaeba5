"""Double wage, overtime, arrears and annual leave, worked by hand from the articles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders.calculations import amount, faults_of, results, worked_out


def to_the_fen(exact: Fraction) -> Fraction:
    """Half up, without a decimal on the way."""
    return Fraction(int(exact * 100 + Fraction(1, 2)), 100)


# Double wage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, more",
    [
        ({}, "66000.00"),  # eleven months, from 15 February to 14 January
        ({"signed_on": "2025-08-15"}, "36000.00"),  # six months
        ({"signed_on": "2025-02-15"}, "0.00"),  # on the day after a month
        ({"signed_on": "2025-02-16"}, "0.00"),  # the one day is a Saturday
        ({"signed_on": "2025-02-18"}, "275.86"),  # Monday, of 21.75 days
        ({"signed_on": "2026-06-01"}, "66000.00"),  # later than a year: no more than eleven
        ({"ended_on": "2025-05-31"}, "21310.34"),  # three months; 12 working days from 15 May
        ({"ended_on": "2025-02-10"}, "0.00"),
        ({"ended_on": "2025-05-31", "signed_on": "2025-04-15"}, "12000.00"),
    ],
)  # fmt: skip
def test_the_second_wage_runs_from_the_day_after_a_month_to_the_day_before_a_year(typed, more):
    assert amount("double_wage", started_on="2025-01-15", monthly_wage="6000", **typed) == more


@pytest.mark.parametrize(
    "started_on, signed_on, more",
    [
        ("2025-09-08", "2025-10-13", "1200.00"),  # 9, 10 and 11 October, a Saturday that was worked
        ("2026-09-01", None, "15900.00"),  # October; 18 working days of November up to today
        ("2026-10-26", None, "0.00"),  # the second month begins tomorrow
        ("2026-10-25", None, "400.00"),  # and today
    ],
)  # fmt: skip
def test_part_of_a_month_counts_by_its_working_days_and_none_that_has_not_come(
    started_on, signed_on, more
):
    typed = {"signed_on": signed_on} if signed_on else {}
    assert amount("double_wage", started_on=started_on, monthly_wage="8700", **typed) == more


def test_working_days_of_part_of_a_month_never_come_to_more_than_a_month():
    # From 15 July to 13 August 2025 there are 22 of them, which by the day were 8800.
    typed = {"started_on": "2025-06-15", "signed_on": "2025-08-14", "monthly_wage": "8700"}
    answer = worked_out("double_wage", **typed)
    assert answer["amount"] == "8700.00"
    assert "=8800.00元" in answer["steps"][1]["text"]
    assert "8700.00" in answer["bounds"][-1]["text"]
    whole = worked_out("double_wage", **{**typed, "signed_on": "2025-08-15"})
    assert (whole["amount"], len(whole["bounds"])) == ("8700.00", 1)


@pytest.mark.parametrize(
    "started_on, provisional", [("2035-01-15", True), ("2034-12-08", True), ("2025-01-15", False)]
)
def test_working_days_of_a_year_without_a_holiday_plan_are_said_to_be_provisional(
    started_on, provisional
):
    typed = {"started_on": started_on, "monthly_wage": "8700"}
    answer = worked_out("double_wage", today=date(2035, 3, 15), **typed)
    assert any("尚未公布" in each["text"] for each in answer["warnings"]) is provisional


@given(st.integers(50_000, 100_000_000), st.dates(date(2025, 2, 16), date(2026, 1, 14)))
def test_double_wage_is_exact_to_the_fen(wage_in_fen, signed_on):
    wage = Decimal(wage_in_fen) / 100
    typed = {"started_on": "2025-01-15", "signed_on": signed_on.isoformat()}
    found = results("double_wage", **typed, monthly_wage=str(wage))
    days = min(Fraction(found["days"]) / Fraction("21.75"), Fraction(1))
    assert Fraction(found["double_wage"]) == to_the_fen(
        Fraction(wage) * (Fraction(found["months"]) + days)
    )


def test_what_has_accrued_so_far_says_so():
    so_far = worked_out("double_wage", started_on="2026-09-01", monthly_wage="8700")
    assert "2026-11-25（今天）" in so_far["steps"][0]["text"]
    over = worked_out("double_wage", started_on="2025-01-15", monthly_wage="8700")
    assert "今天" not in over["steps"][0]["text"]
    not_yet = worked_out("double_wage", started_on="2026-11-20", monthly_wage="8700")
    assert "还没有到" in not_yet["steps"][0]["text"]


@pytest.mark.parametrize(
    "started_on, first, last",
    [
        ("2025-01-15", "2025-02-15", "2026-01-14"),
        ("2024-01-31", "2024-03-01", "2025-01-30"),
        ("2024-02-29", "2024-03-29", "2025-02-28"),
        ("2023-12-31", "2024-01-31", "2024-12-30"),
        ("2025-10-30", "2025-11-30", "2026-10-29"),
        ("2025-11-26", "2025-12-26", "2026-11-25"),
    ],
)
def test_eleven_months_are_eleven_whichever_day_they_begin(started_on, first, last):
    found = results("double_wage", started_on=started_on, monthly_wage="5000")
    assert (found["first_day"], found["last_day"]) == (first, last)
    assert (found["months"], found["double_wage"]) == ("11", "55000.00")


def test_the_year_in_which_to_claim_is_warned_of():
    answer = worked_out("double_wage", started_on="2025-01-15", monthly_wage="6000")
    assert "2026-02-15" in answer["warnings"][0]["text"]
    assert "2027-01-14" in answer["warnings"][0]["text"]
    assert answer["warnings"][0]["source"]["article"] == "27"


def test_days_before_work_began_or_before_the_law_are_refused():
    assert faults_of(
        "double_wage", started_on="2025-01-15", signed_on="2025-01-14", monthly_wage="6000"
    ) == [("/signed_on", "before_start")]
    assert faults_of("double_wage", started_on="2007-12-31", monthly_wage="6000") == [
        ("/started_on", "out_of_range")
    ]
    assert faults_of("double_wage", started_on="2026-11-26", monthly_wage="6000") == [
        ("/started_on", "in_future")
    ]


@given(st.integers(500, 100_000), st.integers(1, 5000))
def test_the_second_wage_grows_with_the_wage(wage, more):
    one, other = (
        Decimal(amount("double_wage", started_on="2025-01-15", monthly_wage=w, signed_on="2025-06-03"))
        for w in (wage, wage + more)
    )  # fmt: skip
    assert Decimal(0) < one < other <= 11 * (wage + more)


# Overtime ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, pay",
    [
        ({"workday_hours": "10"}, "750.00"),  # 8700 / 21.75 / 8 = 50 an hour
        ({"workday_hours": "0.5"}, "37.50"),
        ({"rest_day_hours": "8"}, "800.00"),
        ({"holiday_hours": "8"}, "1200.00"),
        ({"workday_hours": "10", "rest_day_hours": "8", "holiday_hours": "8"}, "2750.00"),
        ({"workday_hours": "10", "already_paid": "700.50"}, "49.50"),
        ({"workday_hours": "10", "already_paid": "800"}, "0.00"),
        ({}, "0.00"),
    ],
)
def test_an_hour_of_overtime_is_paid_at_150_200_and_300_percent(typed, pay):
    assert amount("overtime", monthly_wage="8700", months="1", **typed) == pay


def test_the_wage_of_an_hour_is_not_rounded_before_the_end():
    # 6000 / 21.75 / 8 = 34.4827…; 60 of them are 2068.9655…
    assert amount("overtime", monthly_wage="6000", months="1", workday_hours="40") == "2068.97"


@example(464_174, (100, 0, 0))  # half a fen exactly: 40.015
@example(500_001, (200, 1300, 0))  # 3 and 26 of 174 months: 833.335
@example(884_418, (2500, 600, 2700))  # three quotients without an end: 6633.135
@given(st.integers(50_000, 100_000_000), st.tuples(*[st.integers(0, 3600)] * 3))
def test_overtime_is_exact_to_the_fen_however_the_wage_divides(wage_in_fen, hundredths_of_hours):
    wage = Decimal(wage_in_fen) / 100
    workday, rest_day, holiday = (Decimal(hours) / 100 for hours in hundredths_of_hours)
    hourly = Fraction(wage) / 174  # 21.75 days of 8 hours
    found = results(
        "overtime", monthly_wage=str(wage), months="1", workday_hours=str(workday),
        rest_day_hours=str(rest_day), holiday_hours=str(holiday),
    )  # fmt: skip
    by_kind = [
        Fraction(workday) * Fraction(3, 2) * hourly,
        Fraction(rest_day) * 2 * hourly,
        Fraction(holiday) * 3 * hourly,
    ]
    names = ["workday_pay", "rest_day_pay", "holiday_pay"]
    assert [Fraction(found[name]) for name in names] == [to_the_fen(pay) for pay in by_kind]
    assert Fraction(found["total"]) == to_the_fen(sum(by_kind, Fraction(0)))


@pytest.mark.parametrize("hours, warned", [("36", False), ("36.01", True)])
def test_more_than_36_hours_a_month_are_warned_of(hours, warned):
    answer = worked_out("overtime", monthly_wage="8700", months="1", workday_hours=hours)
    assert bool(answer["warnings"]) is warned


@pytest.mark.parametrize(
    "name, most", [("workday_hours", 368), ("rest_day_hours", 240), ("holiday_hours", 192)]
)
def test_hours_that_a_month_does_not_have_are_refused(name, most):
    typed = {"monthly_wage": "8700", "months": "2"}
    assert faults_of("overtime", **typed, **{name: most * 2}) == []
    assert faults_of("overtime", **typed, **{name: most * 2 + 1}) == [(f"/{name}", "out_of_range")]


@given(st.integers(0, 368), st.integers(500, 100_000))
def test_an_hour_more_brings_more(hours, wage):
    typed = {"monthly_wage": wage, "months": 2}
    less = Decimal(amount("overtime", workday_hours=hours, **typed))
    assert Decimal(0) <= less < Decimal(amount("overtime", workday_hours=hours + 1, **typed))


# Arrears ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "owed, least, most",
    [
        ("12000", "6000.00", "12000.00"),
        ("0.99", None, None),
        ("1", "0.50", "1.00"),
        ("100.01", "50.01", "100.01"),
        ("99999999.99", "50000000.00", "99999999.99"),
        ("100000000", "50000000.00", "100000000.00"),
        ("100000000.01", None, None),
    ],
)
def test_additional_damages_are_a_range_of_half_to_the_whole(owed, least, most):
    if least is None:
        assert faults_of("unpaid_wages", owed=owed) == [("/owed", "out_of_range")]
        return
    found = results("unpaid_wages", owed=owed)
    assert (found["additional_least"], found["additional_most"]) == (least, most)
    assert Decimal(found["owed"]) == Decimal(owed)
    assert Decimal(found["total_most"]) == 2 * Decimal(owed)


# Annual leave -----------------------------------------------------------------------------------

LEAVE = {"year": 2026, "days_taken": "0", "monthly_wage": "8700"}


@pytest.mark.parametrize(
    "years, days", [(0, "0"), (1, "5"), (9, "5"), (10, "10"), (19, "10"), (20, "15"), (60, "15")]
)
def test_days_of_leave_go_by_the_years_worked(years, days):
    assert results("annual_leave", **LEAVE, cumulated_years=years)["days"] == days


@pytest.mark.parametrize(
    "typed, days, pay",
    [
        ({}, "10", "8000.00"),  # a day is 8700 / 21.75 = 400, 200 % of it 800
        ({"days_taken": "2"}, "8", "6400.00"),
        ({"days_taken": "2.5"}, "7.5", "6000.00"),
        ({"days_taken": "12"}, "0", "0.00"),
        ({"days_taken": "2", "ended_on": "2026-06-30"}, "2", "1600.00"),  # 181/365 × 10 - 2 = 2.96
        ({"ended_on": "2026-02-05"}, "0", "0.00"),  # 36 days: 0.99
        ({"ended_on": "2026-02-06"}, "1", "800.00"),  # 37 days: 1.01
        ({"started_on": "2026-07-01"}, "5", "4000.00"),  # 184/365 × 10 = 5.04
        ({"started_on": "2026-07-01", "days_taken": "0.5"}, "4.5", "3600.00"),
        ({"started_on": "2026-07-03"}, "4", "3200.00"),  # 182/365 × 10 = 4.99
        ({"started_on": "2026-03-01", "ended_on": "2026-08-31"}, "5", "4000.00"),  # 184 days
        ({"year": 2024, "ended_on": "2024-12-31"}, "10", "8000.00"),  # 366 days are not more
    ],
)
def test_leave_of_part_of_a_year_is_pro_rata_in_whole_days(typed, days, pay):
    found = results("annual_leave", **{**LEAVE, "cumulated_years": 12, **typed})
    assert (found["days"], found["additional"]) == (days, pay)
    assert Decimal(found["whole"]) * 2 == Decimal(found["additional"]) * 3


@pytest.mark.parametrize(
    "typed, faults",
    [
        ({"year": 2027}, [("/year", "out_of_range")]),
        ({"ended_on": "2025-12-31"}, [("/ended_on", "out_of_range")]),
        ({"started_on": "2026-07-01", "ended_on": "2026-06-30"}, [("/ended_on", "before_start")]),
        ({"started_on": "2026-11-26"}, [("/started_on", "in_future")]),
        ({"days_taken": "1.3"}, [("/days_taken", "wrong_type")]),
        ({"cumulated_years": 61}, [("/cumulated_years", "out_of_range")]),
    ],
)
def test_leave_that_cannot_be_is_refused(typed, faults):
    assert faults_of("annual_leave", **{**LEAVE, "cumulated_years": 12, **typed}) == faults


@given(st.integers(0, 59), st.integers(0, 15))
def test_more_years_never_bring_less_leave(years, taken):
    fewer, more = (
        Decimal(amount("annual_leave", **{**LEAVE, "days_taken": taken}, cumulated_years=y))
        for y in (years, years + 1)
    )
    assert Decimal(0) <= fewer <= more


@given(st.integers(50_000, 100_000_000), st.integers(0, 30))
def test_leave_is_paid_exactly_to_the_fen(wage_in_fen, half_days_taken):
    wage, taken = Decimal(wage_in_fen) / 100, Decimal(half_days_taken) / 2
    found = results(
        "annual_leave", year=2026, cumulated_years=20, days_taken=str(taken), monthly_wage=str(wage)
    )
    daily = Fraction(wage) / Fraction("21.75")
    assert Fraction(found["additional"]) == to_the_fen(Fraction(15 - taken) * daily * 2)
    assert Fraction(found["whole"]) == to_the_fen(Fraction(15 - taken) * daily * 3)


def test_when_leave_is_to_be_claimed_depends_on_whether_the_contract_has_ended():
    def warned(**typed):
        answer = worked_out("annual_leave", **{**LEAVE, "cumulated_years": 12, **typed})
        return [
            (each["source"]["title"], each["source"]["article"], each["text"])
            for each in answer["warnings"][1:]
        ]

    (due, when) = warned(ended_on="2026-06-30")
    assert due[:2] == ("企业职工带薪年休假实施办法", "12")
    assert when[:2] == ("劳动争议调解仲裁法", "27")
    assert "最迟2027-06-30" in when[2]
    (not_yet, practice) = warned()
    assert "还没有结束" in not_yet[2]
    assert "实践中" in practice[2]
    (practice,) = warned(year=2025)
    assert "实践中多自次年起" in practice[2]
