"""Subscriptions, a log of events, and dispatchers at work on them."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pymongo.database import Database

from services.notify.partners.calls import Calls
from services.notify.partners.deliveries import Deliveries
from services.notify.partners.dispatcher import Dispatcher
from services.notify.partners.lane_documents import LaneDocuments
from services.notify.partners.log import EventLog
from services.notify.partners.resolving import Resolver
from services.notify.partners.schedule import DELIVERY, Pauses
from services.notify.partners.settling import Stores
from services.notify.partners.shards import Shards
from services.notify.partners.subscriptions import (
    Subscriptions,
    created,
    new_key,
    new_secret,
    sealed_secret,
)
from services.notify.partners.wiring import ensure_dispatching
from shared import sealing
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.decision import Decision
from shared.sealing import Keyring
from shared.store import new_aggregate

Document = dict[str, Any]
KEYRING = Keyring.parse(f"c1:{sealing.new_key()}")


def a_subscription(
    url: str, *, secret: str = "", keyring: Keyring = KEYRING, **fields: Any
) -> Document:
    """The document of an active subscription, as the API leaves it once it is verified."""
    key, at = new_key(), datetime.now(UTC)
    wanted = {
        "url": url,
        "event_types": ["cn.tiaojie.case.*"],
        "divisions": [],
        "description": "",
        "refuses_unsigned": False,
        "max_per_second": None,
        "concurrency": None,
        "alert_sealed": None,
        "language": "zh",
    }
    sealed = sealed_secret(keyring, key, secret or new_secret(), at)
    state = created(wanted, "app_example", sealed, 0, at)
    done = {"tries": 1, "next_attempt_at": None, "last_code": None}
    return new_aggregate(
        key,
        Decision(set={**state, "status": "active", "verification": done, **fields}),
        source="notify",
        division="",
        at=at,
        trace=Trace(new_traceparent(), new_id()),
    )


def log_events(
    database: Database[Document],
    count: int,
    *,
    subjects: Sequence[str] = (),
    name: str = "case.accepted",
    division: str = "370102",
    placed: bool = True,
) -> list[str]:
    """So many events in the log, their ids in order; without subjects each has its own. Those that
    are not `placed` here wait for somebody who does."""
    now = datetime.now(UTC)
    newest = EventLog(database).newest()
    documents = []
    for number in range(count):
        event_id = secrets.token_hex(16)
        subject = subjects[number % len(subjects)] if subjects else event_id[:16]
        body = {"id": event_id, "type": f"cn.tiaojie.{name}.v1", "subject": subject, "data": {}}
        documents.append(
            {
                "_id": event_id,
                "name": name,
                "type": f"cn.tiaojie.{name}.v1",
                "subject": subject,
                "division": division,
                "time": now + timedelta(milliseconds=number),
                "sequence": number,
                "body": orjson.dumps(body),
                "arrived": now,
                **({"position": newest + number + 1} if placed else {"unplaced": True}),
            }
        )
    database["partner_events"].insert_many(documents)
    return [d["_id"] for d in documents]


def change(database: Database[Document], key: str, **fields: Any) -> None:
    """A subscription as somebody changed it through the API."""
    changed = {"$set": {**fields, "updated_at": datetime.now(UTC)}, "$inc": {"version": 1}}
    database["subscriptions"].update_one({"_id": key}, changed)


def provided(database: Database[Document]) -> None:
    """Indexes as `provision` makes them, and the leases."""
    ensure_dispatching(database, 90)
    Shards(database).ensure()


@dataclass
class Dispatching:
    """A dispatcher on a thread of its own."""

    dispatcher: Dispatcher
    stores: Stores
    thread: threading.Thread
    errors: list[BaseException]

    def stop(self) -> None:
        loop = self.dispatcher._loop
        if loop is not None and self.thread.is_alive():
            loop.call_soon_threadsafe(self.dispatcher.stop)
        self.thread.join(30)
        assert not self.thread.is_alive()
        assert self.errors == []

    @property
    def lanes(self) -> set[str]:
        return set(self.dispatcher._settling.running)


@contextmanager
def dispatching(
    database: Database[Document],
    *,
    seconds: float = 15.0,
    pause_hours: float = 24.0,
    stop_seconds: float = 15.0,
    lookup: Any = None,
    schedule: Pauses = DELIVERY,
    keyring: Keyring = KEYRING,
) -> Iterator[Dispatching]:
    """A dispatcher at work; stopped in good order at the end."""
    stores_ = stores(database, pause_hours, schedule, keyring)
    resolver = Resolver(loopback=True, **({"lookup": lookup} if lookup else {}))
    errors: list[BaseException] = []
    calls: list[Dispatcher] = []
    made = threading.Event()

    async def work() -> None:
        dispatcher = Dispatcher(
            stores_,
            EventLog(database),
            Calls(resolver, seconds=seconds, loopback=True),
            stop_seconds=stop_seconds,
        )
        calls.append(dispatcher)
        made.set()
        await dispatcher.run()

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            errors.append(error)
            made.set()

    thread = threading.Thread(target=run, name="dispatching", daemon=True)
    thread.start()
    assert made.wait(10)
    assert errors == []
    dispatching_ = Dispatching(calls[0], stores_, thread, errors)
    try:
        yield dispatching_
    finally:
        dispatching_.stop()


def stores(
    database: Database[Document],
    pause_hours: float = 24.0,
    schedule: Pauses = DELIVERY,
    keyring: Keyring = KEYRING,
) -> Stores:
    shards, deliveries = Shards(database), Deliveries(database)
    return Stores(
        shards,
        LaneDocuments(
            database,
            deliveries,
            shards.holder,
            pause_after=pause_hours * 3600,
            schedule=schedule,
        ),
        deliveries,
        Subscriptions(database, keyring),
    )
