"""What cases and the directory look like to the staff who work with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from services.routing.assigning import REASONS, days_to_duty
from services.routing.clocking import deadlines
from services.routing.directory import Mediator, Organisation
from shared import serial
from shared.civil_time import MAINLAND_TIME, rfc3339
from shared.contracts.lifecycle import STATUSES
from shared.divisions import find
from shared.errors import Language


def case_view(case: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The whole case; nothing in it is personal."""
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
        "history": [{**line, "at": rfc3339(line["at"])} for line in case["history"]],
    }


def case_line(case: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """One line of a work list."""
    return {
        "serial_number": case["_id"],
        "serial_number_display": serial.display(case["_id"]),
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
    }


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
    }


def rota_line(document: Mapping[str, Any], on: date) -> dict[str, Any]:
    """Whether a mediator takes new cases on a day, and the first day from then on."""
    days = days_to_duty(Mediator.from_document(document).rota, _opening(on))
    return {
        "mediator": {"id": document["_id"], "name": document["name"]},
        "version": document["version"],
        **document["rota"],
        "on_duty": days == 0,
        "next_on_duty": (on + timedelta(days=days)).isoformat() if days <= _WEEK else None,
    }


_WEEK = 7


def _opening(on: date) -> datetime:
    return datetime.combine(on, time(9), MAINLAND_TIME)


def _division(code: str) -> dict[str, str]:
    """A division's code and name; of a code abolished since, the code alone."""
    found = find(code)
    return {"code": code, "name": found.name if found else code}
