"""The log of what partners may know: every event once, each at a position of its own.

    partner_events   {_id: event id, name, type, subject, division, time, sequence, body, arrived,
                      unplaced: true | position: 1, 2, 3 …}

Workers record events in any order and at once (`log_document`); one `Sequencer` of all gives them
positions. It does so in ordered bulks, so what is seen at any moment is a beginning of the log: who
has read up to a position has missed nothing before it. Only what a majority of the database has is
seen: no failover takes back a position that somebody has read.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from services.notify.partners.keeping import keep_for
from shared.contracts.envelope import Event
from shared.contracts.partner_events import partner_document
from shared.store import DUPLICATE_KEY, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

LOG: Final = "partner_events"
LEASE: Final = timedelta(seconds=4)
WINDOW: Final = 100_000
"""Positions that one question with a filter looks at: it ends within the database's time-out."""

_DISORDER: Final = timedelta(hours=6)
"""How much later than its successors an event may have arrived: while nobody placed, they all wait."""

_MAJORITY: Final = ReadConcern("majority")
_LEASE_ID: Final = "partner_log"
_PLACED: Final = {"position": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the log; `body` is the CloudEvent as partners get it, JSON."""

    position: int
    id: str
    name: str
    type: str
    subject: str
    division: str
    time: datetime
    body: bytes


def log_document(event: Event) -> Document | None:
    """What is recorded of an event, not yet placed; None for one that is not offered."""
    offered = partner_document(event)
    if offered is None:
        return None
    return {
        "_id": event.id,
        "name": event.name,
        "type": event.type,
        "subject": event.subject,
        "division": event.division,
        "time": event.time,
        "sequence": event.sequence,
        "body": orjson.dumps(offered),
        "arrived": datetime.now(UTC),
        "unplaced": True,
    }


class EventLog:
    """The log as its readers see it: what is placed."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database[LOG].with_options(read_concern=_MAJORITY)
        self._leases = database["leases"]

    def ensure_indexes(self, days: float) -> None:
        """`days` is how long an event is kept."""
        self._collection.create_indexes(
            [
                IndexModel(
                    [("position", ASCENDING)],
                    name="position",
                    unique=True,
                    partialFilterExpression=_PLACED,
                ),
                IndexModel(
                    [("name", ASCENDING), ("position", ASCENDING), ("division", ASCENDING)],
                    name="filtered",
                    partialFilterExpression=_PLACED,
                ),
                IndexModel(
                    [("time", ASCENDING), ("sequence", ASCENDING)],
                    name="unplaced",
                    partialFilterExpression={"unplaced": True},
                ),
            ]
        )
        keep_for(self._collection, "arrived", days)

    def after(
        self,
        position: int,
        limit: int,
        names: Collection[str] | None = None,
        divisions: Sequence[str] = (),
        *,
        until: int | None = None,
    ) -> list[Entry]:
        """At most `limit` entries behind a position (and up to `until`), in their order: those of
        these names and places (digits of division codes), or all."""
        wanted = _wanted(names, divisions)
        if not wanted:
            return self._between(position, until, limit, wanted)
        end = self.newest() if until is None else until
        found: list[Entry] = []
        while position < end and len(found) < limit:
            last = min(position + WINDOW, end)
            found += self._between(position, last, limit - len(found), wanted)
            position = last
        return found

    def newest(self) -> int:
        """The last position that was given, kept or not; 0 before the first. Of events that were
        placed together the last may expire first, so the log alone does not tell it."""
        return max(self._end(-1), self._last_given())

    def oldest(self) -> int:
        """The first position that is kept; where nothing is, the one that comes next."""
        return self._end(1) or self._last_given() + 1

    def position_at(self, moment: datetime) -> int:
        """The position behind which everything lies that arrived at that moment or later."""
        low, high = self.oldest() - 1, self.newest()
        while low < high:  # all up to `low` arrived long before, nearly: they are in that order
            middle = (low + high) // 2
            entry = self._next(middle, {})
            if entry is None or entry["arrived"] >= moment - _DISORDER:
                high = middle
            else:
                low = int(entry["position"])
        first = self._next(low, {"arrived": {"$gte": moment}})
        return int(first["position"]) - 1 if first else self.newest()

    def by_ids(self, ids: Iterable[str]) -> dict[str, Entry]:
        """The entries of these events, as far as they are kept and placed."""
        with backend_errors():
            found = self._collection.find({"_id": {"$in": list(ids)}, **_PLACED})
            return {d["_id"]: _entry(d) for d in found}

    def _between(
        self, position: int, until: int | None, limit: int, wanted: Document
    ) -> list[Entry]:
        bounds: Document = {"$gt": position} | ({} if until is None else {"$lte": until})
        hint = "filtered" if "name" in wanted else "position"
        with backend_errors():
            found = self._collection.find({"position": bounds, **wanted}, hint=hint)
            return [_entry(d) for d in found.sort("position", ASCENDING).limit(limit)]

    def _next(self, position: int, wanted: Document) -> Document | None:
        """Where and when the first of these behind a position is."""
        with backend_errors():
            return self._collection.find_one(
                {"position": {"$gt": position}, **wanted},
                {"position": True, "arrived": True},
                sort=[("position", ASCENDING)],
                hint="position",
            )

    def _end(self, direction: int) -> int:
        with backend_errors():
            found = self._collection.find_one(
                _PLACED, {"position": True}, sort=[("position", direction)], hint="position"
            )
        return int(found["position"]) if found else 0

    def _last_given(self) -> int:
        """As the sequencer remembers it: positions go on although events expire."""
        with backend_errors():
            lease = self._leases.find_one({"_id": _LEASE_ID}, {"newest": True})
        return int((lease or {}).get("newest", 0))


class Sequencer:
    """Gives positions, while it leads. Of several, one leads; a leader that lost its lease without
    knowing collides with its successor's positions and stops there.

    No position is left out whoever else is at work: of what waited after `newest` was read, the
    k-th is written to `newest + k`, when the k - 1 before it have their positions behind `newest`,
    from this bulk or from another.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database[LOG].with_options(read_concern=_MAJORITY)
        self._leases = database["leases"]
        self._log = EventLog(database)
        self._holder = secrets.token_hex(8)
        self._lease_until = 0.0

    def place(self, limit: int = 1000) -> int:
        """Place at most `limit` events, in the order of their time and sequence; how many were."""
        with backend_errors():
            if not self._waiting(1) or not self._lead():
                return 0
            # In this order: whatever another one places meanwhile takes a position behind `newest`,
            # so one that is passed over here leaves no gap that might be filled behind a reader.
            newest = self._log.newest()
            waiting = self._waiting(limit)
            writes = [
                UpdateOne(
                    {"_id": document["_id"], "unplaced": True},
                    {"$set": {"position": position}, "$unset": {"unplaced": ""}},
                )
                for position, document in enumerate(waiting, start=newest + 1)
            ]
            placed = self._write(writes) if writes else 0
            self._remember(newest + placed)
            return placed

    def stop(self) -> None:
        """Let another one lead at once."""
        with backend_errors():
            self._leases.update_one(
                {"_id": _LEASE_ID, "holder": self._holder}, {"$set": {"until": datetime.now(UTC)}}
            )

    def _waiting(self, limit: int) -> list[Document]:
        found = self._collection.find({"unplaced": True}, {"_id": True}, hint="unplaced")
        return list(found.sort([("time", ASCENDING), ("sequence", ASCENDING)]).limit(limit))

    def _write(self, writes: Sequence[UpdateOne]) -> int:
        try:
            return self._collection.bulk_write(writes, ordered=True).modified_count
        except BulkWriteError as error:
            faults = error.details.get("writeErrors", ())
            if error.details.get("writeConcernErrors") or any(
                fault["code"] != DUPLICATE_KEY for fault in faults
            ):
                raise
            self._lease_until = 0.0  # somebody else leads
            return int(error.details["nModified"])

    def _lead(self) -> bool:
        if time.monotonic() < self._lease_until:
            return True
        now, asked = datetime.now(UTC), time.monotonic()
        mine = {"_id": _LEASE_ID, "$or": [{"holder": self._holder}, {"until": {"$lte": now}}]}
        leased = {"holder": self._holder, "until": now + LEASE}
        try:
            self._leases.update_one(mine, {"$set": leased}, upsert=True)
        except DuplicateKeyError:
            return False
        self._lease_until = asked + LEASE.total_seconds() / 2
        return True

    def _remember(self, newest: int) -> None:
        self._leases.update_one({"_id": _LEASE_ID}, {"$max": {"newest": newest}})


def _wanted(names: Collection[str] | None, divisions: Sequence[str]) -> Document:
    wanted: Document = {} if names is None else {"name": {"$in": sorted(names)}}
    if divisions:
        wanted["$or"] = [{"division": {"$gte": d, "$lt": f"{d}:"}} for d in divisions]
    return wanted


def _entry(document: Document) -> Entry:
    return Entry(
        document["position"],
        document["_id"],
        document["name"],
        document["type"],
        document["subject"],
        document["division"],
        document["time"],
        bytes(document["body"]),
    )
