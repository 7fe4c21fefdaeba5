"""Lookups of a case's progress beside a bare find_one of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from services.query.handlers import HANDLERS
from shared import serial
from shared.runner import Runner
from tests.benchmarks.consumers import a_submitted
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Run, compared, drive, ratio
from tests.benchmarks.stand import Stand, Web
from tests.builders.events import an_event

CASES = 2000
ROUNDS, SECONDS, WARM_SECONDS = 5, 5, 2
PREFIX = "bench_query_"
PATH = "/v1/progress/"
ORGANISATION = {
    "id": "org-370102",
    "name": "济南市历下区劳动人事争议调解中心（虚构）",
    "kind": "county",
    "phone": "000-0000370102",
}


def measure(stand: Stand) -> Iterator[Figure]:
    """Requests per second of GET /v1/progress/{serial} ÷ those of the floor, 48 connections."""
    environment = stand.environment(PREFIX)
    stand.run(["-m", "services.query", "provision"], environment)
    numbers = some_cases(stand)
    floor = "tests.benchmarks.floors.web:bare_find()"
    with (
        stand.web("query", environment, service="query") as ours,
        stand.web("bare-find", environment, service="query", app=floor) as bare,
    ):
        webs = {"ours": ours, "bare": bare}
        for web in webs.values():
            leg(stand, web, numbers, WARM_SECONDS)
        runs: dict[str, list[Run]] = {name: [] for name in webs}
        for _ in range(ROUNDS):
            for name, web in webs.items():
                runs[name].append(leg(stand, web, numbers, SECONDS))
    yield Figure(
        "progress lookups ÷ bare find_one",
        ratio(runs["ours"], runs["bare"]),
        at_least=1.0,
        note=compared(runs["ours"], runs["bare"]),
    )


def leg(stand: Stand, web: Web, numbers: list[str], seconds: int) -> Run:
    return drive(web, numbers, stand.folder, method="GET", path=PATH, status=200, seconds=seconds)


def some_cases(stand: Stand) -> list[str]:
    """Cases whose mediator is known, projected as the worker does it; their serial numbers."""
    numbers = [serial.draw(2026) for _ in range(CASES)]
    runner = Runner("query", stand.client[f"{PREFIX}query"], HANDLERS, tries=1)
    at = datetime.now(UTC)
    for start in range(0, CASES, 100):
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
