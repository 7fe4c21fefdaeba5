"""What cases and the directory look like to the staff who work with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from services.routing.assigning import REASONS, days_to_duty
from services.routing.clocking import deadlines, is_overdue
from services.routing.directory import Mediator, Organisation
from services.routing.hints import joint_bodies, suggested_referrals, warnings
from shared import serial
from shared.civil_time import MAINLAND_TIME, rfc3339, today
from shared.contracts.lifecycle import OUTCOMES, STATUSES
from shared.contracts.questions import QUESTIONS
from shared.contracts.vocabulary import REFERRAL_STATUSES, REFERRALS
from shared.divisions import find
from shared.errors import Language


def case_view(
    case: Mapping[str, Any], language: Language, records: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The whole case; nothing in it is personal but the words of `records`, which are opened for
    those alone who work on it."""
    return {
        **case_line(case, language),
        "claims": case["claims"],
        "interpreter_language": case["interpreter_language"],
        "language": case["language"],
        "reasons": [
            {"code": code, "text": REASONS[code].to(language) if code in REASONS else code}
            for code in case["reasons"]
        ],
        "supplement_count": case["supplement_count"],
        "represented_count": case["represented_count"],
        "parties": case["parties"],
        "consents": [_timed(consent, "at") for consent in case["consents"]],
        "questions": [_question(question, language) for question in case["questions"]],
        "accepted_at": _moment(case["accepted_at"]),
        "sessions": [_timed(session, "starts_at", "ends_at") for session in case["sessions"]],
        "proposals": [_timed(proposal, "at") for proposal in case["proposals"]],
        "extension": case["extension"]
        and {name: case["extension"][name] for name in ("until", "state")},
        "agreement": case["agreement"] and _agreement(case["agreement"]),
        "referrals": [_referral(referral, language) for referral in case["referrals"]],
        "outcome": case["outcome"],
        "outcome_text": OUTCOMES[case["outcome"]].to(language) if case["outcome"] else None,
        "closed_at": _moment(case["closed_at"]),
        "warnings": warnings(case, language),
        "suggested_referrals": suggested_referrals(case, language),
        "joint_bodies": joint_bodies(case, language),
        "records": [_timed(record, "at") for record in records],
        "history": [_timed(line, "at") for line in case["history"]],
    }


def case_line(case: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """One line of a work list."""
    return {
        "serial_number": case["_id"],
        "serial_number_display": serial.display(case["_id"]),
        "case_number": case["case_number"],
        "version": case["version"],
        "status": case["status"],
        "status_text": STATUSES[case["status"]].to(language),
        "received_at": rfc3339(case["received_at"]),
        "updated_at": rfc3339(case["updated_at"]),
        "division": case["division"],
        "category": case["category"],
        "cause": case["cause"],
        "flags": case["flags"],
        "organisation": case["organisation"],
        "mediator": case["mediator"],
        "deadlines": deadlines(case["clocks"]),
        "next_due_on": case["next_due_on"],
        "overdue": is_overdue(case["clocks"], today()),
    }


def _question(question: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        **question,
        "text": QUESTIONS[question["kind"]].text.to(language),
        "asked_at": rfc3339(question["asked_at"]),
        "answers": [_timed(answer, "at") for answer in question["answers"]],
    }


def _agreement(agreement: Mapping[str, Any]) -> dict[str, Any]:
    """How far an agreement is; its words are among the records."""
    return {
        "version": agreement["version"],
        "recorded_at": rfc3339(agreement["recorded_at"]),
        "perform_by": agreement["perform_by"],
        "signatures": [
            _timed({n: signature[n] for n in ("signatory", "index", "means", "at")}, "at")
            for signature in agreement["signatures"]
        ],
        "effective_at": _moment(agreement["effective_at"]),
    }


def _referral(referral: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "id": referral["id"],
        "kind": referral["kind"],
        "kind_text": REFERRALS[referral["kind"]].to(language),
        "status": referral["status"],
        "status_text": REFERRAL_STATUSES[referral["status"]].to(language),
        "to": referral["to"],
        "history": [_timed(line, "at") for line in referral["history"]],
    }


def _timed(part: Mapping[str, Any], *moments: str) -> dict[str, Any]:
    """The part with its moments as clients read them."""
    return {**part, **{name: rfc3339(part[name]) for name in moments}}


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def organisation_view(
    document: Mapping[str, Any], loaded: Organisation, staff: Sequence[Mediator]
) -> dict[str, Any]:
    """An organisation with what its mediators can take and have: `capacity` counts the active."""
    return {
        "id": document["_id"],
        "version": document["version"],
        "kind": document["kind"],
        "name": document["name"],
        "phone": document["phone"],
        "address": document["address"],
        "divisions": [_division(code) for code in document["divisions"]],
        "categories": document["categories"],
        "active": document["active"],
        "offers_choice": document.get("offers_choice", False),
        "case_number_prefix": document.get("case_number_prefix"),
        "capacity": loaded.capacity,
        "open_cases": loaded.open_cases,
        "mediators": sum(m.active for m in staff),
    }


def mediator_view(document: Mapping[str, Any]) -> dict[str, Any]:
    """A mediator with the load; of conflicts of interest only how many are known."""
    last = document["last_assigned_at"]
    return {
        "id": document["_id"],
        "version": document["version"],
        "organisation": document["organisation"],
        "name": document["name"],
        "capacity": document["capacity"],
        "open_cases": document["open_cases"],
        "rota": document["rota"],
        "divisions": [_division(code) for code in document["divisions"]],
        "specialisms": document["specialisms"],
        "languages": document["languages"],
        "active": document["active"],
        "conflict_count": len(document["conflicts"]),
        "last_assigned_at": rfc3339(last) if last else None,
        "leave": document.get("leave", []),
    }


def rota_line(document: Mapping[str, Any], on: date) -> dict[str, Any]:
    """Whether a mediator takes new cases on a day, and the first day from then on."""
    first = _next_on_duty(Mediator.from_document(document), on)
    return {
        "mediator": {"id": document["_id"], "name": document["name"]},
        "version": document["version"],
        **document["rota"],
        "on_duty": first == on,
        "next_on_duty": first.isoformat() if first else None,
    }


def _next_on_duty(mediator: Mediator, on: date) -> date | None:
    """The first day from this one on that the rota names and no leave takes; None for no day."""
    day = on
    while (days := days_to_duty(mediator.rota, _opening(day))) <= _WEEK:
        day += timedelta(days=days)
        ends = [leave.last for leave in mediator.leave if leave.first <= day <= leave.last]
        if not ends:
            return day
        day = max(ends) + timedelta(days=1)
    return None


_WEEK = 7


def _opening(on: date) -> datetime:
    return datetime.combine(on, time(9), MAINLAND_TIME)


def _division(code: str) -> dict[str, str]:
    """A division's code and name; of a code abolished since, the code alone."""
    found = find(code)
    return {"code": code, "name": found.name if found else code}
