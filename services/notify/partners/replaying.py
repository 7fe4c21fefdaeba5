"""Single events delivered again: those that were are made due, those that were not are recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from services.notify.partners.catalogue import Filter
from services.notify.partners.deliveries import delivery_id, due_again
from services.notify.partners.log import Entry, EventLog
from services.notify.partners.shards import shard_of
from shared.store import Document, backend_errors, insert_records

if TYPE_CHECKING:
    from pymongo.collection import Collection


_SETTLED: Final = {"status": {"$nin": ["retrying", "held"]}}


def single(
    collection: Collection[Document],
    log: EventLog,
    *,
    subscription: Mapping[str, Any],
    wanted: Filter,
    event_ids: Sequence[str],
    at: datetime,
) -> dict[str, Any]:
    """Make the deliveries of these events due: what `ReplayBegun` shows.

    An event that its lane has not come to yet is left to it; one that waits behind an earlier one of
    its case goes on waiting, one that waits for its own next try does not. Of an event before the
    subscription, or outside what it asked for at the time, a delivery is made if it asks for it now.
    """
    key = subscription["_id"]
    entries = log.by_ids(event_ids)
    asked = [e for i in dict.fromkeys(event_ids) if (e := entries.get(i))]
    kept = [e for e in asked if wanted.wants(e.name, e.division)]
    with backend_errors():
        lane = collection.database["lanes"].find_one({"_id": key}) or {}
        cursor = int(lane.get("cursor", subscription["starts_after"]))
        ids = [delivery_id(key, entry.id) for entry in kept]
        there = {d["_id"] for d in collection.find({"_id": {"$in": ids}}, {"_id": True})}
        collection.update_many(
            {"_id": {"$in": sorted(there)}, "$or": [_SETTLED, {"next_attempt_at": {"$gt": at}}]},
            {"$set": due_again(at)},
        )
        missed = [e for e in kept if delivery_id(key, e.id) not in there and e.position <= cursor]
        insert_records(collection, [_made(subscription, lane, entry, at) for entry in missed])
    known = {entry.id for entry in kept}
    due = len(there) + len(missed)
    return {
        "events": due,
        "on_their_way": len(kept) - due,
        "not_found": [each for each in dict.fromkeys(event_ids) if each not in known],
    }


def _made(
    subscription: Mapping[str, Any], lane: Mapping[str, Any], entry: Entry, at: datetime
) -> Document:
    key = subscription["_id"]
    return {
        "_id": delivery_id(key, entry.id),
        "subscription": key,
        "shard": shard_of(key),
        "channel": subscription["channel"],
        "event_id": entry.id,
        "event_type": entry.type,
        "subject": entry.subject,
        "position": entry.position,
        "epoch": int(lane.get("epoch", 0)),
        "attempts": [],
        "created_at": at,
        **due_again(at),
    }
