"""What follows: referrals and the will of those referred, review, performance, closing, archive."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from services.routing.following import archive, close_by_rules
from services.routing.referral_rules import NEXT
from services.routing.referring import MOST_REFERRALS, answer_referral
from services.routing.steps import Actor, Said, open_question
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.vocabulary import REFERRAL_STATUSES, REFERRALS
from shared.sealing import records_context
from tests.builders.lives import APPLICANT, LIVES, RECORDS, RESPONDENT, a_case_in, a_life
from tests.builders.refusals import refused, rule_not_met


def in_status(status, **submitted):
    return a_life(*LIVES[status], **submitted)


def told(life):
    event = from_document(life.document["outbox"][-1])
    assert faults(event.name, event.data) == {}
    return event


def words(event):
    sealed = event.data["particulars"]
    return orjson.loads(RECORDS.open(sealed, records_context(event.subject)))


def refer(life, kind, **more):
    return life.give("refer", {"kind": kind, **more})


def answer(life, side, said, **changes):
    question = open_question(life.document, "referral")
    assert question is not None
    stated = {"means": "code", "at": life.at, "actor": Actor(side)}
    answered = Said(question["id"], (side, 0), said, **{**stated, **changes})
    return answer_referral(life.document, answered)


# --- referrals -----------------------------------------------------------------------------------


def test_the_applicant_is_asked_before_anything_is_sent():
    life = refer(in_status("mediating"), "employment_support", note="建议就业帮扶")
    event = told(life)
    assert event.name == "case.referral_opened"
    assert event.data["referral_status"] == "asked"
    assert words(event) == {"note": "建议就业帮扶"}
    assert open_question(life.document, "referral")["to"] == [APPLICANT]
    for status in ("sent", "taken_up", "returned", "completed"):
        with rule_not_met("referral_in_order"):
            life.decide("update-referral", {"referral": "r1", "status": status})


def test_a_referral_goes_from_will_to_its_end_step_by_step():
    life = refer(in_status("mediating"), "employment_support")
    life.apply(answer(life, "applicant", "willing"))
    for status in ("sent", "taken_up", "completed"):
        life.give("update-referral", {"referral": "r1", "status": status})
        assert (told(life).name, told(life).data["referral_status"]) == (
            "case.referral_changed",
            status,
        )
    (referral,) = life.document["referrals"]
    assert [h["status"] for h in referral["history"]] == [
        "asked",
        "willing",
        "sent",
        "taken_up",
        "completed",
    ]
    with rule_not_met("referral_in_order"):
        life.decide("update-referral", {"referral": "r1", "status": "sent"})


def test_who_does_not_want_it_is_not_referred():
    life = refer(in_status("mediating"), "lawyer", to=[APPLICANT, RESPONDENT])
    life.apply(answer(life, "respondent", "unwilling"))
    assert life.document["referrals"][0]["status"] == "declined"
    assert open_question(life.document, "referral") is None


def test_all_who_are_asked_have_to_want_it():
    life = refer(in_status("mediating"), "lawyer", to=[APPLICANT, RESPONDENT, APPLICANT])
    life.apply(answer(life, "respondent", "willing"))
    assert life.document["referrals"][0]["status"] == "asked"
    life.apply(answer(life, "applicant", "willing"))
    assert life.document["referrals"][0]["status"] == "willing"


def test_staff_note_what_was_said_by_phone_or_that_it_was_said_before():
    life = refer(in_status("mediating"), "lawyer")
    said = {**APPLICANT, "answer": "willing", "means": "phone"}
    life.give("update-referral", {"referral": "r1", "answer": said})
    assert life.document["referrals"][0]["status"] == "willing"
    with refused("question_not_open"):
        life.decide("update-referral", {"referral": "r1", "answer": said})
    refer(life, "hardship_relief", means="in_person")
    assert [r["status"] for r in life.document["referrals"]] == ["willing", "willing"]


@pytest.mark.parametrize(
    "flag,kind",
    [("legal_aid_requested", "legal_aid"), ("psychological_support", "psychological_support")],
)
def test_what_the_application_asked_for_is_not_asked_again(flag, kind):
    life = refer(in_status("under_examination", flags=[flag]), kind)
    assert life.document["referrals"][0]["status"] == "willing"
    refer(life, kind, to=[RESPONDENT])
    assert life.document["referrals"][1]["status"] == "asked"


def test_a_referral_is_still_asked_about_when_the_case_has_ended():
    life = refer(in_status("mediating"), "legal_aid").give("fail")
    life.apply(answer(life, "applicant", "willing"))
    assert life.document["status"] == "failed"
    assert life.document["referrals"][0]["status"] == "willing"


@pytest.mark.parametrize(
    "body,place",
    [
        ({"kind": "lawyer", "to": [{"party": "respondent", "index": 5}]}, "/to/0/index"),
        ({"kind": "nothing"}, "/kind"),
    ],
)
def test_a_referral_names_parties_and_kinds_that_there_are(body, place):
    with refused("validation_failed", place):
        in_status("mediating").decide("refer", body)


def test_an_update_says_one_thing_of_a_referral_that_there_is():
    life = refer(in_status("mediating"), "lawyer")
    said = {**APPLICANT, "answer": "willing", "means": "phone"}
    with refused("validation_failed", "/answer"):
        life.decide("update-referral", {"referral": "r1", "status": "sent", "answer": said})
    with refused("validation_failed", "/status"):
        life.decide("update-referral", {"referral": "r1"})
    with refused("validation_failed", "/referral"):
        life.decide("update-referral", {"referral": "r9", "status": "sent"})


def test_referrals_have_a_bound():
    life = refer(in_status("mediating"), "lawyer")
    life.document["referrals"] *= MOST_REFERRALS
    with refused("validation_failed", "/kind"):
        life.decide("refer")


def test_the_little_lifecycle_of_referrals_names_every_status():
    assert set(NEXT) | {s for later in NEXT.values() for s in later} == set(REFERRAL_STATUSES)


# --- what fits -----------------------------------------------------------------------------------

IN_EFFECT = {"agreement_signed", "review_confirmed", "review_refused"}
FITTING = {
    "arbitration_review": {"agreement_signed"},
    "judicial_confirmation": IN_EFFECT,
    "arbitration": {"not_accepted", "failed", "breached"},
    "payment_order": {"breached"},
}
SOURCE = {
    "arbitration_review": "R33 74",
    "judicial_confirmation": "CPL 205",
    "arbitration": "LDMA 14",
    "payment_order": "LDMA 16",
}


@pytest.mark.parametrize("kind", FITTING)
@pytest.mark.parametrize("status", sorted(set(LIVES) - {"archived", "closed"}))
def test_a_referral_fits_where_the_law_opens_it(kind, status):
    life = in_status(status)
    if status in FITTING[kind]:
        refer(life, kind)
    else:
        with rule_not_met("referral_fits", source=SOURCE[kind]):
            life.decide("refer", {"kind": kind})


@pytest.mark.parametrize("kind", sorted(set(REFERRALS) - set(FITTING)))
@pytest.mark.parametrize("status", ["organisation_assigned", "mediating", "closed", "failed"])
def test_help_goes_beside_a_case_at_any_time(kind, status):
    case = a_case_in(status)
    life = in_status("mediating")
    life.document = case
    assert refer(life, kind).document["referrals"][0]["status"] == "asked"


def test_arbitration_is_open_when_fifteen_days_brought_no_agreement():
    life = in_status("mediating")
    life.at = life.document["received_at"] + timedelta(days=15)
    with rule_not_met("referral_fits", source="LDMA 14"):
        life.decide("refer", {"kind": "arbitration"})
    refer(life.wait(days=1), "arbitration")


def test_a_closed_case_is_referred_as_what_it_was_closed_from():
    life = in_status("failed").give("close")
    refer(life, "arbitration")
    with rule_not_met("referral_fits", source="LDMA 16"):
        life.decide("refer", {"kind": "payment_order"})


def test_an_agreement_on_pay_that_is_overdue_opens_the_order_for_payment():
    life = in_status("agreement_signed").wait(days=14)
    with rule_not_met("referral_fits", source="LDMA 16"):
        life.decide("refer", {"kind": "payment_order"})
    refer(life.wait(days=1), "payment_order")
    other = in_status("agreement_signed", category="contract").wait(days=30)
    with rule_not_met("referral_fits", source="LDMA 16"):
        other.decide("refer", {"kind": "payment_order"})


def test_judicial_confirmation_is_asked_for_within_thirty_days():
    life = in_status("agreement_signed")
    last = due("judicial_confirmation", civil_day(life.document["agreement"]["effective_at"])).on
    life.wait(days=(last - civil_day(life.at)).days)
    life.decide("refer", {"kind": "judicial_confirmation"})
    life.wait(days=1)
    with rule_not_met("referral_fits", source="CPL 205"):
        life.decide("refer", {"kind": "judicial_confirmation"})


# --- review --------------------------------------------------------------------------------------


def test_a_review_is_requested_when_all_parties_want_it():
    life = refer(in_status("agreement_signed"), "arbitration_review")
    assert open_question(life.document, "referral")["to"] == [APPLICANT, RESPONDENT]
    life.apply(answer(life, "applicant", "willing"))
    assert life.document["status"] == "agreement_signed"
    life.apply(answer(life, "respondent", "willing"))
    assert (life.document["status"], told(life).name) == (
        "review_requested",
        "case.review_requested",
    )
    assert life.document["referrals"][0]["status"] == "willing"
    clocks = {c["name"] for c in life.document["clocks"]}
    assert "arbitration_review" in clocks
    assert "arbitration_review_request" not in clocks


def test_a_review_that_all_wanted_on_paper_is_requested_at_once():
    life = refer(in_status("agreement_signed"), "arbitration_review", means="paper")
    assert life.document["status"] == "review_requested"


def test_a_review_comes_too_late_after_fifteen_days():
    life = in_status("agreement_signed")
    asked = refer(in_status("agreement_signed"), "arbitration_review")
    last = due(
        "arbitration_review_request", civil_day(life.document["agreement"]["effective_at"])
    ).on
    days = (last - civil_day(life.at)).days
    life.wait(days=days).decide("refer", {"kind": "arbitration_review"})
    with rule_not_met("review_in_time"):
        life.wait(days=1).decide("refer", {"kind": "arbitration_review"})
    asked.wait(days=days + 1)
    with rule_not_met("review_in_time"):
        answer(asked, "applicant", "willing")
    asked.apply(answer(asked, "applicant", "unwilling"))


@pytest.mark.parametrize(
    "command,status", [("confirm-review", "review_confirmed"), ("refuse-review", "review_refused")]
)
def test_the_commission_confirms_an_agreement_or_does_not(command, status):
    life = in_status("review_requested").give(command, {"note": "见裁决书"})
    assert life.document["status"] == status
    assert words(told(life)) == {"note": "见裁决书"}


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_case_is_closed_with_what_came_of_it(outcome):
    life = in_status(outcome)
    has_a_mediator = outcome not in {"failed", "withdrawn", "not_accepted"}
    life.give("close")
    event = told(life)
    assert (event.data["outcome"], life.document["outcome"]) == (outcome, outcome)
    assert life.document["closed_at"] is not None
    assert "archiving" in {c["name"] for c in life.document["clocks"]}
    assert event.data.get("released_mediator_id") == (life.mediator.id if has_a_mediator else None)


def test_the_rules_close_and_archive():
    life = in_status("performed")
    life.apply(close_by_rules(life.document, life.at))
    assert life.document["history"][-1]["by"] == "rules"
    with rule_not_met("archiving_due"):
        archive(life.document, life.at)
    last = due("archiving", civil_day(life.document["closed_at"])).on
    life.wait(days=(last - civil_day(life.at)).days)
    with rule_not_met("archiving_due"):
        archive(life.document, life.at)
    life.wait(days=1).apply(archive(life.document, life.at))
    assert (life.document["status"], told(life).name) == ("archived", "case.archived")
    assert life.document["next_tick_at"] is None


def test_an_open_case_is_neither_closed_nor_archived_by_the_rules():
    life = in_status("mediating")
    with refused("command_not_allowed"):
        close_by_rules(life.document, life.at)
    with refused("command_not_allowed"):
        archive(life.document, life.at)


def test_a_reopened_case_begins_anew_with_its_organisation():
    life = in_status("closed")
    life.give("reopen", role="organisation_admin")
    case = life.document
    assert (case["status"], told(life).name) == ("organisation_assigned", "case.reopened")
    assert case["organisation"]["id"] == life.organisation.id
    for cleared in ("mediator", "outcome", "closed_at", "case_number", "accepted_at", "agreement"):
        assert case[cleared] is None
    assert {c["party"] for c in case["consents"]} == {"applicant"}
    assert case["former_agreements"][-1]["fate"] == "reopened"
    assert any(r["command"] == "record-agreement" for r in case["records"])
    assert words(told(life)) == {"reason": "当事人提供了新的材料"}
    clocks = {c["name"] for c in case["clocks"]}
    assert clocks >= {"mediator_assignment", "acceptance_decision"}
    assert "archiving" not in clocks


def test_a_case_is_reopened_within_thirty_days_of_being_closed():
    life = in_status("closed")
    last = due("archiving", civil_day(life.document["closed_at"])).on
    life.wait(days=(last - civil_day(life.at)).days)
    life.decide("reopen", role="platform_admin")
    with rule_not_met("reopening_in_time"):
        life.wait(days=1).decide("reopen", role="platform_admin")
    life.decide("archive", role="platform_admin")


def test_a_case_that_no_organisation_ever_had_is_not_reopened():
    life = in_status("closed")
    life.document["organisation"] = None
    with rule_not_met("organisation_kept"):
        life.decide("reopen", role="platform_admin")
