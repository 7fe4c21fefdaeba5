"""Between the sessions: proposals, the joint extension of the term, failure."""

from __future__ import annotations

from datetime import date, timedelta

import orjson
import pytest

from services.routing.mediation import MOST_PROPOSALS, answer_extension
from services.routing.steps import Actor, Said, open_question
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import records_context
from tests.builders.lives import LIVES, RECORDS, a_life
from tests.builders.refusals import refused, rule_not_met


def accepted(**submitted):
    return a_life(*LIVES["accepted"], **submitted)


def told(life):
    event = from_document(life.document["outbox"][-1])
    assert faults(event.name, event.data) == {}
    return event


def words(event):
    sealed = event.data["particulars"]
    return orjson.loads(RECORDS.open(sealed, records_context(event.subject)))


def term(life, name="mediation_end"):
    ends = {c["name"]: c["due_on"] for c in life.document["clocks"]}
    return date.fromisoformat(ends[name])


def first_end(life):
    return due("mediation_end", civil_day(life.document["accepted_at"])).on


def until(life, days):
    return {"until": (first_end(life) + timedelta(days=days)).isoformat()}


def answer(life, side, said, **changes):
    question = open_question(life.document, "extension")
    assert question is not None
    stated = {"means": "code", "at": life.at, "actor": Actor(side)}
    answered = Said(question["id"], (side, 0), said, **{**stated, **changes})
    return answer_extension(life.document, answered)


# --- extension -----------------------------------------------------------------------------------


def test_all_parties_are_asked_and_the_last_to_agree_extends_the_term():
    life = accepted().give("extend", until(accepted(), 10))
    assert told(life).name == "case.extension_proposed"
    assert term(life) == first_end(life)

    life.apply(answer(life, "applicant", "agree"))
    assert life.document["extension"]["state"] == "asked"
    assert term(life) == first_end(life)

    life.apply(answer(life, "respondent", "agree"))
    event = told(life)
    assert event.name == "case.mediation_extended"
    assert term(life).isoformat() == event.data["until"]
    assert term(life) >= first_end(life) + timedelta(days=10)
    assert life.document["extension"]["state"] == "agreed"
    assert open_question(life.document, "extension") is None
    assert life.document["history"][-1]["by"] == "respondent"


def test_a_day_off_moves_the_end_to_the_working_day_after_it():
    life = accepted()
    saturday = first_end(life) + timedelta(days=(5 - first_end(life).weekday()) % 7)
    life.give("extend", {"until": saturday.isoformat(), "means": "paper"})
    assert term(life) == saturday + timedelta(days=2)
    assert told(life).data["until"] == term(life).isoformat()


def test_the_new_term_is_told_of_anew_when_it_approaches():
    life = accepted()
    for clock in life.document["clocks"]:
        if clock["name"] == "mediation_end":
            clock["told"] = ["approaching"]
    life.give("extend", {**until(life, 10), "means": "phone"})
    (clock,) = [c for c in life.document["clocks"] if c["name"] == "mediation_end"]
    assert clock["told"] == []


def test_the_fast_track_moves_along():
    life = accepted(flags=["fast_track"])
    life.give("extend", {**until(life, 10), "means": "paper"})
    assert term(life, "fast_track_mediation") == term(life)


def test_what_all_have_agreed_already_needs_no_question():
    life = accepted()
    life.give("extend", {**until(life, 10), "means": "in_person"})
    names = [e["type"] for e in life.document["outbox"][-2:]]
    assert names == [
        "cn.tiaojie.case.extension_proposed.v1",
        "cn.tiaojie.case.mediation_extended.v1",
    ]
    assert life.document["extension"]["means"] == "in_person"
    assert open_question(life.document, "extension") is None


@pytest.mark.parametrize("by_staff", [True, False])
def test_the_first_to_decline_settles_that_the_term_stays(by_staff):
    life = accepted().give("extend", until(accepted(), 10))
    if by_staff:
        life.give("refuse-extension")
    else:
        life.apply(answer(life, "respondent", "decline"))
    assert told(life).name == "case.extension_refused"
    assert term(life) == first_end(life)
    assert life.document["extension"]["state"] == "refused"
    assert open_question(life.document, "extension") is None
    with refused("question_not_open"):
        life.decide("refuse-extension")


