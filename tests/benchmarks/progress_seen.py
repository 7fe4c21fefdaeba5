"""From an event, due to be published, to the lookup that shows it: worker, change stream, HTTP.

Every fourth case is looked up before its event is due, so that its answer is kept, and then again
and again until the new status is shown: to watch them all would load the machine more than the events.
"""

from __future__ import annotations

import http.client
import queue
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import pika

from shared.broker import parameters, provision
from shared.contracts.events import EXCHANGE
from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.progress import PATH, PREFIX, some_cases
from tests.benchmarks.stand import LOAD, Stand, Web, on_core
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS

PER_SECOND, SECONDS, WARM_SECONDS = 200, 20, 3
WATCHERS, WATCHED_OF = 16, 4
AHEAD_SECONDS, EVERY_SECONDS, PATIENCE_SECONDS = 0.02, 0.005, 20.0


def measure(stand: Stand) -> Iterator[Figure]:
    """200 events/s for 20 s, each of another case, a quarter of them watched over HTTP."""
    with stand.vhost() as url:
        environment = {**stand.environment(PREFIX), "TIAOJIE_AMQP_URL": url}
        provision(url, "query", 200_000)
        stand.run(["-m", "services.query", "provision"], environment)
        numbers = some_cases(stand, PER_SECOND * (WARM_SECONDS + SECONDS))
        with (
            stand.web("query", environment, service="query") as web,
            stand.process("query-worker", ["-m", "services.query", "worker"], environment),
        ):
            warm = PER_SECOND * WARM_SECONDS
            seen_after(web, url, numbers[:warm])
            seconds = seen_after(web, url, numbers[warm:])
    yield Figure(
        f"event → seen by a lookup at {PER_SECOND} events/s, p99",
        1e3 * percentile(seconds, 0.99),
        "ms",
        at_most=100.0,
        note=f"p50 {1e3 * percentile(seconds, 0.5):.0f} ms, {len(seconds)} of {PER_SECOND * SECONDS} events watched",
    )


def seen_after(web: Web, url: str, numbers: Sequence[str]) -> list[float]:
    """Seconds from the moment each case's event was due to the answer that shows it."""
    began = time.perf_counter() + 1.0
    due = [(began + place / PER_SECOND, number) for place, number in enumerate(numbers)]
    waiting: queue.SimpleQueue[tuple[float, str] | None] = queue.SimpleQueue()
    for job in [*due[::WATCHED_OF], *[None] * WATCHERS]:
        waiting.put(job)
    with on_core(LOAD), ThreadPoolExecutor(WATCHERS + 1) as pool:
        publishing = pool.submit(publish, url, due)
        watching = [pool.submit(watch, web, waiting) for _ in range(WATCHERS)]
        publishing.result()
        return [seconds for each in watching for seconds in each.result()]


def publish(url: str, due: Sequence[tuple[float, str]]) -> None:
    channel = pika.BlockingConnection(parameters(url)).channel()
    properties = pika.BasicProperties(delivery_mode=2)
    for at, number in due:
        facts = CASE_FACTS["case.failed"]
        event = an_event("case.failed", serial=number, sequence=3, at=datetime.now(UTC), **facts)
        body = event.to_json()
        time.sleep(max(0.0, at - time.perf_counter()))
        channel.basic_publish(EXCHANGE, event.routing_key, body, properties)
    channel.connection.close()


def watch(web: Web, waiting: queue.SimpleQueue[tuple[float, str] | None]) -> list[float]:
    """One case after the other, from shortly before its event is due until it is shown."""
    seen: list[float] = []
    connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=PATIENCE_SECONDS)
    while (job := waiting.get()) is not None:
        at, number = job
        time.sleep(max(0.0, at - AHEAD_SECONDS - time.perf_counter()))
        while status(connection, number) != "failed":
            if time.perf_counter() > at + PATIENCE_SECONDS:
                raise TimeoutError("an event is not shown")
            time.sleep(max(EVERY_SECONDS, at - time.perf_counter()))
        seen.append(time.perf_counter() - at)
    connection.close()
    return seen


def status(connection: http.client.HTTPConnection, number: str) -> str:
    connection.request("GET", f"{PATH}{number}")
    shown: str = orjson.loads(connection.getresponse().read())["status"]
    return shown
