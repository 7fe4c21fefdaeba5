"""What of a lane outlives its dispatcher: its place in the log and how its endpoint stands.

    lanes   {_id: subscription, shard, holder, cursor, epoch, rewound_to, replay_to, failures,
             failing_since, last_error, last_success_at, not_before, put_down, updated_at}

Only the holder of the shard writes, and each write says so: who has lost the shard changes nothing
any more. `rewound_to` is where the last replay began: behind it a delivery of an older epoch does
not count. `replay_to` is how far deliveries of older epochs may reach. `put_down` says that the lane was
given up for the state of its endpoint: when its subscription is active again, it begins with a clean
slate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, UpdateOne

from services.notify.partners.deliveries import Deliveries, Lineage, item_of
from services.notify.partners.lanes import Lane
from services.notify.partners.pace import Pace
from services.notify.partners.schedule import DELIVERY, Pauses
from services.notify.partners.shards import shard_of
from shared.store import backend_errors, insert_records

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

CONCURRENCY: Final = 8
"""Calls at once to an endpoint whose subscription says nothing else."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A lane as it was put down, ready to go on."""

    lineage: Lineage
    lane: Lane


class LaneDocuments:
    """The collection `lanes`, for one holder of shards."""

    def __init__(
        self,
        database: Database[Document],
        deliveries: Deliveries,
        holder: str,
        *,
        pause_after: float,
        schedule: Pauses = DELIVERY,
    ) -> None:
        self._collection = database["lanes"]
        self._deliveries = deliveries
        self._holder = holder
        self._pause_after = pause_after
        self._schedule = schedule

    def ensure_indexes(self) -> None:
        self._collection.create_index([("shard", ASCENDING)], name="shard")

    def take(self, shards: Collection[int]) -> None:
        """From now on these shards' lanes are written by this holder alone."""
        with backend_errors():
            self._collection.update_many(
                {"shard": {"$in": sorted(shards)}}, {"$set": {"holder": self._holder}}
            )

    def open(self, subscriptions: Sequence[Document]) -> list[Opened]:
        """The lanes of active subscriptions of shards that were taken, with all that is recorded."""
        documents = self._found_or_made(subscriptions)
        for subscription in subscriptions:
            self._rewind(subscription, documents)
        ids = [*documents]
        for released in self._deliveries.held_among(ids):
            self._deliveries.release(released, datetime.now(UTC))
        open_of: dict[str, list[Document]] = {each: [] for each in ids}
        for delivery in self._deliveries.open_of(ids):
            open_of[delivery["subscription"]].append(delivery)
        places = {key: (int(lane["cursor"]), int(lane["epoch"])) for key, lane in documents.items()}
        already = self._deliveries.recorded_behind(places)
        return [
            self._opened(each, documents[each["_id"]], open_of[each["_id"]], already[each["_id"]])
            for each in subscriptions
        ]

    def keep(self, places: Mapping[str, Document]) -> None:
        """Write where lanes have come to (`place_of`), by subscription."""
        now = datetime.now(UTC)
        operations = [
            UpdateOne({"_id": key, "holder": self._holder}, {"$set": {**place, "updated_at": now}})
            for key, place in places.items()
        ]
        if operations:
            with backend_errors():
                self._collection.bulk_write(operations, ordered=False)

    def _found_or_made(self, subscriptions: Sequence[Document]) -> dict[str, Document]:
        ids = [each["_id"] for each in subscriptions]
        with backend_errors():
            found = {d["_id"]: d for d in self._collection.find({"_id": {"$in": ids}})}
            new = [_new(each, self._holder) for each in subscriptions if each["_id"] not in found]
            insert_records(self._collection, new)
        return found | {document["_id"]: document for document in new}

    def _opened(
        self,
        subscription: Document,
        document: Document,
        open_deliveries: Iterable[Document],
        already: Collection[int],
    ) -> Opened:
        lane = Lane(
            _pace(subscription, document),
            read_to=document["cursor"],
            already=already,
            pause_after=self._pause_after,
            schedule=self._schedule,
        )
        lineage = Lineage(
            subscription["_id"],
            subscription["channel"],
            document["epoch"],
            document["rewound_to"],
            document["replay_to"],
        )
        for delivery in open_deliveries:
            if lineage.counts(delivery):
                lane.remember(item_of(delivery))
        return Opened(lineage, lane)

    def _rewind(self, subscription: Document, documents: Mapping[str, Document]) -> None:
        """Set the cursor back if a replay was asked for since the lane was last opened."""
        lane = documents[subscription["_id"]]
        rewind = subscription.get("rewind")
        if not rewind or rewind["epoch"] <= lane["epoch"]:
            return
        to = min(int(rewind["position"]), lane["cursor"])
        changes = {
            "replay_to": max(lane["cursor"], lane["replay_to"]),
            "cursor": to,
            "rewound_to": to,
            "epoch": rewind["epoch"],
        }
        with backend_errors():
            self._collection.update_one(
                {"_id": lane["_id"], "holder": self._holder}, {"$set": changes}
            )
        lane.update(changes)


def _new(subscription: Document, holder: str) -> Document:
    cursor = int(subscription["starts_after"])
    return {
        "_id": subscription["_id"],
        "shard": shard_of(subscription["_id"]),
        "holder": holder,
        "cursor": cursor,
        "epoch": 0,
        "rewound_to": cursor,
        "replay_to": 0,
        **place_of(Lane(Pace(), read_to=cursor, pause_after=0)),
        "updated_at": datetime.now(UTC),
    }


def _pace(subscription: Document, document: Document) -> Pace:
    pace = Pace(
        concurrency=subscription.get("concurrency") or CONCURRENCY,
        per_second=subscription.get("max_per_second"),
        last_error=document["last_error"],
        last_success_at=_seconds(document["last_success_at"]),
    )
    if document["put_down"] is None:
        pace.failures = document["failures"]
        pace.failing_since = _seconds(document["failing_since"])
        pace.not_before = _seconds(document["not_before"]) or 0.0
    return pace


def place_of(lane: Lane) -> Document:
    """What is kept of a lane; everything before its cursor is durable. With an effect it is being
    put down for good."""
    pace = lane.pace
    return {
        "cursor": lane.cursor,
        "failures": pace.failures,
        "failing_since": _moment(pace.failing_since),
        "last_error": pace.last_error,
        "last_success_at": _moment(pace.last_success_at),
        "not_before": _moment(pace.not_before or None),
        "put_down": lane.effect,
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
