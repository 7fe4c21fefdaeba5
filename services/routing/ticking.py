"""The deadline sweep: what a case's clocks have to tell is told once, whoever looks and whenever.

    cases.tick_lease_until  until when one worker deals with the case; a crash lets it lapse

`tick` decides, purely; `DeadlineSweep` finds the due cases by index, so that a look costs what is
due, not what is open. Leases share the work between workers; that a telling happens once is the
matter of the case's version, which notes it in the same write.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.routing import clocking
from services.routing.clocking import Tick
from services.routing.steps import after, together
from services.routing.store import LONG_AGO, NEXT_TICK, Cases
from shared.commands import carry_out
from shared.contracts.clocks import CLOCKS
from shared.contracts.envelope import NewEvent, Trace, new_id, new_traceparent
from shared.decision import NOTHING, Decision, State
from shared.errors import BackendAway, Refused
from shared.log import logger
from shared.store import Document, backend_errors

LEASE: Final = timedelta(seconds=60)
"""For how long a worker has a case to itself; one that cannot be ticked is left alone as long."""

Automatic = Mapping[str, Callable[[State, datetime], Decision]]
"""Clock → what the case itself does when it is over."""

_A_LOOK = 200
_LOOKS = 50
"""Looks of one sweep: the rest waits for the next one, so that a worker can stop in between."""

_TOLD_TO_PARTIES: Final = frozenset(
    {
        "right_to_arbitrate",
        "arbitration_limitation",
        "arbitration_review_request",
        "judicial_confirmation",
        "supplement_answer",
        "consent_answer",
        "performance",
    }
)
"""Clocks whose approach concerns the parties."""

_AWAITED: Final = frozenset({"supplement_answer", "consent_answer", "performance"})
"""Rights whose end the mediator has to act upon."""


def tick(case: State, at: datetime, automatic: Automatic) -> Decision:
    """Everything that the case's clocks have to tell or do by `at`, noted as told."""
    decision, now = NOTHING, dict(case)
    while due := clocking.due_now(now["clocks"], at):
        made = _one(now, due[0], at, automatic)
        decision, now = together(decision, made), after(now, made)
    return decision


def _one(case: State, due: Tick, at: datetime, automatic: Automatic) -> Decision:
    noted = Decision(clocking.follow_from(clocking.told(case["clocks"], due)))
    if CLOCKS[due.clock].nature == "automatic":
        return together(noted, _moved(after(case, noted), due, at, automatic))
    tells = _tells(case, due)
    if tells is None:
        return noted
    clocks = noted.set["clocks"]
    (due_on,) = (clock["due_on"] for clock in clocks if clock["name"] == due.clock)
    data = {
        "status": case["status"],
        "deadlines": clocking.deadlines(clocks),
        "asks": [],
        "settles": [],
        "clock": due.clock,
        "due_on": due_on,
        "tells": tells,
    }
    if due.telling == "approaching":
        return Decision(noted.set, events=[NewEvent("case.deadline_approaching", data)])
    return Decision(noted.set, events=[NewEvent("case.deadline_missed", data)])


def _moved(case: State, due: Tick, at: datetime, automatic: Automatic) -> Decision:
    """The step that follows of itself; none where a person's step came first."""
    try:
        return automatic[due.clock](case, at)
    except Refused:
        return NOTHING


def _tells(case: State, due: Tick) -> str | None:
    """Who hears of it; None where nobody needs to."""
    if due.telling == "approaching":
        return "parties" if due.clock in _TOLD_TO_PARTIES else _in_charge(case)
    if due.telling == "missed":
        return "organisation" if case["organisation"] else "platform"
    if due.telling == "escalated":
        return "platform"
    return _in_charge(case) if due.clock in _AWAITED else None


def _in_charge(case: State) -> str:
    """Whoever has the case, as near to it as there is somebody."""
    if case["mediator"]:
        return "mediator"
    return "organisation" if case["organisation"] else "platform"


@dataclass(frozen=True, slots=True)
class DeadlineSweep:
    """Ticks every case that is due; any number of workers may sweep at once."""

    cases: Cases
    automatic: Automatic

    def sweep(self) -> int:
        """Look until nothing is due; the number of cases ticked. BackendAway ends it."""
        ticked = 0
        for _ in range(_LOOKS):
            found = due_cases(self.cases, datetime.now(UTC))
            if not found:
                break
            # In another order than other workers, so that few find a case taken already.
            for number in random.sample(found, len(found)):
                ticked += self._tick(number)
        return ticked

    def _tick(self, number: str) -> bool:
        """Tick one case if nobody else does; its fault is logged and stops no other."""
        try:
            if not self._lease(number, datetime.now(UTC)):
                return False
            trace = Trace(new_traceparent(), new_id())
            carry_out(self.cases, number, self._decide, source="routing", trace=trace)
        except BackendAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this case's alone
            logger().error("case_not_ticked", serial_number=number, error=type(error).__name__)
            return False
        return True

    def _decide(self, case: State, at: datetime) -> Decision:
        decision = tick(case, at, self.automatic)
        if decision.is_nothing:
            return NOTHING
        return together(decision, Decision({"tick_lease_until": None}))

    def _lease(self, number: str, at: datetime) -> bool:
        with backend_errors():
            result = self.cases.collection.update_one(
                {"_id": number, **due_query(at)}, {"$set": {"tick_lease_until": at + LEASE}}
            )
        return bool(result.matched_count)


def due_cases(cases: Cases, at: datetime) -> list[str]:
    """Serial numbers of cases that are due and that nobody deals with, the longest due first."""
    with backend_errors():
        found = (
            cases.collection.find(due_query(at), {"_id": 1})
            .sort([("next_tick_at", 1)])
            .hint(list(NEXT_TICK))
            .limit(_A_LOOK)
        )
        return [document["_id"] for document in found]


def due_query(at: datetime) -> Document:
    """Cases with something due that nobody deals with; NEXT_TICK finds them."""
    free: dict[str, Any] = {"$not": {"$gt": at}}
    return {"next_tick_at": {"$gt": LONG_AGO, "$lte": at}, "tick_lease_until": free}
