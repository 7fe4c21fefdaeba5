"""The relay when the broker is away from it, or a queue is full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pymongo.database import Database

from shared import broker as topology
from shared.broker import Broker
from shared.contracts.envelope import NewEvent, Trace
from shared.decision import Decision
from shared.relay import Relay
from shared.store import Aggregates, new_aggregate
from tests.waiting import eventually

Db = Database[dict[str, Any]]


@pytest.fixture
def cases(database: Db) -> Aggregates:
    cases = Aggregates(database["cases"])
    cases.ensure_indexes()
    return cases


@pytest.fixture
def channel(vhost_url: str) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(vhost_url))
    yield connection.channel()
    connection.close()


def a_connected_broker(url: str) -> Broker:
    broker = Broker(url)
    broker.start()
    eventually(lambda: broker.ready)
    return broker


def a_case(key: str) -> dict[str, Any]:
    return new_aggregate(
        key,
        Decision(events=[NewEvent("case.withdrawn", {"status": "withdrawn"})]),
        source="routing",
        division="370102",
        at=datetime.now(UTC),
        trace=Trace("", ""),
    )


def test_a_relay_that_lost_the_broker_lets_another_lead(
    database: Db, vhost_url: str, cases: Aggregates
) -> None:
    topology.provision(vhost_url, "query", 1000)
    cut_off, connected = a_connected_broker(vhost_url), a_connected_broker(vhost_url)
    first = Relay(database, ["cases"], cut_off, batch=10, sweep_seconds=0.2)
    second = Relay(database, ["cases"], connected, batch=10, sweep_seconds=0.2)
    first.start()
    eventually(lambda: database.leases.count_documents({}) == 1)
    second.start()
    cut_off.stop()
    taken = {"holder": second._lease.holder}
    eventually(lambda: database.leases.count_documents(taken) == 1, seconds=12)
    first.stop(5)
    second.stop(5)
    connected.stop()


def test_what_one_full_queue_refuses_does_not_flood_the_others(
    database: Db, vhost_url: str, cases: Aggregates, channel: Any
) -> None:
    topology.provision(vhost_url, "query", 5)  # nobody empties it
    topology.provision(vhost_url, "notify", 100_000)
    for n in range(40):
        cases.insert(a_case(f"case-{n}"))
    broker = a_connected_broker(vhost_url)
    relay = Relay(database, ["cases"], broker, batch=100, sweep_seconds=0.1)
    relay.start()
    time.sleep(8)
    relay.stop(10)
    broker.stop()
    copies = channel.queue_declare("tiaojie.notify", passive=True).method.message_count / 40
    assert copies < 6
