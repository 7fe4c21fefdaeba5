"""What a case looks like to the staff who work it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.routing.assigning import REASONS
from shared import serial
from shared.civil_time import rfc3339
from shared.contracts.lifecycle import STATUSES, allowed
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
        "allowed_commands": list(allowed(case["status"])),
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
        "deadlines": case["deadlines"],
    }
