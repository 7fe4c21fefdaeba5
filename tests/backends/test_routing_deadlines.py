"""The deadline sweep on a real database: shared by workers, once for each telling, by index."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from prometheus_client import REGISTRY

from services.routing import app, ticking
from services.routing.store import NEXT_TICK, Cases, Directory
from services.routing.ticking import LEASE, DeadlineSweep, due_cases, due_query
from services.routing.waiting import WaitingCases
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from tests.builders.case_load import many_cases
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.lives import a_case_in
from tests.builders.routing import (
    a_runner,
    a_submitted_event,
    apply,
    fill,
    places,
    serials,
)

A_MONTH = timedelta(days=30)
BODY = an_organisation()
PERSON = a_mediator()


def ago(**time) -> datetime:
    return (datetime.now(UTC) - timedelta(**time)).replace(microsecond=0)


@pytest.fixture
def cases(database):
    fill(database, [BODY], [PERSON])
    return Cases(database)


def a_sweep(cases) -> DeadlineSweep:
    return DeadlineSweep(cases, app.automatic(Directory(cases.collection.database)))


def put(cases, status, at, *numbers):
    """Cases received `at` that stand in this status."""
    documents = [a_case_in(status, at=at, serial_number=number) for number in numbers]
    cases.collection.insert_many(documents)


def told(cases, number):
    """(event, clock, whom) of a case's deadlines in their order, each keeping its contract."""
    heard = []
    for stored in cases.collection.find_one({"_id": number})["outbox"]:
        event = from_document(stored)
        assert faults(event.name, event.data) == {}
        if event.name.startswith("case.deadline"):
            heard.append((event.name, event.data["clock"], event.data["tells"]))
    return heard


def test_what_is_missed_is_told_once_however_often_one_looks(cases):
    (number,) = islice(serials(), 1)
    put(cases, "mediator_assigned", ago(days=30), number)
    before = cases.collection.find_one({})
    assert a_sweep(cases).sweep() == 1
    heard = told(cases, number)
    assert ("case.deadline_missed", "acceptance_decision", "organisation") in heard
    assert ("case.deadline_missed", "acceptance_decision", "platform") in heard
    assert len(heard) == len(set(heard))

    after = cases.collection.find_one({})
    assert after["status"] == before["status"]
    assert after["sequence"] == before["sequence"] + len(heard)
    assert after["version"] == before["version"] + 1
    assert after["outbox"][before["sequence"]]["previoushash"] == before["history_hash"]
    assert a_sweep(cases).sweep() == 0
    assert told(cases, number) == heard


