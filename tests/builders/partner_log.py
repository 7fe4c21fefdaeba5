"""The log of partner events as a test needs it: events that have their places already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from pymongo.database import Database

from shared.contracts.envelope import Event
from shared.contracts.partner_events import partner_document
from tests.builders.events import an_event


def a_partner_event(name: str = "case.accepted", *, division: str = "370102", **more: Any) -> Event:
    """An event that is offered to partners."""
    return an_event(name, division=division, **{"status": "accepted", "deadlines": [], **more})


def logged(database: Database[dict[str, Any]], *events: Event) -> list[str]:
    """Put events at the end of the log; their ids."""
    last = database.partner_events.find_one(
        {"position": {"$exists": True}}, sort=[("position", -1)]
    )
    after = last["position"] if last else 0
    documents = [as_logged(event, after + place) for place, event in enumerate(events, 1)]
    database.partner_events.insert_many(documents)
    return [event.id for event in events]


def as_logged(event: Event, position: int) -> dict[str, Any]:
    """The log's document of an event."""
    return {
        "_id": event.id,
        "name": event.name,
        "type": event.type,
        "subject": event.subject,
        "division": event.division,
        "time": event.time,
        "body": orjson.dumps(partner_document(event)),
        "arrived": datetime.now(UTC),
        "position": position,
    }


def many(number: int, **more: Any) -> Sequence[Event]:
    """So many events of different cases."""
    return [a_partner_event(serial=f"{n:016}", **more) for n in range(number)]
