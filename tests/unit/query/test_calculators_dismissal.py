"""Economic compensation, damages and notice pay, worked by hand from articles 40, 47, 87 and 97."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.query.guidance.calculators.periods import after_months, completed_months, service
from tests.builders.calculations import TODAY, amount, faults_of, results, worked_out

WAGE = "10000"


def months(started_on: str, ended_on: str) -> str:
    return results(
        "economic_compensation", started_on=started_on, ended_on=ended_on, monthly_wage=WAGE
    )["months"]


@pytest.mark.parametrize(
    "started_on, ended_on, owed",
    [
        ("2026-03-01", "2026-03-01", "0.5"),  # a single day
        ("2026-03-01", "2026-08-30", "0.5"),  # a day less than six months
        ("2026-03-01", "2026-08-31", "1"),  # exactly six months
        ("2025-03-01", "2026-02-27", "1"),  # a day less than a year
        ("2025-03-01", "2026-02-28", "1"),  # exactly a year
        ("2025-03-01", "2026-03-01", "1.5"),  # a year and a day
        ("2020-02-29", "2021-02-27", "1"),  # from a leap day: a day less than a year
        ("2020-02-29", "2021-02-28", "1"),  # full with the month that has no 29th
        ("2020-02-29", "2021-03-01", "1.5"),
        ("2020-02-29", "2024-02-28", "4"),  # the leap day itself is the next year
        ("2020-02-29", "2024-02-29", "4.5"),
        ("2025-08-31", "2026-02-28", "1"),  # six months from the 31st end with February
        ("2025-08-31", "2026-02-27", "0.5"),
        ("2008-01-01", "2026-06-30", "19"),
        ("2008-01-01", "2026-06-29", "18.5"),
    ],
)
def test_months_are_counted_by_the_calendar(started_on, ended_on, owed):
    assert months(started_on, ended_on) == owed


def test_a_plain_case_worked_by_hand():
    # 1 March 2020 to 31 August 2026: six years and six months, so seven months' wage
    answer = worked_out(
        "economic_compensation",
        started_on="2020-03-01", ended_on="2026-08-31", monthly_wage="8000.50",
    )  # fmt: skip
    assert answer["amount"] == "56003.50"
    assert "6年6个月0天" in answer["steps"][0]["text"]
    assert "7×8000.50=56003.50元" in answer["steps"][1]["text"]
    assert answer["steps"][0]["source"]["article"] == "47"


def test_high_wages_are_capped_at_three_times_the_average_and_at_twelve_years():
    typed = {"started_on": "2008-01-01", "ended_on": "2026-06-30", "local_average_wage": "8000"}
    assert amount("economic_compensation", monthly_wage="24000", **typed) == "456000.00"  # 19
    capped = worked_out("economic_compensation", monthly_wage="24000.01", **typed)
    assert capped["amount"] == "288000.00"  # 12 × 24000
    assert len(capped["bounds"]) == 2
    assert not capped["warnings"]


def test_twelve_years_exactly_are_not_cut():
    typed = {"monthly_wage": "30000", "local_average_wage": "8000", "started_on": "2014-07-01"}
    exactly = worked_out("economic_compensation", ended_on="2026-06-30", **typed)
    assert (exactly["amount"], len(exactly["bounds"])) == ("288000.00", 1)
    longer = worked_out("economic_compensation", ended_on="2026-07-01", **typed)
    assert (longer["amount"], len(longer["bounds"])) == ("288000.00", 2)


def test_low_wages_are_raised_to_the_minimum_and_said_to_be():
    answer = worked_out(
        "economic_compensation",
        started_on="2025-03-01", ended_on="2026-02-28", monthly_wage="1500",
        local_minimum_wage="2200",
    )  # fmt: skip
    assert answer["amount"] == "2200.00"
    assert answer["bounds"][0]["source"]["title"] == "劳动合同法实施条例"


def test_years_before_2008_are_explained_for_compensation_and_counted_for_damages():
    typed = {"started_on": "2005-07-01", "ended_on": "2009-12-31", "monthly_wage": "3000"}
    compensation = worked_out("economic_compensation", **typed)
    assert compensation["amount"] == "6000.00"  # 2008 and 2009
    assert [w["source"]["article"] for w in compensation["warnings"]] == ["47", "97"]
    assert "2年6个月0天" in compensation["warnings"][1]["text"]
    assert amount("damages_unlawful_dismissal", **typed) == "30000.00"  # 2 × 5 × 3000


@pytest.mark.parametrize(
    "typed, due",
    [
        ({"started_on": "2023-03-01", "ended_on": "2026-02-28", "monthly_wage": "7000"}, "42000.00"),
        ({"started_on": "2023-03-01", "ended_on": "2026-03-01", "monthly_wage": "7000"}, "49000.00"),
        ({"started_on": "2026-03-01", "ended_on": "2026-03-10", "monthly_wage": "7000"}, "7000.00"),
        ({"started_on": "2008-01-01", "ended_on": "2026-06-30", "monthly_wage": "30000",
          "local_average_wage": "8000"}, "576000.00"),
        ({"started_on": "2025-03-01", "ended_on": "2026-02-28", "monthly_wage": "1500",
          "local_minimum_wage": "2200"}, "4400.00"),
    ],
)  # fmt: skip
def test_damages_are_twice_the_compensation(typed, due):
    answer = worked_out("damages_unlawful_dismissal", **typed)
    assert answer["amount"] == due
    assert {"25", "48"} <= {warning["source"]["article"] for warning in answer["warnings"]}


@pytest.mark.parametrize(
    "ended_on, last_month_wage, total",
    [
        ("2026-02-28", "9000", "33000.00"),
        ("2026-03-01", "9000", "37000.00"),
        ("2026-08-31", "9000", "41000.00"),
        ("2026-08-31", "0.99", None),
        ("2023-03-01", "100.55", "4100.55"),
    ],
)
def test_notice_pay_is_the_wage_of_the_month_before_on_top(ended_on, last_month_wage, total):
    typed = {
        "started_on": "2023-03-01", "ended_on": ended_on, "monthly_wage": "8000",
        "last_month_wage": last_month_wage,
    }  # fmt: skip
    if total is None:
        assert faults_of("notice_pay", **typed) == [("/last_month_wage", "out_of_range")]
        return
    found = results("notice_pay", **typed)
    assert found["total"] == total
    assert Decimal(found["total"]) - Decimal(found["notice_pay"]) == Decimal(
        found["economic_compensation"]
    )


@pytest.mark.parametrize(
    "changed, faults",
    [
        ({"ended_on": "2020-02-28"}, [("/ended_on", "before_start")]),
        ({"started_on": "1949-10-01"}, [("/started_on", "out_of_range"), ("/ended_on", "out_of_range")]),
        ({"started_on": "1960-01-01"}, [("/ended_on", "out_of_range")]),
        ({"ended_on": "2028-01-01"}, [("/ended_on", "out_of_range")]),
        ({"started_on": "2001-01-01", "ended_on": "2007-12-31"}, [("/ended_on", "out_of_range")]),
        ({"started_on": "2026-11-26", "ended_on": "2027-08-31"}, [("/started_on", "in_future")]),
        ({"started_on": "2026-11-25", "ended_on": "2027-08-31"}, []),
        ({"started_on": "2025-02-29"}, [("/started_on", "not_a_date")]),
        ({"monthly_wage": "0"}, [("/monthly_wage", "out_of_range")]),
        ({"local_minimum_wage": "9000", "local_average_wage": "8000"}, [("/local_minimum_wage", "out_of_range")]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(changed, faults):
    typed = {"started_on": "2020-03-01", "ended_on": "2026-08-31", "monthly_wage": "8000"} | changed
    assert sorted(faults_of("economic_compensation", **typed)) == sorted(faults)


# Properties -------------------------------------------------------------------------------------

DAYS = st.dates(date(2008, 1, 1), TODAY)
WAGES = st.integers(500, 100_000)


def owed(start: date, end: date, wage: int, average: int | None = None) -> Decimal:
    typed = {"started_on": start.isoformat(), "ended_on": end.isoformat(), "monthly_wage": wage}
    if average is not None:
        typed["local_average_wage"] = average
    return Decimal(amount("economic_compensation", **typed))


@given(DAYS, st.integers(0, 6000), WAGES)
def test_a_longer_service_never_brings_less(start, days, wage):
    end = start + timedelta(days=days)
    assume(end < date(2026, 12, 31))
    assert Decimal(0) < owed(start, end, wage) <= owed(start, end + timedelta(days=1), wage)


@given(DAYS, WAGES, st.integers(1, 5000))
def test_a_higher_wage_never_brings_less_below_the_cap(start, wage, more):
    average = (wage + more) // 3 + 1
    assume(500 <= average <= 100_000)
    end = max(start, date(2026, 6, 30))
    assert owed(start, end, wage, average) <= owed(start, end, wage + more, average)


@given(DAYS, WAGES, st.integers(500, 30_000))
def test_the_cap_holds_for_whoever_earns_more(start, wage, average):
    assume(wage > 3 * average)
    assert owed(start, max(start, date(2026, 6, 30)), wage, average) <= 12 * 3 * average


@given(DAYS, st.integers(0, 400))
def test_months_and_days_add_up_to_the_time_between(start, months_):
    end = after_months(start, months_) - timedelta(days=1)
    assert completed_months(start, end) == months_
    assert service(start, end).days == 0
    assert completed_months(start, end - timedelta(days=1)) == max(months_ - 1, 0)
