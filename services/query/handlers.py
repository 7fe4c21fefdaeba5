"""What query does with events: read models that come out the same in any order, any number of times.

One document a serial number, `progress`: every event is an entry under its aggregate and sequence,
so repeating it writes the same and order does not matter. HANDLERS is the table of contents.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.contracts.envelope import Event
from shared.contracts.events import consumed_by
from shared.decision import Latest, Upsert
from shared.runner import Projecting

_OF_CASE = ("status", "organisation", "mediator", "reasons")


def begin(event: Event) -> Iterable[Upsert]:
    """What the submission tells once and for all, and the first step."""
    told = event.data
    first: dict[str, Any] = {"status": "submitted"}
    if "attachment_count" in told:
        first["attachment_count"] = told["attachment_count"]
    yield Upsert(
        event.subject,
        {
            "division": dict(told["division"]),
            "received_at": _moment(told["received_at"]),
            "category": told["category"],
            "flags": list(told["flags"]),
            "deadlines": [dict(d) for d in told["deadlines"]],
            "holder_hashes": list(told["holder_hashes"]),
            "query_code_hash": told["query_code_hash"],
            "query_code_expires_at": _moment(told["query_code_expires_at"]),
            "phone_last4_hashes": list(told["phone_last4_hashes"]),
            **_entry(event, first),
        },
    )


def add_step(event: Event) -> Iterable[Upsert]:
    """A step of the case."""
    step = {name: event.data[name] for name in _OF_CASE if event.data.get(name) is not None}
    yield Upsert(event.subject, _entry(event, step))


def withdrawn(event: Event) -> Iterable[Upsert]:
    yield Upsert(event.subject, _entry(event, {"status": "withdrawn"}))


def supplemented(event: Event) -> Iterable[Upsert]:
    declared = {"attachment_count": event.data["attachment_count"]}
    yield Upsert(event.subject, _entry(event, declared))


def evidence_received(event: Event) -> Iterable[Upsert]:
    arrived = {"index": event.data["index"], "awaited": event.data["awaited"]}
    yield Upsert(event.subject, _entry(event, arrived))


def list_organisation(event: Event) -> Iterable[Latest]:
    """The directory entry as it is now."""
    entry = {name: value for name, value in event.data.items() if name != "id"}
    yield Latest(event.data["id"], event.sequence, entry)


def _entry(event: Event, step: dict[str, Any]) -> dict[str, Any]:
    aggregate = event.name.partition(".")[0]
    kept = {"name": event.name, "at": event.time, "sequence": event.sequence, **step}
    return {f"steps.{aggregate}-{event.sequence:06d}": kept}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_STEP = [Projecting("progress", add_step)]
_ORGANISATION = [Projecting("organisations", list_organisation)]

HANDLERS = {
    "application.submitted": [Projecting("progress", begin)],
    "application.supplemented": [Projecting("progress", supplemented)],
    "application.evidence_received": [Projecting("progress", evidence_received)],
    "application.withdrawn": [Projecting("progress", withdrawn)],
    **{e.name: _STEP for e in consumed_by("query") if e.name.startswith("case.")},
    "organisation.registered": _ORGANISATION,
    "organisation.changed": _ORGANISATION,
}
