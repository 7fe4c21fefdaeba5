"""The life of a case as decisions: what changes and what is told, from what is known.

A case document is `open_case(…)` and grows by the decisions below; names of bodies and mediators in
it are those of the directory at the time. It holds no personal data: parties are keyed hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing import clocking
from services.routing.assigning import assign, serving_codes
from services.routing.directory import Assignment, CaseFacts, Mediator, Organisation, Snapshot
from services.routing.steps import (
    BY_RULES,
    Actor,
    Asking,
    after,
    not_allowed,
    open_question,
    step,
    together,
)
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.envelope import NewEvent
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING, Decision, State


def receive(submitted: Mapping[str, Any], snapshot: Snapshot, at: datetime) -> Decision:
    """The first state of a case and where the rules send it; `submitted` is the data of
    application.submitted, `at` the moment of the decision (aware).
    """
    case = open_case(submitted)
    assignment = assign(CaseFacts.from_document(case), snapshot, at)
    placed = place(case, assignment, at, actor=BY_RULES)
    return Decision({**case, **placed.set}, placed.push, placed.events)


def open_case(submitted: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a case that nobody has yet."""
    received_at = datetime.fromisoformat(submitted["received_at"])
    clocks = [
        {**d, "provisional": d.get("provisional", False), "told": []}
        for d in submitted["deadlines"]
    ]
    consents = [
        {
            "party": "applicant",
            "index": p["index"],
            "answer": "agree",
            "means": "application",
            "at": received_at,
        }
        for p in submitted["parties"]
        if p["party"] == "applicant"
    ]  # whoever applies wants to mediate
    return {
        "status": "submitted",
        "division_code": submitted["division"]["code"],
        "division": dict(submitted["division"]),
        **situated(submitted["division"]["code"], submitted["flags"]),
        "received_at": received_at,
        "received_on": civil_day(received_at).isoformat(),
        "applicant_role": submitted["applicant_role"],
        "channel": submitted["channel"],
        "category": submitted["category"],
        "cause": submitted.get("cause"),
        "flags": list(submitted["flags"]),
        "claims": [dict(claim) for claim in submitted["claims"]],
        **clocking.follow_from(clocks),
        "language": submitted["language"],
        "interpreter_language": submitted.get("interpreter_language"),
        "parties": [dict(party) for party in submitted["parties"]],
        "represented_count": submitted["represented_count"],
        "party_hashes": list(submitted["party_hashes"]),
        "employer_hashes": list(submitted["employer_hashes"]),
        "holder_hashes": list(submitted["holder_hashes"]),
        "refused_mediators": [],
        "organisation": None,
        "mediator": None,
        "reasons": [],
        "supplement_count": 0,
        "case_number": None,
        "accepted_at": None,
        "consents": consents,
        "questions": [],
        "sessions": [],
        "proposals": [],
        "extension": None,
        "agreement": None,
        "referrals": [],
        "outcome": None,
        "closed_at": None,
        "records": [],
        "history": [],
    }


def situated(division_code: str, flags: Iterable[str]) -> dict[str, list[str]]:
    """What work lists find a case by: `places`, the division with all that it lies in, and `marks`,
    its flags alone and in each of those places."""
    places = list(serving_codes(division_code))
    marks = [mark(flag, place) for flag in flags for place in ("", *places)]
    return {"places": places, "marks": marks}


def mark(flag: str, place: str = "") -> str:
    """A triage flag in a place, or wherever it is."""
    return f"{flag} {place}".rstrip()


def place(case: State, assignment: Assignment, at: datetime, *, actor: Actor) -> Decision:
    """Give the case to the body and, if there is one, the mediator of the assignment.

    Without a body it waits for the platform administrator. Raises Refused("command_not_allowed").
    """
    organisation, mediator = assignment.organisation, assignment.mediator
    if organisation is None:
        return leave_unassigned(case, assignment.reasons, at)
    reasons = assignment.reasons
    given = assign_organisation(
        case, organisation, at, actor=actor, reasons=reasons, mediator_follows=bool(mediator)
    )
    return together(given, hand_over(after(case, given), assignment, at, actor=actor))


def hand_over(case: State, assignment: Assignment, at: datetime, *, actor: Actor) -> Decision:
    """What the rules found within the body that has the case: its mediator, mediators to choose
    among, or nobody, so that its administrator decides."""
    organisation, mediator = assignment.organisation, assignment.mediator
    if mediator is not None:
        return assign_mediator(case, mediator, at, actor=actor, reasons=assignment.reasons)
    if assignment.choices and organisation is not None:
        return propose_mediators(case, assignment.choices, at, actor=BY_RULES)
    return NOTHING


