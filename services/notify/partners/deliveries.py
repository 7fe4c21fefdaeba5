"""Deliveries of events to webhooks as they are recorded: one document an event and subscription.

    {_id: "<subscription>:<event id>", subscription, shard, channel, event_id, event_type, subject,
     position, epoch, status, attempts: [{at, status_code, latency_ms, error}] (the last 12), tries,
     next_attempt_at, created_at, settled_at, body (of test events alone)}

    retrying ─▶ delivered | exhausted | held | cancelled

The dispatcher that holds the shard writes them. Two things others may do: insert a test event
(`document_of_test_event`), and make a delivery due again (`due_again`); both are found within a second. `held`
and `cancelled` are made by the dispatcher as well, when the subscription is paused or ends, and
`held` is undone when it is active again. A delivery that waits behind an earlier one of its subject
is `retrying` without attempts and without `next_attempt_at`.

What is recorded is never undone by a repetition: a first record that exists already is left as it is,
a later one applies only to what is still open after no more tries than it was made on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, IndexModel, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.notify.partners.endings import Ending
from services.notify.partners.items import Item, Status, Write
from services.notify.partners.keeping import keep_for
from services.notify.partners.shards import shard_of
from shared.errors import BackendAway
from shared.store import DUPLICATE_KEY, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]
Operation = InsertOne[Document] | UpdateOne

STATUSES: Final[tuple[Status, ...]] = ("retrying", "delivered", "exhausted", "held", "cancelled")
ATTEMPTS_KEPT: Final = 12

_RETRYING: Final = {"status": "retrying"}
_HELD: Final = {"status": "held"}


@dataclass(frozen=True, slots=True)
class Lineage:
    """What all deliveries of a lane have in common. A replay is a new epoch: events behind
    `rewound_to` are delivered again, and up to `replay_to` they may have a delivery already."""

    subscription: str
    channel: str
    epoch: int = 0
    rewound_to: int = 0
    replay_to: int = 0

    def counts(self, delivery: Mapping[str, Any]) -> bool:
        """Whether an open delivery is still to be made as it is: no replay makes it anew."""
        position = delivery["position"]
        return position is None or delivery["epoch"] >= self.epoch or position <= self.rewound_to


def delivery_id(subscription: str, event_id: str) -> str:
    return f"{subscription}:{event_id}"


def document_of_test_event(
    subscription: str, channel: str, *, event_id: str, event_type: str, body: bytes, at: datetime
) -> Document:
    """The document to insert for an event that only this subscription gets, now."""
    return {
        "_id": delivery_id(subscription, event_id),
        "subscription": subscription,
        "shard": shard_of(subscription),
        "channel": channel,
        "event_id": event_id,
        "event_type": event_type,
        "subject": subscription,
        "position": None,
        "epoch": 0,
        "attempts": [],
        "created_at": at,
        "body": body,
        **due_again(at),
    }


def due_again(at: datetime) -> Document:
    """The fields to set on a delivery that shall be made again now, with a schedule from its start."""
    return {"status": "retrying", "tries": 0, "next_attempt_at": at, "settled_at": None}


class Deliveries:
    """The collection `deliveries`."""

    def __init__(self, database: Database[Document]) -> None:
        self.collection = database["deliveries"]

    def ensure_indexes(self, days: float) -> None:
        """`days` is how long the log and everything about it is kept."""
        indexes = [
            IndexModel(
                [("subscription", ASCENDING), ("position", ASCENDING), ("epoch", ASCENDING)],
                name="of_lane",
            ),
            IndexModel(
                [("shard", ASCENDING), ("next_attempt_at", ASCENDING)],
                name="open",
                partialFilterExpression=_RETRYING,
            ),
            IndexModel([("subscription", ASCENDING)], name="held", partialFilterExpression=_HELD),
        ]
        self.collection.create_indexes(indexes)
        keep_for(self.collection, "created_at", days)

    def record(self, writes: Iterable[tuple[Lineage, Write]]) -> None:
        """Make this much durable; may be repeated. BackendAway when the database is away."""
        operations = [_operation(lineage, write) for lineage, write in writes]
        if not operations:
            return
        try:
            with backend_errors():
                self.collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise BackendAway("mongodb: write concern") from error
            if any(f["code"] != DUPLICATE_KEY for f in error.details["writeErrors"]):
                raise

    def open_of(self, subscriptions: Sequence[str]) -> list[Document]:
        """Their open deliveries, of each in the order of the log."""
        shards = sorted({shard_of(each) for each in subscriptions})
        wanted = {
            **_RETRYING,
            "shard": {"$in": shards},
            "subscription": {"$in": list(subscriptions)},
        }
        with backend_errors():
            found = list(self.collection.find(wanted, _OPEN, hint="open"))
        return sorted(found, key=lambda d: (d["position"] or 0, d["created_at"]))

    def recorded_behind(self, places: Mapping[str, tuple[int, int]]) -> dict[str, list[int]]:
        """The positions that are recorded of lanes beyond their place: (cursor, epoch)."""
        found: dict[str, list[int]] = {lane: [] for lane in places}
        lanes = [
            {"subscription": lane, "position": {"$gt": cursor}, "epoch": epoch}
            for lane, (cursor, epoch) in places.items()
        ]
        shown = {"_id": False, "subscription": True, "position": True}
        with backend_errors():
            for start in range(0, len(lanes), _LANES_AT_ONCE):
                portion = lanes[start : start + _LANES_AT_ONCE]
                for delivery in self.collection.find({"$or": portion}, shown, hint="of_lane"):
                    found[delivery["subscription"]].append(delivery["position"])
        return found

    def due_between(
        self, shards: Iterable[int], since: datetime, until: datetime
    ) -> list[Document]:
        """Open deliveries of these shards whose moment came in between."""
        wanted = {
            **_RETRYING,
            "shard": {"$in": sorted(shards)},
            "next_attempt_at": {"$gt": since, "$lte": until},
        }
        with backend_errors():
            return list(self.collection.find(wanted, _OPEN, hint="open"))

    def bodies(self, ids: Iterable[str]) -> dict[str, Document]:
        """The bodies of test events, by the id of their delivery: {body, event_type}."""
        with backend_errors():
            found = self.collection.find(
                {"_id": {"$in": list(ids)}}, {"body": True, "event_type": True, "subject": True}
            )
            return {d["_id"]: d for d in found if d.get("body") is not None}

    def held_among(self, subscriptions: Sequence[str]) -> list[str]:
        """Which of these have deliveries that are held."""
        wanted = {**_HELD, "subscription": {"$in": list(subscriptions)}}
        with backend_errors():
            return list(self.collection.distinct("subscription", wanted))

    def hold(self, subscription: str) -> None:
        """The subscription is paused: nothing is tried, nothing is used up."""
        self._all_of(subscription, _RETRYING, {"status": "held", "next_attempt_at": None})

    def release(self, subscription: str, at: datetime) -> None:
        """The subscription goes on: what was held is due, with a schedule from its start."""
        self._all_of(subscription, _HELD, due_again(at))

    def cancel(self, subscription: str, at: datetime) -> None:
        """The subscription has ended."""
        ended = {"status": "cancelled", "next_attempt_at": None, "settled_at": at}
        self._all_of(subscription, _RETRYING, ended)
        self._all_of(subscription, _HELD, ended)

    def _all_of(self, subscription: str, which: Document, fields: Document) -> None:
        wanted = {**which, "subscription": subscription, "shard": shard_of(subscription)}
        with backend_errors():
            self.collection.update_many(
                wanted, {"$set": fields}, hint="open" if which is _RETRYING else "held"
            )


def item_of(document: Document) -> Item:
    """An open delivery as a lane knows it."""
    due = document["next_attempt_at"]
    return Item(
        event_id=document["event_id"],
        subject=document["subject"],
        position=document["position"],
        tries=document["tries"],
        recorded=True,
        due=due.timestamp() if due else None,
    )


def _operation(lineage: Lineage, write: Write) -> Operation:
    item = write.item
    identity = f"{lineage.subscription}:{item.event_id}"
    attempts = [_attempt(write.ending, write.ended_at)] if write.ending else []
    settled = None if write.status == "retrying" else _moment(write.ended_at)
    state: Document = {
        "status": write.status,
        "tries": write.tries,
        "next_attempt_at": None if write.next_at is None else _moment(write.next_at),
        "settled_at": settled,
    }
    if not write.first:
        return UpdateOne(
            # not if another dispatcher has come further, whatever was asked for meanwhile
            {**_RETRYING, "_id": identity, "tries": {"$lte": write.tries - len(attempts)}},
            {"$set": state, "$push": _pushed(attempts)},
        )
    entry = write.entry
    assert entry is not None  # noqa: S101 - a first record is made of an event in hand
    made = {
        "subscription": lineage.subscription,
        "shard": shard_of(lineage.subscription),
        "channel": lineage.channel,
        "event_id": entry.id,
        "event_type": entry.type,
        "subject": entry.subject,
        "position": entry.position,
        "created_at": settled or datetime.now(UTC),
    }
    if entry.position > lineage.replay_to:
        return InsertOne(
            {"_id": identity, **made, "epoch": lineage.epoch, "attempts": attempts, **state}
        )
    return UpdateOne(
        {"_id": identity, "epoch": {"$lt": lineage.epoch}},
        {
            "$set": {**state, "epoch": lineage.epoch},
            "$setOnInsert": made,
            "$push": _pushed(attempts),
        },
        upsert=True,
    )


def _attempt(ending: Ending, ended_at: float) -> Document:
    return {
        "at": _moment(ended_at - ending.seconds),
        "status_code": ending.status_code,
        "latency_ms": round(ending.seconds * 1000),
        "error": ending.code,
    }


def _pushed(attempts: Sequence[Document]) -> Document:
    return {"attempts": {"$each": list(attempts), "$slice": -ATTEMPTS_KEPT}}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_OPEN: Final = {
    "_id": False, "subscription": True, "event_id": True, "subject": True, "position": True,
    "epoch": True, "tries": True, "next_attempt_at": True, "created_at": True,
}  # fmt: skip
_LANES_AT_ONCE: Final = 50
