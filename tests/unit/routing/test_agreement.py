"""The agreement: its legal parts, who signs, when it is in effect, what declining does."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from services.routing.agreement import (
    MOST_VERSIONS,
    answer_signature,
    conclude,
    missing,
)
from services.routing.directory import Mediator
from services.routing.domain import assign_mediator
from services.routing.steps import Actor, Said, open_question
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.decision import NOTHING
from shared.sealing import records_context
from tests.builders.cases import a_mediator
from tests.builders.lives import APPLICANT, LIVES, RECORDS, RESPONDENT, a_life, an_agreement
from tests.builders.refusals import refused, rule_not_met

WITH_AGENT = [
    {"party": "applicant", "index": 0, "kind": "person", "may_settle": True},
    {"party": "agent", "index": 0, "kind": "person", "may_settle": False},
    {"party": "respondent", "index": 0, "kind": "employer", "may_settle": True},
]


def mediating(**submitted):
    return a_life(*LIVES["mediating"], **submitted)


def agreed(**submitted):
    return a_life(*LIVES["agreed"], **submitted)


def told(life, position=-1):
    event = from_document(life.document["outbox"][position])
    assert faults(event.name, event.data) == {}
    return event


def words(event):
    sealed = event.data["particulars"]
    return orjson.loads(RECORDS.open(sealed, records_context(event.subject)))


def answer(life, side, said, **changes):
    question = open_question(life.document, "signature")
    assert question is not None
    stated = {"means": "token", "at": life.at, "by_agent": False, "actor": Actor(side)}
    answered = Said(question["id"], (side, 0), said, **{**stated, **changes})
    return answer_signature(life.document, answered)


def without(body, pointer):
    """The body without the member at this pointer."""
    body = copy.deepcopy(body)
    *path, last = pointer.strip("/").split("/")
    inner = body
    for part in path:
        inner = inner[int(part)] if part.isdigit() else inner[part]
    del inner[last]
    return body


# --- the text ------------------------------------------------------------------------------------


def test_an_agreement_is_recorded_sealed_and_everybody_is_asked_to_sign():
    life = mediating()
    text = an_agreement(life)
    life.give("record-agreement", text)
    event = told(life)
    assert (event.name, event.data["version"]) == ("case.agreement_recorded", 1)
    assert event.data["perform_by"] == text["items"][0]["due_on"]
    assert words(event) == {**text, "confidentiality": True}
    question = open_question(life.document, "signature")
    assert question["to"] == [APPLICANT, RESPONDENT]
    assert life.document["agreement"]["signatures"] == []


def test_parties_may_want_an_agreement_to_be_public():
    life = mediating()
    life.give("record-agreement", {**an_agreement(life), "confidentiality": False})
    assert words(told(life))["confidentiality"] is False
    assert life.document["agreement"]["confidentiality"] is False


@pytest.mark.parametrize(
    "part",
    [
        "/claims",
        "/result",
        "/items",
        "/items/0/obligor",
        "/items/0/obligee",
        "/items/0/what",
        "/items/0/due_on",
        "/items/0/manner",
    ],
)
def test_a_missing_legal_part_is_named_by_its_place_with_the_rule(part):
    life = mediating()
    with rule_not_met("agreement_complete", part):
        life.decide("record-agreement", without(an_agreement(life), part))


def test_all_that_is_missing_is_named_at_once():
    life = mediating()
    with rule_not_met("agreement_complete", "/claims", "/result", "/items"):
        life.decide("record-agreement", {})
    with rule_not_met("agreement_complete", "/claims", "/items/0/manner", "/items/0/due_on"):
        body = without(without(an_agreement(life), "/items/0/manner"), "/items/0/due_on")
        life.decide("record-agreement", {**body, "claims": []})


@pytest.mark.parametrize(
    "change,place",
    [
        ({"obligor": {"party": "respondent", "index": 4}}, "/items/0/obligor"),
        ({"obligee": RESPONDENT}, "/items/0/obligee"),
        ({"due_on": "2026-11-17"}, "/items/0/due_on"),
        ({"due_on": "9999-12-31"}, "/items/0/due_on"),
    ],
)
def test_what_an_item_cannot_say_is_named(change, place):
    life = mediating()
    text = an_agreement(life)
    text["items"][0] |= change
    with rule_not_met("agreement_complete", place):
        life.decide("record-agreement", text)


def test_the_last_day_of_all_items_is_that_of_performance():
    life = mediating()
    text = an_agreement(life)
    text["items"].append({**text["items"][0], "due_on": "2027-03-01", "what": "第二期"})
    assert life.give("record-agreement", text).document["agreement"]["perform_by"] == "2027-03-01"


def test_no_agreement_without_a_session_that_was_held():
    with rule_not_met("session_held"):
        a_life(*LIVES["accepted"], "schedule-session").decide("record-agreement")


def test_a_session_that_has_begun_is_recorded_before_the_agreement():
    life = a_life(*LIVES["mediating"], "schedule-session")
    with rule_not_met("session_held"):
        life.decide("record-agreement")
    life.give("record-session").give("record-agreement")


def test_a_session_of_before_the_case_was_reopened_does_not_count():
    life = a_life(*LIVES["mediating"])
    life.document["accepted_at"] = life.at
    with rule_not_met("session_held"):
        life.decide("record-agreement")


def test_sessions_ahead_are_called_off_and_an_extension_is_no_longer_asked_for():
    life = mediating()
    later = life.at + timedelta(days=3)
    times = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(hours=1)).isoformat()}
    life.give("schedule-session", {"mode": "online", **times})
    life.give("extend", {"until": "2026-12-10"}).give("record-agreement")
    assert [told(life, n).name for n in (-2, -1)] == [
        "case.session_cancelled",
        "case.agreement_recorded",
    ]
    assert [s["status"] for s in life.document["sessions"]] == ["held", "cancelled"]
    assert life.document["extension"]["state"] == "lapsed"
    assert [q["kind"] for q in life.document["questions"] if q["state"] == "open"] == ["signature"]


# --- those who are represented -------------------------------------------------------------------


def test_the_represented_consent_and_each_has_an_amount():
    life = mediating(represented_count=3)
    text = an_agreement(life)
    life.decide("record-agreement", text)
    with rule_not_met("represented_consented", "/represented_consent", "/per_person"):
        life.decide(
            "record-agreement", without(without(text, "/per_person"), "/represented_consent")
        )
    consent = text["represented_consent"]
    for change, place in (({"obtained": False}, "obtained"), ({"count": 2}, "count")):
        with rule_not_met("represented_consented", f"/represented_consent/{place}"):
            life.decide("record-agreement", {**text, "represented_consent": {**consent, **change}})
    with rule_not_met("represented_consented", "/per_person"):
        life.decide("record-agreement", {**text, "per_person": text["per_person"][:2]})
    with rule_not_met("represented_consented", "/per_person/2/name"):
        shares = [*text["per_person"][:2], {"amount_cny": 5}]
        life.decide("record-agreement", {**text, "per_person": shares})


# --- signing -------------------------------------------------------------------------------------


def test_the_last_signature_puts_the_agreement_into_effect():
    life = agreed()
    text = told(life).data["particulars"]
    life.apply(answer(life, "applicant", "sign"))
    life.apply(answer(life, "respondent", "sign", means="code"))
    assert told(life).data["missing"] == 2
    assert open_question(life.document, "signature") is None
    life.give("sign", {"signatory": "mediator", "means": "in_person"})
    assert life.document["status"] == "agreed"
    at = life.at
    life.give("sign", {"signatory": "organisation", "means": "seal"}, "organisation_admin")
    case, event = life.document, told(life)
    assert [told(life, n).name for n in (-2, -1)] == [
        "case.signature_recorded",
        "case.agreement_signed",
    ]
    assert (case["status"], case["agreement"]["effective_at"]) == ("agreement_signed", at)
    assert event.data["particulars"] == text
    assert [s["signatory"] for s in case["agreement"]["signatures"]] == [
        "applicant",
        "respondent",
        "mediator",
        "organisation",
    ]
    ends = {c["name"]: c["due_on"] for c in case["clocks"]}
    day = civil_day(at)
    assert (
        ends["arbitration_review_request"] == due("arbitration_review_request", day).on.isoformat()
    )
    assert ends["performance"] >= case["agreement"]["perform_by"]
    assert not ends.keys() & {"mediation_end", "signature", "right_to_arbitrate"}


def test_nothing_takes_effect_while_a_signature_is_missing():
    life = agreed()
    with rule_not_met("all_signed"):
        conclude(life.document, Actor("mediator"), life.at)


def test_signing_again_changes_nothing():
    life = agreed().give("sign", {"signatory": "respondent", "means": "paper"})
    assert life.decide("sign", {"signatory": "respondent", "means": "in_person"}) == NOTHING
    assert answer(life, "respondent", "sign") == NOTHING


def test_a_signature_on_paper_is_an_answer_too():
    life = agreed().give("sign", {"signatory": "respondent", "means": "paper"})
    question = open_question(life.document, "signature")
    assert [(a["party"], a["means"]) for a in question["answers"]] == [("respondent", "paper")]


def test_the_seal_is_the_administrators_and_the_mediators_name_the_mediators():
    life = agreed()
    with refused("forbidden"):
        life.decide("sign", {"signatory": "organisation", "means": "seal"})
    with refused("forbidden"):
        life.decide("sign", {"signatory": "mediator", "means": "paper"}, "organisation_admin")
    with refused("validation_failed", "/means"):
        life.decide("sign", {"signatory": "organisation", "means": "paper"}, "organisation_admin")
    with refused("validation_failed", "/means"):
        life.decide("sign", {"signatory": "respondent", "means": "seal"})
    with refused("validation_failed", "/index"):
        life.decide("sign", {"signatory": "respondent", "index": 2, "means": "paper"})


def test_the_signature_of_a_mediator_who_lost_the_case_does_not_count():
    life = agreed().give("sign", {"signatory": "mediator", "means": "paper"})
    assert ("mediator", 0) not in missing(life.document)
    other: Mediator = a_mediator(id="med-2", name="程远林")
    life.apply(
        assign_mediator(life.document, other, life.at, actor=Actor("organisation_admin", "a"))
    )
    assert ("mediator", 0) in missing(life.document)
    life.mediator = replace(other)
    life.give("sign", {"signatory": "mediator", "means": "paper"})
    signed = [s for s in life.document["agreement"]["signatures"] if s["signatory"] == "mediator"]
    assert [s["by"] for s in signed] == ["med-2"]


def test_a_general_agent_cannot_settle():
    life = agreed(parties=WITH_AGENT)
    with rule_not_met("authorised_to_settle"):
        answer(life, "applicant", "sign", by_agent=True, actor=Actor("agent"))
    with rule_not_met("authorised_to_settle"):
        answer(life, "applicant", "sign", means="code")
    with rule_not_met("authorised_to_settle"):
        life.decide("sign", {"signatory": "applicant", "means": "paper", "by_agent": True})
    life.decide("sign", {"signatory": "applicant", "means": "paper"})
    answer(life, "respondent", "sign", means="code")
    answer(life, "applicant", "sign", means="token")


def test_an_agent_with_special_authority_settles():
    special = [{**p, "may_settle": True} for p in WITH_AGENT]
    life = agreed(parties=special)
    life.apply(answer(life, "applicant", "sign", by_agent=True, actor=Actor("agent")))
    assert life.document["history"][-1]["by"] == "agent"


# --- declining and writing anew ------------------------------------------------------------------


@pytest.mark.parametrize("by_staff", [True, False])
def test_who_declines_to_sign_sends_the_case_back_to_mediation(by_staff):
    life = agreed(parties=WITH_AGENT)
    life.apply(answer(life, "applicant", "sign"))
    if by_staff:
        life.give("resume-mediation", {"note": "电话告知不签"})
        assert words(told(life)) == {"note": "电话告知不签"}
    else:
        life.apply(answer(life, "respondent", "decline", means="code"))
    case = life.document
    assert (case["status"], told(life).name) == ("mediating", "case.agreement_declined")
    assert case["agreement"] is None
    assert [(f["version"], f["fate"]) for f in case["former_agreements"]] == [(1, "declined")]
    assert len(case["former_agreements"][0]["signatures"]) == 1
    assert open_question(case, "signature") is None
    assert "signature" not in {c["name"] for c in case["clocks"]}
    assert life.give("record-agreement").document["agreement"]["version"] == 2


def test_a_new_text_voids_the_signatures_under_the_one_before():
    life = agreed()
    before = open_question(life.document, "signature")["id"]
    life.apply(answer(life, "applicant", "sign")).give("record-agreement")
    agreement = life.document["agreement"]
    assert (agreement["version"], agreement["signatures"]) == (2, [])
    assert told(life).data["settles"] == [before]
    assert open_question(life.document, "signature")["id"] != before
    assert life.document["former_agreements"][0]["fate"] == "replaced"


def test_versions_have_a_bound():
    life = agreed()
    life.document["former_agreements"] = [life.document["agreement"]] * (MOST_VERSIONS - 1)
    with refused("validation_failed", ""):
        life.decide("record-agreement")
