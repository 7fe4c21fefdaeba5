"""Guidance is for the side that reads it, and for workers past retirement age what is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import product

import pytest

from services.query.guidance.guide import Dispute, guidance
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.errors import Language

TODAY = date(2026, 11, 25)
Parts = Mapping[str, set[str]]

CLAIMS_OF_EMPLOYERS = {"employer_damages", "employer_pay_claims"}
CLAIMS_OF_BOTH = {"arbitration_limit", "training_penalty_cap", "personnel_claims", "other_claims",
                  "confirm_relation", "court_claims"}  # fmt: skip

NOT_FOR_EMPLOYERS: Parts = {
    "steps": {"relation_identify", "contract_written", "dismissal_certificate", "dismissal_reason",
              "dismissal_choice", "resign_for_cause", "resign_for_cause_written", "resign_notice",
              "insurance_collect", "insurance_loss", "pay_inspection", "pay_order",
              "collective_representatives", "collective_number", "women_federation",
              "migrant_general_contractor", "aid_ask", "aid_no_test", "sue_final",
              "payment_order_on_agreement"},
    "evidence": {"employer_holds", "roster", "resignation_letter", "leave_years", "insurance_record",
                 "iou", "women_papers", "collective_list", "hardship_papers", "no_test_papers"},
    "places": {"legal_aid", "legal_aid_without_means_test", "union", "labour_inspection",
               "insurance_agency", "womens_hotline", "women_workers_station"},
    "clocks": {"injury_recognition_worker", "pay_limitation", "lawsuit_final"},
}  # fmt: skip
NOT_FOR_WORKERS: Parts = {
    "steps": {"employer_prepare", "employer_union", "set_aside"},
    "claims": CLAIMS_OF_EMPLOYERS,
    "places": {"legal_hotline"},
    "clocks": {"award_set_aside"},
}
NOT_PAST_RETIREMENT_AGE: Parts = {
    "steps": {"relation_identify", "relation_in_scope", "contract_written", "contract_change",
              "dismissal_certificate", "dismissal_reason", "dismissal_choice", "resign_for_cause",
              "resign_for_cause_written", "resign_notice", "insurance_loss", "employer_union"},
    "evidence": {"roster", "decision", "rules_known", "resignation_letter", "training_papers"},
    "claims": {"double_wage", "open_ended_contract", "perform_contract", "probation_damages",
               "probation_wage", "deposit_back", "economic_compensation", "damages_dismissal",
               "go_on", "notice_pay", "leaving_papers", "medical_period", "insurance_damages",
               "training_penalty_cap", "confirm_relation", "employer_damages"},
}  # fmt: skip
NOT_BEFORE_COURTS: Parts = {
    "steps": {"limitation_now", "personnel_scope", "personnel_civil_servants", "apply", "mediate",
              "concede", "agree", "review", "review_length", "confirm", "enforce", "arbitrate",
              "arbitration_free", "sue", "sue_final", "set_aside", "payment_order_on_agreement"},
    "evidence": {"employer_holds", "interruption_proof"},
    "claims": {"arbitration_limit", "annual_leave", "personnel_claims"},
    "places": {"arbitration_commission", "labour_inspection"},
    "clocks": {"arbitration_limitation", "pay_limitation", "civil_servant_arbitration",
               "acceptance_decision", "right_to_arbitrate", "mediation_end", "judicial_confirmation",
               "arbitration_review_request", "lawsuit", "lawsuit_final", "award_set_aside"},
}  # fmt: skip
"""What leads to mediation and arbitration, which past retirement age is not for these disputes."""

FOR_COURTS = {"confirm_labour_relation", "contract", "dismissal_resignation", "personnel"}


def told(category: str, *flags: str) -> dict[str, set[str]]:
    """The names of what is said, by part."""
    answer = guidance(Dispute(category, flags, None, {}), TODAY, "zh")
    parts = ("steps", "evidence", "claims", "places")
    return {part: {each["id"] for each in answer[part]} for part in parts} | {
        "clocks": {clock["name"] for clock in answer["clocks"]}
    }


@pytest.mark.parametrize("over_age", [False, True])
@pytest.mark.parametrize("employer", [False, True])
@pytest.mark.parametrize("category", CATEGORIES)
def test_neither_side_is_told_what_is_not_its_own(category, employer, over_age):
    side = ("employer_applicant",) if employer else ()
    age = ("over_age_worker",) if over_age else ()
    forbidden = [NOT_FOR_EMPLOYERS if employer else NOT_FOR_WORKERS]
    forbidden += [NOT_PAST_RETIREMENT_AGE] if over_age else []
    forbidden += [NOT_BEFORE_COURTS] if over_age and category in FOR_COURTS else []
    others = [flag for flag in FLAGS if flag not in {"employer_applicant", "over_age_worker"}]
    for more in [(), *((flag,) for flag in others), tuple(others)]:
        found = told(category, *side, *age, *more)
        assert all(found[part] for part in ("steps", "evidence", "claims", "places"))
        for parts in forbidden:
            assert not {part: found[part] & names for part, names in parts.items()
                        if found[part] & names}, more  # fmt: skip
        if employer:
            assert found["claims"] <= CLAIMS_OF_EMPLOYERS | CLAIMS_OF_BOTH
        assert ("over_age_scope" in found["steps"]) == over_age


def test_what_is_forbidden_somewhere_is_said_somewhere():
    said: dict[str, set[str]] = {}
    for category, employer in product(CATEGORIES, (True, False)):
        flags = set(FLAGS) - {
            "over_age_worker",
            "employer_applicant",
            "legal_aid_without_means_test",
        }
        for more in ((), ("legal_aid_without_means_test",), ("over_age_worker",)):
            side = ("employer_applicant",) if employer else ()
            for part, names in told(category, *flags, *side, *more).items():
                said.setdefault(part, set()).update(names)
    for forbidden in (NOT_FOR_EMPLOYERS, NOT_FOR_WORKERS, NOT_PAST_RETIREMENT_AGE, NOT_BEFORE_COURTS):  # fmt: skip
        for part, names in forbidden.items():
            assert names <= said[part]
    assert said["claims"] >= CLAIMS_OF_BOTH


@pytest.mark.parametrize(
    "category",
    ["pay_injury_compensation", "hours_leave_insurance_training", "dismissal_resignation", "contract"],
)  # fmt: skip
def test_a_final_award_is_set_aside_by_the_employer_and_sued_over_by_the_worker(category):
    employer, worker = told(category, "employer_applicant"), told(category)
    assert "set_aside" in employer["steps"]
    assert "award_set_aside" in employer["clocks"]
    assert "sue_final" in worker["steps"]
    assert "lawsuit_final" in worker["clocks"]
    assert "sue" in employer["steps"] & worker["steps"]


def test_an_award_that_is_not_final_is_not_set_aside():
    for category in ("personnel", "confirm_labour_relation"):
        found = told(category, "employer_applicant")
        assert "set_aside" not in found["steps"]
        assert "award_set_aside" not in found["clocks"]


def test_a_dismissal_while_ill_is_spoken_of_where_dismissals_are():
    assert "medical_period" in told("dismissal_resignation")["claims"] & told("contract")["claims"]
    assert "medical_period" not in told("hours_leave_insurance_training")["claims"]


@pytest.mark.parametrize("language, opening", [("zh", "涉及"), ("en", "If it is about ")])
def test_a_woman_who_claims_wages_is_asked_of_births_only_if_it_is_about_one(
    language: Language, opening: str
) -> None:
    flags = ("women_workers", "fast_track", "migrant_worker_wages")
    answer = guidance(Dispute("pay_injury_compensation", flags, None, {}), TODAY, language)
    said = {each["id"]: each["text"] for part in ("evidence", "claims") for each in answer[part]}
    for name in ("women_papers", "maternity_leave", "maternity_allowance"):
        assert said[name].startswith(opening)


def test_a_work_permit_is_asked_of_foreigners_without_permanent_residence_only():
    answer = guidance(Dispute("contract", ("non_mainland_identity",), None, {}), TODAY, "zh")
    said = {each["id"]: each["text"] for each in answer["steps"]}
    assert said["foreigner_permit"].startswith("没有永久居留资格的外国人")
    assert "不需要" in said["hmt_no_permit"]
