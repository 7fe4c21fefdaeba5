"""A mediator's hours: sessions of different cases never lie on top of each other.

    mediators.bookings  [{serial, session, starts_at, ends_at, taken_at}], those that have not ended

An hour is taken before the session is written to its case, under a guard on the hours taken, so no
number of schedulers can book one twice; taking it again for the same session is harmless. What a
crash leaves between the two writes is found by `UnheldHours`.

A case that changes hands keeps its sessions: the parties were invited, so the new mediator has to
be free at those hours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from services.routing.steps import rule_not_met
from services.routing.store import Cases, Directory
from shared.decision import State
from shared.errors import Refused, Text
from shared.log import logger
from shared.store import Document, backend_errors

MOST_HOURS: Final = 500
"""Sessions ahead that one mediator can have."""

UNHELD_AGE: Final = timedelta(minutes=10)
"""How long an hour may be taken for no session before it is given back."""

_MEDIATORS_AT_A_TIME: Final = 200
_FULL = Text("该调解员的日程已满", "The mediator's calendar is full")


@dataclass(frozen=True, slots=True)
class Hour:
    """The time of one session of a case: aware moments of whole seconds, the end excluded."""

    serial: str
    session: str
    starts_at: datetime
    ends_at: datetime

    @property
    def document(self) -> Document:
        return {
            "serial": self.serial,
            "session": self.session,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
        }


def hours_of(case: State) -> dict[str, Hour]:
    """The hours of a case's sessions that are still to be held, by session."""
    return {
        s["id"]: Hour(case["_id"], s["id"], s["starts_at"], s["ends_at"])
        for s in case["sessions"]
        if s["status"] == "scheduled"
    }


def book(directory: Directory, mediator_id: str, hour: Hour, at: datetime) -> None:
    """The mediator has the hour, also if it was taken for this session before.

    Hours that have ended are forgotten. Refused: sessions_overlap, capacity_exceeded.
    """
    overlapping = {
        "starts_at": {"$lt": hour.ends_at},
        "ends_at": {"$gt": hour.starts_at},
        "$nor": [{"serial": hour.serial, "session": hour.session}],
    }
    same = [{"$eq": [f"$$this.{name}", value]} for name, value in hour.document.items()]
    others_ahead = {
        "$filter": {
            "input": {"$ifNull": ["$bookings", []]},
            "cond": {"$and": [{"$gt": ["$$this.ends_at", at]}, {"$not": [{"$and": same}]}]},
        }
    }
    taken = {**hour.document, "taken_at": at}
    with backend_errors():
        result = directory.mediators.update_one(
            {
                "_id": mediator_id,
                "bookings": {"$not": {"$elemMatch": overlapping}},
                "$expr": {"$lt": [{"$size": others_ahead}, MOST_HOURS]},
            },
            [{"$set": {"bookings": {"$concatArrays": [others_ahead, [taken]]}}}],
        )
        if result.matched_count:
            return
        busy = directory.mediators.find_one(
            {"_id": mediator_id, "bookings": {"$elemMatch": overlapping}}, {"_id": 1}
        )
    if busy:
        raise rule_not_met("sessions_apart", slug="sessions_overlap")
    raise Refused("capacity_exceeded", _FULL)


def take_over(directory: Directory, case: State, mediator_id: str, at: datetime) -> list[Hour]:
    """The mediator has all hours of the case's sessions ahead, which are returned; or none of them.

    Refused: sessions_overlap, capacity_exceeded.
    """
    taken: list[Hour] = []
    for hour in hours_of(case).values():
        if hour.ends_at <= at:
            continue
        try:
            book(directory, mediator_id, hour, at)
        except Refused:
            give_up(directory, mediator_id, taken)
            raise
        taken.append(hour)
    return taken


def give_up(directory: Directory, mediator_id: str, hours: Collection[Hour]) -> None:
    """The mediator no longer has exactly these hours; harmless when repeated."""
    if hours:
        wanted = {"$or": [hour.document for hour in hours]}
        with backend_errors():
            directory.mediators.update_one({"_id": mediator_id}, {"$pull": {"bookings": wanted}})


def release(directory: Directory, mediator_id: str, serial: str, before: datetime) -> None:
    """The mediator has no hours of the case but those taken since; harmless when repeated."""
    wanted = {"serial": serial, "taken_at": {"$lt": before}}
    with backend_errors():
        directory.mediators.update_one({"_id": mediator_id}, {"$pull": {"bookings": wanted}})


class UnheldHours:
    """Gives back hours that no session uses: what a crash between two writes leaves.

    Like placing.UnheldPlaces it remembers nothing between two looks. An hour renewed since it was
    looked at stays.
    """

    def __init__(self, directory: Directory, cases: Cases) -> None:
        self._directory = directory
        self._cases = cases

    def sweep(self) -> int:
        """Look once; the number given back."""
        now = datetime.now(UTC)
        found, count = self._taken(now, now - UNHELD_AGE), 0
        while portion := list(islice(found, _MEDIATORS_AT_A_TIME)):
            held = self._held({b["serial"] for _, bookings in portion for b in bookings})
            for mediator_id, bookings in portion:
                for booking in bookings:
                    if (mediator_id, _hour(booking)) not in held:
                        count += self._give_back(mediator_id, booking)
        return count

    def _taken(
        self, now: datetime, before: datetime
    ) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
        """Every mediator with hours ahead that were taken before, with those hours."""
        wanted = {"bookings.ends_at": {"$gt": now}}
        with backend_errors():
            for found in self._directory.mediators.find(wanted, {"bookings": 1}):
                old = [b for b in found["bookings"] if b["taken_at"] < before < b["ends_at"]]
                if old:
                    yield found["_id"], old

    def _held(self, serials: set[str]) -> set[tuple[str, Hour]]:
        """The hours of sessions of these cases, each with the mediator who has the case."""
        with backend_errors():
            cases = self._cases.collection.find(
                {"_id": {"$in": list(serials)}}, {"mediator.id": 1, "sessions": 1}
            )
            return {
                ((case.get("mediator") or {}).get("id", ""), hour)
                for case in cases
                for hour in hours_of(case).values()
            }

    def _give_back(self, mediator_id: str, booking: Mapping[str, Any]) -> int:
        with backend_errors():
            result = self._directory.mediators.update_one(
                {"_id": mediator_id}, {"$pull": {"bookings": dict(booking)}}
            )
        if result.modified_count:
            logger().warning("reservation_released", serial_number=booking["serial"])
        return result.modified_count


def _hour(booking: Mapping[str, Any]) -> Hour:
    return Hour(*(booking[name] for name in ("serial", "session", "starts_at", "ends_at")))
