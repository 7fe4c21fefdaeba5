"""Gives the new cases of a micro-batch their organisations and mediators.

The rules are pure (`assigning`); what this adds is the snapshot they look at and the places they
take. A place is taken under a guard on the load the rules saw, so that many workers decide as one
would; it is taken before the case is written, and found again when a crash came in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.routing import domain
from services.routing.assigning import assign, mediator_reasons, nearest, serving_codes
from services.routing.directory import Assignment, CaseFacts, Mediator, Snapshot
from services.routing.store import Cases, Directory
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING, Decision, State
from shared.errors import Transient
from shared.log import logger
from shared.runner import Decide

ROUNDS = 6
"""Rounds of looking and taking before the rest waits: each loss means somebody else got on."""

UNHELD_AGE = timedelta(minutes=10)
"""How long a place may be held for no case before it is given back."""


class Placing:
    """The surroundings of `application.submitted` (see runner.Deciding)."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __call__(self, events: Sequence[Event], states: Mapping[str, State]) -> Decide:
        at = datetime.now(UTC)
        opened = {
            e.subject: domain.open_case(e.data) for e in events if e.subject not in states
        }
        assignments = self._assign_all(opened, at)

        def decide(event: Event, state: State | None, now: datetime) -> Decision:
            if state is not None:
                return NOTHING  # this application has its case
            case = opened[event.subject]
            placed = domain.place(case, assignments[event.subject], now, by="rules")
            return Decision({**case, **placed.set}, placed.push, placed.events)

        return decide

    def _assign_all(self, cases: Mapping[str, State], at: datetime) -> Mapping[str, Assignment]:
        facts = {serial: CaseFacts.from_document(case) for serial, case in cases.items()}
        done = self._resumed(facts, at)
        for _ in range(ROUNDS):
            left = {serial: case for serial, case in facts.items() if serial not in done}
            if not left:
                return done
            done |= self._round(left, at)
        if len(done) < len(facts):
            raise Transient("mediators contended for by many workers")
        return done

    def _resumed(self, facts: Mapping[str, CaseFacts], at: datetime) -> dict[str, Assignment]:
        """Cases for which a place was taken before a crash keep it."""
        resumed: dict[str, Assignment] = {}
        for serial, mediator in self._directory.holders(set(facts)).items():
            body = self._directory.organisation(mediator.organisation)
            reasons = mediator_reasons(facts[serial], mediator, at)
            resumed[serial] = Assignment(body, mediator, reasons)
        return resumed

    def _round(self, facts: Mapping[str, CaseFacts], at: datetime) -> dict[str, Assignment]:
        """Decide all on one snapshot, each after the others; keep those whose places were free."""
        snapshot = self._look(facts)
        loads = {m.id: m.open_cases for staff in snapshot.staff.values() for m in staff}
        chosen: dict[str, Assignment] = {}
        wanted: dict[str, list[str]] = defaultdict(list)
        for serial, case in facts.items():
            chosen[serial] = assignment = assign(case, snapshot, at)
            snapshot = snapshot.after(assignment, at)
            if assignment.mediator:
                wanted[assignment.mediator.id].append(serial)
        got = self._directory.take_places(wanted, loads, at)
        return {s: a for s, a in chosen.items() if a.mediator is None or s in got}

    def _look(self, facts: Mapping[str, CaseFacts]) -> Snapshot:
        codes = {code for case in facts.values() for code in serving_codes(case.division)}
        serving = self._directory.serving(codes)
        by_id = {body.id: body for case in facts.values() for body in nearest(case, serving)}
        return self._directory.snapshot(by_id.values())


class UnheldPlaces:
    """Gives back places that no case has used for long: what a crash between two writes leaves."""

    def __init__(self, directory: Directory, cases: Cases) -> None:
        self._directory = directory
        self._cases = cases
        self._suspected: dict[tuple[str, str], datetime] = {}

    def sweep(self) -> int:
        """Look once; the number given back."""
        now = datetime.now(UTC)
        taken = list(self._directory.places_taken())
        held = self._held({serial for _, serial in taken})
        suspects = [place for place in taken if held.get(place[1]) != place[0]]
        self._suspected = {place: self._suspected.get(place, now) for place in suspects}
        expired = [place for place, since in self._suspected.items() if now - since > UNHELD_AGE]
        for mediator_id, serial in expired:
            self._directory.give_back(mediator_id, serial)
            logger().warning("reservation_released", serial_number=serial)
        return len(expired)

    def _held(self, serials: set[str]) -> dict[str, Any]:
        wanted = {"_id": {"$in": list(serials)}, "status": {"$nin": list(ENDED)}}
        found = self._cases.collection.find(wanted, {"mediator.id": 1})
        return {d["_id"]: (d.get("mediator") or {}).get("id") for d in found}


def secure_place(directory: Directory, mediator: Mediator, serial_number: str) -> bool:
    """Take a place for a case assigned by hand; whether it was newly taken (False: held already).

    Raises Transient when it was taken by others in this moment.
    """
    if directory.take_place(mediator, serial_number, datetime.now(UTC)):
        return True
    if serial_number in directory.holders([serial_number]):
        return False
    raise Transient("mediator_full_meanwhile", retry_after=1)
