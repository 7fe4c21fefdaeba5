"""Allowances after an injury at work, worked by hand from articles 33 to 39 and 64."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.calculations import amount, faults_of, results, worked_out


@pytest.mark.parametrize(
    "grade, months",
    [(1, 27), (2, 25), (3, 23), (4, 21), (5, 18), (6, 16), (7, 13), (8, 11), (9, 9), (10, 7)],
)
def test_the_grant_is_so_many_months_of_the_own_wage_by_grade(grade, months):
    answer = worked_out("disability_grant", grade=grade, own_wage="6000.10")
    assert Decimal(answer["amount"]) == months * Decimal("6000.10")
    article = "35" if grade < 5 else "36" if grade < 7 else "37"
    assert answer["steps"][0]["source"]["article"] == article
    assert ("各省" in str(answer["warnings"])) is (grade > 4)


@pytest.mark.parametrize(
    "own_wage, counted, bounded",
    [
        ("4799.99", "4800.00", True),
        ("4800", "4800.00", False),
        ("8000", "8000.00", False),
        ("24000", "24000.00", False),
        ("24000.01", "24000.00", True),
        ("50000", "24000.00", True),
    ],
)
def test_the_own_wage_lies_between_60_and_300_percent_of_the_average(own_wage, counted, bounded):
    typed = {"grade": 10, "own_wage": own_wage, "local_average_wage": "8000"}
    answer = worked_out("disability_grant", **typed)
    assert results("disability_grant", **typed)["wage_counted"] == counted
    assert bool(answer["bounds"]) is bounded
    assert Decimal(answer["amount"]) == 7 * Decimal(counted)


@pytest.mark.parametrize(
    "grade, share", [(1, "9000"), (2, "8500"), (3, "8000"), (4, "7500"), (5, "7000"), (6, "6000")]
)
def test_the_monthly_allowance_is_a_share_of_the_own_wage_by_grade(grade, share):
    assert amount("disability_allowance", grade=grade, own_wage="10000") == f"{share}.00"


def test_the_allowance_is_made_up_to_the_minimum_wage():
    typed = {"grade": 6, "own_wage": "3000", "local_average_wage": "4000"}
    assert amount("disability_allowance", **typed) == "1800.00"
    raised = worked_out("disability_allowance", **typed, local_minimum_wage="2000")
    assert (raised["amount"], len(raised["bounds"])) == ("2000.00", 1)
    assert amount("disability_allowance", **typed, local_minimum_wage="1800") == "1800.00"


def test_there_is_no_monthly_allowance_from_grade_seven_on():
    assert faults_of("disability_allowance", grade=7, own_wage="3000") == [
        ("/grade", "out_of_range")
    ]
    assert faults_of("disability_grant", grade=11, own_wage="3000") == [("/grade", "out_of_range")]


@pytest.mark.parametrize(
    "months, paid, owed, confirmed",
    [
        ("0", None, "0.00", False),
        ("3", None, "18000.00", False),
        ("1.5", "3000", "6000.00", False),
        ("12", None, "72000.00", False),
        ("12.01", None, "72060.00", True),
        ("24", None, "144000.00", True),
        ("2", "20000", "0.00", False),
    ],
)
def test_pay_goes_on_while_off_work(months, paid, owed, confirmed):
    typed = {"monthly_wage": "6000", "months": months, "already_paid": paid}
    answer = worked_out("injury_leave_pay", **typed)
    assert answer["amount"] == owed
    assert bool(answer["bounds"]) is confirmed


def test_all_that_can_be_due_while_off_work_can_have_been_paid():
    typed = {"monthly_wage": "1000000", "months": "24", "already_paid": "23999999"}
    assert amount("injury_leave_pay", **typed) == "1.00"


def test_more_than_24_months_off_work_are_refused():
    assert faults_of("injury_leave_pay", monthly_wage="6000", months="24.01") == [
        ("/months", "out_of_range")
    ]


@pytest.mark.parametrize(
    "income, grant",
    [
        ("54188", "1083760.00"), ("54188.55", "1083771.00"), ("10000", "200000.00"),
        ("300000", "6000000.00"), ("9999.99", None), ("300000.01", None),
    ],
)  # fmt: skip
def test_the_grant_after_a_death_is_twenty_incomes(income, grant):
    if grant is None:
        assert faults_of("work_death", national_income=income) == [
            ("/national_income", "out_of_range")
        ]
        return
    assert amount("work_death", national_income=income) == grant
    with_funeral = results("work_death", national_income=income, local_average_wage="8000.50")
    assert with_funeral["funeral"] == "48003.00"
    assert Decimal(with_funeral["total"]) == Decimal(grant) + Decimal("48003.00")


@given(st.integers(2, 10), st.integers(1, 200_000), st.integers(500, 50_000))
def test_a_graver_injury_never_brings_less_and_the_cap_holds(grade, wage, average):
    typed = {"own_wage": wage, "local_average_wage": average}
    lighter = Decimal(amount("disability_grant", grade=grade, **typed))
    graver = Decimal(amount("disability_grant", grade=grade - 1, **typed))
    assert Decimal(0) < lighter < graver <= 27 * 3 * average


@given(st.integers(1, 10), st.integers(1, 100_000), st.integers(1, 5000))
def test_a_higher_wage_never_brings_a_smaller_grant(grade, wage, more):
    one, other = (
        Decimal(amount("disability_grant", grade=grade, own_wage=w, local_average_wage=8000))
        for w in (wage, wage + more)
    )
    assert one <= other
