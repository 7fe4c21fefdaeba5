"""The life of a case as decisions: what changes and what is told, from what is known.

A case document is `open_case(…)` and grows by the decisions below; names of bodies and mediators in
it are those of the directory at the time. It holds no personal data: parties are keyed hashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from services.routing.assigning import assign
from services.routing.directory import Assignment, CaseFacts, Mediator, Organisation, Snapshot
from shared.contracts.envelope import NewEvent
from shared.contracts.lifecycle import ENDED, STATUSES, allowed, transition
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused, Text

By = Literal["rules", "administrator", "applicant"]
"""Whose decision it was; who exactly is the audit's matter."""


def receive(submitted: Mapping[str, Any], snapshot: Snapshot, at: datetime) -> Decision:
    """The first state of a case and where the rules send it; `submitted` is the data of
    application.submitted, `at` the moment of the decision (aware).
    """
    case = open_case(submitted)
    assignment = assign(CaseFacts.from_document(case), snapshot, at)
    placed = place(case, assignment, at, by="rules")
    return Decision({**case, **placed.set}, placed.push, placed.events)


def open_case(submitted: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a case that nobody has yet."""
    return {
        "status": "submitted",
        "division_code": submitted["division"]["code"],
        "division": dict(submitted["division"]),
        "received_at": datetime.fromisoformat(submitted["received_at"]),
        "applicant_role": submitted["applicant_role"],
        "channel": submitted["channel"],
        "category": submitted["category"],
        "cause": submitted.get("cause"),
        "flags": list(submitted["flags"]),
        "claims": [dict(claim) for claim in submitted["claims"]],
        "deadlines": [dict(deadline) for deadline in submitted["deadlines"]],
        "language": submitted["language"],
        "interpreter_language": submitted.get("interpreter_language"),
        "party_hashes": list(submitted["party_hashes"]),
        "holder_hashes": list(submitted["holder_hashes"]),
        "refused_mediators": [],
        "organisation": None,
        "mediator": None,
        "reasons": [],
        "supplement_count": 0,
        "history": [],
    }


def place(case: State, assignment: Assignment, at: datetime, *, by: By) -> Decision:
    """Give the case to the body and, if there is one, the mediator of the assignment.

    Without a body it waits for the platform administrator. Raises Refused("command_not_allowed").
    """
    organisation, mediator = assignment.organisation, assignment.mediator
    if organisation is None:
        return leave_unassigned(case, assignment.reasons, at)
    given = assign_organisation(
        case, organisation, at, by=by, reasons=assignment.reasons, mediator_follows=bool(mediator)
    )
    if mediator is None:
        return given
    taken = assign_mediator({**case, **given.set}, mediator, at, by=by, reasons=assignment.reasons)
    return _both(given, taken)


def leave_unassigned(case: State, reasons: Sequence[str], at: datetime) -> Decision:
    """No body serves the place: the case waits for the platform administrator."""
    set_, push = _move(case, "leave-unassigned", at, by="rules")
    event = {"status": set_["status"], "reasons": list(reasons)}
    return Decision({**set_, "reasons": list(reasons)}, push, [NewEvent("case.unassigned", event)])


def assign_organisation(
    case: State,
    organisation: Organisation,
    at: datetime,
    *,
    by: By,
    reasons: Sequence[str] = (),
    mediator_follows: bool = False,
) -> Decision:
    """The body has the case; a mediator of the body before is released.

    Whether it may have it is `assigning.check_organisation`'s matter.
    """
    set_, push = _move(case, "assign-organisation", at, by=by)
    released, before = case["mediator"], case["organisation"]
    event = {
        "status": set_["status"],
        "organisation": organisation.ref,
        "previous_organisation_id": before["id"] if before else None,
        "released_mediator_id": released["id"] if released else None,
        "mediator_follows": mediator_follows,
        "by": by,
    }
    set_ |= {"organisation": organisation.ref, "mediator": None, "reasons": list(reasons)}
    return Decision(set_, push, [NewEvent("case.organisation_assigned", event)])


def assign_mediator(
    case: State, mediator: Mediator, at: datetime, *, by: By, reasons: Sequence[str] = ()
) -> Decision:
    """The mediator has the case, the one before is released; nothing if it is the same one.

    Whether the mediator may have it is `assigning.check_mediator`'s matter.
    """
    set_, push = _move(case, "assign-mediator", at, by=by)
    before = case["mediator"]
    if before and before["id"] == mediator.id:
        return NOTHING
    event = {
        "status": set_["status"],
        "organisation": dict(case["organisation"]),
        "mediator": mediator.ref,
        "released_mediator_id": before["id"] if before else None,
        "reasons": list(reasons),
        "by": by,
    }
    set_ |= {"mediator": mediator.ref, "reasons": list(reasons)}
    return Decision(set_, push, [NewEvent("case.mediator_assigned", event)])


def withdraw(case: State, at: datetime) -> Decision:
    """The applicant takes the application back; the mediator is free again."""
    set_, push = _move(case, "withdraw", at, by="applicant")
    mediator = case["mediator"]
    event = {
        "status": set_["status"],
        "released_mediator_id": mediator["id"] if mediator else None,
    }
    return Decision(set_, push, [NewEvent("case.withdrawn", event)])


def supplement(case: State, supplemented: Mapping[str, Any], at: datetime) -> Decision:
    """Note that the application has grown; `supplemented` is the data of application.supplemented.

    Refused once the case has ended. Counts never go back, so notes may arrive in any order.
    """
    if case["status"] in ENDED:
        raise _not_allowed(case)
    if supplemented["supplement_count"] <= case["supplement_count"]:
        return NOTHING
    return Decision({"supplement_count": supplemented["supplement_count"], "supplemented_at": at})


def _move(
    case: State, command: str, at: datetime, *, by: By
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The new status and its line of history, or Refused naming the commands allowed now."""
    row = transition(command)
    if case["status"] not in row.sources:
        raise _not_allowed(case)
    line = {"command": command, "status": row.target, "at": at, "by": by}
    return {"status": row.target, "updated_at": at}, {"history": [line]}


def _not_allowed(case: State) -> Refused:
    status = STATUSES[case["status"]]
    return Refused(
        "command_not_allowed",
        Text(f"案件当前状态：{status.zh}", f"The case's status: {status.en}"),
        extra={"allowed": list(allowed(case["status"]))},
    )


def _both(first: Decision, second: Decision) -> Decision:
    """Two decisions on the same case, one after the other, as one write."""
    pushed = {
        name: [*first.push.get(name, ()), *second.push.get(name, ())]
        for name in {**first.push, **second.push}
    }
    return Decision({**first.set, **second.set}, pushed, [*first.events, *second.events])


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
