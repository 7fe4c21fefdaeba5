"""One document, one write: an aggregate's state, version, outbox and inbox change together.

    {_id, version, sequence, seen: [message ids], outbox: [events], pending: ObjectId, …state}

`pending` exists while the outbox holds something; every append renews it, which lets the relay
clear an outbox without losing an event that was appended meanwhile. No transactions: MongoDB's
single-document operations at majority are the ones that held under test by others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import InsertOne, MongoClient, UpdateOne, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from shared.batching import Batcher
from shared.contracts.envelope import Event, NewEvent, Trace, new_id
from shared.contracts.events import EVENTS
from shared.decision import Decision
from shared.errors import BackendAway
from shared.history import data_hash, link_hash, new_salt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection
    from pymongo.database import Database

    from shared.settings import Settings

Document = dict[str, Any]

AWAY = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)
"""pymongo errors that mean: the back-end is away or slow, the same call may succeed later."""

SEEN_LIMIT = 64
"""Message ids an aggregate remembers; far above the redeliveries that can be in flight."""

DUPLICATE_KEY = 11000

QUERY_PLAN_KILLED = 175
"""The collection was dropped or another took its place while a query was under way."""


def connect(settings: Settings, service: str) -> Database[Document]:
    """The service's database; nothing is sent until first use. Writes are durable on a majority."""
    timeout_ms = int(settings.backend_timeout_seconds * 1000)
    client: MongoClient[Document] = MongoClient(
        settings.mongo_url,
        appname=f"tiaojie-{service}",
        connect=False,
        tz_aware=True,
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=timeout_ms,
        socketTimeoutMS=timeout_ms * 2,
        waitQueueTimeoutMS=timeout_ms,
        retryWrites=True,
        maxPoolSize=64,
    )
    return client.get_database(
        f"{settings.mongo_prefix}{service}",
        write_concern=WriteConcern(w="majority", j=True, wtimeout=timeout_ms),
    )


def answers(database: Database[Document]) -> bool:
    """Whether the database answers right now: a readiness check."""
    try:
        database.command("ping")
    except PyMongoError:
        return False
    return True


@contextmanager
def backend_errors() -> Iterator[None]:
    """Turn "the database is away" into BackendAway, whatever the driver calls it."""
    try:
        yield
    except AWAY as error:
        raise BackendAway(f"mongodb: {type(error).__name__}") from error
    except OperationFailure as error:
        if error.code == QUERY_PLAN_KILLED:
            raise BackendAway("mongodb: QueryPlanKilled") from error
        raise


class VersionConflict(Exception):
    """Somebody else changed the aggregate since it was read."""


