"""Events and contact data as notify receives them. All people and bodies are invented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from services.notify.domain import Person, Recipients
from shared.contracts.envelope import Event, Trace

SERIAL = "2634626885086477"
QUERY_CODE = "K7RM2PXA"
NOW = datetime(2026, 11, 2, 11, 41, 5, tzinfo=UTC)

ORGANISATION = {
    "id": "org-1",
    "name": "济南市历下区姚家街道劳动人事争议调解中心（虚构）",
    "kind": "township",
    "phone": "0531-00000002",
}
MEDIATOR = {"id": "mediator-1", "name": "林知远"}

CASE_FACTS: Mapping[str, Mapping[str, Any]] = {
    "application.submitted": {},
    "application.supplemented": {"supplement_count": 1, "attachment_count": 2},
    "application.evidence_received": {"index": 0, "kind": "wage_flow", "awaited": 1},
    "application.withdrawn": {"withdrawn_at": "2026-11-02T12:00:00Z"},
    "case.unassigned": {"status": "unassigned", "reasons": ["no_organisation"]},
    "case.organisation_assigned": {
        "status": "organisation_assigned",
        "organisation": ORGANISATION,
        "mediator_follows": False,
        "by": "rules",
    },
    "case.mediator_assigned": {
        "status": "mediator_assigned",
        "organisation": ORGANISATION,
        "mediator": MEDIATOR,
        "reasons": [],
        "by": "rules",
    },
    "case.withdrawn": {"status": "withdrawn"},
}


def an_event(name: str, *, sequence: int = 1, **changes: Any) -> Event:
    """An event of this kind with what notify reads of its data."""
    return Event(
        id=f"event-{name}-{sequence}",
        name=name,
        version=1,
        source="tiaojie/test",
        subject=SERIAL,
        time=NOW,
        sequence=sequence,
        division="370102013",
        data={**CASE_FACTS[name], **changes},
        trace=Trace("00-" + "1" * 32 + "-" + "1" * 16 + "-01", "correlation-1"),
    )


def a_person(party: Any = "applicant", index: int = 0, **changes: Any) -> Person:
    """Somebody with a mobile phone and an e-mail address of its own."""
    number = {"applicant": 11, "agent": 31, "respondent": 51}[party] + index
    facts: dict[str, Any] = {
        "party": party,
        "index": index,
        "phone": f"138000000{number}",
        "email": f"{party}{index}@example.com",
        "language": "zh",
        "notify": True,
    }
    return Person(**{**facts, **changes})


def some_recipients(*persons: Person) -> Recipients:
    """These people, or an applicant, an agent and a respondent."""
    return Recipients(
        persons or (a_person(), a_person("agent"), a_person("respondent")),
        QUERY_CODE,
        {"acceptance_decision": date(2026, 11, 5)},
    )
