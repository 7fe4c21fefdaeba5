"""Cases get their organisation and mediator on a real database, whoever else works and crashes."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from services.routing import placing
from services.routing.placing import UnheldPlaces
from services.routing.store import Cases, Directory
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.routing import (
    Db,
    a_later_event,
    a_runner,
    a_submitted_event,
    apply,
    fill,
    places,
    retry_until_settled,
    serials,
)

BODY = an_organisation()
FIRST, SECOND, THIRD = islice(serials(), 3)
WITHDRAWN = {"withdrawn_at": "2026-11-20T03:00:00Z"}


def mediators(number: int, **changes):
    return [a_mediator(id=f"med-370102-{n:02d}", **changes) for n in range(1, number + 1)]


def told(database: Db, number: str):
    """The events of a case so far, each of which keeps its contract."""
    case = database.cases.find_one({"_id": number})
    events = [from_document(e) for e in case["outbox"]]
    assert [faults(e.name, e.data) for e in events] == [{}] * len(events)
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))
    assert {(e.subject, e.division) for e in events} == {(number, case["division_code"])}
    return [e.name for e in events]


# --- one case ------------------------------------------------------------------------------------


def test_a_submission_becomes_a_case_with_organisation_mediator_and_place(database):
    fill(database, [BODY], mediators(1))
    event = a_submitted_event(FIRST)
    apply(a_runner(database), event)

    case = database.cases.find_one({"_id": FIRST})
    assert (case["status"], case["version"]) == ("mediator_assigned", 1)
    assert case["organisation"]["id"] == BODY.id
    assert case["mediator"] == {"id": "med-370102-01", "name": "安禾"}
    assert told(database, FIRST) == ["case.organisation_assigned", "case.mediator_assigned"]
    assert {e["causationid"] for e in case["outbox"]} == {event.id}
    assert places(database) == {"med-370102-01": [FIRST]}


def test_a_submission_delivered_again_changes_nothing(database):
    fill(database, [BODY], mediators(2))
    event = a_submitted_event(FIRST)
    apply(a_runner(database), event, event)
    before = database.cases.find_one({}), places(database)
    apply(a_runner(database), event)
    again = a_submitted_event(FIRST)  # published twice, under another id
    apply(a_runner(database), again)
    after = database.cases.find_one({}), places(database)
    assert {**after[0], "seen": []} == {**before[0], "seen": []}
    assert after[1] == before[1]
    assert sum(map(len, places(database).values())) == 1


def test_a_place_that_nobody_serves_waits_for_the_platform(database):
    fill(database, [BODY], mediators(1))
    division = {"code": "510104", "name": "四川省成都市锦江区"}
    apply(a_runner(database), a_submitted_event(FIRST, division=division))
    assert database.cases.find_one({})["status"] == "unassigned"
    assert told(database, FIRST) == ["case.unassigned"]
    assert places(database) == {"med-370102-01": []}


def test_a_withdrawal_ends_the_case_and_its_own_event_gives_the_place_back(database):
    fill(database, [BODY], mediators(1))
    runner = a_runner(database)
    apply(runner, a_submitted_event(FIRST))
    apply(runner, a_later_event("application.withdrawn", FIRST, 2, **WITHDRAWN))
    assert told(database, FIRST)[-1] == "case.withdrawn"
    assert places(database) == {"med-370102-01": [FIRST]}

    ended = from_document(database.cases.find_one({})["outbox"][-1])
    apply(runner, ended)
    apply(runner, ended)
    assert places(database) == {"med-370102-01": []}


def test_a_withdrawal_before_its_submission_waits_for_it(database):
    fill(database, [BODY], mediators(1))
    runner = a_runner(database)
    apply(runner, a_later_event("application.withdrawn", FIRST, 2, **WITHDRAWN))
    assert [kept["state"] for kept in runner.set_aside.listed()] == ["waiting"]
    assert database.cases.count_documents({}) == 0

    apply(runner, a_submitted_event(FIRST))
    retry_until_settled(database, runner)
    assert database.cases.find_one({})["status"] == "withdrawn"
    assert list(runner.set_aside.listed()) == []


def test_submission_supplement_and_withdrawal_in_one_batch_make_one_document(database):
    fill(database, [BODY], mediators(1))
    apply(
        a_runner(database),
        a_submitted_event(FIRST),
        a_later_event("application.supplemented", FIRST, 2, supplement_count=1, attachment_count=2),
        a_later_event("application.withdrawn", FIRST, 3, **WITHDRAWN),
    )
    case = database.cases.find_one({})
    assert (case["status"], case["supplement_count"], case["version"]) == ("withdrawn", 1, 3)
    assert told(database, FIRST) == [
        "case.organisation_assigned",
        "case.mediator_assigned",
        "case.withdrawn",
    ]


# --- many cases, many workers --------------------------------------------------------------------


def work_together(database: Db, events, workers: int, batch: int) -> None:
    """Several workers, each with its share of the events in batches, then the retries."""
    failed: list[BaseException] = []

    def work(mine):
        try:
            runner = a_runner(database)
            for start in range(0, len(mine), batch):
                apply(runner, *mine[start : start + batch])
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=(events[part::workers],)) for part in range(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    retry_until_settled(database, a_runner(database, tries=1000))


def test_four_workers_fill_a_county_evenly_and_never_over_its_capacity(database):
    """300 cases, 8 equal mediators with 40 places.

    A mediator gets a case only at the load that the rules saw, when nobody else would have less
    after what the batch gives them. Of that, up to `batch - 1` cases may lose their guard and look
    again, and loads only grow. So at its last case a mediator is at most `batch` ahead of anybody.
    """
    capacity, batch = 40, 5
    fill(database, [BODY], mediators(8, capacity=capacity))
    events = [a_submitted_event(number) for number in islice(serials(), 300)]
    work_together(database, events, workers=4, batch=batch)

    loads = [len(held) for held in places(database).values()]
    assert max(loads) <= capacity
    assert max(loads) - min(loads) <= batch
    assert_places_and_cases_agree(database, 300)


def test_four_workers_stop_at_the_last_place(database):
    """60 cases for 3 × 15 places: 45 have a mediator, the rest waits for the administrator."""
    fill(database, [BODY], mediators(3, capacity=15))
    events = [a_submitted_event(number) for number in islice(serials(), 60)]
    work_together(database, events, workers=4, batch=7)
    assert [len(held) for held in places(database).values()] == [15, 15, 15]
    assert Counter(c["status"] for c in database.cases.find()) == {
        "mediator_assigned": 45,
        "organisation_assigned": 15,
    }
    assert_places_and_cases_agree(database, 60)


def test_the_same_messages_at_two_workers_at_once_make_each_case_once(database):
    """After a lost connection a worker may still be busy with what another has been given."""
    fill(database, [BODY], mediators(4, capacity=30))
    events = [a_submitted_event(number) for number in islice(serials(), 60)]
    work_together(database, [e for event in events for e in (event, event)], workers=2, batch=10)
    assert database.cases.count_documents({}) == 60
    age_all_places(database)
    UnheldPlaces(Directory(database), Cases(database)).sweep()
    assert_places_and_cases_agree(database, 60)


def assert_places_and_cases_agree(database: Db, number: int) -> None:
    held = {(s, m) for m, taken in places(database).items() for s in taken}
    assert len(held) == sum(map(len, places(database).values()))
    cases = list(database.cases.find())
    assert len(cases) == number
    assert held == {(c["_id"], c["mediator"]["id"]) for c in cases if c["mediator"]}


# --- crashes -------------------------------------------------------------------------------------


def crashed_after_taking(directory: Directory, mediator: str, *numbers: str) -> None:
    loads = {mediator: directory.mediator(mediator).open_cases}
    at = datetime.now(UTC)
    assert directory.take_places({mediator: numbers}, loads, at) == set(numbers)


def test_after_a_crash_a_case_keeps_the_place_that_was_taken_for_it(database):
    directory = fill(database, [BODY], mediators(3))
    crashed_after_taking(directory, "med-370102-03", FIRST, SECOND)
    apply(a_runner(database), *(a_submitted_event(n) for n in (FIRST, SECOND, THIRD)))
    held = places(database)
    assert held.pop("med-370102-03") == [FIRST, SECOND]
    assert sorted(map(len, held.values())) == [0, 1]
    case = database.cases.find_one({"_id": FIRST})
    assert case["mediator"]["id"] == "med-370102-03"
    assert case["reasons"][0] == "county_organisation"


def test_the_last_place_taken_before_a_crash_is_the_cases_own(database):
    directory = fill(database, [BODY], mediators(1, capacity=1))
    crashed_after_taking(directory, "med-370102-01", FIRST)
    apply(a_runner(database), a_submitted_event(FIRST))
    assert database.cases.find_one({})["status"] == "mediator_assigned"
    assert places(database) == {"med-370102-01": [FIRST]}


def test_a_place_taken_before_a_crash_is_left_if_the_mediator_may_not_have_the_case_now(database):
    directory = fill(database, [BODY], mediators(2))
    crashed_after_taking(directory, "med-370102-01", FIRST)
    conflict = {"$set": {"conflicts": ["hash-of-worker"]}}
    database.mediators.update_one({"_id": "med-370102-01"}, conflict)
    apply(a_runner(database), a_submitted_event(FIRST))
    assert database.cases.find_one({})["mediator"]["id"] == "med-370102-02"
    age_all_places(database)
    assert UnheldPlaces(directory, Cases(database)).sweep() == 1
    assert places(database) == {"med-370102-01": [], "med-370102-02": [FIRST]}


def test_places_are_given_back_only_when_no_case_has_used_them_for_long(database):
    directory = fill(database, [BODY], mediators(3))
    apply(a_runner(database), a_submitted_event(FIRST))
    holder = database.cases.find_one({})["mediator"]["id"]
    other = next(m for m in sorted(places(database)) if m != holder)
    crashed_after_taking(directory, other, SECOND)
    unheld = UnheldPlaces(directory, Cases(database))

    assert unheld.sweep() == 0  # young: its case may be on the way
    age_all_places(database)
    assert unheld.sweep() == 1
    assert {m: held for m, held in places(database).items() if held} == {holder: [FIRST]}
    assert unheld.sweep() == 0


def test_a_former_mediators_place_and_an_ended_cases_place_are_unheld(database):
    directory = fill(database, [BODY], mediators(2))
    apply(a_runner(database), a_submitted_event(FIRST), a_submitted_event(SECOND))
    database.cases.update_one({"_id": FIRST}, {"$set": {"status": "withdrawn"}})
    other = {"id": "med-of-another-body", "name": "程远林"}
    database.cases.update_one({"_id": SECOND}, {"$set": {"mediator": other}})
    age_all_places(database)
    assert UnheldPlaces(directory, Cases(database)).sweep() == 2
    assert all(held == [] for held in places(database).values())


def test_a_place_renewed_while_the_sweep_looks_is_kept(database):
    directory = fill(database, [BODY], mediators(1))
    crashed_after_taking(directory, "med-370102-01", FIRST)
    age_all_places(database)
    before = datetime.now(UTC) - placing.UNHELD_AGE
    assert directory.renew_place("med-370102-01", FIRST, datetime.now(UTC))
    assert not directory.give_back_unheld("med-370102-01", FIRST, before)
    assert places(database) == {"med-370102-01": [FIRST]}


def age_all_places(database: Db) -> None:
    long_ago = datetime.now(UTC) - placing.UNHELD_AGE - timedelta(seconds=1)
    database.mediators.update_many({}, {"$set": {"last_assigned_at": long_ago}})


# --- taking places -------------------------------------------------------------------------------


def test_places_are_taken_only_at_the_load_that_was_seen(database):
    directory = fill(database, [BODY], mediators(2))
    at = datetime.now(UTC)
    loads = {"med-370102-01": 0, "med-370102-02": 0}
    wanted = {"med-370102-01": [FIRST], "med-370102-02": [SECOND]}
    assert directory.take_place("med-370102-01", THIRD, at)
    assert directory.take_places(wanted, loads, at) == {SECOND}
    assert places(database) == {"med-370102-01": [THIRD], "med-370102-02": [SECOND]}


def test_a_place_that_another_worker_took_for_the_same_case_is_not_taken_twice(database):
    """Both have the message; the second looked for holders before the first took the place."""
    directory = fill(database, [BODY], mediators(1))
    at = datetime.now(UTC)
    assert directory.take_places({"med-370102-01": [FIRST]}, {"med-370102-01": 0}, at)
    wanted = {"med-370102-01": [FIRST, SECOND]}
    assert directory.take_places(wanted, {"med-370102-01": 1}, at) == {FIRST}
    assert places(database) == {"med-370102-01": [FIRST]}


@pytest.mark.parametrize("change", [{"capacity": 1}, {"active": False}])
def test_no_place_is_taken_of_a_mediator_who_has_meanwhile_fewer_or_none(database, change):
    directory = fill(database, [BODY], mediators(1))
    database.mediators.update_one({}, {"$set": change})
    at = datetime.now(UTC)
    wanted = {"med-370102-01": [FIRST, SECOND]}
    assert directory.take_places(wanted, {"med-370102-01": 0}, at) == set()


def test_one_mediator_is_given_exactly_the_places_there_are(database):
    directory = fill(database, [BODY], mediators(1, capacity=3))
    numbers = list(islice(serials(), 5))
    at = datetime.now(UTC)
    taken = [directory.take_place("med-370102-01", number, at) for number in numbers]
    assert taken == [True, True, True, False, False]
    assert not directory.take_place("med-370102-01", numbers[0], at)
    directory.give_back("med-370102-01", numbers[0])
    directory.give_back("med-370102-01", numbers[0])
    assert directory.take_place("med-370102-01", numbers[4], at)


def test_an_organisations_places_and_loads_follow_from_its_mediators(database):
    staff = [
        a_mediator(id="m1", capacity=10),
        a_mediator(id="m2", capacity=20),
        a_mediator(id="m3", capacity=40, active=False),
        a_mediator(id="m4", capacity=80, organisation="org-370103"),
    ]
    other = an_organisation(id="org-370103", divisions=("370103",))
    directory = fill(database, [BODY, other], staff)
    at = datetime.now(UTC)
    assert directory.take_places({"m1": [FIRST], "m2": [SECOND]}, {"m1": 0, "m2": 0}, at)
    snapshot = directory.snapshot(directory.serving(["370102", "370103"]))
    seen = {o.id: (o.capacity, o.open_cases) for o in snapshot.by_id.values()}
    assert seen == {"org-370102": (30, 2), "org-370103": (80, 0)}
