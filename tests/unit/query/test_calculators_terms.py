"""Probation, service periods, leave and the arbitration limit, worked by hand from the articles."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.calculations import amount, faults_of, results, worked_out


@pytest.mark.parametrize(
    "agreed, paid, months, minimum, short",
    [
        ("10000", "8000", "3", None, "0.00"),  # exactly 80 %
        ("10000", "7999.99", "3", None, "0.03"),
        ("10000", "6000", "2", None, "4000.00"),
        ("2000", "1500", "2", "1900", "800.00"),  # the minimum wage is more than 80 %
        ("2375", "1900", "6", "1900", "0.00"),  # both are the same
        ("10000", "0", "0.5", None, "4000.00"),
        ("10000", "12000", "3", None, "0.00"),
    ],
)
def test_pay_in_probation_is_80_percent_at_least_and_the_minimum_wage(
    agreed, paid, months, minimum, short
):
    typed = {"agreed_wage": agreed, "paid_wage": paid, "months": months}
    assert amount("probation_pay", **typed, local_minimum_wage=minimum) == short


@pytest.mark.parametrize(
    "term, served, damages",
    [
        ("under_3_months", "1", "5000.00"),
        ("by_task", "0.5", "2500.00"),
        ("3_months_to_1_year", "1", "0.00"),
        ("3_months_to_1_year", "3", "10000.00"),
        ("1_to_3_years", "2", "0.00"),
        ("1_to_3_years", "2.01", "50.00"),
        ("1_to_3_years", "6", "20000.00"),
        ("3_years_or_more", "6", "0.00"),
        ("open_ended", "7", "5000.00"),
    ],
)
def test_probation_beyond_its_lawful_length_is_paid_at_the_full_wage(term, served, damages):
    typed = {"contract_term": term, "months": served, "monthly_wage": "5000"}
    assert amount("probation_too_long", **typed) == damages


def test_a_term_that_is_none_is_refused():
    typed = {"contract_term": "for ever", "months": "1", "monthly_wage": "5000"}
    assert faults_of("probation_too_long", **typed) == [("/contract_term", "unknown_value")]


@pytest.mark.parametrize(
    "served, agreed, most",
    [
        ("12", None, "20000.00"),
        ("12", "15000", "15000.00"),
        ("12", "25000", "20000.00"),
        ("0", None, "30000.00"),
        ("36", None, "0.00"),
        ("12.5", None, "19583.33"),
        ("12", "0", "0.00"),
    ],
)
def test_the_penalty_is_at_most_the_cost_of_the_time_not_served(served, agreed, most):
    typed = {"training_cost": "30000", "service_months": "36", "served_months": served}
    assert amount("service_period_penalty", **typed, agreed_penalty=agreed) == most


def test_more_than_the_service_agreed_cannot_be_served():
    typed = {"training_cost": "30000", "service_months": "36", "served_months": "36.01"}
    assert faults_of("service_period_penalty", **typed) == [("/served_months", "out_of_range")]


@given(st.integers(1, 10**6), st.integers(2, 480), st.integers(0, 479))
def test_the_penalty_falls_with_each_month_served_and_never_exceeds_the_cost(cost, agreed, served):
    served = min(served, agreed - 1)
    more, less = (
        Decimal(amount("service_period_penalty", training_cost=cost, service_months=agreed,
                       served_months=months))
        for months in (served, served + 1)
    )  # fmt: skip
    assert Decimal(0) <= less <= more <= cost


@pytest.mark.parametrize(
    "typed, days",
    [
        ({"event": "birth"}, "98"),
        ({"event": "birth", "difficult_birth": True}, "113"),
        ({"event": "birth", "children": 1, "difficult_birth": False}, "98"),
        ({"event": "birth", "children": 2}, "113"),
        ({"event": "birth", "children": 3, "difficult_birth": True}, "143"),
        ({"event": "miscarriage_before_4_months"}, "15"),
        ({"event": "miscarriage_from_4_months"}, "42"),
    ],
)
def test_maternity_leave_has_these_days(typed, days):
    assert amount("maternity_leave", **typed) == days


def test_the_maternity_allowance_is_estimated_if_a_wage_is_stated():
    found = results("maternity_leave", event="birth", children=2, monthly_wage="9000")
    assert found["allowance"] == "33900.00"  # 300 a day for 113 days
    assert "allowance" not in results("maternity_leave", event="birth")


@given(st.integers(100, 100_000_000))
def test_the_maternity_allowance_is_exact_to_the_fen(wage_in_fen):
    wage = Decimal(wage_in_fen) / 100
    found = results("maternity_leave", event="birth", monthly_wage=str(wage))
    exact = Fraction(wage) * 98 / 30
    assert Fraction(found["allowance"]) == Fraction(int(exact * 100 + Fraction(1, 2)), 100)


def test_children_are_asked_of_a_birth_only():
    typed = {"event": "miscarriage_from_4_months", "children": 2, "difficult_birth": True}
    assert faults_of("maternity_leave", **typed) == [
        ("/children", "not_allowed"), ("/difficult_birth", "not_allowed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "total, here, months, window",
    [
        (0, 0, "3", "6"), (9, 4, "3", "6"), (9, 5, "6", "12"), (10, 4, "6", "12"), (10, 5, "9", "15"),
        (14, 10, "12", "18"), (15, 15, "18", "24"), (20, 19, "18", "24"), (20, 20, "24", "30"),
    ],
)  # fmt: skip
def test_the_medical_period_goes_by_years_worked(total, here, months, window):
    found = results("medical_period", total_years=total, years_here=here)
    assert (found["medical_period"], found["window"]) == (months, window)


def test_more_years_with_the_employer_than_in_all_are_refused():
    assert faults_of("medical_period", total_years=5, years_here=6) == [
        ("/years_here", "out_of_range")
    ]


@given(st.integers(0, 59), st.integers(0, 59))
def test_the_medical_period_never_shrinks_with_the_years(total, here):
    here = min(here, total)
    shorter = Decimal(amount("medical_period", total_years=total, years_here=here))
    longer = Decimal(amount("medical_period", total_years=total + 1, years_here=here + 1))
    assert 3 <= shorter <= longer <= 24


@pytest.mark.parametrize(
    "typed, last_day",
    [
        ({"known_on": "2025-09-30"}, "2026-09-30"),
        ({"known_on": "2025-10-01"}, "2026-10-08"),  # after the national holidays
        ({"known_on": "2024-02-29"}, "2025-02-28"),
        ({"known_on": "2025-11-22"}, "2026-11-23"),  # a Sunday
        ({"known_on": "2025-09-30", "interrupted_on": "2026-01-15"}, "2027-01-15"),
        ({"known_on": "2023-01-10", "pay_arrears": True, "employment_ended_on": "2025-03-31"}, "2026-03-31"),
        ({"known_on": "2025-03-31", "employment_ended_on": "2026-03-31"}, "2026-03-31"),
        ({"known_on": "2020-01-02", "interrupted_on": "2021-01-04"}, "2022-01-04"),  # on the last day
        ({"known_on": "2020-01-02", "interrupted_on": "2021-01-05"}, "2021-01-04"),  # a day late
        ({"known_on": "2020-01-01", "interrupted_on": "2024-01-05"}, "2021-01-04"),
        ({"known_on": "2022-01-10", "pay_arrears": True, "employment_ended_on": "2023-03-31",
          "interrupted_on": "2026-10-01"}, "2024-04-01"),
    ],
)  # fmt: skip
def test_the_last_day_for_arbitration_is_a_year_on_and_never_a_day_off(typed, last_day):
    assert amount("limitation", **typed) == last_day


def test_while_the_employment_lasts_no_limit_runs_for_unpaid_wages():
    answer = worked_out("limitation", known_on="2023-01-10", pay_arrears=True)
    assert "不受一年限制" in answer["steps"][0]["text"]
    assert (answer["amount"], answer["unit"]) == ("1", "years")
    assert not any(result["unit"] == "date" for result in answer["results"])


def test_a_claim_made_after_the_year_is_warned_of():
    late = worked_out("limitation", known_on="2020-01-01", interrupted_on="2024-01-05")
    assert "不能使时效中断" in late["warnings"][0]["text"]
    assert "中止" in late["warnings"][0]["text"]
    assert not worked_out("limitation", known_on="2024-01-02", interrupted_on="2024-06-03")[
        "warnings"
    ]


@pytest.mark.parametrize(
    "typed, faults",
    [
        ({"known_on": "2026-11-26"}, [("/known_on", "in_future")]),
        ({"known_on": "2026-01-02", "interrupted_on": "2026-01-01"}, [("/interrupted_on", "before_start")]),
        ({"known_on": "2026-01-02", "employment_ended_on": "9999-12-31"}, [("/employment_ended_on", "out_of_range")]),
        ({"known_on": "1901-01-02"}, [("/known_on", "out_of_range")]),
        ({"known_on": "yesterday"}, [("/known_on", "not_a_date")]),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_refused(typed, faults):
    assert faults_of("limitation", **typed) == faults
