"""Cases and the directory in MongoDB.

    cases          aggregates, see domain.open_case
    organisations  aggregates: directory.Organisation and its address; their events feed query
    mediators      directory.Mediator and `open`, the serial numbers of the cases they hold, and
                   `bookings`, the hours of their sessions (see booking)

A mediator's places are taken by appending to `open` under a guard on its size, so no number of
concurrent workers can take more than there are, and taking one twice for the same case is one.
What an organisation has in places and open cases follows from its mediators whenever it is asked
for and is stored nowhere, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from services.routing.directory import Mediator, Organisation, Snapshot
from shared.store import Aggregates, AlreadyExists, Document, VersionConflict, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database


_IN_ONE_GO = 10_000
"""Documents in the first answer of the database, which else ends after 101: the bodies and people
that a micro-batch of cases may go to are one round trip each."""


PREFIX = "case_number_prefix"
"""The field of an organisation that begins its case numbers; unique, null until it is needed."""


Index = tuple[tuple[str, int], ...]
"""The fields of an index with their directions."""

LEADING = ("mediator.id", "organisation.id", "places", "marks", "")
"""What work lists are about, each with indexes of its own ("" for all cases)."""

ONLY_SET: Mapping[str, Any] = {"$gt": ""}
"""What a text field that is mostly null must be for its index to hold the document."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any moment of a case; what is later is a moment, and null is not."""

NEXT_TICK: Index = (("next_tick_at", 1), ("tick_lease_until", 1))
"""By which the deadline sweep finds what is due."""


def case_index(leading: str, order: str = "", *, plain: bool = False) -> Index:
    """The index by which cases of something are read in an order (received_at, next_due_on), by
    status and category unless `plain`; without an order that of the field alone.
    """
    fields = [leading] if leading else []
    if order:
        fields += [] if plain else ["status", "category"]
        fields += [order, "_id"]
    return tuple((field, 1) for field in fields)


