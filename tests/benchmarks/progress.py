"""Lookups of a case's progress beside a Flask view that only answers, and beside a bare find_one.

Uncached: 12,000 numbers in turn, so that each is asked again only after the second that an answer is
kept at most; every answer is read from MongoDB. Hot: 100 numbers over and over, once while nothing
changes and once while 200 of their documents a second do.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from services.query.handlers import HANDLERS
from shared import serial
from shared.runner import Runner
from tests.benchmarks.consumers import a_submitted
from tests.benchmarks.figures import Figure
from tests.benchmarks.floors.web import ANSWER
from tests.benchmarks.load import Run, compared, drive, ratio
from tests.benchmarks.stand import LOAD, Stand, Web
from tests.builders.events import an_event

CASES, HOT, CHANGES_PER_SECOND = 12_000, 100, 200
ROUNDS, SECONDS, WARM_SECONDS = 5, 3, 1
PREFIX = "bench_query_"
PATH = "/v1/progress/"
FLOORS = "tests.benchmarks.floors.web"
ORGANISATION = {
    "id": "org-370102",
    "name": "济南市历下区劳动人事争议调解中心（虚构）",
    "kind": "county",
    "phone": "000-0000370102",
}


def measure(stand: Stand) -> Iterator[Figure]:
    """Requests per second of GET /v1/progress/{serial} ÷ those of the floors, 48 connections."""
    environment = stand.environment(PREFIX)
    stand.run(["-m", "services.query", "provision"], environment)
    numbers = some_cases(stand)
    with stand.web("query", environment, service="query") as ours:
        answer = requests.get(f"{ours.url}{PATH}{numbers[0]}", timeout=20).text
        told = {**environment, ANSWER: answer}
        with (
            stand.web("bare-find", told, service="query", app=f"{FLOORS}:bare_find()") as find,
            stand.web("bare-json", told, service="query", app=f"{FLOORS}:bare_json()") as echo,
            stand.web("bare-orjson", told, service="query", app=f"{FLOORS}:bare_orjson()") as fast,
        ):
            webs = {"ours": ours, "find": find, "json": echo, "orjson": fast}
            yield from figures(legs(stand, numbers, webs))


def legs(stand: Stand, numbers: Sequence[str], webs: Mapping[str, Web]) -> Mapping[str, list[Run]]:
    """Every leg in turn, ROUNDS times."""
    asked = {
        "uncached": ("ours", numbers), "json": ("json", numbers), "hot": ("ours", numbers[:HOT]),
        "orjson": ("orjson", numbers), "changing": ("ours", numbers[:HOT]),
        "find": ("find", numbers),
    }  # fmt: skip
    for web in webs.values():
        leg(stand, web, numbers, WARM_SECONDS)
    runs: dict[str, list[Run]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, (served_by, lines) in asked.items():
            with changing(stand, lines if name == "changing" else ()):
                runs[name].append(leg(stand, webs[served_by], lines, SECONDS))
    return runs


def figures(runs: Mapping[str, list[Run]]) -> Iterator[Figure]:
    for name, ours, floor, target in (
        ("lookups, uncached ÷ bare Flask JSON", "uncached", "json", 0.75),
        ("lookups, hot set ÷ bare Flask JSON", "hot", "json", 0.9),
        ("lookups, hot set that changes ÷ bare Flask JSON", "changing", "json", 0.9),
        ("lookups, uncached ÷ bare Flask orjson", "uncached", "orjson", None),
        ("lookups, hot set ÷ bare Flask orjson", "hot", "orjson", None),
        ("progress lookups ÷ bare find_one", "uncached", "find", 1.0),
    ):
        note = compared(runs[ours], runs[floor])
        yield Figure(name, ratio(runs[ours], runs[floor]), at_least=target, note=note)


@contextmanager
def changing(stand: Stand, numbers: Sequence[str]) -> Iterator[None]:
    """Meanwhile CHANGES_PER_SECOND of these documents change; none if there are none."""
    progress = stand.client[f"{PREFIX}query"]["progress"]
    stopping = threading.Event()

    def change() -> None:
        os.sched_setaffinity(0, {LOAD})  # of this thread
        began, count = time.perf_counter(), 0
        while numbers and not stopping.is_set():
            count += 1
            progress.update_one({"_id": random.choice(numbers)}, {"$set": {"touched": count}})
            stopping.wait(max(0.0, began + count / CHANGES_PER_SECOND - time.perf_counter()))

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def leg(stand: Stand, web: Web, numbers: Sequence[str], seconds: int) -> Run:
    return drive(web, numbers, stand.folder, method="GET", path=PATH, status=200, seconds=seconds)


def some_cases(stand: Stand, count: int = CASES) -> list[str]:
    """Cases whose mediator is known, projected as the worker does it; their serial numbers."""
    numbers = [serial.draw(2026) for _ in range(count)]
    runner = Runner("query", stand.client[f"{PREFIX}query"], HANDLERS, tries=1)
    at = datetime.now(UTC)
    for start in range(0, count, 100):
        bodies = []
        for number in numbers[start : start + 100]:
            assigned: dict[str, Any] = {
                "organisation": ORGANISATION,
                "released_mediator_id": None,
                "reasons": ["county"],
                "by": "rules",
            }
            to_body = an_event(
                "case.organisation_assigned",
                serial=number,
                at=at,
                status="organisation_assigned",
                previous_organisation_id=None,
                mediator_follows=True,
                **assigned,
            )
            to_mediator = an_event(
                "case.mediator_assigned",
                serial=number,
                sequence=2,
                at=at,
                status="mediator_assigned",
                mediator={"id": "med-1", "name": "安禾"},
                **assigned,
            )
            bodies += [a_submitted(number), to_body, to_mediator]
        runner.apply([event.to_json() for event in bodies])
    return numbers