def propose_mediators(
    case: State, mediators: Sequence[Mediator], at: datetime, *, actor: Actor
) -> Decision:
    """The applicant is asked to choose among these; a question asked before is withdrawn.

    Whether the body offers a choice is the caller's matter (guard choice_offered).
    """
    to = tuple((p["party"], p["index"]) for p in case["parties"] if p["party"] == "applicant")
    question = Asking(
        "mediator",
        to,
        options=tuple(m.ref for m in mediators),
        expires_on=due("mediator_choice", civil_day(at)).on,
    )
    return step(
        case,
        "propose-mediators",
        actor,
        at,
        told={"organisation": dict(case["organisation"])},
        asks=[question],
        withdraws=_choice(case),
    )


def _choice(case: State) -> list[str]:
    """The open question of whom the applicant wants, which is settled by any assignment."""
    question = open_question(case, "mediator")
    return [question["id"]] if question else []


def leave_unassigned(case: State, reasons: Sequence[str], at: datetime) -> Decision:
    """No body serves the place: the case waits for the platform administrator."""
    change = {"reasons": list(reasons)}
    return step(case, "leave-unassigned", BY_RULES, at, change=change, told=change)


def assign_organisation(
    case: State,
    organisation: Organisation,
    at: datetime,
    *,
    actor: Actor,
    reasons: Sequence[str] = (),
    mediator_follows: bool = False,
) -> Decision:
    """The body has the case; a mediator of the body before is released.

    Whether it may have it is `assigning.check_organisation`'s matter.
    """
    released, before = case["mediator"], case["organisation"]
    return step(
        case,
        "assign-organisation",
        actor,
        at,
        change={"organisation": organisation.ref, "mediator": None, "reasons": list(reasons)},
        told={
            "organisation": organisation.ref,
            "previous_organisation_id": before["id"] if before else None,
            "released_mediator_id": released["id"] if released else None,
            "mediator_follows": mediator_follows,
            "by": actor.by,
        },
        withdraws=_choice(case),
    )


def assign_mediator(
    case: State,
    mediator: Mediator,
    at: datetime,
    *,
    actor: Actor,
    reasons: Sequence[str] = (),
    refused: bool = False,
) -> Decision:
    """The mediator has the case, the one before is released; nothing if it is the same one.

    `refused` tells that a party refused the one before, who never has the case again. Whether the
    mediator may have it is `assigning.check_mediator`'s matter.
    """
    before = case["mediator"]
    avoided = {*case["refused_mediators"], *([before["id"]] if refused and before else ())}
    decided = step(
        case,
        "assign-mediator",
        actor,
        at,
        change={
            "mediator": mediator.ref,
            "reasons": list(reasons),
            "refused_mediators": sorted(avoided),
        },
        settles=_choice(case),
        told={
            "organisation": dict(case["organisation"] or {}),
            "mediator": mediator.ref,
            "released_mediator_id": before["id"] if before else None,
            "reasons": list(reasons),
            "by": actor.by,
        },
    )
    return NOTHING if before and before["id"] == mediator.id else decided


def withdraw(case: State, at: datetime, *, actor: Actor) -> Decision:
    """The applicant takes the application back; the mediator is free again."""
    return step(case, "withdraw", actor, at)


def supplement(case: State, supplemented: Mapping[str, Any], at: datetime) -> Decision:
    """Note that the application has grown; `supplemented` is the data of application.supplemented.

    What was waited for has come: the examination goes on. Refused once the case has ended. Counts
    never go back, so notes may arrive in any order.
    """
    if case["status"] in ENDED:
        raise not_allowed(case, "supplement")
    if supplemented["supplement_count"] <= case["supplement_count"]:
        return NOTHING
    noted = Decision({"supplement_count": supplemented["supplement_count"], "supplemented_at": at})
    if case["status"] != "supplement_requested":
        return noted
    return together(noted, step(after(case, noted), "resume-examination", BY_RULES, at))


def register_organisation(entry: Mapping[str, Any]) -> Decision:
    """A new organisation in the directory; `entry` is its document with an address."""
    return Decision(
        set={name: value for name, value in entry.items() if name != "_id"},
        events=[NewEvent("organisation.registered", directory_entry(entry))],
    )


def directory_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An organisation as the public may see it (OrganisationEntry)."""
    shown = ("name", "kind", "divisions", "categories", "phone", "address", "active")
    return {"id": entry["_id"], **{name: entry[name] for name in shown}}
