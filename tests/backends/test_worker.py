"""A worker's consumer on the real broker and database: what it acknowledges, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pika
import pytest
from pymongo.database import Database

from shared import broker as topology
from shared.broker import Broker, Delivery
from shared.contracts.envelope import Event, from_json
from shared.decision import Decision, State
from shared.errors import BackendAway
from shared.runner import Deciding
from shared.settings import Settings
from shared.worker import Worker, _Running, portions
from tests.builders.events import an_event
from tests.waiting import eventually

Db = Database[dict[str, Any]]
QUEUE = "tiaojie.query"


@pytest.fixture
def queue(vhost_url: str) -> Iterator[Any]:
    """A channel to the virtual host with the topology of query."""
    topology.provision(vhost_url, "query", 10_000)
    connection = pika.BlockingConnection(pika.URLParameters(vhost_url))
    yield connection.channel()
    connection.close()


def put(channel: Any, *events: Event) -> None:
    for event in events:
        channel.basic_publish("", QUEUE, event.to_json())


def left(channel: Any) -> list[str]:
    """Ids of the events in the queue, which is empty afterwards."""
    found = []
    while (got := channel.basic_get(QUEUE, auto_ack=True))[0] is not None:
        found.append(from_json(got[2]).id)
    return found


def a_worker(
    database: Db, url: str, decide: Callable[..., Decision], *, batch: int = 100
) -> _Running:
    settings = Settings(amqp_url=url, batch_messages=batch)
    table = {"application.withdrawn": [Deciding("seen_events", decide)]}
    return _Running(Worker("query", settings, database, table, outboxes=[]))


def test_what_a_stopping_worker_could_not_apply_is_not_acknowledged_by_a_later_batch(
    database: Db, vhost_url: str, queue: Any
) -> None:
    away = threading.Event()
    away.set()
    tried = threading.Event()

    def decide(event: Event, state: State | None, at: datetime) -> Decision:
        if away.is_set():
            tried.set()
            raise BackendAway("mongodb: away")
        return Decision(set={"at": at})

    events = [an_event(serial=f"s{n}") for n in range(30)]
    put(queue, *events)
    worker = a_worker(database, vhost_url, decide, batch=10)
    consumer = threading.Thread(target=worker._consume)
    worker._broker.start()
    eventually(lambda: worker._broker.deliveries.qsize() == 30)
    consumer.start()
    assert tried.wait(5)
    away.clear()  # the database comes back while the worker has been told to stop
    worker._stopping.set()
    worker._broker.stop_consuming()
    consumer.join(10)
    assert not consumer.is_alive()
    worker._broker.stop()

    applied = {d["_id"] for d in database.seen_events.find()}
    waiting = set(left(queue))
    assert applied | {e.subject for e in events if e.id in waiting} == {e.subject for e in events}


def test_a_worker_told_to_stop_while_the_database_is_away_takes_no_more_messages(
    database: Db, vhost_url: str, queue: Any
) -> None:
    worker = a_worker(database, vhost_url, lambda *_: Decision(set={"known": True}))
    worker._broker.start()
    eventually(lambda: worker._broker.ready)
    worker._broker.stop_consuming()
    worker._stopping.set()
    worker._pause_until_database_answers()
    put(queue, an_event())
    time.sleep(0.5)
    assert worker._broker.deliveries.qsize() == 0
    worker._broker.stop()
    assert len(left(queue)) == 1


def test_pausing_gives_messages_back_and_leaves_the_connection_open(
    vhost_url: str, queue: Any
) -> None:
    broker = Broker(vhost_url, consume={QUEUE: False})
    broker.start()
    put(queue, an_event(), an_event())
    eventually(lambda: broker.deliveries.qsize() == 2)
    connection = broker._connection
    broker.pause()
    time.sleep(0.5)
    assert broker.ready
    assert broker._connection is connection
    assert len(left(queue)) == 2
    broker.stop()


def test_resuming_twice_opens_one_consumer(vhost_url: str, queue: Any) -> None:
    broker = Broker(vhost_url, consume={QUEUE: False})
    broker.start()
    eventually(lambda: broker.epoch == 1)
    broker.pause()
    for _ in range(5):
        broker.resume()
    eventually(lambda: broker.epoch >= 2)
    time.sleep(0.3)
    assert queue.queue_declare(QUEUE, passive=True).method.consumer_count == 1
    assert broker.epoch == 2
    broker.stop()


def test_a_pause_that_crosses_the_opening_of_the_consumer_wins(vhost_url: str, queue: Any) -> None:
    broker = Broker(vhost_url, consume={QUEUE: False})
    broker.start()
    eventually(lambda: broker.epoch == 1)
    broker.pause()
    broker.resume()
    broker.pause()
    time.sleep(0.5)
    assert queue.queue_declare(QUEUE, passive=True).method.consumer_count == 0
    broker.stop()


def test_messages_delivered_before_are_applied_one_by_one_and_new_ones_together() -> None:
    batch = [Delivery(n, 1, b"", redelivered=n % 2 == 0) for n in range(1, 9)]
    parts = list(portions(batch))
    assert sorted(d.tag for part in parts[:-1] for d in part) == [2, 4, 6, 8]
    assert all(len(part) == 1 for part in parts[:-1])
    assert [d.tag for d in parts[-1]] == [1, 3, 5, 7]
    assert list(portions([])) == []
