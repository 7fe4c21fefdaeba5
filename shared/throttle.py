"""Attempts are bounded across all processes of a service: exactly if counted before they are looked
at (`tried`), by as many more as are in flight if counted as failures (`failed`), ordinary uses
within a second (`used`).

Counters live in MongoDB and hold keyed hashes only, never an address or a serial number. Each
process learns the blocked keys at most once a second, so a caller who has failed nowhere costs no
round trip. A process also learns the count of every failure it reports; past the limit a key can
therefore try at most once more for each request in flight.

Not the `limits` library: its MongoDB storage opens a client of its own, creates indexes within a
request (and never again if that fails), and mixes the clocks of server and process.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import IndexModel, UpdateOne, WriteConcern
from pymongo.database import Database

from shared.errors import Refused, Transient
from shared.sealing import Hasher
from shared.store import backend_errors

COLLECTION: Final = "throttle"
_SYNC_SECONDS: Final = 1.0
_CALL_SECONDS: Final = 2.0
_BLOCKED_KEPT: Final = 10_000
_USES_KEPT: Final = 10_000


class Limit(NamedTuple):
    """At most `attempts` in a window of `seconds`, which begins with the first of them; counted
    `of_network` for the whole /48 of an IPv6 address, and for other keys not at all."""

    attempts: int
    seconds: int
    of_network: bool = False


LIMITS: Final[Mapping[str, tuple[Limit, ...]]] = {
    # The daily limit keeps 10**4 values of a phone's last digits out of reach of patience.
    "digits_per_serial": (Limit(5, 900), Limit(20, 86_400)),
    "digits_per_address": (Limit(20, 900),),
    # A query code is one of 31**8: its limits may be wide enough that nobody locks somebody else
    # out of a case, or a carrier's thousands behind one address (docs/decisions/0018).
    "wrong_code_per_visitor": (Limit(5, 900),),
    "wrong_code_per_address": (Limit(200, 900),),
    # None a day: a few patient addresses would use it up for everybody.
    "wrong_code_per_serial": (Limit(100, 900),),
    # Of 10**12 numbers a year some millions are in use: at 300 a day one address meets one of them
    # in two years (docs/decisions/0018). Mistyped numbers hardly count: the check digits tell.
    # Whoever has a /48 has 65,536 addresses: together they meet one in eleven weeks.
    "unknown_serial_per_address": (
        Limit(60, 900),
        Limit(300, 86_400),
        Limit(3000, 86_400, of_network=True),
    ),
}
"""What every service counts; one adds its own, as intake does with submissions per address."""


@lru_cache(maxsize=8192)  # the same few addresses ask again and again
def address_key(hasher: Hasher, address: str) -> str:
    """The keyed hash of a client's address; of an IPv6 address its /64, which one client owns, and
    behind a slash its /48."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return hasher.hash("throttle", address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return hasher.hash("throttle", str(parsed.ipv4_mapped))
        own, network = (
            hasher.hash("throttle", str(ipaddress.IPv6Network((int(parsed), size), strict=False)))
            for size in (64, 48)
        )
        return f"{own}/{network}"
    return hasher.hash("throttle", str(parsed))


def serial_key(hasher: Hasher, serial_number: str) -> str:
    """The keyed hash under which the attempts at one application are counted."""
    return hasher.hash("throttle", serial_number)


def visitor_key(hasher: Hasher, serial_number: str, address: str) -> str:
    """The keyed hash of one application and one `address_key` together; of an IPv6 address its /48,
    or one network alone would be twenty visitors."""
    return hasher.hash("throttle", f"{serial_number}/{address.rpartition('/')[2]}")


