"""Tools of the staff over HTTP: leave with its handover, calendars, early warning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zlib import crc32

import pytest
from icalendar import Calendar

from services.routing import leave
from services.routing.booking import take_over
from services.routing.domain import situated
from services.routing.early_warning import EarlyWarning, Warnings, is_unusual, iso_week
from services.routing.store import Cases, Directory
from shared.civil_time import today
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.throttle import Throttle
from tests.builders.case_load import many_cases
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.lives import a_case_in
from tests.builders.routing import (
    Staff,
    a_runner,
    a_submitted_event,
    apply,
    faults_of,
    fill,
    places,
    serials,
)
from tests.web import problem

BODY = an_organisation()
OTHER = an_organisation(id="org-370103", divisions=("370103",), name="市中区（虚构）")
TIRED = a_mediator(id="m1", capacity=20)
FRESH = a_mediator(id="m2", name="程远林", capacity=2)
RELATIVE = a_mediator(id="m3", conflicts=["hash-of-worker"])
STRANGER = a_mediator(id="m9", organisation="org-370103")
NUMBERS = list(islice(serials(), 6))


@pytest.fixture
def staff(database, tmp_path):
    fill(database, [BODY, OTHER], [TIRED, FRESH, RELATIVE, STRANGER])
    Warnings(database).ensure_indexes()
    Throttle(database).create_indexes()
    return Staff(database, tmp_path)


def give(database, mediator, *numbers, status="under_examination", **submitted):
    """Open cases of this mediator, places and hours included."""
    at = datetime.now(UTC) - timedelta(hours=3)
    directory = Directory(database)
    for number in numbers:
        case = a_case_in(
            status, at=at, serial_number=number, organisation=BODY, mediator=mediator, **submitted
        )
        database.cases.insert_one(case)
        directory.take_place(mediator.id, number, at)
        take_over(directory, case, mediator.id, at)


def days(first: int, last: int) -> dict[str, str]:
    return {
        "from": (today() + timedelta(days=first)).isoformat(),
        "until": (today() + timedelta(days=last)).isoformat(),
    }


def take_leave(asking, mediator="m1", *, reassign=False, first=0, last=10):
    body = {**days(first, last), "reassign": reassign}
    return asking("POST", f"/v1/mediators/{mediator}/leave", body)


# --- leave ---------------------------------------------------------------------------------------


def test_a_mediator_on_leave_gets_no_new_case_of_the_rules(staff, database):
    database.mediators.update_one({"_id": "m3"}, {"$set": {"active": False}})
    assert take_leave(staff.administrator()).json["leave"] == [days(0, 10)]
    now = datetime.now(UTC).isoformat()
    events = [a_submitted_event(number, received_at=now) for number in NUMBERS[:3]]
    apply(a_runner(database), *events)
    assert [len(places(database)[key]) for key in ("m1", "m2")] == [0, 2]
    waits = database.cases.find_one({"mediator": None})
    assert waits["status"] == "organisation_assigned"


def test_the_rota_and_the_directory_show_who_is_away(staff):
    asking = staff.administrator()
    take_leave(asking, first=0, last=1)
    take_leave(asking, first=2, last=4)
    lines = {line["mediator"]["id"]: line for line in asking.get("/v1/rota").json["items"]}
    back = (today() + timedelta(days=5)).isoformat()
    assert (lines["m1"]["on_duty"], lines["m1"]["next_on_duty"]) == (False, back)
    assert lines["m2"]["on_duty"]
    assert asking.get("/v1/mediators/m1").json["leave"] == [days(0, 1), days(2, 4)]


def test_nobody_gives_a_case_to_a_mediator_on_leave_by_hand(staff, database):
    give(database, FRESH, NUMBERS[0])
    version = database.cases.find_one({})["version"]
    take_leave(staff.administrator())
    path = f"/v1/cases/{NUMBERS[0]}/assign-mediator"
    refused = staff.administrator()("POST", path, {"mediator": "m1"}, version=version)
    problem(refused, 409, "not_eligible")
    take_leave(staff.administrator(), last=0)  # stated again, it ends earlier
    database.mediators.update_one({"_id": "m1"}, {"$set": {"leave.0.until": "2026-01-01"}})
    assert (
        staff.administrator()("POST", path, {"mediator": "m1"}, version=version).status_code == 200
    )


def test_open_cases_of_a_mediator_on_leave_go_to_others_by_the_rules(staff, database):
    give(database, TIRED, *NUMBERS[:3])
    answer = take_leave(staff.administrator(), reassign=True).json
    assert len(answer["reassigned"]) == 2  # m2 has two places, m3 an interest in every case
    ((left,), more) = answer["left"], answer["more"]
    assert (left["reason"], more) == ("no_eligible_mediator", False)
    assert {*answer["reassigned"], left["serial_number"]} == set(NUMBERS[:3])
    assert set(places(database)["m2"]) == set(answer["reassigned"])
    assert places(database)["m1"] == [left["serial_number"]]
    for number in answer["reassigned"]:
        case = database.cases.find_one({"_id": number})
        assert case["mediator"]["id"] == "m2"
        assert case["status"] == "under_examination"
        told = from_document(case["outbox"][-1])
        assert (told.name, faults(told.name, told.data)) == ("case.mediator_assigned", {})
        assert (told.data["released_mediator_id"], told.data["by"]) == ("m1", "administrator")
        assert case["history"][-1]["actor"]


def test_the_same_leave_again_changes_nothing_and_does_the_rest(staff, database):
    give(database, TIRED, *NUMBERS[:3])
    asking = staff.administrator()
    first = take_leave(asking, reassign=True).json
    documents = list(database.mediators.find()), list(database.cases.find())
    again = take_leave(asking, reassign=True).json
    assert (again["reassigned"], again["left"]) == ([], first["left"])
    assert list(database.cases.find()) == documents[1]
    assert [m["version"] for m in database.mediators.find()] == [m["version"] for m in documents[0]]
    database.mediators.update_one({"_id": "m2"}, {"$set": {"capacity": 5}})
    rest = take_leave(asking, reassign=True).json
    assert (len(rest["reassigned"]), rest["left"]) == (1, [])


def test_sessions_ahead_go_along_or_the_case_stays(staff, database):
    give(database, TIRED, *NUMBERS[:2], status="mediating")
    for number in NUMBERS[:2]:
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
        change = {"sessions.0.status": "scheduled", "sessions.0.starts_at": starts}
        change["sessions.0.ends_at"] = starts + timedelta(hours=1)
        database.cases.update_one({"_id": number}, {"$set": change})
    answer = take_leave(staff.administrator(), reassign=True).json
    assert len(answer["reassigned"]) == 1  # both sessions lie in the same hour
    ((left,)) = answer["left"]
    assert left["reason"] == "sessions_overlap"
    (booked,) = database.mediators.find_one({"_id": "m2"})["bookings"]
    assert booked["serial"] == answer["reassigned"][0]
    assert places(database)["m2"] == answer["reassigned"]


def test_ended_cases_stay_where_they_are(staff, database):
    give(database, TIRED, NUMBERS[0], status="failed")
    answer = take_leave(staff.administrator(), reassign=True).json
    assert (answer["reassigned"], answer["left"]) == ([], [])


@pytest.mark.parametrize(
    "body,expected",
    [
        ({}, [("/from", "required"), ("/until", "required")]),
        ({**days(5, 4)}, [("/until", "out_of_range")]),
        ({**days(-5, -1)}, [("/until", "out_of_range")]),
        ({**days(0, 400)}, [("/until", "out_of_range")]),
        ({"from": "soon", "until": "later"}, [("/from", "not_a_date"), ("/until", "not_a_date")]),
        ({**days(0, 1), "reassign": "yes"}, [("/reassign", "wrong_type")]),
    ],
)
def test_faults_of_a_leave_are_told(staff, body, expected):
    asked = staff.administrator()("POST", "/v1/mediators/m1/leave", body)
    assert faults_of(asked) == expected


def test_the_leaves_ahead_are_bounded_and_those_over_forgotten(staff, database):
    asking = staff.administrator()
    for number in range(leave.MOST_LEAVES):
        assert take_leave(asking, first=2 * number, last=2 * number).status_code == 200
    assert faults_of(take_leave(asking, first=99, last=99)) == [("/from", "too_many")]
    over = [{"from": "2026-01-01", "until": "2026-01-02"}]
    database.mediators.update_one({"_id": "m1"}, {"$set": {"leave": over}})
    assert take_leave(asking).json["leave"] == [days(0, 10)]


def test_only_who_reaches_the_mediator_sets_leave(staff):
    problem(take_leave(staff.administrator("org-370103")), 404, "not_found")
    problem(take_leave(staff.mediator("m1")), 403, "forbidden")
    problem(take_leave(staff.platform(), "nobody"), 404, "not_found")
    elsewhere = staff.anyone("platform_admin", divisions=("110000",))
    problem(take_leave(elsewhere), 404, "not_found")


# --- calendars -----------------------------------------------------------------------------------


def address_of(response) -> str:
    assert response.status_code == 201
    assert response.headers["Location"] == response.json["url"]
    return "/v1/calendars/" + response.json["url"].rpartition("/")[2]


def test_a_calendar_shows_sessions_and_deadlines_and_nothing_personal(staff, database):
    give(database, TIRED, NUMBERS[0], status="mediating")
    give(database, FRESH, NUMBERS[1], status="mediating")
    case = database.cases.find_one({"_id": NUMBERS[0]})
    path = address_of(staff.mediator("m1")("POST", "/v1/mediators/m1/calendar"))
    response = staff.nobody().get(path)
    assert response.content_type == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(response.data)
    assert calendar["VERSION"] == "2.0"
    events = calendar.walk("VEVENT")
    assert all({"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(event) for event in events)
    assert len({event["UID"] for event in events}) == len(events)
    assert all(event["UID"].startswith(NUMBERS[0]) for event in events)

    timed = [e for e in events if isinstance(e["DTSTART"].dt, datetime)]
    session = case["sessions"][0]
    assert [(e["DTSTART"].dt, e["DTEND"].dt) for e in timed] == [
        (s["starts_at"], s["ends_at"]) for s in case["sessions"]
    ]
    assert timed[0]["LOCATION"] == (session["place"] or "线上")
    assert timed[0]["STATUS"] == "CONFIRMED"
    whole_days = {e["DTSTART"].dt for e in events if type(e["DTSTART"].dt) is date}
    assert whole_days == {date.fromisoformat(clock["due_on"]) for clock in case["clocks"]}
    english = Calendar.from_ical(staff.nobody()("GET", path).data)
    assert english["X-WR-CALNAME"] == "调解日程"
    assert "hash-of" not in response.text


def test_the_address_is_the_key_and_a_new_one_ends_it(staff, database):
    first = address_of(staff.mediator("m1")("POST", "/v1/mediators/m1/calendar"))
    second = address_of(staff.administrator()("POST", "/v1/mediators/m1/calendar"))
    assert first != second
    problem(staff.nobody().get(first), 404, "not_found")
    assert staff.nobody().get(second).status_code == 200
    problem(staff.nobody().get(second.removesuffix(".ics")), 404, "not_found")
    assert second.rpartition("/")[2].removesuffix(".ics") not in str(
        list(database.mediators.find())
    )
    database.mediators.update_one({"_id": "m1"}, {"$set": {"active": False}})
    problem(staff.nobody().get(second), 404, "not_found")


def test_nobody_makes_anothers_calendar(staff):
    problem(staff.mediator("m2")("POST", "/v1/mediators/m1/calendar"), 404, "not_found")
    stranger = staff.administrator("org-370103")
    problem(stranger("POST", "/v1/mediators/m1/calendar"), 404, "not_found")
    problem(staff.anyone("auditor")("POST", "/v1/mediators/m1/calendar"), 403, "forbidden")


def test_who_tries_addresses_is_stopped(staff):
    path = address_of(staff.mediator("m1")("POST", "/v1/mediators/m1/calendar"))
    for number in range(30):
        problem(staff.nobody().get(f"/v1/calendars/guess-{number}.ics"), 404, "not_found")
    problem(staff.nobody().get("/v1/calendars/guess.ics"), 429, "too_many_attempts")
    problem(staff.nobody().get(path), 429, "too_many_attempts")


# --- early warning -------------------------------------------------------------------------------

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "count,mean,unusual",
    [
        (4, 0.0, False),
        (5, 0.0, True),
        (5, 2.0, False),
        (7, 2.0, True),
        (13, 4.0, True),
        (10, 4.0, False),
        (130, 100.0, False),
        (131, 100.0, True),
    ],
)
def test_what_is_unusual(count, mean, unusual):
    assert is_unusual(count, mean) is unusual


def load(database, count, weeks_ago, **changes):
    """So many cases that came within the week that ended so many weeks ago."""
    begin = NOW - timedelta(weeks=weeks_ago + 1)
    cases = list(many_cases(count, seed=crc32(f"{weeks_ago} {changes}".encode())))
    for number, case in enumerate(cases):
        case["received_at"] = begin + timedelta(minutes=1 + number)
        case |= {"employer_hashes": [f"employer-{weeks_ago}-{number}"], **changes}
    if cases:
        database.cases.insert_many(cases)
    return [case["_id"] for case in cases]


def a_place(code):
    return {"division_code": code, **situated(code, [])}


@pytest.fixture
def early(database, staff):
    return EarlyWarning(Cases(database), Warnings(database))


def test_growth_in_a_county_is_told_once_a_week_with_its_cases(early, staff, database):
    jinan, beijing = a_place("370102"), a_place("110101")
    for week in range(1, 9):
        load(database, 3, week, category="contract", **jinan)
        load(database, 12, week, category="contract", **beijing)
    grown = load(database, 12, 0, category="contract", **jinan)
    load(database, 14, 0, category="contract", **beijing)
    assert early.look(NOW) == 2  # the county, and the category in it
    assert early.look(NOW + timedelta(hours=1)) == 0

    stored = database.warnings.find_one({"dimension": "category"})
    (event,) = map(from_document, stored["outbox"])
    assert (event.name, faults(event.name, event.data)) == ("warning.raised", {})
    assert event.data["division"]["code"] == "370102"
    assert (event.data["count"], event.data["expected"]) == (12, 3.0)
    assert event.data["category"] == "contract"

    listed = staff.platform().get("/v1/warnings").json["items"]
    assert {item["dimension"] for item in listed} == {"division", "category"}
    assert all(set(item["serial_numbers"]) == set(grown) for item in listed)
    assert all(item["employer_hash"] is None for item in listed)
    load(database, 12, -1, category="contract", **jinan)
    assert early.look(NOW + timedelta(days=7)) == 2  # another week, again above its mean


def test_growth_of_an_employer_is_told_without_saying_who(early, staff, database):
    for week in range(1, 9):
        load(database, 30, week, **a_place("370102"))
        load(database, 10, week, **a_place("110101"))
    load(database, 24, 0, **a_place("370102"))
    load(database, 5, 0, **a_place("110101"))
    own = load(database, 4, 0, employer_hashes=["hash-of-firm"], **a_place("370102"))
    away = load(database, 2, 0, employer_hashes=["hash-of-firm"], **a_place("110101"))
    assert early.look(NOW) == 1
    stored = database.warnings.find_one({})
    assert (stored["dimension"], stored["key"]) == ("employer", "hash-of-firm")
    assert "hash-of-firm" not in str(stored["outbox"]) + stored["_id"]

    def shown(asking):
        return [item["serial_numbers"] for item in asking.get("/v1/warnings").json["items"]]

    (everywhere,) = shown(staff.anyone("auditor"))
    assert set(everywhere) == {*own, *away}
    (in_shandong,) = shown(staff.anyone("platform_admin", divisions=("370000",)))
    assert set(in_shandong) == set(own)
    assert shown(staff.anyone("platform_admin", divisions=("440000",))) == []
    problem(staff.administrator().get("/v1/warnings"), 403, "forbidden")


def test_warnings_come_in_pages_the_newest_week_first(early, database, tmp_path):
    for weeks in (0, 1, 2):
        load(database, 9, weeks, **a_place(f"44010{weeks + 3}"))
        early.look(NOW - timedelta(weeks=weeks))
    asking = Staff(database, tmp_path, page_size=2).platform()
    seen, after = [], {}
    while True:
        page = asking.get("/v1/warnings", **after).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == database.warnings.count_documents({})
    assert seen[0].startswith(iso_week(NOW))
    assert faults_of(asking.get("/v1/warnings", after="2026")) == [("/after", "bad_format")]


def test_places_and_categories_are_compared_from_an_index_alone(early, database):
    load(database, 50, 0)
    stages = [
        {"$match": {"received_at": {"$gte": NOW - timedelta(days=63), "$lt": NOW}}},
        {"$group": {"_id": {"county": "$division_code", "category": "$category"}}},
    ]
    hint = {"received_at": 1, "division_code": 1, "category": 1}
    explained = database.command(
        "explain",
        {"aggregate": "cases", "pipeline": stages, "cursor": {}, "hint": hint},
        verbosity="executionStats",
    )
    assert "COLLSCAN" not in str(explained)
    assert "'totalDocsExamined': 0" in str(explained)
