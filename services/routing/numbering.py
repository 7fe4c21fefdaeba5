"""Gives accepted cases their numbers: only when the acceptance is written, each case one.

An acceptance given over HTTP is numbered in the same request; whatever came in between is made up
for by its event. Why not with the acceptance: docs/decisions/0011-the-life-of-a-case.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from services.routing import clocking
from services.routing.case_numbers import CaseNumbers
from services.routing.commands import Desk
from shared.civil_time import civil_day
from shared.commands import carry_out
from shared.contracts.envelope import Event, NewEvent, Trace
from shared.decision import NOTHING, Decision, State
from shared.errors import Transient
from shared.runner import Decide
from shared.store import Document


def awaits_number(case: State) -> bool:
    """Whether the case is accepted and has no number of the organisation that accepted it."""
    return case["accepted_at"] is not None and case["case_number"] is None


def number(case: State, case_number: str, at: datetime) -> Decision:
    """The accepted case has its number; its status stays, so the lifecycle table has no row."""
    told = {
        "status": case["status"],
        "deadlines": clocking.deadlines(case["clocks"]),
        "asks": [],
        "settles": [],
        "case_number": case_number,
    }
    change = {"case_number": case_number, "updated_at": at}
    return Decision(change, events=[NewEvent("case.numbered", told)])


class Numbering:
    """The surroundings of `case.accepted` (see runner.Deciding)."""

    def __init__(self, numbers: CaseNumbers) -> None:
        self._numbers = numbers

    def __call__(self, events: Sequence[Event], states: Mapping[str, State]) -> Decide:  # noqa: ARG002
        given = {
            serial: _give(self._numbers, case)
            for serial, case in states.items()
            if awaits_number(case)
        }

        def decide(event: Event, state: State | None, at: datetime) -> Decision:
            if state is None:
                raise Transient("case_not_open_yet")
            if not awaits_number(state):
                return NOTHING
            return number(state, given[event.subject], at)

        return decide


def number_at_once(desk: Desk, case: Document, trace: Trace) -> Document:
    """The case with its number, which is written now unless somebody was faster."""
    if not awaits_number(case):
        return case
    case_number, organisation = _give(desk.numbers, case), case["organisation"]

    def decide(state: State, at: datetime) -> Decision:
        wanted = awaits_number(state) and state["organisation"] == organisation
        return number(state, case_number, at) if wanted else NOTHING

    return carry_out(desk.cases, case["_id"], decide, source="routing", trace=trace)


def _give(numbers: CaseNumbers, case: State) -> str:
    year = civil_day(case["accepted_at"]).year
    return numbers.give(case["_id"], case["organisation"]["id"], year, datetime.now(UTC))
