"""Text messages counted for all workers together: those to one number, those of one day.

A number is kept as a keyed hash. A message that is tried again is the same message: it is counted
once. What is not urgent never holds up what is: to one number both are counted apart, and the last
tenth of a day is for the urgent ones.

Logged as `sms_day_used_up` with count.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Gauge
from pymongo import IndexModel, ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from services.notify.channels import NotNow
from services.notify.channels.limits import RESERVE, Window
from shared.civil_time import MAINLAND_TIME
from shared.log import logger
from shared.sealing import Hasher
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

DAY = Gauge(
    "tiaojie_sms_day_share",
    "Text messages of today, as a share of those that the platform may send on a day.",
    multiprocess_mode="mostrecent",
)

_BLOCK_MOST: Final = 50
"""Messages of a day that a process takes from the common count at once; a process that is killed
takes those it has not used along."""

_log = logger()


class Numbers:
    """The collection `sms_numbers`: {_id: keyed hash, sent: [{at, of}], ends_at}."""

    def __init__(
        self, database: Database[Document], hasher: Hasher, allowed: Sequence[Window]
    ) -> None:
        # Losing a few counts with a primary is bearable; waiting for a majority each time is not.
        self._collection = database.get_collection("sms_numbers", write_concern=WriteConcern(w=1))
        self._hasher = hasher
        self._allowed = allowed

    def ensure_indexes(self) -> None:
        self._collection.create_indexes([IndexModel("ends_at", expireAfterSeconds=0)])

    def take(self, to: str, reference: str, *, urgent: bool) -> float:
        """Count a message to this number; 0, or the seconds until it may go. One that was counted
        before is not counted again. BackendAway when the database is away."""
        if not self._allowed:
            return 0.0
        key = self._hasher.hash("sms_urgent" if urgent else "sms", to)
        document = self._counted(key, reference)
        if any(each["of"] == reference for each in document["sent"]):
            return 0.0
        now = document["now"]
        return max(_wait([each["at"] for each in document["sent"]], now, w) for w in self._allowed)

    def _counted(self, key: str, reference: str) -> Document:
        update = _counting(reference, self._allowed)
        for _ in range(2):
            with backend_errors():
                try:
                    document: Document = self._collection.find_one_and_update(
                        {"_id": key}, update, upsert=True, return_document=ReturnDocument.AFTER
                    )  # type: ignore[assignment]  # an upsert finds one
                except DuplicateKeyError:  # two made it at the same moment
                    continue
            return document
        raise NotNow("number_limit", 1.0)


def _counting(reference: str, allowed: Sequence[Window]) -> list[Document]:
    """The update that counts a message if every window has room for it; by the server's clock."""
    longest = max(window.seconds for window in allowed)
    sent: Document = {"$ifNull": ["$sent", []]}
    recent = _since(sent, longest)
    room = [
        {"$lt": [{"$size": _since("$sent", window.seconds)}, window.most]} for window in allowed
    ]
    is_new = {"$not": [{"$in": [reference, "$sent.of"]}]}
    entry = [{"at": "$$NOW", "of": reference}]
    added = {"$cond": [{"$and": [is_new, *room]}, {"$concatArrays": ["$sent", entry]}, "$sent"]}
    return [
        {"$set": {"sent": recent, "now": "$$NOW"}},
        {"$set": {"sent": added, "ends_at": {"$add": ["$$NOW", longest * 1000]}}},
    ]


def _since(sent: Any, seconds: int) -> Document:
    began = {"$subtract": ["$$NOW", seconds * 1000]}
    return {"$filter": {"input": sent, "as": "each", "cond": {"$gt": ["$$each.at", began]}}}


def _wait(sent: Collection[datetime], now: datetime, window: Window) -> float:
    """Seconds until this window has room."""
    recent = sorted(at for at in sent if at > now - timedelta(seconds=window.seconds))
    if len(recent) < window.most:
        return 0.0
    ends = recent[-window.most] + timedelta(seconds=window.seconds)
    return max(1.0, (ends - now).total_seconds())


class Days:
    """The collection `sms_days`: {_id: `2026-11-20`, count, ends_at}; a day of the mainland."""

    def __init__(
        self, database: Database[Document], most: int, clock: Callable[[], datetime]
    ) -> None:
        self._collection = database["sms_days"]
        self._most = most
        self._block = max(1, min(_BLOCK_MOST, most // 1000))
        self._clock = clock
        self._lock = threading.Lock()
        self._day = ""
        self._left = {True: 0, False: 0}
        self._told = ""

    def ensure_indexes(self) -> None:
        self._collection.create_indexes([IndexModel("ends_at", expireAfterSeconds=0)])

    def take(self, *, urgent: bool) -> float:
        """Count a message of today; 0, or the seconds until tomorrow. BackendAway when the database
        is away."""
        if not self._most:
            return 0.0
        now = self._clock().astimezone(MAINLAND_TIME)
        with self._lock:
            if self._day != str(now.date()):
                self._day, self._left = str(now.date()), {True: 0, False: 0}
            if not self._left[urgent]:
                self._left[urgent] = self._take_block(now, urgent=urgent)
            if self._left[urgent]:
                self._left[urgent] -= 1
                return 0.0
        return (_tomorrow(now) - now).total_seconds() + 1

    def give_back(self, *, urgent: bool) -> None:
        """One was not handed over after all."""
        with self._lock:
            if self._most:
                self._left[urgent] += 1

    def _take_block(self, now: datetime, *, urgent: bool) -> int:
        """Take some from the common count; 0 when it is used up."""
        most = self._most if urgent else self._most - int(self._most * RESERVE)
        with backend_errors():
            document: Document = self._collection.find_one_and_update(
                {"_id": self._day},
                {
                    "$inc": {"count": self._block},
                    "$setOnInsert": {"ends_at": _tomorrow(now) + timedelta(days=30)},
                },
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )  # type: ignore[assignment]  # an upsert finds one
            count = int(document["count"])
            if count > most:
                self._collection.update_one({"_id": self._day}, {"$inc": {"count": -self._block}})
        DAY.set(min(count, self._most) / self._most)
        if count <= most:
            return self._block
        if self._told != self._day:
            self._told = self._day
            _log.error("sms_day_used_up", count=count - self._block)
        return 0


def _tomorrow(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
