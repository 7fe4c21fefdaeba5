"""Cases on their way and commands on them, as pure decisions: nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from services.routing import domain
from services.routing.commands import Given
from services.routing.directory import Snapshot
from services.routing.steps import Actor, after
from shared.contracts.events import faults
from shared.contracts.schema import Body, read
from shared.decision import Decision
from tests.builders.cases import WEDNESDAY_MORNING, a_mediator, a_submission, an_organisation

MEDIATOR = Actor("mediator", "med-370102-01")
SERIAL = "2634626885086477"
NOW = WEDNESDAY_MORNING

RESPONDENTS = [
    {"party": "applicant", "index": 0, "kind": "person", "may_settle": True},
    {"party": "respondent", "index": 0, "kind": "employer", "may_settle": True},
    {"party": "respondent", "index": 1, "kind": "employer", "may_settle": True},
]
"""One applicant against two employers."""


def a_case_with_a_mediator(**submitted: Any) -> dict[str, Any]:
    """A case that the rules gave a body and a mediator."""
    snapshot = Snapshot.of([an_organisation()], [a_mediator()])
    placed = domain.receive(a_submission(**submitted), snapshot, NOW)
    return {**after({"_id": SERIAL, "version": 1}, placed)}


def a_command(
    schema: type[Body] | None = None,
    body: Mapping[str, Any] | None = None,
    *,
    actor: Actor = MEDIATOR,
    at: datetime = NOW,
    found: Any = None,
) -> Given:
    """A command as it was given, its body checked by its schema; what is sealed stays readable."""
    said = read(schema(), dict(body or {}), date(2026, 11, 18)) if schema else dict(body or {})
    return Given(said, actor, at, json.dumps, found)


def carried(case: dict[str, Any], *steps: Callable[[dict[str, Any]], Decision]) -> dict[str, Any]:
    """The case after each of these decisions in turn; every event keeps its contract."""
    for decide in steps:
        decision = decide(case)
        check(decision)
        case = after(case, decision)
    return case


def check(decision: Decision) -> list[str]:
    """The names of a decision's events, each of which keeps its contract."""
    told = [json.loads(json.dumps(event.data, default=_iso)) for event in decision.events]
    for event, data in zip(decision.events, told, strict=True):
        assert faults(event.name, data) == {}, event.name
    return [event.name for event in decision.events]


def _iso(value: Any) -> str:
    return str(value.isoformat())
