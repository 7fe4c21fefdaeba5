"""Messages that could not be applied: visible, tried again, replayed by hand, never lost.

    waiting   a passing fault; tried again at `next_attempt_at` with back-off and jitter
    dead      a bug, an unreadable message, or the last try used up; waits for an operator

One document per message and service in the collection `set_aside`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared import metrics
from shared.backoff import pause
from shared.contracts.envelope import from_json
from shared.errors import Permanent, Transient

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

LEASE = timedelta(minutes=2)
FIRST_DELAY_SECONDS = 2.0
LONGEST_DELAY_SECONDS = 900.0
DELIVERY_LIMIT_REACHED = "delivery_limit: the broker gave the message up after repeated crashes"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message taken out for another try."""

    id: str
    body: bytes
    attempts: int


class SetAside:
    """The service's messages set aside; `tries` ends the retries."""

    def __init__(self, database: Database[Document], tries: int) -> None:
        self._collection = database["set_aside"]
        self._tries = tries

    def ensure_indexes(self) -> None:
        self._collection.create_index([("state", 1), ("next_attempt_at", 1)], name="due")

    def keep(self, body: bytes, error: BaseException, *, dead: bool = False) -> str:
        """Store or update the message with its reason; the state it is in now."""
        key, headings = _identify(body)
        now = datetime.now(UTC)
        known = self._collection.find_one({"_id": key}, {"attempts": 1}) or {"attempts": 0}
        attempts = known["attempts"] + 1
        waits = isinstance(error, Transient) and not dead and attempts < self._tries
        state = "waiting" if waits else "dead"
        self._collection.update_one(
            {"_id": key},
            {
                "$set": {
                    **headings,
                    "body": body,
                    "state": state,
                    "attempts": attempts,
                    "reason": reason_of(error),
                    "last_at": now,
                    "next_attempt_at": now
                    + timedelta(
                        seconds=pause(
                            attempts, first=FIRST_DELAY_SECONDS, longest=LONGEST_DELAY_SECONDS
                        )
                    ),
                },
                "$setOnInsert": {"first_at": now},
            },
            upsert=True,
        )
        return state

    def claim_due(self) -> Kept | None:
        """Take one waiting message whose time has come; leased, so that workers do not collide."""
        now = datetime.now(UTC)
        found = self._collection.find_one_and_update(
            {"state": "waiting", "next_attempt_at": {"$lte": now}},
            {"$set": {"next_attempt_at": now + LEASE}},
            sort=[("next_attempt_at", 1)],
        )
        return Kept(found["_id"], bytes(found["body"]), found["attempts"]) if found else None

    def forget(self, key: str) -> None:
        """The message was applied."""
        self._collection.delete_one({"_id": key})

    def listed(self, state: str | None = None) -> Iterator[Document]:
        wanted = {"state": state} if state else {}
        yield from self._collection.find(wanted, {"body": 0}).sort("first_at", 1).limit(1000)

    def body(self, key: str) -> bytes | None:
        found = self._collection.find_one({"_id": key}, {"body": 1})
        return bytes(found["body"]) if found else None

    def replay(self, key: str | None = None) -> int:
        """Make one dead message, or all of them, due now with a fresh count; how many."""
        wanted: Document = {"state": "dead"} | ({"_id": key} if key else {})
        change = {"state": "waiting", "attempts": 0, "next_attempt_at": datetime.now(UTC)}
        return self._collection.update_many(wanted, {"$set": change}).modified_count

    def measure(self) -> None:
        for state in ("waiting", "dead"):
            metrics.SET_ASIDE.labels(state).set(self._collection.count_documents({"state": state}))


def reason_of(error: BaseException) -> str:
    """What operators read: our own words, or the class of a foreign exception; never its text."""
    if isinstance(error, Permanent):
        return error.reason
    if isinstance(error, Transient):
        return f"transient: {error}"
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f" at {frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{place}"


def _identify(body: bytes) -> tuple[str, Document]:
    try:
        event = from_json(body)
    except Permanent:
        return hashlib.sha256(body).hexdigest()[:32], {"event_name": None}
    return event.id, {
        "event_name": event.name,
        "serial_number": event.subject,
        "correlation_id": event.trace.correlation_id,
    }