class Throttle:
    """Refuses keys that used up a limit of their purpose. Safe to share between threads."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        limits: Mapping[str, tuple[Limit, ...]] = LIMITS,
    ) -> None:
        # Losing a few counts with a primary is bearable; waiting for a majority each time is not.
        self._counters = database.get_collection(COLLECTION, write_concern=WriteConcern(w=1))
        self._limits = limits
        self._lock = threading.Lock()
        self._blocked: dict[str, float] = {}  # counter id → monotonic end of its window
        self._too_many_blocked = False
        self._uses: Counter[tuple[Limit, str]] = Counter()
        self._synced_at = self._failed_at = float("-inf")

    def create_indexes(self) -> None:
        """Ended windows are deleted by the server; the blocked ones are found by an index."""
        with backend_errors(), pymongo.timeout(_CALL_SECONDS):
            self._counters.create_indexes(
                [
                    IndexModel("ends_at", expireAfterSeconds=0),
                    IndexModel("blocked", partialFilterExpression={"blocked": True}),
                ]
            )

    def check(self, purpose: str, key_hash: str) -> None:
        """Refused("too_many_attempts", retry_after in seconds) while a limit is used up.

        Transient when the counters cannot be read. Cost: nothing but a dict, and one read for all
        callers each second.
        """
        self._sync()
        ids = [counter for _, counter in self._counters_of(purpose, key_hash)]
        if self._too_many_blocked:
            ends = self._read_blocked({"_id": {"$in": ids}})
        else:
            ends = {each: self._blocked[each] for each in ids if each in self._blocked}
        left = max(ends.values(), default=0.0) - time.monotonic()
        if left > 0:
            raise Refused("too_many_attempts", extra={"retry_after": math.ceil(left)})

    def failed(self, purpose: str, key_hash: str) -> None:
        """Count a failed attempt before answering it; Transient when it cannot be counted."""
        for limit, counter in self._counters_of(purpose, key_hash):
            self._count(limit, counter)

    def tried(self, purpose: str, key_hash: str) -> None:
        """Count an attempt before looking at it: never is more than the limit looked at, however
        many come at once. Refused as in `check`; Transient when it cannot be counted."""
        counters = self._counters_of(purpose, key_hash)
        for place, (limit, counter) in enumerate(counters, 1):
            counted = self._count(limit, counter)
            if counted["count"] > limit.attempts:
                # Or right ones that were many at once would use the limit up.
                self._take_back(counters[:place])
                left = (counted["ends_at"] - counted["counted_at"]).total_seconds()
                raise Refused("too_many_attempts", extra={"retry_after": math.ceil(left)})

    def succeeded(self, purpose: str, key_hash: str) -> None:
        """Take back what `tried` counted, as far as the window still runs."""
        self._take_back(self._counters_of(purpose, key_hash))

    def _take_back(self, counters: Sequence[tuple[Limit, str]]) -> None:
        for limit, counter in counters:
            left: dict[str, Any] | None = None
            with suppress(Transient), backend_errors(), pymongo.timeout(_CALL_SECONDS):
                left = self._counters.find_one_and_update(
                    {"_id": counter, "count": {"$gt": 0}},
                    _taken_back(limit),
                    return_document=pymongo.ReturnDocument.AFTER,
                )
            if left is None or not left["blocked"]:
                with self._lock:
                    self._blocked.pop(counter, None)

    def _count(self, limit: Limit, counter: str) -> dict[str, Any]:
        with backend_errors(), pymongo.timeout(_CALL_SECONDS):
            counted: dict[str, Any] | None = self._counters.find_one_and_update(
                {"_id": counter},
                _counted(limit, 1),
                upsert=True,
                return_document=pymongo.ReturnDocument.AFTER,
            )
        if counted is None:  # which an upsert never gives
            raise Transient("throttle_unavailable")
        if counted["blocked"]:
            left = (counted["ends_at"] - counted["counted_at"]).total_seconds()
            with self._lock:
                self._blocked[counter] = time.monotonic() + left
        return counted

    def used(self, purpose: str, key_hash: str) -> None:
        """Count an ordinary use, written with the next check a second later: cheap, not exact."""
        with self._lock:
            for limit, counter in self._counters_of(purpose, key_hash):
                if len(self._uses) < _USES_KEPT:
                    self._uses[limit, counter] += 1
                if self._uses[limit, counter] >= limit.attempts:
                    self._blocked.setdefault(counter, time.monotonic() + limit.seconds)

    def _counters_of(self, purpose: str, key_hash: str) -> list[tuple[Limit, str]]:
        """The limits that count this key, each with the id of its counter."""
        own, _, network = key_hash.partition("/")
        return [
            (limit, f"{purpose}/{limit.seconds}/{part}")
            for limit in self._limits[purpose]
            if (part := network if limit.of_network else own)
        ]

    def _sync(self) -> None:
        """Write the uses and learn the blocked keys, unless that was done within the second."""
        if time.monotonic() - self._synced_at < _SYNC_SECONDS:
            return
        with self._lock:
            now = time.monotonic()
            if now - self._synced_at < _SYNC_SECONDS:
                return
            if now - self._failed_at < _SYNC_SECONDS:  # one thread waits for the back-end, not all
                raise Transient("throttle_unavailable")
            try:
                self._write_uses()
                blocked = self._read_blocked({"blocked": True})
            except Transient:
                self._failed_at = time.monotonic()
                raise
            self._too_many_blocked = len(blocked) > _BLOCKED_KEPT
            self._blocked = {} if self._too_many_blocked else blocked
            self._synced_at = now

    def _write_uses(self) -> None:
        updates = [
            UpdateOne({"_id": counter}, _counted(limit, count), upsert=True)
            for (limit, counter), count in self._uses.items()
        ]
        self._uses.clear()
        if updates:
            with backend_errors(), pymongo.timeout(_CALL_SECONDS):
                self._counters.bulk_write(updates, ordered=False)

    def _read_blocked(self, which: Mapping[str, Any]) -> dict[str, float]:
        """Counters used up in a window still running, with its end on this process's clock."""
        with backend_errors(), pymongo.timeout(_CALL_SECONDS):
            found = list(
                self._counters.aggregate(
                    [
                        {"$match": {**which, "blocked": True}},
                        {"$project": {"left": {"$subtract": ["$ends_at", "$$NOW"]}}},
                        {"$match": {"left": {"$gt": 0}}},
                        {"$limit": _BLOCKED_KEPT + 1},
                    ]
                )
            )
        now = time.monotonic()
        return {each["_id"]: now + each["left"] / 1000 for each in found}


def _counted(limit: Limit, count: int) -> list[dict[str, Any]]:
    """The update that adds to a running window or begins a new one, by the server's clock."""
    is_over = {"$lte": [{"$ifNull": ["$ends_at", "$$NOW"]}, "$$NOW"]}
    ends_at = {"$add": ["$$NOW", limit.seconds * 1000]}
    return [
        {
            "$set": {
                "counted_at": "$$NOW",
                "count": {"$cond": [is_over, count, {"$add": ["$count", count]}]},
                "ends_at": {"$cond": [is_over, ends_at, "$ends_at"]},
            }
        },
        {"$set": {"blocked": {"$gte": ["$count", limit.attempts]}}},
    ]


def _taken_back(limit: Limit) -> list[dict[str, Any]]:
    """The update that takes one from a window; in one that began meanwhile it errs by one."""
    return [
        {"$set": {"count": {"$subtract": ["$count", 1]}}},
        {"$set": {"blocked": {"$gte": ["$count", limit.attempts]}}},
    ]
