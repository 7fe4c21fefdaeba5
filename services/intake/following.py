"""What intake learns of its case: the newest status, who has it, what is asked of whom.

Events may come twice and in any order; what is known afterwards is the same. Each part has its own
rule for that: the status and the hash are those of the highest sequence, so is who has the case
among the events that say so, and a question is open if it was asked and is not settled, ever.

    case_sequence, case_status, case_history_hash, case_division_code
    organisation_id, mediator_id, and the sequences of the events that said so
    questions: [{id, kind, to, options, about, subject, expires_on}], settled_questions: [ids]
    asked_respondents: [indexes of respondents who were ever asked something]
    withdrawal_pending: the applicant withdrew and the case does not know yet
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.intake import documents
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING, Decision, State

UNKNOWN: Final[Mapping[str, Any]] = {
    "case_sequence": 0,
    "case_status": None,
    "case_history_hash": None,
    "case_division_code": None,
    "organisation_id": None,
    "organisation_sequence": 0,
    "mediator_id": None,
    "mediator_sequence": 0,
    "questions": [],
    "settled_questions": [],
    "asked_respondents": [],
}
"""What an application knows of its case before the first event of it."""

_SUBJECTS: Final[Mapping[str, str]] = {
    "session": "session",
    "extension": "until",
    "referral": "kind",
    "signature": "version",
}
"""Kind of question → what its event says of the thing that is asked about."""


def follow_case(event: Event, state: State | None, _: datetime) -> Decision:
    """What the application knows of its case after one more event; NOTHING if that is no news."""
    if state is None:
        return NOTHING
    state = {**UNKNOWN, **state}
    learned = {
        **_newest(event, state),
        **_withdrawal(event, state),
        **_hands(event, state),
        **_questions(event, state),
    }
    if known := documents.facts(event, state):
        learned["document_facts"] = known
    changes = {**learned, **_status({**state, **learned}, event)}
    news = {name: value for name, value in changes.items() if state.get(name) != value}
    due = documents.due(event, state)
    if not news and not due:
        return NOTHING
    return Decision(set=news, push={"documents_due": due} if due else {})


def _newest(event: Event, state: State) -> dict[str, Any]:
    """What the last event of a case says, whenever it arrives."""
    if event.sequence <= state["case_sequence"]:
        return {}
    return {
        "case_sequence": event.sequence,
        "case_status": event.data["status"],
        "case_history_hash": event.hash,
        "case_division_code": event.division,
    }


def _withdrawal(event: Event, state: State) -> dict[str, Any]:
    """A withdrawal waits for the case until the case has ended, told after it."""
    if not state.get("withdrawal_pending") or event.data["status"] not in ENDED:
        return {}
    return {"withdrawal_pending": event.sequence <= state["withdrawn_after"]}


def _status(state: State, event: Event) -> dict[str, Any]:
    """The status of the case; `withdrawn` while a step of the case crosses the withdrawal."""
    if state["case_sequence"] == 0 or state.get("withdrawal_pending"):
        return {}
    status = state["case_status"]
    changes: dict[str, Any] = {"status": status, "open": status not in ENDED}
    if status == "withdrawn" and "withdrawn_at" not in state:
        changes["withdrawn_at"] = event.time
    return changes


def _hands(event: Event, state: State) -> dict[str, Any]:
    """Who has the case: whoever the last event names that says so."""
    changes: dict[str, Any] = {}
    for name, sayers in _IN_HANDS.items():
        if event.name in sayers and event.sequence > state[f"{name}_sequence"]:
            named = event.data.get(name)
            changes[f"{name}_id"] = named["id"] if named else None
            changes[f"{name}_sequence"] = event.sequence
    return changes


_PLACED: Final = frozenset(
    {
        "case.unassigned",
        "case.organisation_assigned",
        "case.mediators_proposed",
        "case.mediator_assigned",
        "case.transferred",
    }
)
_IN_HANDS: Final = {"organisation": _PLACED, "mediator": _PLACED | {"case.reopened"}}
"""Events that say who has the case now; whom they do not name has it no more."""


def _questions(event: Event, state: State) -> dict[str, Any]:
    """Open are those asked and not settled; a settled one stays so when its asking comes late."""
    asks, settles = event.data.get("asks") or (), event.data.get("settles") or ()
    if not asks and not settles:
        return {}
    settled = {*state["settled_questions"], *settles}
    known = {q["id"]: q for q in state["questions"]}
    asked = {q["id"]: _question(q, event.data) for q in asks}
    respondents = {p["index"] for q in asks for p in q["to"] if p["party"] == "respondent"} | {
        *state["asked_respondents"]
    }
    return {
        "questions": sorted(
            (q for key, q in {**asked, **known}.items() if key not in settled), key=_in_order
        ),
        "settled_questions": sorted(settled),
        "asked_respondents": sorted(respondents),
    }


def _question(asked: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    subject = _SUBJECTS.get(asked["kind"])
    return {
        "id": asked["id"],
        "kind": asked["kind"],
        "to": [{"party": p["party"], "index": p["index"]} for p in asked["to"]],
        "options": [{"id": o["id"], "name": o["name"]} for o in asked.get("options") or ()],
        "about": asked.get("about"),
        "subject": told.get(subject) if subject else None,
        "expires_on": asked.get("expires_on"),
    }


def _in_order(question: Mapping[str, Any]) -> tuple[int, str]:
    """As they were asked: ids count from q1."""
    key: str = question["id"]
    return (len(key), key)
