"""Consumers: micro-batches beside one message at a time, with the same durability."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pika

from services.routing import domain
from shared import serial
from shared.broker import parameters, provision, queue_name
from shared.contracts.envelope import Event, Trace, new_id, new_traceparent
from shared.contracts.events import EXCHANGE
from shared.decision import Decision
from shared.store import new_aggregate
from tests.benchmarks.figures import Figure, legs, paired_ratio
from tests.benchmarks.stand import Stand, wait_until
from tests.builders.cases import a_submission
from tests.builders.events import an_event, linked

ROUNDS = 3
OURS, FLOOR = 10_000, 1_000
"""Messages of a leg: each takes some seconds, far longer than what watching it costs."""

PREFIX = "bench_consume_"
DRAIN_SECONDS = 120.0
FLOORS = "tests.benchmarks.floors.consumer"

Documents = Sequence[dict[str, Any]]


def measure(stand: Stand) -> Iterator[Figure]:
    """Messages per second of our workers ÷ those of a pika consumer."""
    yield from _compared(
        stand,
        "consuming, insert ÷ one at a time",
        10.0,
        ours=lambda: drained(stand, "query", ["-m", "services.query", "worker"], OURS, inserts),
        floor=lambda: drained(stand, "query", ["-m", FLOORS, "insert"], FLOOR, inserts),
    )
    worker = ["-m", "tests.benchmarks.update_worker"]
    yield from _compared(
        stand,
        "consuming, update ÷ one at a time",
        5.0,
        ours=lambda: drained(stand, "routing", worker, OURS, updates),
        floor=lambda: drained(stand, "routing", ["-m", FLOORS, "update"], FLOOR, updates),
    )


def _compared(
    _: Stand, name: str, target: float, *, ours: Callable[[], float], floor: Callable[[], float]
) -> Iterator[Figure]:
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    for _round in range(ROUNDS):
        rates["ours"].append(ours())
        rates["floor"].append(floor())
    yield Figure(
        name,
        paired_ratio(rates["ours"], rates["floor"]),
        at_least=target,
        note=f"{legs(rates['ours'])} against {legs(rates['floor'])} /s",
    )


def inserts(numbers: Sequence[str]) -> tuple[str, Documents, list[Event], Mapping[str, Any]]:
    """(collection, documents before, events, what a document looks like afterwards)."""
    return "progress", [], [a_submitted(number) for number in numbers], {}


def updates(numbers: Sequence[str]) -> tuple[str, Documents, list[Event], Mapping[str, Any]]:
    events = [an_event("application.withdrawn", serial=number, sequence=2) for number in numbers]
    return "cases", [a_waiting_case(number) for number in numbers], events, {"status": "withdrawn"}


def a_submitted(number: str) -> Event:
    """application.submitted as intake publishes it."""
    return linked(
        Event(
            id=new_id(),
            name="application.submitted",
            version=1,
            source="intake",
            subject=number,
            time=datetime.now(UTC),
            sequence=1,
            division="370102",
            data=a_submission(serial_number=number),
            trace=Trace(new_traceparent(), new_id()),
        )
    )


def a_waiting_case(number: str) -> dict[str, Any]:
    """A case nobody could be found for, all its events published."""
    at = datetime.now(UTC)
    case = domain.open_case(a_submission(serial_number=number))
    waiting = domain.leave_unassigned(case, ["no_organisation"], at)
    document = new_aggregate(
        number,
        Decision({**case, **waiting.set}, waiting.push),
        source="routing",
        division="370102",
        at=at,
        trace=Trace("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "bench"),
    )
    return document | {"sequence": 1}


def drained(
    stand: Stand, service: str, arguments: Sequence[str], count: int, prepare: Callable[..., Any]
) -> float:
    """Messages per second from the first effect to the last of a queue that was full before."""
    numbers = [serial.draw(2026) for _ in range(count)]
    collection, documents, events, after = prepare(numbers)
    with stand.vhost() as url:
        environment = {**stand.environment(PREFIX), "TIAOJIE_AMQP_URL": url}
        provision(url, service, 200_000)
        found = stand.client[f"{PREFIX}{service}"][collection]
        found.drop()
        found.create_index("status")
        if documents:
            found.insert_many(documents)
        fill(url, service, events)

        def done() -> int:
            return found.count_documents(after) if after else found.estimated_document_count()

        with stand.process(f"consumer-{service}", arguments, environment):
            wait_until(done, DRAIN_SECONDS, every=0.005)
            first, began = done(), time.monotonic()
            with suppress(TimeoutError):
                wait_until(lambda: done() >= count, DRAIN_SECONDS)
            rate = (done() - first) / (time.monotonic() - began)
        if done() != count:
            raise RuntimeError(f"{done()} of {count} messages were applied")
    return rate


def fill(url: str, service: str, events: Sequence[Event]) -> None:
    """Put persistent messages into the service's queue; they are all there when it returns."""
    connection = pika.BlockingConnection(parameters(url))
    channel = connection.channel()
    properties = pika.BasicProperties(delivery_mode=2)
    for event in events:
        channel.basic_publish(EXCHANGE, event.routing_key, event.to_json(), properties)

    def all_there() -> bool:
        declared = channel.queue_declare(queue_name(service), passive=True)
        return bool(declared.method.message_count >= len(events))

    wait_until(all_there, 60)
    connection.close()
