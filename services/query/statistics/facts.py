"""What statistics count of each case, as its events tell it: no order matters, nor repetition.

place          division code it was submitted to
received_day   civil day of the submission, counted from 0001-01-01
month          of the submission, 2026-11
category       kind of dispute
flags          its triage flags, a bit each (COUNTED_FLAGS)
standing       {sequence, status} of the newest event of the case
result         {sequence, outcome}: how mediation ended, null while it goes on
organisation   {sequence, id}: who had the case last
organisation_day, mediator_day, consent_day, accepted_day, session_day, ended_day, closed_day
               first civil day of each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from shared.civil_time import civil_day
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import OUTCOMES

FIRST_DAYS: Final[Mapping[str, str]] = {
    "case.organisation_assigned": "organisation_day",
    "case.mediator_assigned": "mediator_day",
    "case.consent_sought": "consent_day",
    "case.accepted": "accepted_day",
    "case.session_held": "session_day",
    "case.agreement_signed": "ended_day",
    "case.failed": "ended_day",
    "case.not_accepted": "ended_day",
    "case.withdrawn": "ended_day",
    "case.closed": "closed_day",
}
"""Event → the field that says on which day it first happened."""

COUNTED_FLAGS: Final[tuple[str, ...]] = (
    "collective", "priority", "women_workers", "fast_track", "migrant_worker_wages",
    "work_injury", "new_employment_form", "over_age_worker", "multiple_respondents",
    "employer_applicant", "agent", "non_mainland_identity", "interpreter_needed",
    "assistance_needed", "legal_aid_requested", "legal_aid_without_means_test",
    "psychological_support", "limitation_risk",
)  # fmt: skip
"""The flags by their bit. Only ever added to at the end: the bits are stored."""

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
        "facts.flags": bits_of(event.data["flags"]),
    }


def bits_of(flags: Iterable[str]) -> int:
    """The flags as bits of one number."""
    return sum(1 << COUNTED_FLAGS.index(flag) for flag in set(flags) if flag in COUNTED_FLAGS)


def flags_of(bits: int) -> tuple[str, ...]:
    """The flags that a number stands for."""
    return tuple(flag for place, flag in enumerate(COUNTED_FLAGS) if bits >> place & 1)


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
