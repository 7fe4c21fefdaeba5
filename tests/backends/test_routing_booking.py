"""A mediator's hours on a real database: whoever schedules at once, none lies on top of another."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.routing import booking
from services.routing.booking import Hour, UnheldHours, book, give_up, release, take_over
from services.routing.store import Cases, Directory
from tests.builders.cases import a_mediator
from tests.builders.lives import LIVES, a_life
from tests.builders.refusals import refused, rule_not_met
from tests.builders.routing import fill

M1, M2 = a_mediator(id="m1"), a_mediator(id="m2")
NOW = datetime(2026, 11, 18, 2, tzinfo=UTC)
FIRST, SECOND = "2634626885086477", "2634626885086400"


@pytest.fixture
def directory(database):
    return fill(database, [], [M1, M2])


def hour(serial=FIRST, session="s1", start=0, minutes=60):
    starts_at = NOW + timedelta(days=1, minutes=start)
    return Hour(serial, session, starts_at, starts_at + timedelta(minutes=minutes))


def booked(directory, mediator="m1"):
    found = directory.mediators.find_one({"_id": mediator})
    return {
        Hour(b["serial"], b["session"], b["starts_at"], b["ends_at"])
        for b in found.get("bookings", ())
    }


def overlap(one, other):
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


# --- taking --------------------------------------------------------------------------------------


@pytest.mark.parametrize("start,minutes", [(0, 60), (-30, 31), (59, 10), (10, 5), (-10, 200)])
def test_an_hour_on_top_of_another_is_refused(directory, start, minutes):
    book(directory, "m1", hour(), NOW)
    with rule_not_met("sessions_apart", slug="sessions_overlap"):
        book(directory, "m1", hour(SECOND, start=start, minutes=minutes), NOW)
    assert booked(directory) == {hour()}
    book(directory, "m2", hour(SECOND, start=start, minutes=minutes), NOW)


@pytest.mark.parametrize("start,minutes", [(60, 60), (-30, 30)])
def test_hours_may_touch(directory, start, minutes):
    book(directory, "m1", hour(), NOW)
    book(directory, "m1", hour(SECOND, start=start, minutes=minutes), NOW)
    assert len(booked(directory)) == 2


def test_taking_an_hour_twice_for_the_same_session_is_one(directory):
    book(directory, "m1", hour(), NOW)
    book(directory, "m1", hour(), NOW + timedelta(minutes=1))
    (kept,) = directory.mediators.find_one({"_id": "m1"})["bookings"]
    assert kept["taken_at"] == NOW + timedelta(minutes=1)


def test_hours_that_have_ended_are_forgotten(directory):
    book(directory, "m1", hour(), NOW)
    book(directory, "m1", hour(SECOND, start=120), NOW + timedelta(days=1, minutes=60))
    assert booked(directory) == {hour(SECOND, start=120)}


def test_a_calendar_has_a_bound(directory, monkeypatch):
    monkeypatch.setattr(booking, "MOST_HOURS", 3)
    for n in range(3):
        book(directory, "m1", hour(session=f"s{n}", start=60 * n), NOW)
    with refused("capacity_exceeded"):
        book(directory, "m1", hour(SECOND, start=600), NOW)
    book(directory, "m1", hour(SECOND, start=600), NOW + timedelta(days=1, hours=1))


HOURS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(1, 4), st.booleans()), min_size=2, max_size=10
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(HOURS)
def test_of_many_who_schedule_at_once_nobody_gets_an_hour_that_is_taken(directory, wanted):
    """Each attempt is of another case; those refused were refused because of one that was not."""
    directory.mediators.update_one({"_id": "m1"}, {"$set": {"bookings": []}})
    hours = [
        hour(f"{n:016d}", start=15 * start, minutes=15 * length)
        for n, (start, length, _) in enumerate(wanted)
    ]
    got, given_back = set(), set()
    ready = threading.Barrier(len(hours), timeout=20)

    def schedule(one, changes_mind):
        ready.wait()
        try:
            book(directory, "m1", one, NOW)
        except booking.Refused:
            return
        if changes_mind:
            give_up(directory, "m1", [one])
            given_back.add(one)
        else:
            got.add(one)

    threads = [
        threading.Thread(target=schedule, args=(one, mind))
        for one, (_, _, mind) in zip(hours, wanted, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert booked(directory) == got
    assert not any(overlap(a, b) for a, b in combinations(got, 2))
    for lost in set(hours) - got - given_back:
        assert any(overlap(lost, other) for other in got | given_back)


# --- giving back ---------------------------------------------------------------------------------


def test_a_case_that_leaves_a_mediator_gives_back_what_was_taken_before(directory):
    book(directory, "m1", hour(), NOW)
    book(directory, "m1", hour(SECOND, start=60), NOW)
    book(directory, "m1", hour(session="s2", start=120), NOW + timedelta(seconds=1))
    for _ in range(2):
        release(directory, "m1", FIRST, NOW + timedelta(seconds=1))
    assert booked(directory) == {hour(SECOND, start=60), hour(session="s2", start=120)}


def scheduled(*starts):
    """A case in mediation with sessions ahead, so many minutes after tomorrow's ten o'clock."""
    case = a_life(*LIVES["accepted"], serial_number=FIRST, mediator=M1).document
    case["sessions"] = [
        {
            "id": f"s{n}",
            "starts_at": hour(start=start).starts_at,
            "ends_at": hour(start=start).ends_at,
            "status": "scheduled",
        }
        for n, start in enumerate(starts, 1)
    ]
    return case


def test_a_case_that_changes_hands_keeps_its_hours_with_the_new_mediator(directory):
    case = scheduled(0, 60)
    taken = take_over(directory, case, "m2", NOW)
    assert booked(directory, "m2") == set(taken) == {hour(), hour(session="s2", start=60)}


def test_who_is_not_free_at_one_of_the_hours_takes_none(directory):
    book(directory, "m2", hour(SECOND, start=90), NOW)
    with rule_not_met("sessions_apart", slug="sessions_overlap"):
        take_over(directory, scheduled(0, 60), "m2", NOW)
    assert booked(directory, "m2") == {hour(SECOND, start=90)}


def test_hours_of_sessions_that_are_over_are_not_taken_over(directory):
    assert take_over(directory, scheduled(0), "m2", NOW + timedelta(days=2)) == []


# --- what a crash leaves -------------------------------------------------------------------------


def test_an_hour_that_no_session_holds_is_given_back_in_time(directory, database):
    now = datetime.now(UTC).replace(microsecond=0)
    case = scheduled(0)
    case["sessions"][0] |= {
        "starts_at": now + timedelta(days=1),
        "ends_at": now + timedelta(days=1, hours=1),
    }
    cases = Cases(database)
    cases.insert(case)
    held = booking.hours_of(case)["s1"]

    long_ago, just_now = now - timedelta(minutes=11), now - timedelta(minutes=9)
    later = held.ends_at + timedelta(days=1)
    crashed = Hour(FIRST, "s1", later, later + timedelta(hours=1))
    unknown = Hour(SECOND, "s1", crashed.ends_at, crashed.ends_at + timedelta(hours=1))
    young = Hour(SECOND, "s2", unknown.ends_at, unknown.ends_at + timedelta(hours=1))
    past = Hour(SECOND, "s3", now - timedelta(days=2), now - timedelta(days=1))
    for one, at in ((held, long_ago), (crashed, long_ago), (unknown, long_ago), (young, just_now)):
        book(directory, "m1", one, at)
    book(directory, "m2", held, long_ago)  # of the mediator who had the case before
    book(directory, "m2", past, now - timedelta(days=3))
    left = {**case, "_id": SECOND, "mediator": None, "sessions": []}  # reopened, nobody has it yet
    cases.insert(left)
    sweeper = UnheldHours(directory, cases)
    assert sweeper.sweep() == 3
    assert booked(directory) == {held, young}
    assert booked(directory, "m2") == {past}
    assert sweeper.sweep() == 0


def test_a_sweep_finds_hours_ahead_by_index(directory):
    found = directory.mediators.find({"bookings.ends_at": {"$gt": NOW}}).explain()
    assert "IXSCAN" in str(found["queryPlanner"]["winningPlan"])


def test_the_directory_does_not_show_calendars(directory):
    book(directory, "m1", hour(), NOW)
    assert "bookings" not in Directory(directory.mediators.database).mediator_document("m1")
