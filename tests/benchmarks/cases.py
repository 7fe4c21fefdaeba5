"""What staff wait for: a page of the work list over a million cases, a command beside load, the
sweep that finds the clocks which have run out."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import orjson
from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern

from services.routing import clocking, domain
from services.routing.ticking import due_query
from shared import serial
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.vocabulary import CATEGORIES
from shared.devissuer import DevelopmentIssuer
from shared.divisions import children, find
from shared.settings import Settings
from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.stand import Stand, Web
from tests.builders.cases import a_submission

CASES = 1_000_000
COUNTIES, BODIES_EACH, PEOPLE_EACH = 500, 4, 10
PAGES, WARM_PAGES = 150, 15
PER_SECOND, SECONDS, WARM_COMMANDS = 50, 20, 200
SENDERS = 16
PREFIX = "bench_cases_"
NOW = datetime.now(UTC)

Document = dict[str, Any]


def measure(stand: Stand) -> Iterator[Figure]:
    """The three of them on the same million cases."""
    environment = stand.environment(PREFIX)
    fill(stand)  # first: a million inserts into a dozen indexes take ten times as long
    patient = {**environment, "TIAOJIE_BACKEND_TIMEOUT_SECONDS": "300"}
    stand.run(["-m", "services.routing", "provision"], patient, within=900)
    yield from sweep(stand)
    with stand.web("routing", environment, service="routing") as web:
        yield from pages(stand, web)
        yield from commands(stand, web)


# --- a million cases ---------------------------------------------------------------------------


def fill(stand: Stand) -> None:
    """Cases of all statuses, places and ages; most of them have ended, as in life."""
    cases = stand.client[f"{PREFIX}routing"]["cases"].with_options(
        write_concern=WriteConcern(w=1, j=False)
    )
    made = some_cases(Random(1))
    with ThreadPoolExecutor(2) as writers:
        waiting: list[Any] = []
        while portion := list(islice(made, 5000)):
            waiting.append(writers.submit(cases.insert_many, portion, ordered=False))
            if len(waiting) > 3:
                waiting.pop(0).result()
        for written in waiting:
            written.result()


def some_cases(chance: Random) -> Iterator[Document]:
    counties = some_counties()
    opened = {code: domain.open_case(_submission(code)) for code in counties}
    statuses = list(STATUSES)
    ended = sorted(ENDED)
    categories = list(CATEGORIES)
    for number in range(CASES):
        code = counties[number % len(counties)]
        status = chance.choice(ended) if chance.random() < 0.8 else chance.choice(statuses)
        received_at = NOW - timedelta(seconds=chance.randrange(365 * 86400))
        body = f"org-{code}-{chance.randrange(BODIES_EACH)}"
        name = f"med-{code}-{chance.randrange(PEOPLE_EACH):02}"
        unassigned = status in {"submitted", "unassigned"}
        without = unassigned or status == "organisation_assigned"
        clocks = [] if status in ENDED else [clocking.start("acceptance_decision", received_at)]
        if status not in ENDED and chance.random() < 0.97:  # most have been told what there is
            clocks = [{**clock, "told": ["approaching", "missed", "escalated"]} for clock in clocks]
        yield {
            **opened[code],
            "_id": serial.draw(2026),
            "status": status,
            "category": chance.choice(categories),
            "received_at": received_at,
            "updated_at": received_at,
            **clocking.follow_from(clocks),
            "organisation": None if unassigned else {"id": body, "name": body, "kind": "county", "phone": "12333"},
            "mediator": None if without else {"id": name, "name": "安禾"},
            "version": 3,
            "sequence": 3,
            "outbox": [],
            "seen": [],
            "history_hash": "0" * 64,
        }  # fmt: skip


def some_counties() -> list[str]:
    """County codes of several provinces."""
    found = []
    for province in ("370000", "320000", "440000", "510000", "130000", "410000"):
        for city in children(province):
            found += [county.code for county in children(city.code) if county.level == "county"]
    return found[:COUNTIES]


def _submission(code: str) -> Document:
    place = find(code)
    assert place is not None
    return a_submission(division={"code": code, "name": place.name})


# --- the work list -----------------------------------------------------------------------------


def pages(stand: Stand, web: Web) -> Iterator[Figure]:
    """Pages for each kind of staff with the filters they use, beside a bare find of a page."""
    code = some_counties()[0]
    body, person = f"org-{code}-1", f"med-{code}-03"
    asked = {
        "platform, all": (token(stand, "platform_admin"), ""),
        "platform, one status by deadline": (
            token(stand, "platform_admin"),
            "?status=under_examination&sort=deadline",
        ),
        "platform, unassigned": (token(stand, "platform_admin"), "?waiting=unassigned"),
        "platform, overdue": (token(stand, "platform_admin"), "?waiting=overdue&sort=deadline"),
        "province, one category": (
            token(stand, "platform_admin", divisions=("37",)),
            "?category=pay_injury_compensation",
        ),
        "organisation, all": (token(stand, "organisation_admin", organisation=body), ""),
        "organisation, by deadline": (
            token(stand, "organisation_admin", organisation=body),
            "?sort=deadline",
        ),
        "mediator, all": (token(stand, "mediator", subject=person), ""),
    }
    floor = bare_pages(stand, body)
    yield Figure("bare find of a page, p95", percentile(floor, 0.95), "ms", note="pymongo alone")
    for name, (headers, query) in asked.items():
        took = timed_pages(web, f"/v1/cases{query}", headers)
        yield Figure(
            f"work list, {name}, p95",
            percentile(took, 0.95),
            "ms",
            at_most=50.0,
            note=f"p50 {percentile(took, 0.5):.1f} ms, {CASES:,} cases",
        )
    took = timed_pages(web, "/v1/cases/counts", asked["organisation, all"][0])
    yield Figure("counts of an organisation, p95", percentile(took, 0.95), "ms", at_most=50.0)


def timed_pages(web: Web, path: str, headers: Mapping[str, str]) -> list[float]:
    """Milliseconds of each of PAGES requests, one after the other."""
    host = web.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    took = []
    for number in range(WARM_PAGES + PAGES):
        began = time.perf_counter()
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {told[:300].decode()}")
        if number >= WARM_PAGES:
            took.append(1e3 * (time.perf_counter() - began))
    connection.close()
    return took


def bare_pages(stand: Stand, body: str) -> list[float]:
    """Milliseconds of the least there is to do: 50 documents by an index, as JSON."""
    cases = stand.client[f"{PREFIX}routing"]["cases"]
    took = []
    for number in range(WARM_PAGES + PAGES):
        began = time.perf_counter()
        found = list(cases.find({"organisation.id": body, "status": "closed"}).limit(50))
        orjson.dumps(found, default=str)
        if number >= WARM_PAGES:
            took.append(1e3 * (time.perf_counter() - began))
    return took


# --- commands ----------------------------------------------------------------------------------


def commands(stand: Stand, web: Web) -> Iterator[Figure]:
    """Commands at a steady rate while others page through the work list, beside a bare update."""
    chosen = list(
        stand.client[f"{PREFIX}routing"]["cases"]
        .find({"status": "mediator_assigned"}, {"mediator.id": 1, "version": 1})
        .limit(2 * PER_SECOND * SECONDS + WARM_COMMANDS)
    )
    half = PER_SECOND * SECONDS
    tokens = {
        person: token(stand, "mediator", subject=person)
        for person in {case["mediator"]["id"] for case in chosen}
    }
    reader = token(stand, "platform_admin")

    def give(case: Document, line: http.client.HTTPConnection | None) -> None:
        command(line, case, tokens[case["mediator"]["id"]])

    with beside(lambda: timed_pages_once(web, reader)):
        steady(chosen[2 * half :], give, web)
        bare = steady(chosen[half : 2 * half], lambda case, _: bare_update(stand, case))
        took = steady(chosen[:half], give, web)
    yield Figure(
        "bare find_one_and_update at 50/s, p95",
        percentile(bare, 0.95),
        "ms",
        note="majority, journaled",
    )
    yield Figure(
        "case command at 50/s beside readers, p95",
        percentile(took, 0.95),
        "ms",
        at_most=40.0,
        note=f"p50 {percentile(took, 0.5):.1f} ms, {len(took)} commands",
    )


def steady(
    cases: Sequence[Document],
    act: Callable[[Document, http.client.HTTPConnection | None], None],
    web: Web | None = None,
) -> list[float]:
    """Milliseconds from the moment each was due, at PER_SECOND, whatever the answers take."""
    began = time.perf_counter() + 0.1
    waiting: queue.SimpleQueue[tuple[float, Document] | None] = queue.SimpleQueue()
    for number, case in enumerate(cases):
        waiting.put((began + number / PER_SECOND, case))
    took: list[float] = []
    faults: list[BaseException] = []

    def work() -> None:
        line = http.client.HTTPConnection(web.url.removeprefix("http://")) if web else None
        try:
            while (job := waiting.get()) is not None:
                at, case = job
                time.sleep(max(0.0, at - time.perf_counter()))
                act(case, line)
                took.append(1e3 * (time.perf_counter() - at))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        waiting.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return took


def command(
    line: http.client.HTTPConnection | None, case: Document, headers: Mapping[str, str]
) -> None:
    assert line is not None
    sent = {**headers, "If-Match": f'"{case["version"]}"', "Content-Type": "application/json"}
    line.request("POST", f"/v1/cases/{case['_id']}/begin-examination", b"{}", sent)
    answer = line.getresponse()
    told = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {told.decode()}")


def bare_update(stand: Stand, case: Document) -> None:
    """The least a command does: one guarded, durable write with an event."""
    durable = stand.client[f"{PREFIX}routing"]["cases"].with_options(
        write_concern=WriteConcern(w="majority", j=True)
    )
    durable.find_one_and_update(
        {"_id": case["_id"], "version": case["version"]},
        {
            "$set": {"version": case["version"] + 1, "pending": ObjectId()},
            "$push": {"outbox": {"id": case["_id"], "data": {"status": "under_examination"}}},
        },
        return_document=ReturnDocument.AFTER,
    )


@contextmanager
def beside(act: Callable[[], None]) -> Iterator[None]:
    """Somebody else does this again and again, ten times a second."""
    stopping = threading.Event()

    def go_on() -> None:
        while not stopping.wait(0.1):
            act()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(10)


def timed_pages_once(web: Web, headers: Mapping[str, str]) -> None:
    line = http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=30)
    line.request("GET", "/v1/cases?waiting=unassigned", headers=dict(headers))
    line.getresponse().read()
    line.close()


# --- the sweep ---------------------------------------------------------------------------------


def sweep(stand: Stand) -> Iterator[Figure]:
    """Finding the cases of which something must be told now, among all that are open."""
    cases = stand.client[f"{PREFIX}routing"]["cases"]
    due = due_query(NOW)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        list(cases.find(due, {"_id": 1}).sort("next_tick_at", 1).limit(100))
        took.append(1e3 * (time.perf_counter() - began))
    explained = cases.find(due, {"_id": 1}).sort("next_tick_at", 1).limit(100).explain()
    done = explained["executionStats"]
    yield Figure(
        "deadline sweep, keys examined ÷ cases found",
        done["totalKeysExamined"] / max(1, done["nReturned"]),
        at_most=1.05,
        note=f"{done['nReturned']} of {CASES:,}, p95 {percentile(took, 0.95):.1f} ms",
    )


def token(stand: Stand, role: str, **claims: Any) -> dict[str, str]:
    """Headers with a token of the development issuer."""
    settings = Settings(environment="development", data_dir=stand.folder)
    signed = DevelopmentIssuer(settings).token(
        role=role, lifetime=timedelta(hours=2), **{"subject": role, **claims}
    )
    return {"Authorization": f"Bearer {signed}"}
