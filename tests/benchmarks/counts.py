"""Statistics of a whole year of the country: counting its months beforehand, and asking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any

from pymongo import WriteConcern

from services.query.statistics import rolling
from services.query.statistics.counting import Question, counted, pipeline
from services.query.statistics.facts import COUNTED_FLAGS
from services.query.statistics.months import Months
from services.query.store import ReadModels
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.vocabulary import CATEGORIES
from shared.divisions import children
from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.stand import Stand

CASES = 4_257_000
"""Of 2024, the latest year with figures."""

PREFIX = "bench_counts_"
FIRST = date(2025, 1, 1)
ASKED = 10

Document = dict[str, Any]


def measure(stand: Stand, cases: int = CASES) -> Iterator[Figure]:
    """What a dashboard of the country waits for, and what the months cost in the background."""
    database = stand.client[f"{PREFIX}query"]
    fill(database["progress"], cases)
    models, months = ReadModels(database), Months(database)
    models.ensure_indexes()
    months.ensure_indexes()
    year = [f"{FIRST.year}-{month:02}" for month in range(1, 13)]
    began = time.perf_counter()
    for month in year:
        months.keep(month, models.counted)
    took = (time.perf_counter() - began) / len(year)
    yield Figure(
        "statistics: a month of the country counted beforehand", took, "s", note=f"{cases:,} cases"
    )

    def ask(by: str, **within: Any) -> int:
        question = Question(FIRST, date(FIRST.year, 12, 31), None, by, **within)
        found = rolling.answered(months.find(rolling.wanted(question, year)), question)
        return found.whole.total

    assert ask("category") == cases
    for by in ("category", "division", "flag"):
        took = _p95(lambda by=by: ask(by))  # type: ignore[misc]
        yield Figure(f"statistics: the country's year by {by}, p95", 1e3 * took, "ms", at_most=1000)
    directly = Question(FIRST, FIRST + timedelta(days=30), "370000", "category")
    took = _p95(lambda: counted(models.counted(pipeline(directly)), "category").whole.total)
    yield Figure("statistics: a province's month from the facts, p95", 1e3 * took, "ms")


def _p95(ask: Callable[[], int]) -> float:
    seconds = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return percentile(seconds, 0.95)


def fill(progress: Any, cases: int) -> None:
    """Cases with their facts alone, spread over the year and the counties, half of them closed."""
    into = progress.with_options(write_concern=WriteConcern(w=1, j=False))
    made = some_facts(Random(1), cases)
    with ThreadPoolExecutor(2) as writers:
        waiting: list[Any] = []
        while portion := list(islice(made, 5000)):
            waiting.append(writers.submit(into.insert_many, portion, ordered=False))
            if len(waiting) > 3:
                waiting.pop(0).result()
        for written in waiting:
            written.result()


def some_facts(chance: Random, cases: int) -> Iterator[Document]:
    counties = [county.code for county in some_counties()]
    categories, outcomes = list(CATEGORIES), list(OUTCOMES)
    flags = [
        sum(1 << chance.randrange(len(COUNTED_FLAGS)) for _ in range(n % 4)) for n in range(60)
    ]
    for number in range(cases):
        day = FIRST + timedelta(days=number % 365)
        received = day.toordinal()
        facts: Document = {
            "place": counties[number * 7919 % len(counties)],
            "received_day": received,
            "month": f"{day:%Y-%m}",
            "category": categories[min(chance.randrange(12), 6)],
            "flags": flags[chance.randrange(60)],
            "organisation_day": received,
            "mediator_day": received + chance.randrange(3),
            "standing": {"sequence": 3, "status": "mediator_assigned"},
        }
        if chance.random() < 0.8:
            facts |= {
                "consent_day": received + 3 + chance.randrange(5),
                "accepted_day": received + 6 + chance.randrange(6),
                "ended_day": received + 10 + chance.randrange(15),
                "standing": {"sequence": 9, "status": "closed"},
                "result": {"sequence": 9, "outcome": chance.choice(outcomes)},
            }
        yield {"facts": facts}


def some_counties() -> Iterator[Any]:
    for province in children(None):
        for below in children(province.code):
            yield from (below,) if below.level == "county" else children(below.code)
