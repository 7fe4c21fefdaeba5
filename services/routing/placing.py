"""Gives the new cases of a micro-batch their organisations and mediators.

The rules are pure (`assigning`); what this adds is the snapshot they look at and the places they
take. A place is taken under a guard on the load the rules saw, so that many workers decide as one
would; it is taken before the case is written, and found again when a crash came in between.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from services.routing import domain
from services.routing.assigning import assign, nearest, serving_codes
from services.routing.directory import Assignment, CaseFacts, Mediator, Snapshot
from services.routing.steps import BY_RULES
from services.routing.store import Cases, Directory
from shared.backoff import pause
from shared.civil_time import civil_day
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused, Text, Transient
from shared.log import logger
from shared.runner import Decide

ROUNDS = 6
"""Rounds of looking and taking before the rest waits: each loss means somebody else got on."""

UNHELD_AGE = timedelta(minutes=10)
"""How long a place may be held for no case before it is given back."""

_MEDIATORS_AT_A_TIME = 500
_ON_LEAVE = Text("该调解员休假中，暂不承办新案", "The mediator is on leave and takes no new cases")


class Placing:
    """The surroundings of `application.submitted` (see runner.Deciding)."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __call__(self, events: Sequence[Event], states: Mapping[str, State]) -> Decide:
        opened = {e.subject: domain.open_case(e.data) for e in events if e.subject not in states}
        assignments = self._assign_all(opened, datetime.now(UTC))

        def decide(event: Event, state: State | None, at: datetime) -> Decision:
            if state is not None:
                return NOTHING  # this application has its case
            case = opened[event.subject]
            placed = domain.place(case, assignments[event.subject], at, actor=BY_RULES)
            return Decision({**case, **placed.set}, placed.push, placed.events)

        return decide

    def _assign_all(self, cases: Mapping[str, State], at: datetime) -> Mapping[str, Assignment]:
        facts = {serial: CaseFacts.from_document(case) for serial, case in cases.items()}
        done = self._resumed(facts, at)
        for attempt in range(ROUNDS):
            left = {serial: case for serial, case in facts.items() if serial not in done}
            if not left:
                return done
            if attempt:  # apart from those who were faster
                time.sleep(pause(attempt, first=0.002, longest=0.05))
            done |= self._round(left, at)
        if len(done) < len(facts):
            raise Transient("mediators contended for by many workers")
        return done

    def _resumed(self, facts: Mapping[str, CaseFacts], at: datetime) -> dict[str, Assignment]:
        """Cases for which a place was taken before a crash keep it, if the rules still allow it."""
        resumed: dict[str, Assignment] = {}
        for serial, mediator in self._directory.holders(set(facts)).items():
            body = self._directory.organisation(mediator.organisation)
            if body is None or not self._directory.renew_place(mediator.id, serial, at):
                continue
            with_its_place_free = replace(mediator, open_cases=mediator.open_cases - 1)
            again = assign(facts[serial], Snapshot.of([body], [with_its_place_free]), at)
            if again.mediator:
                resumed[serial] = again
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
        """The bodies that may have these cases, with their people."""
        codes = {serial: serving_codes(case.division) for serial, case in facts.items()}
        serving = Snapshot.of(self._directory.serving(set().union(*codes.values())), ())
        near = (nearest(case, serving.serving(codes[serial])) for serial, case in facts.items())
        return self._directory.snapshot({o.id: o for bodies in near for o in bodies}.values())


class UnheldPlaces:
    """Gives back places that no case has used for long: what a crash between two writes leaves.

    It remembers nothing between two looks, so that workers may come and go: a mediator who took no
    place for UNHELD_AGE has none that is younger. One who goes on taking places is full at last.
    """

    def __init__(self, directory: Directory, cases: Cases) -> None:
        self._directory = directory
        self._cases = cases

    def sweep(self) -> int:
        """Look once; the number given back."""
        before = datetime.now(UTC) - UNHELD_AGE
        taken = self._directory.places_taken(before)
        count = 0
        while portion := list(islice(taken, _MEDIATORS_AT_A_TIME)):
            held = self._held({serial for _, serials in portion for serial in serials})
            for mediator_id, serials in portion:
                for serial in serials:
                    if held.get(serial) != mediator_id:
                        count += self._give_back(mediator_id, serial, before)
        return count

    def _give_back(self, mediator_id: str, serial: str, before: datetime) -> bool:
        given_back = self._directory.give_back_unheld(mediator_id, serial, before)
        if given_back:
            logger().warning("reservation_released", serial_number=serial)
        return given_back

    def _held(self, serials: set[str]) -> dict[str, Any]:
        """Who has these cases, of those that are open."""
        wanted = {"_id": {"$in": list(serials)}, "status": {"$nin": list(ENDED)}}
        found = self._cases.collection.find(wanted, {"mediator.id": 1})
        return {d["_id"]: (d.get("mediator") or {}).get("id") for d in found}


def secure_place(directory: Directory, mediator: Mediator, serial_number: str) -> bool:
    """Take a place for a case assigned by hand; whether it was newly taken (False: held already).

    Refused("not_eligible") for a mediator on leave, "capacity_exceeded" when others took the last
    one in this moment.
    """
    at = datetime.now(UTC)
    if mediator.is_away(civil_day(at)):
        raise Refused("not_eligible", _ON_LEAVE)
    if directory.take_place(mediator.id, serial_number, at):
        return True
    if directory.renew_place(mediator.id, serial_number, at):
        return False
    raise Refused("capacity_exceeded")
