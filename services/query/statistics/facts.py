"""What statistics count of each case, as its events tell it: no order matters, nor repetition.

place          division code it was submitted to
received_day   civil day of the submission, counted from 0001-01-01
month          of the submission, 2026-11
category       kind of dispute
standing       {sequence, status} of the newest event of the case
result         {sequence, outcome}: how mediation ended, null while it goes on
organisation   {sequence, id}: who had the case last
mediator_day, accepted_day, ended_day   first civil day of each
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.civil_time import civil_day
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import OUTCOMES

FIRST_DAYS: Final[Mapping[str, str]] = {
    "case.mediator_assigned": "mediator_day",
    "case.accepted": "accepted_day",
    "case.agreement_signed": "ended_day",
    "case.failed": "ended_day",
    "case.not_accepted": "ended_day",
    "case.withdrawn": "ended_day",
}
"""Event → the field that says on which day it first happened."""

_AFTERWARDS: Final = frozenset({"review_requested", "closed", "archived"})
"""Statuses that follow a result and say nothing of it."""


def of_submission(event: Event) -> dict[str, Any]:
    """Fields that the submission sets once and for all."""
    received = civil_day(datetime.fromisoformat(event.data["received_at"]))
    return {
        "facts.place": event.data["division"]["code"],
        "facts.received_day": received.toordinal(),
        "facts.month": f"{received:%Y-%m}",
        "facts.category": event.data["category"],
    }


def standing(event: Event) -> dict[str, Any]:
    """Fields of which the newest event of the case counts, each with its sequence."""
    status, sequence = event.data["status"], event.sequence
    fields: dict[str, Any] = {"facts.standing": {"sequence": sequence, "status": status}}
    if event.name == "case.closed":
        fields["facts.result"] = {"sequence": sequence, "outcome": event.data["outcome"]}
    elif status not in _AFTERWARDS:
        outcome = status if status in OUTCOMES else None
        fields["facts.result"] = {"sequence": sequence, "outcome": outcome}
    if organisation := event.data.get("organisation"):
        fields["facts.organisation"] = {"sequence": sequence, "id": organisation["id"]}
    return fields


def first_times(event: Event) -> dict[str, Any]:
    """Fields of which the first day counts."""
    if event.name not in FIRST_DAYS:
        return {}
    return {f"facts.{FIRST_DAYS[event.name]}": civil_day(event.time).toordinal()}
