"""`python -m tests.benchmarks.relay_programs MODE COUNT`: what the relay benchmark runs.

Prints events and seconds (`ours`, `floor`); or two lines of milliseconds (`latency`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pika

from shared import log
from shared.broker import Broker, Outcome, Outgoing, parameters
from shared.contracts.envelope import NewEvent, Trace, from_document, new_id, new_traceparent
from shared.contracts.events import EXCHANGE
from shared.decision import Decision
from shared.relay import Relay
from shared.settings import Settings
from shared.store import Aggregates, connect, new_aggregate
from shared.told import ensure_told
from tests.benchmarks.stand import wait_until

COMMITS_PER_SECOND = 50


class TimedBroker(Broker):
    """Knows when each message was confirmed."""

    confirmed_at: dict[str, float]
    waits: list[float]

    def publish(self, messages: Sequence[Outgoing], timeout: float) -> list[Outcome]:
        began = time.perf_counter()
        outcomes = super().publish(messages, timeout)
        now = time.perf_counter()
        self.waits.append(1e3 * (now - began))
        for message, outcome in zip(messages, outcomes, strict=True):
            if outcome is Outcome.CONFIRMED:
                self.confirmed_at[message.id] = now
        return outcomes


def a_case(number: int) -> dict[str, Any]:
    """A case with one event to publish."""
    event = NewEvent("case.withdrawn", {"status": "withdrawn", "released_mediator_id": None})
    return new_aggregate(
        f"case-{number}-{new_id()}",
        Decision(set={"division_code": "370102"}, events=[event]),
        source="routing",
        division="370102",
        at=datetime.now(UTC),
        trace=Trace(new_traceparent(), new_id()),
    )


def main() -> None:
    mode, count = sys.argv[1], int(sys.argv[2])
    settings = Settings.load()
    log.configure(settings, "bench", "relay")
    database = connect(settings, "relay")
    database["cases"].drop()
    database["cases_told"].drop()
    ensure_told(database, ["cases"])
    aggregates = Aggregates(database["cases"])
    aggregates.ensure_indexes()
    if mode == "latency":
        for milliseconds in latency(settings, database, aggregates, count):
            print(*(f"{each:.3f}" for each in milliseconds))  # noqa: T201 - its answer
        return
    database["cases"].insert_many([a_case(number) for number in range(count)])
    seconds = (ours if mode == "ours" else floor)(settings, database)
    if database["cases"].count_documents({"pending": {"$exists": True}}):
        raise SystemExit("not everything was published")
    print(count, seconds)  # noqa: T201 - its answer


def ours(settings: Settings, database: Any) -> float:
    broker = connected(Broker(settings.amqp_url))
    relay = a_relay(settings, database, broker)
    began = time.perf_counter()
    while relay.publish_pending():
        pass
    seconds = time.perf_counter() - began
    broker.stop()
    return seconds


def a_relay(settings: Settings, database: Any, broker: Broker) -> Relay:
    """As a service's worker has it: what was told is kept."""
    batch = settings.relay_batch
    return Relay(database, ["cases"], broker, batch=batch, sweep_seconds=1, kept=["cases"])


def floor(settings: Settings, database: Any) -> float:
    """A confirmed publish and an update_one for each document."""
    connection = pika.BlockingConnection(parameters(settings.amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2)
    began = time.perf_counter()
    for document in database["cases"].find({"pending": {"$exists": True}}):
        for event in document["outbox"]:
            key = from_document(event).routing_key
            channel.basic_publish(EXCHANGE, key, orjson.dumps(event), properties, mandatory=True)
        cleared = {"$set": {"outbox": []}, "$unset": {"pending": ""}}
        database["cases"].update_one({"_id": document["_id"]}, cleared)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def latency(
    settings: Settings, database: Any, aggregates: Aggregates, count: int
) -> tuple[list[float], list[float]]:
    """The broker's part, publish → confirm; the whole, durable commit → confirm. Milliseconds."""
    broker = TimedBroker(settings.amqp_url)
    broker.confirmed_at, broker.waits = {}, []
    connected(broker)
    relay = a_relay(settings, database, broker)
    relay.start()
    committed_at: dict[str, float] = {}
    time.sleep(1)
    began = time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, began + number / COMMITS_PER_SECOND - time.perf_counter()))
        case = a_case(number)
        event = case["outbox"][0]["id"]
        aggregates.insert(case)
        committed_at[event] = time.perf_counter()
    wait_until(lambda: len(broker.confirmed_at) >= count, 10)
    relay.stop(5)
    broker.stop()
    # published before the insert's own answer was read: no time at all
    whole = [max(0.0, 1e3 * (broker.confirmed_at[e] - at)) for e, at in committed_at.items()]
    return [w for w in broker.waits if w], whole


def connected(broker: Broker) -> Broker:
    broker.start()
    wait_until(lambda: broker.ready, 10)
    return broker


if __name__ == "__main__":
    main()
