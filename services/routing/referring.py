"""Referrals (转介): to arbitration review, legal aid and whatever follows or goes beside a case.

Who is referred is asked first. When all parties want a review of their agreement, they have thereby
requested it together (劳动人事争议仲裁办案规则 74).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.routing import steps
from services.routing.asked import unknown
from services.routing.commands import Command, Given
from services.routing.examination import sealed, sides
from services.routing.following_bodies import Refer, UpdateReferral
from services.routing.referral_rules import (
    BY_ALL_PARTIES,
    FLAGS_OF_WILL,
    check_fits,
    check_order,
    check_review_in_time,
    last_day_of,
)
from services.routing.steps import (
    Actor,
    Asking,
    Party,
    Said,
    after,
    open_question,
    recorded,
    step,
    together,
)
from shared.contracts.faults import fault
from shared.decision import Decision, State
from shared.errors import Refused

MOST_REFERRALS: Final = 40


def refer(case: State, given: Given) -> Decision:
    """A referral is offered to its parties, unless they are known to want it.

    Refused: rule_not_met (referral_fits, review_in_time), validation_failed.
    """
    kind, to = given.body["kind"], _referred(case, given)
    check_fits(case, kind, given.at)
    number = len(case["referrals"]) + 1
    if number > MOST_REFERRALS:
        raise Refused("validation_failed", errors=[fault("too_many", MOST_REFERRALS).at("/kind")])
    wanted = bool(given.body.get("means")) or _wanted_from_the_start(case, kind, to)
    status = "willing" if wanted else "asked"
    referral = {
        "id": f"r{number}",
        "kind": kind,
        "status": status,
        "to": [{"party": side, "index": index} for side, index in to],
        "at": given.at,
        "history": [{"status": status, "at": given.at}],
    }
    lasts = {"arbitration_review": "arbitration_review_request"}.get(kind, kind)
    expires_on = last_day_of(case, lasts) if kind in BY_ALL_PARTIES else None
    question = Asking("referral", to, about=referral["id"], expires_on=expires_on)
    opened = step(
        case,
        "refer",
        given.actor,
        given.at,
        change={"referrals": [*case["referrals"], referral]},
        told=_told(referral),
        asks=() if wanted else [question],
        particulars=sealed(given, note=given.body.get("note")),
    )
    if not wanted:
        return opened
    return together(opened, _what_follows(after(case, opened), referral, given.actor, given.at))


def update_referral(case: State, given: Given) -> Decision:
    """The referral has gone on, or staff note what a party said about it.

    Refused: rule_not_met (referral_in_order), question_not_open, validation_failed.
    """
    referral = _referral(case, given.body["referral"])
    said = given.body.get("answer")
    if said is None:
        check_order(referral, given.body["status"])
        return _moved(case, referral, given.body["status"], given.actor, given.at)
    question = open_question(case, "referral", referral["id"])
    if question is None:
        raise Refused("question_not_open")
    return answer_referral(case, recorded(question["id"], said, given.actor, given.at))


def answer_referral(case: State, said: Said) -> Decision:
    """One of those asked wants the referral or not: it goes on when all do, and ends when one does
    not. Refused: question_not_open, rule_not_met (review_in_time).
    """
    questions, question = steps.answered(case, said)
    referral = _referral(case, question["about"])
    noted = {**case, "questions": questions}
    actor, at = said.actor, said.at
    if said.answer == "unwilling":
        return _moved(noted, referral, "declined", actor, at, settles=said.question)
    if referral["kind"] == "arbitration_review":
        check_review_in_time(case, at)
    if not steps.is_complete(question):
        return Decision({"questions": questions})
    willing = _moved(noted, referral, "willing", actor, at, settles=said.question)
    return together(willing, _what_follows(after(noted, willing), referral, actor, at))


def _what_follows(case: State, referral: Mapping[str, Any], actor: Actor, at: datetime) -> Decision:
    """What the will of all does by itself: a review of the agreement is requested by it."""
    if referral["kind"] == "arbitration_review" and case["status"] == "agreement_signed":
        return step(case, "request-review", actor, at)
    return Decision()


def _moved(
    case: State,
    referral: Mapping[str, Any],
    status: str,
    actor: Actor,
    at: datetime,
    *,
    settles: str | None = None,
) -> Decision:
    history = [*referral["history"], {"status": status, "at": at}]
    moved = {**referral, "status": status, "history": history}
    return step(
        case,
        "update-referral",
        actor,
        at,
        change={
            "questions": case["questions"],
            "referrals": [
                moved if other["id"] == referral["id"] else {**other} for other in case["referrals"]
            ],
        },
        told=_told(moved),
        settles=[settles] if settles else [],
    )


def _referred(case: State, given: Given) -> tuple[Party, ...]:
    """Who is referred: those named, else the applicants, of some kinds all parties."""
    known = sides(case)
    named = given.body.get("to")
    if given.body["kind"] in BY_ALL_PARTIES:
        return tuple(known)
    if not named:
        return tuple(party for party in known if party[0] == "applicant")
    for position, place in enumerate(named):
        if (place["party"], place["index"]) not in known:
            raise unknown(f"to/{position}/index")
    return tuple(dict.fromkeys((place["party"], place["index"]) for place in named))


def _wanted_from_the_start(case: State, kind: str, to: tuple[Party, ...]) -> bool:
    """Whether the applicant asked for it when applying."""
    flag = FLAGS_OF_WILL.get(kind)
    return flag in case["flags"] and all(side == "applicant" for side, _ in to)


def _referral(case: State, referral_id: str | None) -> dict[str, Any]:
    for referral in case["referrals"]:
        if referral["id"] == referral_id:
            return dict(referral)
    raise unknown("referral")


def _told(referral: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "referral_id": referral["id"],
        "kind": referral["kind"],
        "referral_status": referral["status"],
        "to": referral["to"],
    }


COMMANDS: Mapping[str, Command] = {
    "refer": Command(Refer, refer),
    "update-referral": Command(UpdateReferral, update_referral),
}
