"""Cases and the directory in MongoDB.

    cases          aggregates, see domain.open_case
    organisations  aggregates: directory.Organisation and its address; their events feed query
    mediators      directory.Mediator and `open`, the serial numbers of the cases they hold

A mediator's places are taken by appending to `open` under a guard on its size, so no number of
concurrent workers can take more than there are, and taking one twice for the same case is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from services.routing.directory import Mediator, Organisation, Snapshot
from shared.store import Aggregates, Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database


class Cases(Aggregates):
    """The collection `cases`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["cases"])

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        for keys in (
            [("status", 1), ("received_at", 1)],
            [("organisation.id", 1), ("status", 1), ("received_at", 1)],
            [("mediator.id", 1), ("status", 1), ("received_at", 1)],
            [("deadlines.due_on", 1)],
        ):
            self.collection.create_index(keys)


class Directory:
    """Organisations and mediators, and the places mediators have left."""

    def __init__(self, database: Database[Document]) -> None:
        self.organisations = Aggregates(database["organisations"])
        self.mediators = database["mediators"]

    def ensure_indexes(self) -> None:
        self.organisations.ensure_indexes()
        self.organisations.collection.create_index([("divisions", 1)])
        self.mediators.create_index([("organisation", 1)])
        self.mediators.create_index([("open", 1)])

    def serving(self, codes: Collection[str]) -> list[Organisation]:
        """Organisations that serve any of these divisions."""
        with backend_errors():
            found = self.organisations.collection.find({"divisions": {"$in": list(codes)}})
            return [Organisation.from_document(d) for d in found]

    def snapshot(self, organisations: Iterable[Organisation]) -> Snapshot:
        """These organisations with all their mediators and the loads of this moment."""
        bodies = {o.id: o for o in organisations}
        staff = self.staff_of(bodies)
        for mediator in staff:
            body = bodies[mediator.organisation]
            bodies[body.id] = replace(body, open_cases=body.open_cases + mediator.open_cases)
        return Snapshot.of(bodies.values(), staff)

    def staff_of(self, organisations: Iterable[str]) -> list[Mediator]:
        with backend_errors():
            found = self.mediators.find({"organisation": {"$in": list(organisations)}})
            return [_mediator(d) for d in found]

    def organisation(self, key: str) -> Organisation | None:
        found = self.organisations.read(key)
        return Organisation.from_document(found) if found else None

    def mediator(self, key: str) -> Mediator | None:
        with backend_errors():
            found = self.mediators.find_one({"_id": key})
        return _mediator(found) if found else None

    # --- places ------------------------------------------------------------------------------

    def holders(self, serials: Collection[str]) -> dict[str, Mediator]:
        """The mediators who hold a place for these cases already."""
        with backend_errors():
            found = list(self.mediators.find({"open": {"$in": list(serials)}}))
        return {serial: _mediator(d) for d in found for serial in d["open"] if serial in serials}

    def take_places(self, wanted: Mapping[str, Sequence[str]], loads: Mapping[str, int], at: datetime) -> set[str]:
        """Take places for `{mediator: serial numbers}` if each mediator's load is still the one in
        `loads`; the serial numbers that got theirs. All of a mediator's or none of them."""
        operations = [
            UpdateOne(
                {"_id": mediator, "open": {"$size": loads[mediator]}},
                {"$push": {"open": {"$each": list(serials)}}, "$set": {"last_assigned_at": at}},
            )
            for mediator, serials in wanted.items()
        ]
        if not operations:
            return set()
        with backend_errors():
            result = self.mediators.bulk_write(operations, ordered=False)
        everyone = {serial for serials in wanted.values() for serial in serials}
        if result.matched_count == len(operations):
            return everyone
        held = self.holders(everyone)
        return {s for m, serials in wanted.items() for s in serials if s in held and held[s].id == m}

    def take_place(self, mediator: Mediator, serial_number: str, at: datetime) -> bool:
        """Take one place for a case, whatever the load, as long as there is one left."""
        with backend_errors():
            result = self.mediators.update_one(
                {
                    "_id": mediator.id,
                    "open": {"$ne": serial_number},
                    f"open.{mediator.capacity - 1}": {"$exists": False},
                },
                {"$push": {"open": serial_number}, "$set": {"last_assigned_at": at}},
            )
        return bool(result.matched_count)

    def give_back(self, mediator_id: str, serial_number: str) -> None:
        """The mediator no longer holds the case; harmless when repeated."""
        with backend_errors():
            self.mediators.update_one({"_id": mediator_id}, {"$pull": {"open": serial_number}})

    def places_taken(self) -> Iterable[tuple[str, str]]:
        """Every (mediator, serial number) held."""
        with backend_errors():
            for found in self.mediators.find({"open.0": {"$exists": True}}, {"open": 1}):
                for serial in found["open"]:
                    yield found["_id"], serial


def _mediator(document: Mapping[str, Any]) -> Mediator:
    return Mediator.from_document({**document, "open_cases": len(document["open"])})
