"""Submissions: the whole of intake beside a bare insert and beside the usual way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import orjson

from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Run, compared, drive, ratio
from tests.benchmarks.stand import Stand, Web
from tests.builders.applications import a_mobile, a_uscc, an_application, an_id_number

BODIES = 12_000
ROUNDS, SECONDS, WARM_SECONDS = 5, 5, 2
PREFIX = "bench_intake_"
PATH = "/v1/applications"


@cache
def bodies(count: int = BODIES) -> tuple[str, ...]:
    """Applications of so many different people against different employers, as JSON."""
    return tuple(
        orjson.dumps(
            an_application(
                seed=n,
                applicant={
                    "id_number": an_id_number(date(1970, 1, 1) + timedelta(n // 400), seed=n % 400),
                    "phone": a_mobile(n),
                },
                respondents=[{**an_application(seed=n)["respondents"][0], "uscc": a_uscc(n)}],
            )
        ).decode()
        for n in range(count)
    )


def measure(stand: Stand) -> Iterator[Figure]:
    """Requests per second of intake ÷ those of the floors, at 48 connections."""
    environment = stand.environment(PREFIX)
    stand.run(["-m", "services.intake", "provision"], environment)
    floors = "tests.benchmarks.floors.web"
    with (
        stand.web("intake", environment, service="intake") as ours,
        stand.web("bare", environment, service="intake", app=f"{floors}:bare_insert()") as bare,
        stand.web("usual", environment, service="intake", app=f"{floors}:tutorial()") as usual,
    ):
        webs = {"ours": ours, "bare": bare, "usual": usual}
        for web in webs.values():
            leg(stand, web, WARM_SECONDS)
        runs: dict[str, list[Run]] = {name: [] for name in webs}
        for _ in range(ROUNDS):
            for name, web in webs.items():
                runs[name].append(leg(stand, web, SECONDS))
        memory = ours.resident()
    yield Figure(
        "submissions ÷ bare insert_one",
        ratio(runs["ours"], runs["bare"]),
        at_least=1.0,
        note=compared(runs["ours"], runs["bare"]),
    )
    yield Figure(
        "submissions ÷ the usual way",
        ratio(runs["ours"], runs["usual"]),
        at_least=8.0,
        note=compared(runs["ours"], runs["usual"]),
    )
    yield Figure("memory intake web after load", memory, "MiB", at_most=150.0)


def leg(stand: Stand, web: Web, seconds: int) -> Run:
    """One leg on empty collections."""
    intake, floor = stand.client[f"{PREFIX}intake"], stand.client[f"{PREFIX}floor"]
    intake["applications"].delete_many({})
    floor["bare"].drop()
    floor["tutorial"].drop()
    return drive(web, bodies(), stand.folder, method="POST", path=PATH, status=201, seconds=seconds)
