"""The durable writes of sending, shared by the messages of a moment.

Three writes stand between a message and its end: the claim, the fence and the record (`sending`).
Each is durable on a majority before its caller goes on, as if it were alone; but those of several
threads travel together, which halves what a message costs the database.

- A *claim* takes some messages ahead, never more than the turn may still send. One that waits here
  has not been handed over: if this process dies, its lease runs out and it is due again; if this
  process was paused, its fence fails; if the channel is slow, what waited long is given back, as
  it is when the process stops, and the try is not counted.
- A *fence* names message and claim together. A message that was lost and claimed anew, even by
  this very process, is another claim, and the older one may not send.
- A *record* is guarded by the claim in the same way, so it can be repeated.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from services.notify.people.messages import Document
from shared.batching import Batcher
from shared.errors import BackendAway
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

AHEAD: Final = 4
"""Messages claimed at once for each thread: what a one-time code may have to wait for."""

_CLAIM_TRIES: Final = 3
_WRITE_TIMEOUT_MS: Final = 10_000


class LeaseLost(Exception):
    """Somebody took the message over; this process must not send it."""


@dataclass(slots=True)
class Budget:
    """How many messages one turn may still claim."""

    left: int


class Claims:
    """The claims of one sender on its collection of messages; safe to use from several threads."""

    def __init__(
        self,
        collection: Collection[Document],
        *,
        clock: Callable[[], datetime],
        lease: timedelta,
        threads: int,
    ) -> None:
        durable = WriteConcern(w="majority", j=True, wtimeout=_WRITE_TIMEOUT_MS)
        self.messages = collection.with_options(write_concern=durable)
        self._clock = clock
        self._lease = lease
        self._patience = lease / 4  # far from the end of the lease: another may take over in peace
        self._chunk = threads * AHEAD
        self._lock = threading.Lock()
        self._claimed: dict[str, _Claimed] = {}
        self._fences: Batcher[Document, None] = Batcher(self._fence_many)
        self._records: Batcher[_Ending, None] = Batcher(self._record_many)

    def due(self, channel: str) -> Document:
        """The query of the messages that are due on a channel."""
        return {
            "channel": channel,
            "status": "planned",
            "next_attempt_at": {"$lte": self._clock()},
        }

    def is_due(self, channel: str) -> bool:
        with backend_errors():
            return self.messages.find_one(self.due(channel), {"_id": True}) is not None

    def next(self, channel: str, budget: Budget) -> Document | None:
        """A message claimed for the caller alone, the longest due first; None when there is none
        or the budget is spent. BackendAway when the database is away."""
        with self._lock:
            claimed = self._claimed.setdefault(channel, _Claimed(self._clock()))
        with claimed.lock:
            if claimed.waiting and self._clock() - claimed.at > self._patience:
                budget.left += len(claimed.waiting)
                self._give_back(claimed)
            if not claimed.waiting:
                claimed.at = self._clock()
                taken = self._claim(channel, min(self._chunk, budget.left))
                budget.left -= len(taken)
                claimed.waiting.extend(taken)
            return claimed.waiting.popleft() if claimed.waiting else None

    def give_back(self) -> None:
        """Make due again what was claimed and never begun."""
        for claimed in self._claimed.values():
            with claimed.lock:
                self._give_back(claimed)

    def fence(self, message: Document) -> None:
        """Say, durably, that this message is being handed over; LeaseLost if it is no longer ours
        to hand over."""
        self._fences.submit(message)

    def record(self, message: Document, update: Mapping[str, Any]) -> None:
        """Write the end of an attempt if the claim still stands, or has left the message uncertain.
        May be repeated: the first time ends the claim."""
        self._records.submit(_Ending(message, update))

    def _claim(self, channel: str, most: int) -> list[Document]:
        """At most so many due messages, each of which nobody else has."""
        for _ in range(_CLAIM_TRIES if most else 0):
            with backend_errors():
                found = self.messages.find(self.due(channel), {"_id": True})
                ids = [d["_id"] for d in found.sort("next_attempt_at", ASCENDING).limit(most)]
                if not ids:
                    break
                mine = {"_id": {"$in": ids}, "lease_holder": secrets.token_hex(8)}
                leased = {
                    "status": "sending",
                    "handing_over": False,
                    "lease_holder": mine["lease_holder"],
                    "lease_until": self._clock() + self._lease,
                }
                self.messages.update_many(
                    {**self.due(channel), "_id": mine["_id"]},
                    {"$set": leased, "$inc": {"attempts": 1}},
                )
                taken = list(self.messages.find(mine).sort("next_attempt_at", ASCENDING))
            if taken:  # else another sender was faster with all of them: look again
                return taken
        return []

    def _give_back(self, claimed: _Claimed) -> None:
        left = [*claimed.waiting]
        claimed.waiting.clear()
        if left:
            with backend_errors():
                self.messages.update_many(
                    {"$or": [_own(m) for m in left], "status": "sending", "handing_over": False},
                    {
                        "$set": {"status": "planned", "lease_until": None, "lease_holder": None},
                        "$inc": {"attempts": -1},
                    },
                )

    def _fence_many(self, messages: Sequence[Document]) -> Sequence[LeaseLost | None]:
        until = self._clock() + self._lease
        handing_over = {"$set": {"handing_over": True, "lease_until": until}}
        writes = [UpdateOne({**_own(m), "status": "sending"}, handing_over) for m in messages]
        with _bulk_errors():
            matched = self.messages.bulk_write(writes, ordered=False).matched_count
        if matched == len(messages):
            return [None] * len(messages)
        with backend_errors():
            fenced = self.messages.find(
                {"$or": [_own(m) for m in messages], "status": "sending", "handing_over": True},
                {"_id": True, "lease_holder": True},
            )
            ours = {(d["_id"], d["lease_holder"]) for d in fenced}
        return [
            None if (m["_id"], m["lease_holder"]) in ours else LeaseLost(m["_id"]) for m in messages
        ]

    def _record_many(self, endings: Sequence[_Ending]) -> Sequence[None]:
        standing = {"$in": ["sending", "uncertain"]}
        writes = [
            UpdateOne({**_own(e.message), "status": standing}, dict(e.update)) for e in endings
        ]
        with _bulk_errors():
            self.messages.bulk_write(writes, ordered=False)
        return [None] * len(endings)


class _Claimed:
    """Messages of one channel that were claimed and wait for a thread."""

    __slots__ = ("at", "lock", "waiting")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.lock = threading.Lock()
        self.waiting: deque[Document] = deque()


@dataclass(frozen=True, slots=True)
class _Ending:
    message: Document
    update: Mapping[str, Any]


def _own(message: Document) -> Document:
    """The message as this claim has it."""
    return {"_id": message["_id"], "lease_holder": message["lease_holder"]}


@contextmanager
def _bulk_errors() -> Iterator[None]:
    """BackendAway for a bulk that is not known to be durable, as for a single write."""
    try:
        with backend_errors():
            yield
    except BulkWriteError as error:
        raise BackendAway("mongodb: bulk write") from error
