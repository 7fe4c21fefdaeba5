"""Staff work with cases over HTTP: what they see, what they may assign, who wins a race."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

from services.routing import assigning_commands
from shared import serial
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.routing import (
    Staff,
    a_later_event,
    a_runner,
    a_submitted_event,
    apply,
    faults_of,
    fill,
    places,
    serials,
)

BODY = an_organisation()
OTHER_BODY = an_organisation(id="org-370103", name="市中区调解中心（虚构）", divisions=("370103",))
CITY = an_organisation(id="org-370100", kind="city", divisions=("370100",))
FIRST, SECOND, THIRD, FOURTH, FIFTH = islice(serials(), 5)
ELSEWHERE = {"code": "510104", "name": "四川省成都市锦江区"}
NEXT_DOOR = {"code": "370103", "name": "山东省济南市市中区"}

MEDIATOR = a_mediator(id="m1", capacity=20)
COLLEAGUE = a_mediator(id="m2", name="程远林", capacity=2)
RELATIVE = a_mediator(id="m3", conflicts=["hash-of-worker"])
STRANGER = a_mediator(id="m9", organisation="org-370103")


@pytest.fixture
def staff(database, tmp_path):
    """A directory of three bodies; m1 is nearest to be chosen and has the case FIRST."""
    fill(database, [BODY, OTHER_BODY, CITY], [MEDIATOR, COLLEAGUE, RELATIVE, STRANGER])
    prefer_first_mediator(database)
    apply(a_runner(database), a_submitted_event(FIRST))
    assert places(database) == {"m1": [FIRST], "m2": [], "m3": [], "m9": []}
    return Staff(database, tmp_path)


def prefer_first_mediator(database):
    database.mediators.update_one(
        {"_id": "m1"}, {"$set": {"specialisms": ["pay_injury_compensation"]}}
    )


def assign(asking, mediator, version=1, number=FIRST):
    path = f"/v1/cases/{number}/assign-mediator"
    return asking("POST", path, {"mediator": mediator}, version=version)


def assign_body(asking, organisation, version=1, number=FIRST):
    path = f"/v1/cases/{number}/assign-organisation"
    return asking("POST", path, {"organisation": organisation}, version=version)


def problem(response, status, code):
    assert (response.status_code, response.json.get("code")) == (status, code), response.json
    assert response.content_type == "application/problem+json"
    return response.json


# --- assigning a mediator ------------------------------------------------------------------------


def test_an_administrator_gives_a_case_to_a_colleague_and_the_former_place_is_free(staff, database):
    response = assign(staff.administrator(), "m2")
    assert response.status_code == 200
    assert response.json["mediator"] == {"id": "m2", "name": "程远林"}
    assert (response.json["version"], response.headers["ETag"]) == (2, '"2"')
    assert places(database) == {"m1": [], "m2": [FIRST], "m3": [], "m9": []}

    case = database.cases.find_one({})
    told = from_document(case["outbox"][-1])
    assert (told.name, told.sequence) == ("case.mediator_assigned", 3)
    assert faults(told.name, told.data) == {}
    assert (told.data["released_mediator_id"], told.data["by"]) == ("m1", "administrator")
    assert case["history"][-1]["by"] == "organisation_admin"


def test_giving_a_case_to_the_mediator_who_has_it_changes_nothing(staff, database):
    before = database.cases.find_one({})
    assert assign(staff.platform(), "m1").status_code == 200
    assert database.cases.find_one({}) == before
    assert places(database)["m1"] == [FIRST]


@pytest.mark.parametrize("role", ["applicant", "partner", "auditor"])
def test_other_roles_give_no_commands(staff, role):
    problem(assign(staff.anyone(role), "m2"), 403, "forbidden")


def test_a_mediator_assigns_nobody_and_sees_no_others_case(staff):
    problem(assign(staff.mediator("m1"), "m2"), 403, "forbidden")
    problem(assign(staff.mediator("m2"), "m2"), 404, "not_found")


def test_without_a_token_nothing_is_said(staff):
    problem(assign(staff.nobody(), "m2"), 401, "unauthorised")
    problem(staff.nobody().get("/v1/cases"), 401, "unauthorised")


def test_another_organisations_case_does_not_exist(staff):
    stranger = staff.administrator("org-370103")
    problem(assign(stranger, "m9"), 404, "not_found")
    problem(stranger.get(f"/v1/cases/{FIRST}"), 404, "not_found")


def test_a_stale_version_is_refused_with_the_version_there_is(staff, database):
    assert assign(staff.administrator(), "m2").status_code == 200
    refused = problem(assign(staff.administrator(), "m1"), 412, "version_conflict")
    assert refused["current_version"] == 2
    assert places(database)["m2"] == [FIRST]


@pytest.mark.parametrize("version", [None, "", "two", "-1", "²"])
def test_without_a_version_a_command_is_refused(staff, version):
    headers = {} if version is None else {"If-Match": version}
    asking = staff.administrator()
    asking._headers |= {name: value.encode().decode("latin-1") for name, value in headers.items()}
    problem(assign(asking, "m2", version=None), 428, "version_required")


def test_a_mediator_with_an_interest_is_refused(staff, database):
    problem(assign(staff.administrator(), "m3"), 409, "not_eligible")
    assert places(database)["m3"] == []
    assert database.cases.find_one({})["version"] == 1


def test_a_mediator_a_party_refused_or_of_another_body_or_inactive_is_refused(staff, database):
    problem(assign(staff.platform(), "m9"), 409, "not_eligible")
    database.cases.update_one({}, {"$set": {"refused_mediators": ["m2"]}})
    problem(assign(staff.administrator(), "m2"), 409, "not_eligible")
    database.cases.update_one({}, {"$set": {"refused_mediators": []}})
    database.mediators.update_one({"_id": "m2"}, {"$set": {"active": False}})
    problem(assign(staff.administrator(), "m2"), 409, "not_eligible")


def test_a_full_mediator_is_refused(staff, database):
    database.mediators.update_one({"_id": "m2"}, {"$set": {"open": [SECOND, THIRD]}})
    problem(assign(staff.administrator(), "m2"), 409, "capacity_exceeded")
    assert places(database)["m2"] == [SECOND, THIRD]


def test_a_mediator_who_is_full_only_at_the_moment_of_taking_is_refused(
    staff, database, monkeypatch
):
    """The check saw a free place, others took it; that the former mediator holds one is no place."""
    checked = assigning_commands.check_mediator

    def check_then_fill(*arguments):
        checked(*arguments)
        database.mediators.update_one({"_id": "m2"}, {"$set": {"open": [SECOND, THIRD]}})

    monkeypatch.setattr(assigning_commands, "check_mediator", check_then_fill)
    problem(assign(staff.administrator(), "m2"), 409, "capacity_exceeded")
    assert database.cases.find_one({})["mediator"]["id"] == "m1"
    assert places(database)["m2"] == [SECOND, THIRD]


def test_losing_the_race_gives_the_newly_taken_place_back(staff, database, monkeypatch):
    secured = assigning_commands.secure_place

    def somebody_is_faster(*arguments):
        newly = secured(*arguments)
        database.cases.update_one({"_id": FIRST}, {"$inc": {"version": 1}})
        return newly

    monkeypatch.setattr(assigning_commands, "secure_place", somebody_is_faster)
    refused = problem(assign(staff.administrator(), "m2"), 412, "version_conflict")
    assert refused["current_version"] == 2
    assert places(database) == {"m1": [FIRST], "m2": [], "m3": [], "m9": []}


def test_the_loser_leaves_the_place_to_the_winner_who_chose_the_same_mediator(
    staff, database, monkeypatch
):
    secured = assigning_commands.secure_place

    def the_same_by_somebody_faster(*arguments):
        monkeypatch.setattr(assigning_commands, "secure_place", secured)
        newly = secured(*arguments)
        assert assign(staff.platform(), "m2").status_code == 200
        return newly

    monkeypatch.setattr(assigning_commands, "secure_place", the_same_by_somebody_faster)
    problem(assign(staff.administrator(), "m2"), 412, "version_conflict")
    assert database.cases.find_one({})["mediator"]["id"] == "m2"
    assert places(database)["m2"] == [FIRST]


def test_of_many_administrators_at_once_one_wins_and_places_stay_right(staff, database):
    spare = [f"s{n}" for n in range(6)]
    for key in spare:
        database.mediators.insert_one(
            {**a_mediator(id=key).to_document(), "open": [], "version": 1}
        )
    askers = {key: staff.administrator() for key in spare}
    results = {}

    def act(key):
        results[key] = assign(askers[key], key).status_code

    threads = [threading.Thread(target=act, args=(key,)) for key in spare]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results.values()) == [200, 412, 412, 412, 412, 412]
    (winner,) = [key for key, status in results.items() if status == 200]
    assert {m for m, held in places(database).items() if held} == {winner}


def test_a_withdrawn_case_takes_no_commands(staff, database):
    apply(
        a_runner(database),
        a_later_event("application.withdrawn", FIRST, 2, withdrawn_at="2026-11-20T03:00:00Z"),
    )
    refused = problem(assign(staff.administrator(), "m2", version=2), 409, "command_not_allowed")
    assert refused["case_status"] == "withdrawn"
    assert set(refused["allowed"]) <= {"refer", "update-referral", "close"}
    assert places(database)["m2"] == []


@pytest.mark.parametrize("command", ["accept", "archive-again", "leave-unassigned"])
def test_a_command_out_of_order_names_those_that_are_possible(staff, command):
    response = staff.administrator()("POST", f"/v1/cases/{FIRST}/{command}", {}, version=1)
    refused = problem(response, 409, "command_not_allowed")
    assert {"assign-mediator", "begin-examination", "refuse"} <= set(refused["allowed"])
    assert "leave-unassigned" not in refused["allowed"]


@pytest.mark.parametrize(
    "body,expected",
    [
        ({}, [("/mediator", "required")]),
        ({"mediator": "no-such"}, [("/mediator", "unknown_value")]),
        ({"mediator": "../m2"}, [("/mediator", "bad_format")]),
        ({"mediator": "m2", "force": True}, [("/force", "unknown_field")]),
        ([], [("", "wrong_type")]),
    ],
)
def test_faults_of_a_command_are_told_at_their_place(staff, body, expected):
    response = staff.administrator()("POST", f"/v1/cases/{FIRST}/assign-mediator", body, version=1)
    assert faults_of(response) == expected


def test_a_body_that_is_no_json_is_refused(staff):
    response = staff.administrator()("POST", f"/v1/cases/{FIRST}/assign-mediator", version=1)
    problem(response, 400, "malformed_json")


# --- assigning an organisation -------------------------------------------------------------------


def test_the_platform_gives_an_unassigned_case_to_any_body(staff, database):
    apply(a_runner(database), a_submitted_event(SECOND, division=ELSEWHERE))
    listed = staff.platform().get("/v1/cases", status="unassigned").json
    assert [line["serial_number"] for line in listed["items"]] == [SECOND]

    response = assign_body(staff.platform(), "org-370100", number=SECOND)
    assert response.json["status"] == "organisation_assigned"
    assert response.json["organisation"]["id"] == "org-370100"
    told = from_document(database.cases.find_one({"_id": SECOND})["outbox"][-1])
    assert (told.name, faults(told.name, told.data)) == ("case.organisation_assigned", {})
    assert staff.platform().get("/v1/cases", status="unassigned").json["items"] == []


def test_a_case_moved_to_another_body_releases_its_mediator(staff, database):
    response = assign_body(staff.platform(), "org-370100")
    assert (response.status_code, response.json["mediator"]) == (200, None)
    assert places(database)["m1"] == []
    told = from_document(database.cases.find_one({})["outbox"][-1])
    assert told.data["released_mediator_id"] == "m1"
    assert told.data["previous_organisation_id"] == "org-370102"
    problem(staff.administrator().get(f"/v1/cases/{FIRST}"), 404, "not_found")


def test_a_body_that_has_the_case_keeps_it_with_its_mediator(staff, database):
    assert assign_body(staff.platform(), "org-370102").json["mediator"]["id"] == "m1"
    assert places(database)["m1"] == [FIRST]


def test_a_body_that_does_not_serve_the_place_is_refused(staff):
    problem(assign_body(staff.platform(), "org-370103"), 409, "not_eligible")
    assert faults_of(assign_body(staff.platform(), "org-0")) == [("/organisation", "unknown_value")]


def test_only_the_platform_assigns_organisations(staff):
    problem(assign_body(staff.administrator(), "org-370100"), 403, "forbidden")


# --- what one sees -------------------------------------------------------------------------------


def test_a_case_is_shown_without_hashes_or_machinery(staff):
    spaced = serial.display(FIRST)
    response = staff.administrator().get(f"/v1/cases/{spaced}")
    case = response.json
    assert case["serial_number"] == FIRST
    for_administrators = ["assign-mediator", "transfer", "begin-examination", "refuse", "withdraw"]
    assert [c for c in case["allowed_commands"] if c not in {"refer", "update-referral"}] == (
        for_administrators
    )
    assert case["reasons"][0] == {"code": "county_organisation", "text": "县（区）调解组织管辖"}
    assert "hash-of" not in response.text
    assert not case.keys() & {"outbox", "seen", "pending", "party_hashes", "holder_hashes"}


def test_a_mistyped_serial_number_and_an_unknown_one_differ(staff):
    wrong = FIRST[:-1] + str((int(FIRST[-1]) + 1) % 10)
    problem(staff.platform().get(f"/v1/cases/{wrong}"), 422, "serial_checksum")
    problem(staff.platform().get(f"/v1/cases/{FIFTH}"), 404, "not_found")


def test_everybody_lists_their_own_cases(staff, database):
    apply(
        a_runner(database),
        a_submitted_event(SECOND, division=NEXT_DOOR),
        a_submitted_event(THIRD, division=ELSEWHERE),
    )

    def listed(asking, **filters):
        return {c["serial_number"] for c in asking.get("/v1/cases", **filters).json["items"]}

    assert listed(staff.platform()) == {FIRST, SECOND, THIRD}
    assert listed(staff.administrator()) == {FIRST}
    assert listed(staff.administrator("org-370103")) == {SECOND}
    assert listed(staff.administrator(), organisation="org-370103") == set()
    assert listed(staff.mediator("m1")) == {FIRST}
    assert listed(staff.mediator("m2")) == set()
    assert listed(staff.platform(), mediator="m9") == {SECOND}
    assert listed(staff.platform(), due_before="2026-11-24") == {FIRST, SECOND, THIRD}
    assert listed(staff.platform(), due_before="2026-11-23") == set()


def test_an_administrator_of_no_organisation_does_not_see_the_cases_nobody_has(staff, database):
    apply(a_runner(database), a_submitted_event(SECOND, division=ELSEWHERE))
    lost = staff.administrator(organisation=None)
    problem(lost.get("/v1/cases"), 403, "forbidden")
    problem(lost.get(f"/v1/cases/{SECOND}"), 403, "forbidden")


def test_pages_follow_each_other_without_gap_or_repetition(staff, database, tmp_path):
    numbers = list(islice(serials(seed=9), 11))
    times = ["2026-11-18T02:00:00Z", "2026-11-18T02:00:00.001Z", "2026-11-17T02:00:00Z"]
    events = [a_submitted_event(n, received_at=times[i % 3]) for i, n in enumerate(numbers)]
    apply(a_runner(database), *events)
    asking = Staff(database, tmp_path, page_size=4).platform()
    pages, after = [], {}
    while True:
        page = asking.get("/v1/cases", **after).json
        pages.append([c["serial_number"] for c in page["items"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [len(p) for p in pages] == [4, 4, 4]
    seen = [n for p in pages for n in p]
    order = database.cases.find().sort([("received_at", 1), ("_id", 1)])
    assert seen == [c["_id"] for c in order]


@pytest.mark.parametrize(
    "filters,expected",
    [
        ({"after": "not-a-cursor"}, ("/after", "unknown_value")),
        ({"after": "W3siJG9pZCI6Inp6In0sICJ4Il0="}, ("/after", "unknown_value")),
        ({"status": "lost"}, ("/status", "unknown_value")),
        ({"due_before": "soon"}, ("/due_before", "not_a_date")),
        ({"limit": "5"}, ("/limit", "unknown_field")),
    ],
)
def test_faults_of_filters_are_told(staff, filters, expected):
    assert faults_of(staff.platform().get("/v1/cases", **filters)) == [expected]
