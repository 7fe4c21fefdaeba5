"""From the outboxes to the exchange: every event is published at least once.

One process of a service leads (a lease in the database); a change stream wakes it within a
millisecond of a commit, a sweep each second is the safety net. Marking is race-safe: an outbox is
cleared only while its `pending` stamp is the one that was read; otherwise the published events are
pulled out by id. Before that, events of `kept` collections are recorded as told, see shared.told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from shared import metrics
from shared.backoff import jittered, pause
from shared.broker import Broker, Outcome, Outgoing
from shared.contracts.envelope import from_document
from shared.leases import Lease
from shared.log import logger
from shared.told import keep_told, told_name

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.collection import Collection
    from pymongo.database import Database

Document = dict[str, Any]
LEASE = timedelta(seconds=4)
PUBLISH_TIMEOUT = 10.0
STANDBY_SECONDS = 1.0


class Relay:
    """Publishes the outboxes of `collections` (aggregates of one service); what those among them
    that are in `kept` told is recorded, to be told again."""

    def __init__(
        self,
        database: Database[Document],
        collections: Sequence[str],
        broker: Broker,
        *,
        batch: int,
        sweep_seconds: float,
        kept: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._collections = [database[name] for name in collections]
        self._broker = broker
        self._batch = batch
        self._sweep = sweep_seconds
        self._kept = frozenset(kept)
        self._lease = Lease(database, "relay", LEASE)
        self._stuck_up_to: dict[str, ObjectId] = {}
        self._refused_turns = 0
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, name="relay", daemon=True),
            threading.Thread(target=self._watch, name="relay-watch", daemon=True),
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Finish the turn under way and give the lease back, so that another takes over at once."""
        self._stopping.set()
        self._wake.set()
        self.threads[0].join(timeout)

    def publish_pending(self) -> int:
        """One turn over all collections; the number of events confirmed."""
        return sum(self._publish(collection) for collection in self._collections)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                if not self._broker.ready:  # the lease runs out: let one lead that is connected
                    self._stopping.wait(0.1)
                    continue
                if not self._lead():
                    self._stopping.wait(STANDBY_SECONDS)
                    continue
                self._wake.clear()
                if not self.publish_pending():
                    self._wake.wait(self._sweep)
                failures = 0
            except PyMongoError as error:
                failures += 1
                logger().warning("relay_failed", error=type(error).__name__)
                self._stopping.wait(pause(failures, first=0.1, longest=10))
        self._lease.give_up()

    def _watch(self) -> None:
        """Wake the publisher for every commit that leaves something pending."""
        pipeline: list[Document] = [
            {
                "$match": {
                    "ns.coll": {"$in": [c.name for c in self._collections]},
                    "$or": [
                        {"operationType": "insert"},
                        {"updateDescription.updatedFields.pending": {"$exists": True}},
                    ],
                }
            },
            {"$project": {"_id": 1}},
        ]
        while not self._stopping.is_set():
            try:
                with self._database.watch(pipeline, max_await_time_ms=1000) as stream:
                    while not self._stopping.is_set():
                        if stream.try_next() is not None:
                            self._wake.set()
            except PyMongoError as error:
                logger().warning("relay_wake_lost", error=type(error).__name__)
                self._stopping.wait(jittered(1.5))

    def _lead(self) -> bool:
        was_leading = self._lease.was_held
        # two leaders for a moment would only publish twice, never lose
        leads = self._lease.hold()
        if leads and not was_leading:
            logger().info("relay_leads")
        return leads

    def _publish(self, collection: Collection[Document]) -> int:
        after = self._stuck_up_to.get(collection.name)
        wanted = {"pending": {"$gt": after} if after else {"$exists": True}}
        documents = list(
            collection.find(wanted, {"outbox": 1, "pending": 1})
            .sort("pending", 1)
            .hint("pending")
            .limit(self._batch)
        )
        if not documents:
            self._stuck_up_to.pop(collection.name, None)
            return 0
        began = time.perf_counter()
        events = [event for document in documents for event in document["outbox"]]
        messages = [_outgoing(e) for e in events]
        outcomes = self._broker.publish(messages, PUBLISH_TIMEOUT)
        confirmed = {
            m.id for m, o in zip(messages, outcomes, strict=True) if o is Outcome.CONFIRMED
        }
        if collection.name in self._kept:
            published = zip(events, messages, strict=True)
            keep_told(
                self._database[told_name(collection.name)],
                ((event, m.body) for event, m in published if m.id in confirmed),
            )
        self._mark(collection, documents, confirmed)
        metrics.RELAY_SECONDS.observe(time.perf_counter() - began)
        self._report(collection, outcomes)
        if len(confirmed) < len(events):
            # what is stuck must not keep back what comes behind it; the next round begins anew
            self._stuck_up_to[collection.name] = documents[-1]["pending"]
            # longer each time nothing gets through: what one full queue refuses, all others get again
            self._refused_turns = 1 if confirmed else self._refused_turns + 1
            self._stopping.wait(pause(self._refused_turns, first=0.5, longest=4))
        return len(confirmed)

    def _mark(
        self, collection: Collection[Document], documents: Sequence[Document], confirmed: set[str]
    ) -> None:
        whole = [d["pending"] for d in documents if all(e["id"] in confirmed for e in d["outbox"])]
        cleared = 0
        if whole:
            cleared = collection.update_many(
                {"pending": {"$in": whole}}, {"$set": {"outbox": []}, "$unset": {"pending": ""}}
            ).modified_count
        if cleared == len(documents):
            return
        operations = [
            UpdateOne({"_id": d["_id"], "outbox.id": {"$in": ids}}, _pull(ids))
            for d in documents
            if (ids := [e["id"] for e in d["outbox"] if e["id"] in confirmed])
        ]
        if operations:
            collection.bulk_write(operations, ordered=False)

    def _report(self, collection: Collection[Document], outcomes: Sequence[Outcome]) -> None:
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
        for outcome, count in counts.items():
            if count:
                metrics.PUBLISHED.labels(outcome.value).inc(count)
        where = collection.name
        logger().debug("relay_published", count=counts[Outcome.CONFIRMED], collection=where)
        if counts[Outcome.UNROUTABLE]:
            logger().error("relay_unroutable", count=counts[Outcome.UNROUTABLE], collection=where)
        if counts[Outcome.REFUSED] or counts[Outcome.LOST]:
            logger().warning(
                "relay_refused",
                count=counts[Outcome.REFUSED] + counts[Outcome.LOST],
                collection=where,
            )