class Cases(Aggregates):
    """The collection `cases`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["cases"])

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        for leading in LEADING:
            self._create(case_index(leading, "received_at"))
            self._create(case_index(leading, "next_due_on"), {"next_due_on": ONLY_SET})
        self._create(case_index("", "received_at", plain=True))
        self._create(case_index("", "next_due_on", plain=True), {"next_due_on": ONLY_SET})
        self._create(case_index("case_number"), {"case_number": ONLY_SET})
        self._create(NEXT_TICK, {"next_tick_at": {"$gt": LONG_AGO}})
        self._create((("employer_hashes", 1), ("received_at", 1)))
        self._create((("received_at", 1), ("division_code", 1), ("category", 1)))

    def _create(self, index: Index, holding: Mapping[str, Any] | None = None) -> None:
        """An index of all cases, or of those only that a filter holds of."""
        partial: Document = {"partialFilterExpression": dict(holding)} if holding else {}
        self.collection.create_index(list(index), **partial)


class Directory:
    """Organisations and mediators, and the places mediators have left."""

    def __init__(self, database: Database[Document]) -> None:
        self.organisations = Aggregates(database["organisations"])
        self.mediators = database["mediators"]

    def ensure_indexes(self) -> None:
        self.organisations.ensure_indexes()
        self.organisations.collection.create_index([("divisions", 1)])
        self.organisations.collection.create_index(
            PREFIX, unique=True, partialFilterExpression={PREFIX: {"$type": "string"}}
        )
        self.organisations.collection.create_index([("division_code", 1), ("_id", 1)])
        self.mediators.create_index([("organisation", 1)])
        self.mediators.create_index([("open", 1)])
        self.mediators.create_index(
            "calendar_hash", unique=True, partialFilterExpression={"calendar_hash": ONLY_SET}
        )
        self.mediators.create_index([("bookings.ends_at", 1)])

    def serving(self, codes: Collection[str]) -> list[Organisation]:
        """Organisations that serve any of these divisions."""
        with backend_errors():
            found = self.organisations.collection.find(
                {"divisions": {"$in": list(codes)}}, {"outbox": 0, "seen": 0}, batch_size=_IN_ONE_GO
            )
            return [Organisation.from_document(d) for d in found]

    def snapshot(self, organisations: Iterable[Organisation]) -> Snapshot:
        """These organisations with all their mediators, places and loads of this moment."""
        bodies = {o.id: o for o in organisations}
        staff = self.staff_of(bodies)
        places: dict[str, int] = dict.fromkeys(bodies, 0)
        taken: dict[str, int] = dict.fromkeys(bodies, 0)
        for mediator in staff:
            places[mediator.organisation] += mediator.capacity if mediator.active else 0
            taken[mediator.organisation] += mediator.open_cases
        loaded = [
            replace(o, capacity=places[o.id], open_cases=taken[o.id]) for o in bodies.values()
        ]
        return Snapshot.of(loaded, staff)

    def staff_of(self, organisations: Iterable[str]) -> list[Mediator]:
        with backend_errors():
            wanted = {"organisation": {"$in": list(organisations)}}
            found = self.mediators.find(wanted, _COUNTED, batch_size=_IN_ONE_GO)
            return [Mediator.from_document(d) for d in found]

    def organisation(self, key: str) -> Organisation | None:
        found = self.organisations.read(key)
        return Organisation.from_document(found) if found else None

    def mediator(self, key: str) -> Mediator | None:
        found = self.mediator_document(key)
        return Mediator.from_document(found) if found else None

    # --- entries as people manage them -------------------------------------------------------

    def mediator_document(self, key: str) -> Document | None:
        """The mediator with `version` and `open_cases`, without the cases themselves."""
        with backend_errors():
            return self.mediators.find_one({"_id": key}, _COUNTED)

    def organisations_page(self, wanted: Document, after: str, size: int) -> list[Document]:
        """Up to `size` organisations by id, those behind `after`."""
        with backend_errors():
            found = self.organisations.collection.find(
                _behind(wanted, after), {"outbox": 0, "seen": 0}
            )
            return list(found.sort("_id", 1).limit(size))

    def mediators_page(self, wanted: Document, after: str, size: int) -> list[Document]:
        """Up to `size` mediators by id, those behind `after`."""
        with backend_errors():
            found = self.mediators.find(_behind(wanted, after), _COUNTED)
            return list(found.sort("_id", 1).limit(size))

    def add_mediator(self, mediator: Mediator) -> None:
        """Durable when it returns; AlreadyExists if the id is taken."""
        with backend_errors():
            try:
                self.mediators.insert_one(new_mediator(mediator.to_document()))
            except DuplicateKeyError as error:
                raise AlreadyExists("_id") from error

    def change_mediator(self, key: str, version: int, update: Document) -> Document:
        """The mediator after `update`, applied only to this version; else VersionConflict."""
        counted = {**update, "$inc": {"version": 1}}
        with backend_errors():
            after = self.mediators.find_one_and_update(
                {"_id": key, "version": version},
                counted,
                projection=_COUNTED,
                return_document=ReturnDocument.AFTER,
            )
        if after is None:
            raise VersionConflict(key)
        return after

    # --- places ------------------------------------------------------------------------------

    def holders(self, serials: Collection[str]) -> dict[str, Mediator]:
        """The mediators who hold a place for these cases already."""
        projection = {**_COUNTED, "open": 1}
        with backend_errors():
            found = list(self.mediators.find({"open": {"$in": list(serials)}}, projection))
        return {s: Mediator.from_document(d) for d in found for s in d["open"] if s in serials}

    def take_places(
        self, wanted: Mapping[str, Sequence[str]], loads: Mapping[str, int], at: datetime
    ) -> set[str]:
        """Take places for `{mediator: serial numbers}` if each mediator's load is still the one in
        `loads`; the serial numbers that got theirs. All of a mediator's or none of them.
        """
        operations = [
            UpdateOne(
                {
                    "_id": mediator,
                    "open": {"$size": loads[mediator], "$nin": list(serials)},
                    "active": True,
                    "capacity": {"$gte": loads[mediator] + len(serials)},
                },
                {"$push": {"open": {"$each": list(serials)}}, "$set": {"last_assigned_at": at}},
            )
            for mediator, serials in wanted.items()
        ]
        if not operations:
            return set()
        with backend_errors():
            result = self.mediators.bulk_write(operations, ordered=False)
            if result.matched_count == len(operations):
                return {serial for serials in wanted.values() for serial in serials}
            found = self.mediators.find({"_id": {"$in": list(wanted)}}, {"open": 1})
            return {serial for d in found for serial in wanted[d["_id"]] if serial in d["open"]}

    def take_place(self, mediator_id: str, serial_number: str, at: datetime) -> bool:
        """Take one place for a case, whatever the load, as long as there is one left."""
        with backend_errors():
            result = self.mediators.update_one(
                {
                    "_id": mediator_id,
                    "active": True,
                    "open": {"$ne": serial_number},
                    "$expr": {"$lt": [{"$size": "$open"}, "$capacity"]},
                },
                {"$push": {"open": serial_number}, "$set": {"last_assigned_at": at}},
            )
        return bool(result.matched_count)

    def renew_place(self, mediator_id: str, serial_number: str, at: datetime) -> bool:
        """Keep a place that the mediator holds for the case from being given back as unheld;
        whether there is one.
        """
        with backend_errors():
            result = self.mediators.update_one(
                {"_id": mediator_id, "open": serial_number}, {"$set": {"last_assigned_at": at}}
            )
        return bool(result.matched_count)

    def give_back(self, mediator_id: str, serial_number: str) -> None:
        """The mediator no longer holds the case; harmless when repeated."""
        with backend_errors():
            self.mediators.update_one({"_id": mediator_id}, {"$pull": {"open": serial_number}})

    def give_back_unheld(self, mediator_id: str, serial_number: str, before: datetime) -> bool:
        """Give a place back unless the mediator took or renewed one since; whether it was."""
        with backend_errors():
            result = self.mediators.update_one(
                {"_id": mediator_id, "open": serial_number, "last_assigned_at": {"$lt": before}},
                {"$pull": {"open": serial_number}},
            )
        return bool(result.modified_count)

    def places_taken(self, before: datetime) -> Iterator[tuple[str, list[str]]]:
        """Every mediator who holds places and took none since, with the serial numbers held."""
        wanted = {"open.0": {"$exists": True}, "last_assigned_at": {"$lt": before}}
        with backend_errors():
            for found in self.mediators.find(wanted, {"open": 1}):
                yield found["_id"], found["open"]


_COUNTED: Mapping[str, Any] = {
    **dict.fromkeys(
        (
            "organisation", "name", "capacity", "rota", "divisions", "specialisms", "languages",
            "conflicts", "active", "last_assigned_at", "version", "leave",
        ),
        1,
    ),
    "open_cases": {"$size": "$open"},
}  # fmt: skip
"""Projection of a mediator: all of it, with the cases held counted by the database."""


def new_organisation(entry: Mapping[str, Any]) -> Document:
    """A directory entry as it is stored: what follows from the mediators is left out."""
    return {k: v for k, v in entry.items() if k not in {"capacity", "open_cases"}}


def new_mediator(document: Mapping[str, Any]) -> Document:
    """A mediator as first stored: no place taken."""
    kept = {k: v for k, v in document.items() if k != "open_cases"}
    return {**kept, "open": [], "version": 1}


def _behind(wanted: Document, after: str) -> Document:
    return {"$and": [wanted, {"_id": {"$gt": after}}]} if after else wanted
