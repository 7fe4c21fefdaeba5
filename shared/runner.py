"""The one thing that applies messages: it batches, commits, acknowledges and decides every fate.

Handlers see one message at a time and return values. The runner reads all aggregates of a
micro-batch in one query, chains the decisions in memory, writes them in one bulk, and only then
lets the broker forget the messages. A crash at any point leads to redelivery; `seen`, versions and
`_id`s make the second time harmless. A fault in the bulk falls back to one message at a time, so
that only the poisonous one is set aside.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from shared import metrics
from shared.backoff import pause
from shared.contracts.envelope import Event, Trace, from_json
from shared.contracts.events import EVENTS
from shared.decision import Decision, Record, State, Write
from shared.errors import BackendAway, Permanent, Refused, Transient
from shared.log import logger
from shared.projection import write_all
from shared.setaside import SetAside, reason_of
from shared.store import (
    VersionConflict,
    backend_errors,
    changed,
    guarded_update,
    insert_records,
    new_aggregate,
)

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

CONFLICT_TRIES = 6
"""Times one message is decided anew after losing a race, before it is tried again later."""


class Decide(Protocol):
    """Changes one aggregate: the event, the aggregate (None if there is none yet), the time."""

    def __call__(self, event: Event, state: State | None, at: datetime, /) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Deciding:
    """A row of a handler table: `decide` changes the aggregate of `collection` with the event's
    subject as id. `surroundings` may give a per-batch `decide` that knows what the service read
    for these events (a snapshot), and may secure what the decisions need of other documents."""

    collection: str
    decide: Decide | None = None
    surroundings: Callable[[Sequence[Event], Mapping[str, State]], Decide] | None = None

    def for_batch(self, events: Sequence[Event], states: Mapping[str, State]) -> Decide:
        if self.surroundings is not None:
            return self.surroundings(events, states)
        if self.decide is None:
            raise Permanent("handler_without_decide")
        return self.decide


@dataclass(frozen=True, slots=True)
class Projecting:
    """A row of a handler table: `project` says what an event sets on documents of `collection`;
    the same writes in any order, any number of times, give the same documents."""

    collection: str
    project: Callable[[Event], Iterable[Write]]


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of a handler table: `record` makes a document of an event, with an `_id` of its own,
    that is inserted into `collection` once, however often the event comes; None makes none."""

    collection: str
    record: Callable[[Event], Mapping[str, Any] | None]


Handler = Deciding | Projecting | Recording
Handlers = Mapping[str, Sequence[Handler]]

Beside = Callable[[], Mapping[str, str]]
"""{collection: the one that is built to take its place}, asked for each batch: projections are
written there first, so that on whichever side of the exchange a write falls, it is not lost."""


