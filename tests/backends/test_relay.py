"""Outbox to exchange to queue, on the real broker and database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pymongo.database import Database

from shared import broker as topology
from shared.broker import Broker, Outcome, Outgoing
from shared.contracts.envelope import NewEvent, Trace, from_json
from shared.decision import Decision
from shared.relay import Relay
from shared.store import Aggregates, changed, new_aggregate
from tests.waiting import eventually

Db = Database[dict[str, Any]]
WITHDRAWN = NewEvent("case.withdrawn", {"status": "withdrawn"})


@pytest.fixture
def broker(vhost_url: str) -> Iterator[Broker]:
    topology.provision(vhost_url, "query", 1000)
    broker = Broker(vhost_url)
    broker.start()
    eventually(lambda: broker.ready)
    yield broker
    broker.stop()


@pytest.fixture
def aggregates(database: Db) -> Aggregates:
    aggregates = Aggregates(database["cases"])
    aggregates.ensure_indexes()
    return aggregates


def a_relay(database: Db, broker: Broker) -> Relay:
    return Relay(database, ["cases"], broker, batch=100, sweep_seconds=0.2)


def a_case(key: str, events: int = 1) -> dict[str, Any]:
    return new_aggregate(
        key,
        Decision(set={"division_code": "370102"}, events=[WITHDRAWN] * events),
        source="routing",
        division="370102",
        at=datetime.now(UTC),
        trace=Trace("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "c"),
    )


def queued(url: str, queue: str = "tiaojie.query") -> list[bytes]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append(got[2])
    connection.close()
    return found


def test_every_event_of_every_outbox_is_published_and_the_outbox_cleared(
    database: Db, aggregates: Aggregates, broker: Broker, vhost_url: str
) -> None:
    documents = [a_case(f"case-{n}", events=1 + n % 3) for n in range(250)]
    for document in documents:
        aggregates.insert(document)
    relay = a_relay(database, broker)
    relay.start()
    eventually(lambda: database.cases.count_documents({"pending": {"$exists": True}}) == 0)
    relay.stop(5)

    published = [from_json(body) for body in queued(vhost_url)]
    assert sorted(e.id for e in published) == sorted(
        e["id"] for d in documents for e in d["outbox"]
    )
    assert database.cases.count_documents({"outbox": {"$ne": []}}) == 0


def test_a_commit_wakes_the_relay_long_before_its_sweep(
    database: Db, aggregates: Aggregates, broker: Broker
) -> None:
    relay = Relay(database, ["cases"], broker, batch=100, sweep_seconds=30)
    relay.start()
    time.sleep(1)  # it has led, swept once and now waits for its change stream
    began = time.monotonic()
    aggregates.insert(a_case("case-1"))
    eventually(lambda: database.cases.count_documents({"outbox": []}) == 1, seconds=5)
    assert time.monotonic() - began < 5
    relay.stop(5)


def test_an_event_appended_while_publishing_is_not_lost(
    database: Db, aggregates: Aggregates, broker: Broker, vhost_url: str
) -> None:
    aggregates.insert(a_case("case-1"))
    original = broker.publish
    appended = threading.Event()

    def publish_slowly(messages: list[Outgoing], timeout: float) -> list[Outcome]:
        if not appended.is_set():
            appended.set()
            document = database.cases.find_one({"_id": "case-1"})
            assert document is not None
            _, update = changed(
                document,
                Decision(events=[WITHDRAWN]),
                source="routing",
                at=datetime.now(UTC),
                trace=Trace("", ""),
            )
            aggregates.replace(document, update)
        return original(messages, timeout)

    broker.publish = publish_slowly  # type: ignore[method-assign]
    relay = a_relay(database, broker)
    assert relay.publish_pending() == 1
    left = database.cases.find_one({"_id": "case-1"})
    assert left is not None
    assert [e["sequence"] for e in left["outbox"]] == ["2"]
    assert relay.publish_pending() == 1
    assert [from_json(b).sequence for b in queued(vhost_url)] == [1, 2]
    cleared = database.cases.find_one({"_id": "case-1"})
    assert cleared is not None
    assert cleared["outbox"] == []
    assert "pending" not in cleared


def test_an_event_without_a_queue_stays_and_does_not_keep_others_back(
    database: Db, aggregates: Aggregates, broker: Broker, vhost_url: str
) -> None:
    stuck = a_case("case-stuck")
    stuck["outbox"][0]["type"] = "cn.tiaojie.case.nobody_listens.v1"
    aggregates.insert(stuck)
    aggregates.insert(a_case("case-fine"))
    relay = Relay(database, ["cases"], broker, batch=1, sweep_seconds=0.2)
    for _ in range(3):
        relay.publish_pending()
    assert [from_json(b).subject for b in queued(vhost_url)] == ["case-fine"]
    kept = database.cases.find_one({"_id": "case-stuck"})
    assert kept is not None
    assert len(kept["outbox"]) == 1


def test_a_full_queue_refuses_and_the_event_stays(
    database: Db, aggregates: Aggregates, vhost_url: str
) -> None:
    topology.provision(vhost_url, "query", 5)
    broker = Broker(vhost_url)
    broker.start()
    eventually(lambda: broker.ready)
    for n in range(40):
        aggregates.insert(a_case(f"case-{n}"))
    # a quorum queue notices that it is full between batches, not within one
    relay = Relay(database, ["cases"], broker, batch=5, sweep_seconds=0.2)
    for _ in range(6):
        relay.publish_pending()
    waiting = database.cases.count_documents({"pending": {"$exists": True}})
    assert waiting > 0
    received = {from_json(b).subject for b in queued(vhost_url)}
    for _ in range(60):
        relay.publish_pending()
        received |= {from_json(b).subject for b in queued(vhost_url)}
        if len(received) == 40 and not database.cases.count_documents(
            {"pending": {"$exists": True}}
        ):
            break
    assert len(received) == 40
    broker.stop()


def test_only_one_relay_leads_and_another_takes_over_when_it_stops(
    database: Db, aggregates: Aggregates, broker: Broker, vhost_url: str
) -> None:
    first, second = a_relay(database, broker), a_relay(database, broker)
    first.start()
    eventually(lambda: database.leases.count_documents({}) == 1)
    second.start()
    for n in range(50):
        aggregates.insert(a_case(f"case-{n}"))
    eventually(lambda: database.cases.count_documents({"pending": {"$exists": True}}) == 0)
    first.stop(5)
    for n in range(50, 100):
        aggregates.insert(a_case(f"case-{n}"))
    eventually(lambda: database.cases.count_documents({"pending": {"$exists": True}}) == 0)
    second.stop(5)
    subjects = [from_json(b).subject for b in queued(vhost_url)]
    assert len(subjects) == len(set(subjects)) == 100
