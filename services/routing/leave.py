"""A mediator's leave: no new cases in that time, and on wish the open ones go to colleagues.

Each case is given by the rules within the organisation, in a guarded write of its own: what was
given stays given, and the same request again does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from services.routing import domain
from services.routing.assigning import PROPOSED, fittest, mediator_reasons
from services.routing.assigning_commands import secure_mediator
from services.routing.commands import Desk, Given
from services.routing.directory import CaseFacts, Leave, Mediator, Organisation
from services.routing.steps import Actor
from services.routing.store import case_index
from shared.backoff import pause
from shared.commands import TRIES, carry_out
from shared.contracts.envelope import Trace
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Date, Flag
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.schema import Body
from shared.decision import Decision, State
from shared.errors import FieldError, Refused, Text, Transient
from shared.store import Document, VersionConflict, backend_errors

MOST_LEAVES: Final = 20
"""Leaves that one mediator has ahead."""

MOST_AT_ONCE: Final = 500
"""Cases that one request gives to others; it is repeated for more."""

_LONGEST_DAYS: Final = 366
_OPEN: Final = tuple(status for status in STATUSES if status not in ENDED)

_ENDS_BEFORE = Fault(
    "out_of_range",
    Text("结束日期不能早于开始日期或今天", "A leave ends after it begins, and not before today"),
)
_TOO_LONG = Fault("out_of_range", Text("休假最长366天", "A leave lasts 366 days at most"))


def ends_in_time(stated: Mapping[str, Any], today: date) -> Iterator[FieldError]:
    """A leave has days, and some of them are ahead."""
    if not (stated.get("from") and stated.get("until")):
        return
    first, last = _days(stated)
    if last < max(first, today):
        yield _ENDS_BEFORE.at("/until")
    elif (last - first).days >= _LONGEST_DAYS:
        yield _TOO_LONG.at("/until")


class LeaveOf(Body):
    """Days of leave, the first and the last included; stated again with the same first day it ends
    when stated last. With `reassign` all open cases go to others of the organisation now."""

    class Meta(Body.Meta):
        include = {  # noqa: RUF012 - marshmallow reads it once
            "from": Date("休假开始日期", required=True),
            "until": Date("休假结束日期", required=True),
        }

    reassign = Flag("在办案件转交他人")

    rules = (ends_in_time,)


def with_leave(known: Sequence[Leave], stated: Mapping[str, Any], today: date) -> list[Leave]:
    """The leaves with the one stated, by first day; those that are over are forgotten.

    Refused("validation_failed") when there are too many.
    """
    new = Leave(*_days(stated))
    kept = [leave for leave in known if leave.last >= today and leave.first != new.first]
    if len(kept) >= MOST_LEAVES:
        raise Refused("validation_failed", errors=[fault("too_many", MOST_LEAVES).at("/from")])
    return sorted([*kept, new])


def note(desk: Desk, mediator_id: str, stated: Mapping[str, Any], today: date) -> Document:
    """The mediator's document once the leave is in it; nothing changes if it is there already.

    Refused("not_found") for an unknown mediator, Transient when many change it at once.
    """
    for attempt in range(1, TRIES + 1):
        document = desk.directory.mediator_document(mediator_id)
        if document is None:
            raise Refused("not_found")
        known = Mediator.from_document(document).leave
        leaves = with_leave(known, stated, today)
        if leaves == list(known):
            return document
        written = [{"from": f.isoformat(), "until": u.isoformat()} for f, u in leaves]
        try:
            return desk.directory.change_mediator(
                mediator_id, document["version"], {"$set": {"leave": written}}
            )
        except VersionConflict:
            time.sleep(pause(attempt, first=0.002, longest=0.05))
    raise Transient("contended", retry_after=1)


@dataclass(frozen=True, slots=True)
class Reassigned:
    """Serial numbers of the cases given to others, those left with the reason, and whether there
    are more than one request looks at."""

    given: list[str]
    left: list[tuple[str, str]]
    more: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """Gives the open cases of one mediator to others, as `actor`."""

    desk: Desk
    mediator_id: str
    organisation_id: str
    actor: Actor
    trace: Trace

    def give_all(self) -> Reassigned:
        body = self.desk.directory.organisation(self.organisation_id)
        found = self._open_cases(MOST_AT_ONCE + 1)
        given, left = list[str](), list[tuple[str, str]]()
        for case in found[:MOST_AT_ONCE]:
            reason = "not_eligible" if body is None else self._give(case, body)
            if reason is None:
                given.append(case["_id"])
            else:
                left.append((case["_id"], reason))
        return Reassigned(given, left, len(found) > MOST_AT_ONCE)

    def _open_cases(self, most: int) -> list[Document]:
        """Up to `most`, in the order in which they came."""
        wanted = {
            "mediator.id": self.mediator_id,
            "organisation.id": self.organisation_id,
            "status": {"$in": list(_OPEN)},
        }
        with backend_errors():
            found = self.desk.cases.collection.find(wanted)
            found = found.hint(list(case_index("mediator.id", "received_at")))
            return sorted(found.limit(most), key=lambda case: (case["received_at"], case["_id"]))

    def _give(self, case: Document, body: Organisation) -> str | None:
        """Give one case to the fittest who can have it; why not, or None."""
        facts, now = CaseFacts.from_document(case), datetime.now(UTC)
        snapshot = self.desk.directory.snapshot([body])
        staff = [m for m in snapshot.staff.get(body.id, ()) if m.id != self.mediator_id]
        reason = "no_eligible_mediator"
        for chosen in fittest(facts, snapshot.by_id[body.id], staff, now, PROPOSED):
            reasons = mediator_reasons(facts, chosen, now)
            try:
                self._assign(case, chosen, reasons, now)
            except Refused as refused:
                reason = refused.slug
                continue
            return None
        return reason

    def _assign(
        self, case: Document, chosen: Mediator, reasons: Sequence[str], at: datetime
    ) -> None:
        """The case is the chosen one's with place and hours, or nothing changed."""
        assignment = Given({"mediator": chosen.id}, self.actor, at, _no_words)
        prepared = secure_mediator(self.desk, case, assignment)

        def decide(state: State, now: datetime) -> Decision:
            return domain.assign_mediator(state, chosen, now, actor=self.actor, reasons=reasons)

        try:
            carry_out(
                self.desk.cases,
                case["_id"],
                decide,
                source="routing",
                trace=self.trace,
                expected_version=case["version"],
            )
        except (Refused, Transient):
            prepared.undo()
            raise
        prepared.finish()


def _no_words(_: Mapping[str, Any]) -> str:
    """An assignment has no words of its own."""
    return ""


def _days(stated: Mapping[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(stated["from"]), date.fromisoformat(stated["until"])
