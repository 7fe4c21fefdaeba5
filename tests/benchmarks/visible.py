"""From sending an application to seeing its progress, over the whole running system."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import orjson
from pymongo.errors import PyMongoError

from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.intake import BODIES, PATH, bodies
from tests.benchmarks.stand import NO_LIMIT, Client, Stand, wait_until
from tests.system import System

PER_SECOND, SECONDS, WARM_SECONDS = 50, 30, 3
SENDERS = 16


def measure(stand: Stand) -> Iterator[Figure]:
    """50 applications/s for 30 s; from the moment each was due to be sent, acceptance included."""
    with running_system(stand) as system, watching(stand.client, system) as visible:
        wait_until(lambda: _directory_is_listed(stand.client, system), 60)
        send(system, PER_SECOND, WARM_SECONDS)
        due = send(system, PER_SECOND, SECONDS)
        wait_until(lambda: due.keys() <= visible.keys(), 30)
    milliseconds = [1e3 * (visible[number] - at) for number, at in due.items()]
    yield Figure(
        "submitted → visible, p99",
        percentile(milliseconds, 0.99),
        "ms",
        at_most=250.0,
        note=f"p50 {percentile(milliseconds, 0.5):.0f} ms, {len(due)} applications",
    )


def _directory_is_listed(client: Client, system: System) -> bool:
    """The invented directory has passed from routing to query: what follows is everyday work."""
    known = client[f"{system.prefix}routing"]["organisations"].estimated_document_count()
    return client[f"{system.prefix}query"]["organisations"].estimated_document_count() == known


@contextmanager
def running_system(stand: Stand) -> Iterator[System]:
    """The four services with their workers, on all cores."""
    with stand.vhost() as url:
        system = System(stand.mongo_url, url, stand.folder)
        system.environment |= NO_LIMIT
        system.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        system.provision()
        system.start()
        try:
            yield system
        finally:
            system.stop()


@contextmanager
def watching(client: Client, system: System) -> Iterator[dict[str, float]]:
    """When each serial number's submission was in the read model."""
    visible: dict[str, float] = {}
    stopping = threading.Event()
    known: list[dict[str, Any]] = [
        {
            "$match": {
                "$or": [
                    {"fullDocument.division": {"$exists": True}},
                    {"updateDescription.updatedFields.division": {"$exists": True}},
                ]
            }
        },
        {"$project": {"documentKey": 1}},
    ]
    stream = client[f"{system.prefix}query"]["progress"].watch(known, max_await_time_ms=200)

    def watch() -> None:
        try:
            while not stopping.is_set():
                change = stream.try_next()
                if change is not None:
                    visible.setdefault(change["documentKey"]["_id"], time.perf_counter())
        except PyMongoError:
            if not stopping.is_set():
                raise

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield visible
    finally:
        stopping.set()
        thread.join(5)
        stream.close()


_people = cycle(range(BODIES))
"""Different people for every sending, as far as they go."""


def send(system: System, per_second: float, seconds: float) -> dict[str, float]:
    """Send applications at a steady rate, whatever the answers take: serial number → when due."""
    count = int(per_second * seconds)
    began = time.perf_counter() + 0.1
    waiting: queue.SimpleQueue[tuple[float, str] | None] = queue.SimpleQueue()
    for number in range(count):
        waiting.put((began + number / per_second, bodies()[next(_people)]))
    for _ in range(SENDERS):
        waiting.put(None)
    due: dict[str, float] = {}
    faults: list[BaseException] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", system.ports["intake"], timeout=20)
        try:
            while (job := waiting.get()) is not None:
                at, body = job
                time.sleep(max(0.0, at - time.perf_counter()))
                headers = {"Content-Type": "application/json"}
                connection.request("POST", PATH, body.encode(), headers)
                answer = connection.getresponse()
                told = answer.read()
                if answer.status != 201:
                    faults.append(RuntimeError(f"{answer.status} {told.decode()}"))
                    return
                due[orjson.loads(told)["serial_number"]] = at
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return due
