"""What all calculators promise: exact decimals, sources for every sentence, clear refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.query.guidance.calculators.amounts import plain, rounded, yuan
from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.guidance.calculators.inputs import UNITS
from services.query.guidance.norms import NORMS
from services.query.policies.policy import short_title
from services.query.policies.sources import read_statutes, statutes_path
from tests.builders.calculations import amount, faults_of, worked_out

TYPED: dict[str, dict[str, Any]] = {
    "economic_compensation": {
        "started_on": "2001-05-01", "ended_on": "2026-08-31", "monthly_wage": "30000",
        "local_average_wage": "8000", "local_minimum_wage": "2000",
    },
    "damages_unlawful_dismissal": {
        "started_on": "2020-02-29", "ended_on": "2026-08-31", "monthly_wage": "1500",
        "local_minimum_wage": "2000",
    },
    "notice_pay": {
        "started_on": "2020-03-01", "ended_on": "2026-08-31", "monthly_wage": "8000.50",
        "last_month_wage": "9000",
    },
    "double_wage": {"started_on": "2025-01-15", "monthly_wage": "6000"},
    "overtime": {
        "monthly_wage": "6000", "months": "1", "workday_hours": "40", "rest_day_hours": "8",
        "holiday_hours": "8", "already_paid": "100",
    },
    "unpaid_wages": {"owed": "12000"},
    "annual_leave": {
        "year": 2026, "cumulated_years": 12, "days_taken": "2", "monthly_wage": "8700",
        "ended_on": "2026-06-30",
    },
    "disability_grant": {"grade": 7, "own_wage": "50000", "local_average_wage": "8000"},
    "disability_allowance": {
        "grade": 5, "own_wage": "2500", "local_average_wage": "3000", "local_minimum_wage": "2000",
    },
    "injury_leave_pay": {"monthly_wage": "6000", "months": "13", "already_paid": "3000"},
    "work_death": {"national_income": "54188", "local_average_wage": "8000"},
    "probation_pay": {
        "agreed_wage": "2000", "paid_wage": "1500", "months": "2", "local_minimum_wage": "1900",
    },
    "probation_too_long": {"contract_term": "1_to_3_years", "months": "6", "monthly_wage": "5000"},
    "service_period_penalty": {
        "training_cost": "30000", "service_months": "36", "served_months": "12",
        "agreed_penalty": "15000",
    },
    "maternity_leave": {
        "event": "birth", "children": 2, "difficult_birth": True, "monthly_wage": "9000",
    },
    "medical_period": {"total_years": 12, "years_here": 6},
    "limitation": {"known_on": "2026-02-28"},
}  # fmt: skip
"""A computation for each, with every kind of sentence in it."""

ALSO: list[tuple[str, dict[str, Any]]] = [
    ("double_wage", {"started_on": "2026-11-20", "monthly_wage": "6000"}),
    ("double_wage", {"started_on": "2026-09-01", "monthly_wage": "6000"}),
    ("double_wage", {"started_on": "2025-06-15", "signed_on": "2025-08-14", "monthly_wage": "6000"}),
    ("annual_leave", {"year": 2026, "cumulated_years": 12, "days_taken": "2", "monthly_wage": "8700"}),
    ("limitation", {"known_on": "2023-01-10", "pay_arrears": True}),
    ("limitation", {"known_on": "2020-01-01", "interrupted_on": "2024-01-05"}),
]  # fmt: skip
"""Computations that end in other sentences."""


def sentences(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        each for part in ("steps", "bounds", "assumptions", "warnings") for each in answer[part]
    ]


def test_there_is_an_example_for_every_calculator():
    assert set(TYPED) == set(CALCULATORS)


@pytest.mark.parametrize("name, typed", [*TYPED.items(), *ALSO])
def test_every_sentence_of_an_answer_has_a_source_and_both_languages(name, typed):
    zh, en = worked_out(name, **typed), worked_out(name, "en", **typed)
    assert zh["steps"]
    for ours, theirs in zip(sentences(zh), sentences(en), strict=True):
        assert ours["source"]["article"] or ours["source"]["title"] == NORMS["WTN"].zh
        assert ours["text"] != theirs["text"]
    assert zh["amount"] == zh["results"][0]["value"] == en["amount"]


def test_every_article_that_an_answer_cites_exists():
    held = {
        short_title(policy.title): {article.number for article in policy.articles}
        for policy in read_statutes(statutes_path()).policies
    }
    asked = [*TYPED.items(), *ALSO]
    cited = [
        each["source"] for name, typed in asked for each in sentences(worked_out(name, **typed))
    ]
    checked = [source for source in cited if source["title"] in held]
    assert len(checked) > 20
    assert [s["label"] for s in checked if s["article"] not in held[s["title"]]] == []


@pytest.mark.parametrize("name", CALCULATORS)
def test_the_listing_says_all_that_the_body_takes(name):
    shown = CALCULATORS[name].shown("en")
    assert {asked["name"] for asked in shown["inputs"]} == set(CALCULATORS[name].schema().fields)
    for asked in shown["inputs"]:
        field = CALCULATORS[name].schema().fields[asked["name"]]
        assert asked["required"] == field.required
        assert asked["unit"] in UNITS
        assert (asked["least"] is None) == (asked["unit"] in {"date", "yes_no", "choice"})
        assert bool(asked["choices"]) == (asked["unit"] == "choice")


@pytest.mark.parametrize("name", CALCULATORS)
def test_whatever_must_be_stated_is_asked_for_by_pointer(name):
    required = [f"/{i.name}" for i in CALCULATORS[name].inputs if i.required]
    assert faults_of(name) == [(pointer, "required") for pointer in sorted(required)]
    assert faults_of(name, **TYPED[name], odd=1) == [("/odd", "unknown_field")]


@pytest.mark.parametrize("typed", ["8000.1", 8000.1, " ８０００.１ ", "8,000.10"])
def test_money_is_read_as_it_was_typed(typed):
    assert amount("unpaid_wages", owed=typed) == "8000.10"


@pytest.mark.parametrize(
    "typed, code",
    [
        (0, "out_of_range"), (-5, "out_of_range"), ("-5", "out_of_range"), (1e30, "out_of_range"), ("8000.123", "too_precise"),
        ("1e3", "wrong_type"), ("NaN", "wrong_type"), (True, "wrong_type"), ([], "wrong_type"),
        ("", "required"), (None, "required"), ("八千", "wrong_type"), ("9" * 400, "wrong_type"),
        (0.1 + 0.2, "out_of_range"), (1.1 + 2.2, "too_precise"), (10**400, "out_of_range"),
    ],
)  # fmt: skip
def test_money_that_is_none_is_refused(typed, code):
    assert faults_of("unpaid_wages", owed=typed) == [("/owed", code)]


def test_fen_are_rounded_half_up_once():
    assert yuan(Decimal("0.005")) == "0.01"
    assert yuan(Decimal("2.675")) == "2.68"
    assert rounded(Decimal("1.0049")) == Decimal("1.00")
    assert [plain(Decimal(n)) for n in ("2.50", "12", "100", "0.33339", "0")] == [
        "2.5", "12", "100", "0.3334", "0",
    ]  # fmt: skip
