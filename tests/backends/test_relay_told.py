"""What a relay published is kept by its owner, each event once, as it was published."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pymongo.database import Database

from shared import broker as topology
from shared.broker import Broker, Outcome, Outgoing
from shared.contracts.envelope import NewEvent, Trace
from shared.decision import Decision
from shared.relay import Relay
from shared.store import Aggregates, new_aggregate
from tests.backends.test_relay import queued
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


def a_relay(database: Db, broker: Broker) -> Relay:
    names = ("cases", "warnings")
    return Relay(database, names, broker, batch=100, sweep_seconds=0.2, kept=["cases"])


def told_by(database: Db, collection: str, key: str, events: int) -> list[str]:
    """An aggregate with this many events to publish; under which they are to be kept."""
    aggregates = Aggregates(database[collection])
    aggregates.ensure_indexes()
    decision = Decision(set={"division_code": "370102"}, events=[WITHDRAWN] * events)
    trace, at = Trace("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "c"), datetime.now(UTC)
    aggregates.insert(
        new_aggregate(key, decision, source="routing", division="370102", at=at, trace=trace)
    )
    return [f"{key}-{sequence:06d}" for sequence in range(1, events + 1)]


def test_every_published_event_is_kept_as_it_was_published(
    database: Db, broker: Broker, vhost_url: str
) -> None:
    keys = told_by(database, "cases", "one", 3) + told_by(database, "cases", "two", 1)
    told_by(database, "warnings", "three", 2)
    assert a_relay(database, broker).publish_pending() == 6
    kept = {d["_id"]: d["event"].encode() for d in database.cases_told.find()}
    assert sorted(kept) == keys
    published = queued(vhost_url)
    assert set(kept.values()) == {b for b in published if orjson.loads(b)["subject"] != "three"}
    assert "warnings_told" not in database.list_collection_names()


def test_what_the_broker_refused_is_kept_once_it_is_confirmed(
    database: Db, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = told_by(database, "cases", "one", 2)
    publish = broker.publish

    def refuse_the_second(messages: list[Outgoing], timeout: float) -> list[Outcome]:
        return [*publish(messages[:1], timeout), Outcome.REFUSED]

    with monkeypatch.context() as refusing:
        refusing.setattr(broker, "publish", refuse_the_second)
        a_relay(database, broker).publish_pending()
    assert [d["_id"] for d in database.cases_told.find()] == keys[:1]
    a_relay(database, broker).publish_pending()
    assert sorted(d["_id"] for d in database.cases_told.find()) == keys


def test_an_event_published_twice_since_its_outbox_was_not_cleared_is_kept_once(
    database: Db, broker: Broker, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = told_by(database, "cases", "one", 2)
    killed = threading.Event()

    class Killed(Exception):
        pass

    def be_killed(*_: Any) -> None:
        killed.set()
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(Relay, "_mark", be_killed)
        with pytest.raises(Killed):
            a_relay(database, broker).publish_pending()
    assert killed.is_set()
    kept = list(database.cases_told.find())
    a_relay(database, broker).publish_pending()
    assert list(database.cases_told.find()) == kept
    assert [d["_id"] for d in kept] == keys
    assert len(queued(vhost_url)) == 4
