"""What the steps of a case leave when they are followed in order: who has it, what is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.civil_time import rfc3339
from shared.contracts.lifecycle import ENDED

Step = Mapping[str, Any]


@dataclass(slots=True)
class Following:
    """A case after its last known step. `questions` are those still open, by id; `sessions` all, by
    id with their status; `referrals` {kind, status, to} by id; `ended` the step that refused the case
    or told of failure, while it counts."""

    organisation: Mapping[str, Any] | None = None
    mediator: Mapping[str, Any] | None = None
    case_number: str | None = None
    outcome: str | None = None
    ended: Step | None = None
    agreement: dict[str, Any] | None = None
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    referrals: dict[str, dict[str, Any]] = field(default_factory=dict)


def follow(steps: Iterable[Step]) -> Following:
    """The case after these steps, which are in the order of their sequence."""
    known = Following()
    for step in steps:
        _hands(known, step)
        _questions(known, step)
        _sessions(known, step)
        _agreement(known, step)
        _referral(known, step)
        _end(known, step)
    return known


def _hands(known: Following, step: Step) -> None:
    """Who has the case: a body it comes to anew names a mediator, and gives it its own number."""
    if step["status"] == "unassigned":
        known.organisation = known.mediator = None
    known.organisation = step.get("organisation", known.organisation)
    if step["status"] == "organisation_assigned":
        known.mediator = known.case_number = None
    known.mediator = step.get("mediator", known.mediator)
    known.case_number = step.get("case_number", known.case_number)


def _questions(known: Following, step: Step) -> None:
    for question in step.get("settles", ()):
        known.questions.pop(question, None)
    for question in step.get("asks", ()):
        known.questions[question["id"]] = {**question, "until": step.get("until")}


def _sessions(known: Following, step: Step) -> None:
    if "session" in step:
        held = step["name"] == "case.session_held"
        told = step["session"]
        known.sessions[told["id"]] = {
            "id": told["id"],
            "number": told["number"],
            "mode": told["mode"],
            "starts_at": _utc(told["starts_at"]),
            "ends_at": _utc(told["ends_at"]),
            "place": told.get("place"),
            "status": "held" if held else "scheduled",
        }
    if step["name"] == "case.session_cancelled" and step["session_id"] in known.sessions:
        known.sessions[step["session_id"]]["status"] = "cancelled"
    if step["status"] in ENDED or step["status"] == "organisation_assigned":
        for session in known.sessions.values():
            if session["status"] == "scheduled":  # nobody comes to it any more
                session["status"] = "cancelled"


def _agreement(known: Following, step: Step) -> None:
    name = step["name"]
    if name in {"case.agreement_declined", "case.reopened", "case.failed"}:
        known.agreement = None
    elif name in {"case.agreement_recorded", "case.agreement_signed"}:
        signed = name == "case.agreement_signed"
        before = known.agreement or {}
        known.agreement = {
            "perform_by": step.get("perform_by", before.get("perform_by")),
            "effective_at": _utc(step["effective_at"]) if signed else None,
            "signatures_missing": 0 if signed else None,
        }
    elif name == "case.signature_recorded" and known.agreement is not None:
        known.agreement["signatures_missing"] = step["missing"]


def _referral(known: Following, step: Step) -> None:
    if "referral_id" not in step:
        return
    key = step["referral_id"]
    asked = [q for q in step.get("asks", ()) if q["kind"] == "referral"]
    before = known.referrals.get(key, {"to": []})
    to = [party for question in asked for party in question["to"]] or before["to"]
    known.referrals[key] = {"kind": step["kind"], "status": step["referral_status"], "to": to}


def _end(known: Following, step: Step) -> None:
    name = step["name"]
    if name == "case.closed":
        known.outcome = step["outcome"]
    elif name == "case.reopened":
        known.outcome = known.ended = None
    elif name in {"case.not_accepted", "case.failed"}:
        known.ended = step


def _utc(moment: str) -> str:
    return rfc3339(datetime.fromisoformat(moment))
