"""Receipts of providers are settled as they come, or once they can be; none is lost.

A receipt may come before our own record of the acceptance that it is about: what names no message
yet is kept for some minutes and tried again by the worker. It is kept as what it says, without
numbers or a vendor's words.

receipts_waiting: {_id: provider, message and what is said, provider, said, at, message_id, reference,
code, tries, due_at, ends_at}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, DeleteOne, IndexModel, UpdateOne

from services.notify.people.receipt_forms import LOST
from services.notify.people.settling import Receipt, Settling
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

RETRIES: Final = (2, 5, 15, 45, 120, 300)
"""Seconds after which a receipt that names no message is tried again: in all eight minutes."""

KEPT: Final = timedelta(hours=1)
_PORTION: Final = 200


class WaitingReceipts:
    """The collection `receipts_waiting`."""

    def __init__(self, database: Database[Document]) -> None:
        self.collection = database["receipts_waiting"]

    def ensure_indexes(self) -> None:
        self.collection.create_indexes(
            [
                IndexModel([("due_at", ASCENDING)]),
                IndexModel([("ends_at", ASCENDING)], expireAfterSeconds=0),
            ]
        )

    def expect(self, receipts: Sequence[Receipt], due_at: datetime) -> None:
        """Keep receipts until they are due; the same one is kept once. BackendAway when the database
        is away."""
        ends_at = due_at + KEPT
        writes = [
            UpdateOne(
                {"_id": _identity(receipt)},
                {"$setOnInsert": {**_fields(receipt), "due_at": due_at, "ends_at": ends_at}},
                upsert=True,
            )
            for receipt in receipts
        ]
        if writes:
            with backend_errors():
                self.collection.bulk_write(writes, ordered=False)


class Receipts:
    """Applies receipts at once where it can, later where it must."""

    def __init__(
        self, waiting: WaitingReceipts, settling: Settling, clock: Callable[[], datetime]
    ) -> None:
        self._waiting = waiting
        self._settling = settling
        self._clock = clock

    def take(self, receipts: Sequence[Receipt]) -> int:
        """Settle what can be settled, keep the rest; how many were kept. BackendAway: all of them
        may come again."""
        if not receipts:
            return 0
        results = self._settling.settle(receipts)
        unknown = [r for r, result in zip(receipts, results, strict=True) if result == "unknown"]
        self._waiting.expect(unknown, self._clock() + timedelta(seconds=RETRIES[0]))
        return len(unknown)

    def settle_waiting(self) -> int:
        """Try those that are due; how many were settled. Any number of workers may do so at once, and
        one that dies leaves them to the next: a receipt that comes twice changes nothing."""
        now = self._clock()
        with backend_errors():
            due = self._waiting.collection.find({"due_at": {"$lte": now}}).sort("due_at", ASCENDING)
            found = list(due.limit(_PORTION))
        if not found:
            return 0
        results = self._settling.settle([_receipt_of(document) for document in found])
        unknown = [d for d, result in zip(found, results, strict=True) if result == "unknown"]
        done = [DeleteOne({"_id": d["_id"]}) for d in found if d not in unknown]
        with backend_errors():
            self._waiting.collection.bulk_write(
                [*done, *(_again(d, now) for d in unknown)], ordered=False
            )
        return len(done)


def _again(document: Document, now: datetime) -> UpdateOne | DeleteOne:
    """A receipt that still names no message: later, or never."""
    tries = document["tries"] + 1
    if tries >= len(RETRIES):
        LOST.labels(document["provider"], "unknown").inc()
        return DeleteOne({"_id": document["_id"]})
    due_at = now + timedelta(seconds=RETRIES[tries])
    return UpdateOne({"_id": document["_id"]}, {"$set": {"tries": tries, "due_at": due_at}})


def _identity(receipt: Receipt) -> str:
    return f"{receipt.provider}:{receipt.message_id or receipt.reference}:{receipt.said}"


def _fields(receipt: Receipt) -> Document:
    return {
        "provider": receipt.provider,
        "said": receipt.said,
        "at": receipt.at,
        "message_id": receipt.message_id,
        "reference": receipt.reference,
        "code": receipt.code,
        "tries": 0,
    }


def _receipt_of(document: Mapping[str, Any]) -> Receipt:
    names = ("said", "at", "provider", "message_id", "reference", "code")
    return Receipt(**{name: document[name] for name in names})