class AlreadyExists(Exception):
    """A unique value of a new aggregate is taken; `index` names the index."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


def new_aggregate(
    key: str,
    decision: Decision,
    *,
    source: str,
    division: str,
    at: datetime,
    trace: Trace,
    previous_hash: str = "",
) -> Document:
    """The first document of an aggregate, its events in its outbox; `previous_hash` is that of the
    event which gave rise to it, so that its history begins there (shared.history)."""
    document = {"_id": key, **decision.set, **{k: list(v) for k, v in decision.push.items()}}
    outbox = _events(
        decision.events,
        key,
        0,
        previous_hash,
        source=source,
        division=division,
        at=at,
        trace=trace,
    )
    document |= {"version": 1, "sequence": len(outbox), "outbox": outbox}
    document["history_hash"] = outbox[-1]["hash"] if outbox else previous_hash
    document["seen"] = [trace.causation_id] if trace.causation_id else []
    if outbox:
        document["pending"] = ObjectId()
    return document


def changed(
    document: Mapping[str, Any],
    decision: Decision,
    *,
    source: str,
    at: datetime,
    trace: Trace,
) -> tuple[Document, Document]:
    """The document after a decision, and the update that makes it so in the database."""
    sequence = document["sequence"]
    division = decision.set.get("division_code", document.get("division_code", ""))
    outbox = _events(
        decision.events,
        document["_id"],
        sequence,
        document.get("history_hash", ""),
        source=source,
        division=division,
        at=at,
        trace=trace,
    )
    sets: Document = {**decision.set, "version": document["version"] + 1}
    push: Document = {k: {"$each": list(v)} for k, v in decision.push.items()}
    if outbox:
        sets |= {
            "sequence": sequence + len(outbox),
            "history_hash": outbox[-1]["hash"],
            "pending": ObjectId(),
        }
        push["outbox"] = {"$each": outbox}
    if trace.causation_id:
        push["seen"] = {"$each": [trace.causation_id], "$slice": -SEEN_LIMIT}
    after = {**document, **sets}
    for field, appended in push.items():
        after[field] = [*document.get(field, ()), *appended["$each"]]
    return after, {"$set": sets, **({"$push": push} if push else {})}


def _events(
    new: Sequence[NewEvent],
    subject: str,
    sequence: int,
    previous_hash: str,
    *,
    source: str,
    division: str,
    at: datetime,
    trace: Trace,
) -> list[Document]:
    told: list[Document] = []
    for position, event in enumerate(new, start=1):
        document = Event(
            id=new_id(),
            name=event.name,
            version=EVENTS[event.name].version,
            source=source,
            subject=subject,
            time=at,
            sequence=sequence + position,
            division=division,
            data=event.data,
            trace=trace,
            previous_hash=previous_hash,
            salt=new_salt(),
        ).to_document()
        hashed = data_hash(document["data"], document["salt"])
        previous_hash = link_hash(document, hashed, previous_hash)
        told.append({**document, "hash": previous_hash})
    return told


class Aggregates:
    """The documents of one kind of aggregate in one collection."""

    def __init__(self, collection: Collection[Document]) -> None:
        self.collection = collection
        self._inserts: Batcher[Document, None] = Batcher(self._insert_many)
        self._reads: Batcher[str, Document | None] = Batcher(self._find_many)

    def ensure_indexes(self) -> None:
        self.collection.create_index("pending", name="pending", sparse=True)

    def insert(self, document: Document) -> None:
        """Durable when it returns; shares the journal flush with whoever else inserts right now.

        Raises AlreadyExists for a taken unique value, BackendAway when the database is away.
        """
        self._inserts.submit(document)

    def read(self, key: str) -> Document | None:
        """The aggregate by its id, or None; shares one query with other readers of the moment."""
        return self._reads.submit(key)

    def replace(self, document: Mapping[str, Any], update: Mapping[str, Any]) -> None:
        """Apply `update` if the version is still that of `document`, else raise VersionConflict;
        AlreadyExists if it makes a unique value what it is elsewhere."""
        with backend_errors():
            try:
                result = self.collection.update_one(
                    {"_id": document["_id"], "version": document["version"]}, update
                )
            except DuplicateKeyError as error:
                raise AlreadyExists(_index_of(error.details or {})) from error
        if not result.matched_count:
            raise VersionConflict(document["_id"])

    def _insert_many(self, documents: Sequence[Document]) -> Sequence[BaseException | None]:
        results: list[BaseException | None] = [None] * len(documents)
        try:
            with backend_errors():
                self.collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise BackendAway("mongodb: write concern") from error
            for fault in error.details["writeErrors"]:
                results[fault["index"]] = _insert_fault(fault)
        return results

    def _find_many(self, keys: Sequence[str]) -> Sequence[Document | None]:
        with backend_errors():
            if len(keys) == 1:
                return [self.collection.find_one({"_id": keys[0]})]
            found = {d["_id"]: d for d in self.collection.find({"_id": {"$in": list(set(keys))}})}
        return [found.get(key) for key in keys]


def _insert_fault(fault: Mapping[str, Any]) -> BaseException:
    if fault["code"] == DUPLICATE_KEY:
        return AlreadyExists(_index_of(fault))
    return DuplicateKeyError(f"insert failed: code {fault['code']}", fault["code"])


def _index_of(fault: Mapping[str, Any]) -> str:
    return str(next(iter(fault.get("keyPattern", {"_id": 1}))))


def insert_records(
    collection: Collection[Document], documents: Iterable[Mapping[str, Any]]
) -> None:
    """Insert what is not there yet, by `_id`; the rest stays as it is."""
    operations = [InsertOne(dict(d)) for d in documents]
    if not operations:
        return
    try:
        collection.bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        others = [f for f in error.details["writeErrors"] if f["code"] != DUPLICATE_KEY]
        if others or error.details.get("writeConcernErrors"):
            raise


def guarded_update(document: Mapping[str, Any], update: Mapping[str, Any]) -> UpdateOne:
    """The bulk form of Aggregates.replace."""
    return UpdateOne({"_id": document["_id"], "version": document["version"]}, update)
