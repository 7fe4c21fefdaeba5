"""Planning messages: how many events a second one worker turns into recorded messages."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pika

from shared.broker import parameters, provision, queue_name
from shared.contracts.envelope import from_json
from shared.contracts.events import EXCHANGE
from shared.sealing import Keyring
from tests.benchmarks import case_stream
from tests.benchmarks.figures import Figure, legs, percentile
from tests.benchmarks.providers import providers
from tests.benchmarks.stand import LOAD, Stand, on_core, processor_seconds, wait_until

EVENTS, ROUNDS = 10_000, 3
PER_SECOND, SECONDS = 1_000, 15
PREFIX = "bench_planning_"
WORKER = ("-m", "services.notify", "worker")
PROGRAM = "tests.benchmarks.planning_programs"

Document = dict[str, Any]


def measure(stand: Stand) -> Iterator[Figure]:
    """The runner alone beside a bare insert; the whole worker at 1,000 events/s."""
    yield from _runner(stand)
    yield from _worker(stand)


def _runner(stand: Stand) -> Iterator[Figure]:
    told = {**stand.environment(PREFIX), "TIAOJIE_LOG_LEVEL": "ERROR"}
    answer = stand.run(["-m", PROGRAM, str(EVENTS), str(ROUNDS)], told)
    rounds = [orjson.loads(line) for line in answer.splitlines()]
    rates = [each["events"] / each["ours"] for each in rounds]
    events, messages = (sum(each[name] for each in rounds) for name in ("events", "messages"))
    processor = sum(each["ours_cpu"] for each in rounds) / events
    yield Figure(
        "planning, the runner of one worker",
        statistics.median(rates),
        "events/s",
        at_least=1_000.0,
        note=f"{legs(rates)} events/s, {messages / events:.2f} messages an event, "
        f"{legs([each['messages'] / each['ours'] for each in rounds])} messages/s; "
        f"processor {1e6 * processor:.0f} µs an event",
    )
    yield Figure(
        "planning ÷ bare insert_many",
        statistics.median(each["floor"] / each["ours"] for each in rounds),
        note=f"the same messages, {legs([each['messages'] / each['floor'] for each in rounds])} /s",
    )


def _worker(stand: Stand) -> Iterator[Figure]:
    """A worker process with all it does beside, fed by RabbitMQ; it sends to providers that take
    50 ms, as fast as its threads can."""
    environment = stand.environment(PREFIX)
    keyring = Keyring.parse(environment["TIAOJIE_CONTACT_KEYS"])
    told = case_stream.events(PER_SECOND * SECONDS, keyring)
    stand.client.drop_database(f"{PREFIX}notify")
    with stand.vhost() as url:
        environment["TIAOJIE_AMQP_URL"] = url
        provision(url, "notify", 200_000)
        stand.run(["-m", "services.notify", "provision"], environment)
        with (
            providers() as reached,
            stand.process("planner", WORKER, {**environment, **reached}) as worker,
        ):
            offered = _offer(url, told)
            wait_until(lambda: not _waiting(url), 120)
            used = processor_seconds(worker.pid)
        if left := _waiting(url):  # ending in good order, it has settled what it had in hand
            raise RuntimeError(f"{left} events were not settled")
        messages = list(stand.client[f"{PREFIX}notify"]["messages"].find())
    sent = sum(message["status"] == "accepted" for message in messages)
    lags = [1e3 * (m["created_at"] - offered[m["event_id"]]).total_seconds() for m in messages]
    yield Figure(
        f"planning at {PER_SECOND} events/s, event → planned, p99",
        percentile(lags, 0.99),
        "ms",
        at_most=1_000.0,
        note=f"p50 {percentile(lags, 0.5):.0f} ms; {len(told)} events, {len(messages)} messages, "
        f"{sent} sent meanwhile; processor {1e6 * used / len(told):.0f} µs an event",
    )


def _offer(url: str, bodies: Sequence[bytes]) -> dict[str, datetime]:
    """Publish at a steady rate, whatever the consumer does: event id → when it was due."""
    keyed = [(from_json(body), body) for body in bodies]
    due: dict[str, datetime] = {}
    faults: list[BaseException] = []

    def publish() -> None:
        with on_core(LOAD):
            try:
                channel = pika.BlockingConnection(parameters(url)).channel()
                properties = pika.BasicProperties(delivery_mode=2)
                began, first = time.perf_counter(), datetime.now(UTC)
                for number, (event, body) in enumerate(keyed):
                    after = number / PER_SECOND
                    time.sleep(max(0.0, began + after - time.perf_counter()))
                    due[event.id] = first + timedelta(seconds=after)
                    channel.basic_publish(EXCHANGE, event.routing_key, body, properties)
                channel.connection.close()
            except BaseException as fault:
                faults.append(fault)

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return due


def _waiting(url: str) -> int:
    """Messages in notify's queue that no consumer has in hand."""
    connection = pika.BlockingConnection(parameters(url))
    declared = connection.channel().queue_declare(queue_name("notify"), passive=True)
    connection.close()
    return int(declared.method.message_count)
