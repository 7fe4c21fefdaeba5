"""A rebuild as everybody in query knows of it: whether one is open, and what the owners told.

    rebuilds  aggregate {_id, purpose: rebuild | check, open, opened_at, asked, closed_at, outcome,
              shadows: {progress: UUID of the collection built to take its place, kept when renamed},
              owners: {intake: {told, total, ended}}}

At most one is open. Every worker knows of it KNOWN_SECONDS after it was opened, and from then on
writes live events into the shadow collections first, then into those that serve.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from shared.contracts.envelope import NewEvent, Trace, new_id, new_traceparent
from shared.contracts.events import REBUILT_FROM
from shared.decision import Decision
from shared.store import Aggregates, backend_errors, changed, new_aggregate

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

SHADOWS: Final[Mapping[str, str]] = {
    "progress": "progress_rebuild",
    "organisations": "organisations_rebuild",
}
"""Read model → the collection that is built to take its place."""

KNOWN_SECONDS: Final = 1.0


class Shadows:
    """What projections are written to beside (runner.Beside): asked for each batch, looked up once a
    second."""

    def __init__(self, database: Database[Document]) -> None:
        self._rebuilds = database["rebuilds"]
        self._looked_at = float("-inf")
        self._known: Mapping[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        now = time.monotonic()
        if now - self._looked_at > KNOWN_SECONDS:
            is_open = self._rebuilds.find_one({"open": True}, {"_id": 1}) is not None
            self._known = SHADOWS if is_open else {}
            self._looked_at = now
        return self._known


class Rebuilds(Aggregates):
    """The collection `rebuilds`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["rebuilds"])

    def opened(self) -> Document | None:
        """The open rebuild, if there is one."""
        with backend_errors():
            return self.collection.find_one({"open": True})

    def begin(self, purpose: str, shadows: Mapping[str, Any], at: datetime) -> Document:
        nothing = {"told": 0, "total": 0, "ended": False}
        begun = {
            "purpose": purpose,
            "open": True,
            "opened_at": at,
            "asked": False,
            "shadows": dict(shadows),
            "owners": {owner: dict(nothing) for owner in REBUILT_FROM},
        }
        document = new_aggregate(
            self._next_id(), Decision(set=begun), source="query", division="", at=at, trace=_trace()
        )
        self.insert(document)
        return document

    def _next_id(self) -> str:
        """Greater than every id before, whatever the clocks: owners tell for the greatest."""
        key = new_id()
        with backend_errors():
            newest = self.collection.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        if newest is None or newest["_id"] < key:
            return key
        time_part = f"{int(newest['_id'][:13].replace('-', ''), 16) + 1:012x}"
        return f"{time_part[:8]}-{time_part[8:]}{key[13:]}"

    def ask(self, rebuild: Document, at: datetime) -> Document:
        """Ask the owners to tell again; the rebuild as it is then."""
        decision = request(rebuild["_id"])
        after, update = changed(rebuild, decision, source="query", at=at, trace=_trace())
        self.replace(rebuild, update)
        return after

    def heard(self, key: str, owner: str, said: Mapping[str, Any]) -> None:
        with backend_errors():
            self.collection.update_one({"_id": key}, {"$set": {f"owners.{owner}": dict(said)}})

    def close(self, key: str, outcome: str, at: datetime) -> None:
        closed = {"open": False, "outcome": outcome, "closed_at": at}
        with backend_errors():
            self.collection.update_one({"_id": key}, {"$set": closed})


def request(key: str) -> Decision:
    """The owners are asked for this rebuild."""
    event = NewEvent("read_models.rebuild_requested", {"rebuild": key})
    return Decision(set={"asked": True}, events=[event])


def _trace() -> Trace:
    return Trace(new_traceparent(), new_id())