def _outgoing(document: Document) -> Outgoing:
    return Outgoing(document["id"], from_document(document).routing_key, orjson.dumps(document))


def _pull(ids: list[str]) -> list[Document]:
    """Take published events out and drop the stamp if nothing is left, in one pipeline update."""
    rest = {"$filter": {"input": "$outbox", "cond": {"$not": {"$in": ["$$this.id", ids]}}}}
    stamp = {"$cond": [{"$eq": [{"$size": "$outbox"}, 0]}, "$$REMOVE", "$pending"]}
    return [{"$set": {"outbox": rest}}, {"$set": {"pending": stamp}}]


def measure_outbox(collection: Collection[Document], limit: int) -> int:
    """Documents with unpublished events, counted up to `limit`; also sets the gauges."""
    depth = collection.count_documents({"pending": {"$exists": True}}, hint="pending", limit=limit)
    oldest = collection.find_one(
        {"pending": {"$exists": True}}, {"pending": 1}, sort=[("pending", 1)]
    )
    age = 0.0
    if oldest is not None and "pending" in oldest:
        age = max(0.0, (datetime.now(UTC) - oldest["pending"].generation_time).total_seconds())
    metrics.OUTBOX_DEPTH.labels(collection.name).set(depth)
    metrics.OUTBOX_AGE.labels(collection.name).set(age)
    return depth