def test_asking_again_takes_the_place_of_what_was_asked():
    life = accepted().give("extend", until(accepted(), 10))
    before = open_question(life.document, "extension")["id"]
    life.give("extend", until(life, 20))
    assert open_question(life.document, "extension")["id"] != before
    assert told(life).data["settles"] == [before]


@pytest.mark.parametrize(
    "flags,days,allowed",
    [
        ([], 60, True),
        ([], 61, False),
        (["new_employment_form"], 15, True),
        (["new_employment_form"], 16, False),
        ([], 0, False),
        ([], -1, False),
        ([], 400_000, False),
    ],
)
def test_an_extension_is_longer_but_not_too_long(flags, days, allowed):
    life = accepted(flags=flags)
    if allowed:
        life.give("extend", {**until(life, days), "means": "paper"})
    else:
        with rule_not_met("extension_within_limit", "/until"):
            life.decide("extend", until(life, days))


def test_extensions_are_counted_together_from_the_first_end():
    life = accepted(flags=["new_employment_form"])
    life.give("extend", {**until(life, 10), "means": "paper"})
    with rule_not_met("extension_within_limit", "/until"):
        life.decide("extend", until(life, 16))
    life.give("extend", {**until(life, 15), "means": "paper"})


def test_a_term_that_has_ended_is_not_extended():
    life = accepted()
    wanted = until(life, 10)
    life.wait(days=15)
    assert civil_day(life.at) == term(life)
    life.decide("extend", wanted)
    life.wait(days=1)
    with rule_not_met("acceptance_in_time"):
        life.decide("extend", wanted)


def test_the_last_consent_has_to_come_before_the_term_ends():
    life = accepted().give("extend", until(accepted(), 10))
    life.apply(answer(life, "applicant", "agree")).wait(days=16)
    with rule_not_met("acceptance_in_time"):
        answer(life, "respondent", "agree")


# --- proposals and failure -----------------------------------------------------------------------


def test_a_proposal_is_counted_and_what_it_says_stays_sealed():
    life = a_life(*LIVES["mediating"]).give("record-proposal").give("record-proposal")
    event = told(life)
    assert event.data["number"] == 2
    assert words(event) == {"by": "mediator", "terms": "分两期支付18000元"}
    assert [p["by"] for p in life.document["proposals"]] == ["mediator", "mediator"]
    life.document["proposals"] *= MOST_PROPOSALS
    with refused("validation_failed", "/terms"):
        life.decide("record-proposal")


def test_a_failed_mediation_leaves_the_right_to_arbitrate_and_frees_the_mediator():
    life = a_life(*LIVES["mediating"], "schedule-session")
    body = {"reason": "party_absent", "explanation": "对方两次未到场", "minutes": "记录在案"}
    life.give("fail", body)
    event = told(life)
    assert (event.data["status"], event.data["reason"]) == ("failed", "party_absent")
    assert event.data["released_mediator_id"] == life.mediator.id
    assert words(event) == {"explanation": "对方两次未到场", "minutes": "记录在案"}
    assert {c["name"] for c in life.document["clocks"]} == {"right_to_arbitrate", "closing"}
    assert [s["status"] for s in life.document["sessions"]] == ["held", "cancelled"]
    assert open_question(life.document, "session") is None


@pytest.mark.parametrize("command", ["extend", "record-proposal", "fail", "schedule-session"])
def test_a_case_that_is_not_accepted_is_not_mediated(command):
    body = {"until": "2026-12-20"} if command == "extend" else None
    life = a_life("begin-examination")
    life.document["accepted_at"] = life.at
    if command == "extend":
        with rule_not_met("acceptance_in_time"):
            life.decide(command, body)
    else:
        with refused("command_not_allowed"):
            life.decide(command, body)
