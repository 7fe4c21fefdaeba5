"""Events for tests of whoever consumes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.contracts.envelope import Event, Trace, new_id, new_traceparent
from shared.history import data_hash, link_hash

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def an_event(
    name: str = "application.withdrawn",
    *,
    serial: str = "2634626885086477",
    sequence: int = 1,
    at: datetime = AT,
    division: str = "370102",
    **payload: Any,
) -> Event:
    if name == "application.withdrawn" and "note" not in payload:
        payload = {"withdrawn_at": "2026-11-20T03:00:00Z", **payload}
    trace = Trace(new_traceparent(), new_id())
    return linked(Event(new_id(), name, 1, "test", serial, at, sequence, division, payload, trace))


def a_submission(**changes: Any) -> Event:
    """`application.submitted` of a migrant worker in Lixia, Jinan."""
    serial = changes.pop("serial", "2634626885086477")
    data: dict[str, Any] = {
        "received_at": "2026-11-20T03:00:00Z",
        "applicant_role": "worker",
        "channel": "web",
        "division": {"code": "370102", "name": "山东省济南市历下区"},
        "category": "pay_injury_compensation",
        "cause": "拖欠劳动报酬",
        "flags": ["migrant_worker_wages"],
        "claims": [{"claim_type": "wage_arrears", "amount_cny": 20020}],
        "deadlines": [{"name": "acceptance_decision", "due_on": "2026-11-25"}],
        "language": "zh",
        "interpreter_language": None,
        "parties": [
            {"party": "applicant", "index": 0, "kind": "person", "may_settle": True},
            {"party": "respondent", "index": 0, "kind": "employer", "may_settle": True},
        ],
        "represented_count": 0,
        "party_hashes": ["hash-of-applicant", "hash-of-employer"],
        "employer_hashes": ["hash-of-employer"],
        "holder_hashes": ["hash-of-applicant"],
        "respondent_hashes": ["hash-of-employer"],
        "respondent_code_hashes": ["hash-of-respondents-code"],
        "query_code_hash": "hash-of-code",
        "query_code_expires_at": "2028-11-20T03:00:00Z",
        "phone_last4_hashes": ["hash-of-last4"],
        "contacts": "sealed",
    } | changes
    place = data["division"]["code"]
    return linked(
        replace(an_event("application.submitted", serial=serial, division=place), data=data)
    )


def linked(event: Event, previous: str = "") -> Event:
    """The event with its salt and its hash, after the one of this hash (shared.history)."""
    salt = data_hash({"of": event.id})[:32]
    found = link_hash(event.to_document(), data_hash(event.data, salt), previous)
    return replace(event, salt=salt, hash=found, previous_hash=previous)