class Runner:
    """Applies events of a service to its database by its handler table."""

    def __init__(
        self,
        service: str,
        database: Database[Document],
        handlers: Handlers,
        tries: int,
        beside: Beside | None = None,
    ) -> None:
        self._service = service
        self._database = database
        self._handlers = handlers
        self._beside = beside or dict
        self.set_aside = SetAside(database, tries)

    def apply(self, bodies: Sequence[bytes]) -> None:
        """Apply a micro-batch; every message is applied, refused by a rule, or set aside when this
        returns. Raises BackendAway when the database is: nothing may be acknowledged then."""
        metrics.BATCH_MESSAGES.observe(len(bodies))
        events: list[tuple[Event, bytes]] = []
        for body in bodies:
            try:
                events.append((self._readable(body), body))
            except Permanent as error:
                self._keep(body, error)
        if not events:
            return
        try:
            with backend_errors():
                self._apply_together([event for event, _ in events])
            for event, _ in events:
                self._count(event, "applied")
        except BackendAway:
            raise
        except Exception:  # noqa: BLE001 - somebody's fault in this batch: find out whose, one by one
            for event, body in events:
                self._apply_alone(event, body)

    def apply_again(self, body: bytes) -> bool:
        """Try a message that was set aside once more; whether it is settled now."""
        try:
            event = self._readable(body)
            return self._apply_alone(event, body)
        except Permanent as error:
            self._keep(body, error)
            return False

    def keep_dead(self, body: bytes, error: BaseException) -> None:
        self._keep(body, error, dead=True)

    def _readable(self, body: bytes) -> Event:
        event = from_json(body)
        known = EVENTS.get(event.name)
        if known is None or event.name not in self._handlers or event.version != known.version:
            raise Permanent("unreadable_event: no handler for this type")
        if missing := known.required - event.data.keys():
            raise Permanent(f"unreadable_event: without {', '.join(sorted(missing))}")
        return event

    def _apply_alone(self, event: Event, body: bytes) -> bool:
        error: BaseException
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                with backend_errors():
                    self._apply_together([event])
            except (VersionConflict, BulkWriteError) as conflict:
                error = conflict
                time.sleep(pause(attempt, first=0.002, longest=0.2))
            except Refused as refused:
                self._count(event, "refused")
                logger().warning(
                    "message_refused",
                    slug=refused.slug,
                    event_name=event.name,
                    event_id=event.id,
                    serial_number=event.subject,
                )
                return True
            except BackendAway:
                raise  # the batch as a whole must wait
            except PyMongoError as fault:  # a full disk, a lost cursor: the next try may succeed
                self._keep(body, Transient(f"mongodb: {type(fault).__name__}"))
                return False
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is set aside
                self._keep(body, fault)
                return False
            else:
                self._count(event, "applied")
                return True
        self._keep(body, Transient(f"conflict: {type(error).__name__}"))
        return False

    def _apply_together(self, events: Sequence[Event]) -> None:
        deciding: dict[int, tuple[Deciding, list[Event]]] = {}
        projected: dict[str, list[Write]] = defaultdict(list)
        recorded: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for event in events:
            for handler in self._handlers[event.name]:
                if isinstance(handler, Projecting):
                    projected[handler.collection] += handler.project(event)
                elif isinstance(handler, Recording):
                    if (document := handler.record(event)) is not None:
                        recorded[handler.collection].append(document)
                else:
                    deciding.setdefault(id(handler), (handler, []))[1].append(event)
        for handler, theirs in deciding.values():
            with metrics.HANDLER_SECONDS.labels(handler.collection).time():
                self._decide(handler, theirs)
        beside = self._beside() if projected else {}
        for collection, writes in projected.items():
            with metrics.HANDLER_SECONDS.labels(collection).time():
                if collection in beside:
                    write_all(self._database[beside[collection]], writes)
                write_all(self._database[collection], writes)
        for collection, documents in recorded.items():
            with metrics.HANDLER_SECONDS.labels(collection).time():
                insert_records(self._database[collection], documents)

    def _decide(self, handler: Deciding, events: Sequence[Event]) -> None:
        collection = self._database[handler.collection]
        keys = list({event.subject for event in events})
        before: dict[str, Document] = {d["_id"]: d for d in collection.find({"_id": {"$in": keys}})}
        fresh = [e for e in events if e.id not in before.get(e.subject, {}).get("seen", ())]
        if not fresh:
            return
        decide = handler.for_batch(fresh, before)
        work = _Work(self._service, before)
        for event in fresh:
            work.add(event, decide(event, work.now.get(event.subject), datetime.now(UTC)))
        for name, records in work.records.items():
            insert_records(self._database[name], records)
        operations = work.operations()
        if not operations:
            return
        result = collection.bulk_write(operations, ordered=False)
        if result.matched_count + result.inserted_count < len(operations):
            raise VersionConflict(handler.collection)

    def _keep(self, body: bytes, error: BaseException, *, dead: bool = False) -> None:
        with backend_errors():
            state = self.set_aside.keep(body, error, dead=dead)
        metrics.MESSAGES.labels("any", state).inc()
        logger().error(
            "message_set_aside", reason=reason_of(error), queue=self._service, name=state
        )

    def _count(self, event: Event, outcome: str) -> None:
        metrics.MESSAGES.labels(event.name, outcome).inc()
        lag = (datetime.now(UTC) - event.time).total_seconds()
        metrics.QUEUE_LAG.labels(event.name).observe(max(0.0, lag))


class _Work:
    """The decisions of one micro-batch on one collection, chained in memory."""

    def __init__(self, service: str, before: Mapping[str, Document]) -> None:
        self._service = service
        self._before = before
        self.now: dict[str, Document] = dict(before)
        self._updates: dict[str, list[Document]] = defaultdict(list)
        self.records: dict[str, list[Mapping[str, Any]]] = defaultdict(list)

    def add(self, event: Event, decision: Decision) -> None:
        if decision.is_nothing:
            return
        self._remember(decision.records)
        if decision.only_records:
            return
        at = datetime.now(UTC)
        trace = Trace(event.trace.traceparent, event.trace.correlation_id, event.id)
        current = self.now.get(event.subject)
        if current is None:
            self.now[event.subject] = new_aggregate(
                event.subject,
                decision,
                source=self._service,
                division=event.division,
                at=at,
                trace=trace,
                previous_hash=event.hash,
            )
            return
        if event.id in current["seen"]:
            return
        self.now[event.subject], update = changed(
            current, decision, source=self._service, at=at, trace=trace
        )
        self._updates[event.subject].append(update)

    def operations(self) -> list[InsertOne[Document] | UpdateOne]:
        """One write per aggregate: an insert of the new, a version-guarded update of the known."""
        created = [InsertOne(self.now[key]) for key in self.now if key not in self._before]
        known = [
            guarded_update(self._before[key], merged(updates))
            for key, updates in self._updates.items()
            if key in self._before
        ]
        return [*created, *known]

    def _remember(self, records: Sequence[Record]) -> None:
        for record in records:
            self.records[record.collection].append(record.document)


def merged(updates: Sequence[Document]) -> Document:
    """Several updates of one document as one: later sets win, pushes follow each other."""
    sets: Document = {}
    push: dict[str, Document] = {}
    for update in updates:
        sets |= update["$set"]
        for field, appended in update.get("$push", {}).items():
            earlier = push.get(field, {}).get("$each", [])
            push[field] = {**appended, "$each": [*earlier, *appended["$each"]]}
    return {"$set": sets, **({"$push": push} if push else {})}
