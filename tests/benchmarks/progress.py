"""Lookups of a case's progress beside a bare find_one of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from services.query.handlers import HANDLERS
from shared import serial
from shared.runner import Runner
from tests.benchmarks.consumers import a_submitted
from tests.benchmarks.figures import Figure, legs, paired_ratio
from tests.benchmarks.load import Run, drive
from tests.benchmarks.stand import Stand
from tests.builders.events import an_event

CASES = 2000
ROUNDS, SECONDS, WARM_SECONDS = 5, 5.0, 2.0
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
        urls = {"ours": ours, "bare": bare}
        for url in urls.values():
            leg(stand, url, numbers, WARM_SECONDS)
        runs: dict[str, list[Run]] = {name: [] for name in urls}
        for _ in range(ROUNDS):
            for name, url in urls.items():
                runs[name].append(leg(stand, url, numbers, SECONDS))
    rates = {name: [run.per_second for run in found] for name, found in runs.items()}
    p99 = sorted(run.p99 for run in runs["ours"])[ROUNDS // 2]
    yield Figure(
        "progress lookups ÷ bare find_one",
        paired_ratio(rates["ours"], rates["bare"]),
        at_least=1.0,
        note=f"{legs(rates['ours'])} against {legs(rates['bare'])} /s, p99 {p99:.0f} ms",
    )


def leg(stand: Stand, url: str, numbers: list[str], seconds: float) -> Run:
    return drive(
        url, numbers, stand.folder, method="GET", path=PATH, status=200, seconds=seconds
    )


def some_cases(stand: Stand) -> list[str]:
    """Cases whose mediator is known, projected as the worker does it; their serial numbers."""
    numbers = [serial.draw(2026) for _ in range(CASES)]
    runner = Runner("query", stand.client[f"{PREFIX}query"], HANDLERS, tries=1)
    at = datetime.now(UTC)
    for start in range(0, CASES, 100):
        bodies = []
        for number in numbers[start : start + 100]:
            assigned = {
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