def test_many_workers_share_the_work_and_each_telling_happens_once(cases):
    numbers = list(islice(serials(), 120))
    put(cases, "mediating", ago(days=60), *numbers)
    ticked = []
    threads = [
        threading.Thread(target=lambda: ticked.append(a_sweep(cases).sweep())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(ticked) == len(numbers)
    expected = told(cases, numbers[0])
    assert Counter(expected).most_common(1)[0][1] == 1
    assert all(told(cases, number) == expected for number in numbers)
    assert due_cases(cases, datetime.now(UTC)) == []


def test_what_a_crashed_worker_had_is_dealt_with_once_its_lease_lapsed(cases):
    (number,) = islice(serials(), 1)
    put(cases, "mediator_assigned", ago(days=30), number)
    until = datetime.now(UTC) + LEASE
    cases.collection.update_one({"_id": number}, {"$set": {"tick_lease_until": until}})
    assert a_sweep(cases).sweep() == 0
    assert told(cases, number) == []
    cases.collection.update_one({"_id": number}, {"$set": {"tick_lease_until": ago(seconds=1)}})
    assert a_sweep(cases).sweep() == 1
    assert told(cases, number)


def test_a_case_that_cannot_be_ticked_stops_no_other_and_is_logged(cases, logged):
    broken, *whole = islice(serials(), 6)
    put(cases, "mediator_assigned", ago(days=40), broken)
    put(cases, "mediator_assigned", ago(days=30), *whole)
    cases.collection.update_one({"_id": broken}, {"$set": {"clocks.0.name": "no_such_clock"}})
    assert a_sweep(cases).sweep() == len(whole)
    assert all(told(cases, number) for number in whole)
    assert logged.getvalue().count("case_not_ticked") == 1
    assert a_sweep(cases).sweep() == 0  # it is left alone for a while
    assert logged.getvalue().count("case_not_ticked") == 1


def test_an_ended_case_is_closed_by_the_rules_and_archived_a_month_later(cases):
    (number,) = islice(serials(), 1)
    put(cases, "failed", ago(days=20), number)
    a_sweep(cases).sweep()
    closed = cases.collection.find_one({})
    assert (closed["status"], closed["outcome"]) == ("closed", "failed")
    assert closed["history"][-1]["by"] == "rules"

    past = {"closed_at": closed["closed_at"] - 2 * A_MONTH}
    clocks = [
        {**clock, "due_on": "2026-01-05"} if clock["name"] == "archiving" else clock
        for clock in closed["clocks"]
    ]
    past |= {"clocks": clocks, "next_tick_at": ago(days=1)}
    cases.collection.update_one({}, {"$set": past})
    a_sweep(cases).sweep()
    archived = cases.collection.find_one({})
    assert archived["status"] == "archived"
    names = [event["type"] for event in archived["outbox"]]
    assert [name for name in names if "closed" in name or "archived" in name] == [
        "cn.tiaojie.case.closed.v1",
        "cn.tiaojie.case.archived.v1",
    ]


def test_when_the_applicant_does_not_choose_in_time_the_fittest_proposed_has_the_case(database):
    (number,) = islice(serials(), 1)
    body = an_organisation(offers_choice=True)
    fill(database, [body], [PERSON, a_mediator(id="m2", name="程远林")])
    apply(a_runner(database), a_submitted_event(number))
    case = database.cases.find_one({})
    assert [q["kind"] for q in case["questions"]] == ["mediator"]
    clocks = [
        {**clock, "due_on": ago(days=2).date().isoformat()}
        if clock["name"] == "mediator_choice"
        else clock
        for clock in case["clocks"]
    ]
    change = {"clocks": clocks, "next_tick_at": ago(minutes=1)}
    database.cases.update_one({}, {"$set": change})
    assert a_sweep(Cases(database)).sweep() == 1
    after = database.cases.find_one({})
    assert after["status"] == "mediator_assigned"
    assert after["reasons"][0] == "no_choice_in_time"
    assert places(database)[after["mediator"]["id"]] == [number]
    assert after["questions"][0]["state"] != "open"


def test_the_due_are_found_among_many_by_index_and_nothing_else_is_read(cases):
    collection = cases.collection
    now = datetime.now(UTC)
    (model,) = many_cases(1)
    for first in range(0, 20_000, 5_000):
        collection.insert_many(
            {
                **model,
                "_id": f"{n:016}",
                "next_tick_at": now + timedelta(minutes=n) if n % 2 else None,
            }
            for n in range(first, first + 5_000)
        )
    due = [f"{n:016}" for n in range(0, 20_000, 400)]
    collection.update_many({"_id": {"$in": due}}, {"$set": {"next_tick_at": ago(hours=3)}})
    explained = (
        collection.find(due_query(now), {"_id": 1})
        .sort([("next_tick_at", 1)])
        .hint(list(NEXT_TICK))
        .limit(200)
        .explain()
    )
    plan, done = str(explained["queryPlanner"]["winningPlan"]), explained["executionStats"]
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan
    assert done["nReturned"] == len(due)
    assert done["totalDocsExamined"] == len(due)
    assert done["totalKeysExamined"] <= len(due) + 1
    assert sorted(due_cases(cases, now)) == due


def test_one_sweep_works_through_more_than_one_look(cases, monkeypatch):
    monkeypatch.setattr(ticking, "_A_LOOK", 10)
    numbers = list(islice(serials(), 35))
    put(cases, "mediator_assigned", ago(days=30), *numbers)
    assert a_sweep(cases).sweep() == len(numbers)


# --- nothing waits unseen ------------------------------------------------------------------------


def gauge(kind):
    return REGISTRY.get_sample_value("tiaojie_cases_waiting", {"kind": kind})


def test_what_waits_is_measured_and_operators_are_warned_of_cases_nobody_has(cases, logged):
    unassigned, *others = islice(serials(), 4)
    put(cases, "mediator_assigned", ago(days=30), *others[:2])
    put(cases, "organisation_assigned", ago(minutes=1), others[2])
    waiting = WaitingCases(cases)
    waiting.measure()
    assert [gauge(kind) for kind in ("unassigned", "unopened", "overdue")] == [1, 2, 2]
    assert "cases_unassigned" not in logged.getvalue()

    put(cases, "unassigned", ago(minutes=1), unassigned)
    waiting.measure()
    waiting.measure()
    assert gauge("unassigned") == 2
    assert logged.getvalue().count("cases_unassigned") == 1
