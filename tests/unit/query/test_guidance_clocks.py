"""Clocks of guidance: the day each runs out when its first day is told, else the rule in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.query.guidance.clocks import CASE_CLOCKS, STARTS, clocks
from shared.contracts.clocks import CLOCKS

TODAY = date(2026, 11, 25)


def running(category: str, *flags: str, **days: str) -> dict[str, dict[str, Any]]:
    known = {name: date.fromisoformat(day) for name, day in days.items()}
    return {clock["name"]: clock for clock in clocks(category, flags, known, TODAY, "zh")}


@pytest.mark.parametrize(
    "name, category, flags, days, due_on",
    [
        ("acceptance_decision", "contract", (), {"received_on": "2026-11-20"}, "2026-11-25"),
        ("mediator_assignment", "contract", (), {"received_on": "2026-11-20"}, "2026-11-23"),
        ("right_to_arbitrate", "contract", (), {"received_on": "2026-11-20"}, "2026-12-07"),
        ("acceptance_decision", "contract", (), {"received_on": "2026-09-30"}, "2026-10-10"),
        ("mediation_end", "contract", (), {"accepted_on": "2026-11-02"}, "2026-11-17"),
        ("fast_track_mediation", "contract", ("fast_track",), {"accepted_on": "2026-11-02"}, "2026-11-09"),
        ("arbitration_review_request", "contract", (), {"agreement_effective_on": "2026-11-02"}, "2026-11-17"),
        ("judicial_confirmation", "contract", (), {"agreement_effective_on": "2026-11-02"}, "2026-12-02"),
        ("arbitration_limitation", "contract", (), {"known_on": "2025-11-24"}, "2026-11-24"),
        ("pay_limitation", "pay_injury_compensation", (), {"employment_ended_on": "2025-12-01"}, "2026-12-01"),
        ("injury_recognition_employer", "contract", ("work_injury",), {"injured_on": "2026-11-02"}, "2026-12-02"),
        ("injury_recognition_worker", "contract", ("work_injury",), {"injured_on": "2024-02-29"}, "2025-02-28"),
        ("civil_servant_arbitration", "personnel", (), {"known_on": "2026-09-25"}, "2026-11-24"),
        ("lawsuit", "contract", (), {"award_received_on": "2026-11-02"}, "2026-11-17"),
        ("lawsuit_final", "pay_injury_compensation", (), {"award_received_on": "2026-11-02"}, "2026-11-17"),
        ("award_set_aside", "contract", ("employer_applicant",), {"award_received_on": "2026-11-02"}, "2026-12-02"),
    ],
)  # fmt: skip
def test_a_clock_whose_first_day_is_told_has_a_last_day(name, category, flags, days, due_on):
    assert running(category, *flags, **days)[name]["due_on"] == due_on


def test_without_days_every_clock_is_a_rule_in_words():
    for clock in running("contract").values():
        assert clock["due_on"] is None
        assert clock["explanation"]
        assert clock["source"]["label"]
        assert not clock["past"]


def test_only_clocks_that_apply_are_told():
    plain = running("contract")
    assert "fast_track_acceptance" not in plain
    assert "injury_recognition_worker" not in plain
    assert "civil_servant_arbitration" not in plain
    assert "pay_limitation" not in running("personnel")
    assert "fast_track_acceptance" in running("contract", "fast_track")


def test_a_day_that_is_over_is_said_to_be():
    assert running("contract", known_on="2025-11-24")["arbitration_limitation"]["past"]
    assert not running("contract", known_on="2025-11-25")["arbitration_limitation"]["past"]


def test_a_day_in_a_year_without_a_holiday_plan_is_provisional():
    assert running("contract", known_on="2026-11-20")["arbitration_limitation"]["provisional"]
    assert not running("contract", known_on="2025-11-20")["arbitration_limitation"]["provisional"]


def test_targets_of_the_service_are_marked_as_its_own_and_duties_cite_the_law():
    for clock in CASE_CLOCKS:
        if clock.name in CLOCKS:
            assert clock.source.is_own == (CLOCKS[clock.name].source == "service")


def test_every_clock_runs_from_a_day_that_can_be_told_and_every_day_starts_one():
    assert {clock.start for clock in CASE_CLOCKS} == set(STARTS)
