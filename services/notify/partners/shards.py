"""Who sends what: each shard of the subscriptions belongs to one dispatcher at a time, by a lease.

    leases   {_id: "shard:07", holder: str | None, until}      32 of them
             {_id: "dispatcher:<holder>", until}               who is there, to share evenly

All times are the database's own (`$$NOW`), so that clocks of machines need not agree. A lease holds
for LEASE_SECONDS from the moment its renewal was *asked for*; a dispatcher that hears nothing stops
sending before that, and nobody else begins before. Shares follow who is there: with n dispatchers
nobody keeps more than a n-th, rounded up, and what is given up is free at once.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bson import ObjectId
from pymongo import UpdateMany, UpdateOne

from shared.store import backend_errors, insert_records

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

SHARDS: Final = 32
LEASE_SECONDS: Final = 5.0
MARGIN_SECONDS: Final = 0.5
"""Before the end of the lease, when nothing more is begun."""

_LAPSED: Final = {"$lt": ["$until", "$$NOW"]}
_UNTIL: Final = {"$add": ["$$NOW", int(LEASE_SECONDS * 1000)]}
_SHARD: Final = {"_id": {"$regex": "^shard:"}}
_DISPATCHER: Final = {"_id": {"$regex": "^dispatcher:"}}


def shard_of(subscription: str) -> int:
    """The shard a subscription belongs to, for ever."""
    return zlib.crc32(subscription.encode()) % SHARDS


@dataclass(slots=True)
class Holding:
    """What a dispatcher holds now; `until` is of the monotonic clock."""

    shards: frozenset[int] = frozenset()
    until: float = 0.0

    def may_send(self, now: float) -> bool:
        return now < self.until - MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Change:
    """What a turn brought: shards newly held, shards lost, and how many should be given up."""

    gained: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    surplus: int = 0


@dataclass(slots=True)
class Shards:
    """The leases of one dispatcher. Not safe to use from several threads at once."""

    database: Database[Document]
    clock: Callable[[], float] = time.monotonic
    holder: str = field(default_factory=lambda: str(ObjectId()))
    holding: Holding = field(default_factory=Holding)

    def ensure(self) -> None:
        """Make the leases, free; idempotent."""
        free = ({"_id": _lease(shard), "holder": None, "until": None} for shard in range(SHARDS))
        with backend_errors():
            insert_records(self._leases, free)

    def turn(self, claims: bool = True) -> Change:  # noqa: FBT001, FBT002 - called in a thread
        """Renew what is held, and if it `claims`, take a fair share of what is free. BackendAway
        when the database is away: then what is held lapses."""
        asked = self.clock()
        with backend_errors():
            kept = self._renew()
            lost = self.holding.shards - kept
            share = fair_share(self._dispatchers())
            room = share - len(kept) if claims else 0
            gained = self._claim(room) if room > 0 else frozenset()
        self.holding = Holding(kept | gained, asked + LEASE_SECONDS)
        return Change(gained, lost, max(0, len(kept) - share))

    def give_up(self, shards: Collection[int]) -> None:
        """Let others have these at once; their lanes have been put down before."""
        with backend_errors():
            self._leases.update_many(
                {"_id": {"$in": [*map(_lease, shards)]}, "holder": self.holder},
                {"$set": {"holder": None, "until": None}},
            )
        self.holding = Holding(self.holding.shards - set(shards), self.holding.until)

    def leave(self) -> None:
        """Give everything up and be gone, so that the others share anew."""
        with backend_errors():
            self._leases.delete_one({"_id": f"dispatcher:{self.holder}"})
        self.give_up(self.holding.shards)

    @property
    def _leases(self) -> Any:
        return self.database["leases"]

    def _renew(self) -> frozenset[int]:
        """Say that this dispatcher is there, and go on with what nobody else has taken."""
        mine = [*map(_lease, self.holding.shards)]
        renewal = [{"$set": {"holder": self.holder, "until": _UNTIL}}]
        self._leases.bulk_write(
            [
                UpdateOne({"_id": f"dispatcher:{self.holder}"}, renewal, upsert=True),
                UpdateMany({"_id": {"$in": mine}, "holder": self.holder}, renewal),
            ],
            ordered=False,
        )
        return self._mine() & self.holding.shards

    def _claim(self, most: int) -> frozenset[int]:
        """At most so many of the free ones; by chance, lest all dispatchers want the same."""
        free = {"$or": [{"holder": None}, {"$expr": _LAPSED}]}
        found = [d["_id"] for d in self._leases.find({**_SHARD, **free}, {"_id": 1})]
        found.sort(key=lambda lease: zlib.crc32(f"{lease}{self.holder}".encode()))
        claim = [{"$set": {"holder": self.holder, "until": _UNTIL}}]
        operations = [UpdateOne({"_id": lease, **free}, claim) for lease in found[:most]]
        if not operations:
            return frozenset()
        self._leases.bulk_write(operations, ordered=False)
        return self._mine() - self.holding.shards

    def _mine(self) -> frozenset[int]:
        held = {**_SHARD, "holder": self.holder, "$expr": {"$gt": ["$until", "$$NOW"]}}
        found = self._leases.find(held, {"_id": 1})
        return frozenset(int(d["_id"].partition(":")[2]) for d in found)

    def _dispatchers(self) -> int:
        self._leases.delete_many({**_DISPATCHER, "$expr": _LAPSED})
        return int(self._leases.count_documents(_DISPATCHER))


def fair_share(dispatchers: int, shards: int = SHARDS) -> int:
    """How many shards each of so many dispatchers may hold at most."""
    return -(-shards // max(1, dispatchers))


def _lease(shard: int) -> str:
    return f"shard:{shard:02}"
