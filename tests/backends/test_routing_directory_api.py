"""Administrators manage organisations, mediators and rota over HTTP."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import identity_hash
from tests.builders.applications import a_uscc, an_id_number
from tests.builders.cases import a_mediator, an_organisation, stationed
from tests.builders.routing import (
    ADDRESS,
    Staff,
    a_runner,
    a_submitted_event,
    apply,
    faults_of,
    fill,
    serials,
)

BODY = an_organisation()
OTHER_BODY = an_organisation(id="org-370103", name="市中区调解中心（虚构）", divisions=("370103",))
CITY = an_organisation(id="org-370100", kind="city", divisions=("370100",))
STAFF = [
    a_mediator(id="m1", capacity=10, rota=stationed(1, 3)),
    a_mediator(id="m2", name="程远林", capacity=20),
    a_mediator(id="m3", name="方怡", capacity=40, active=False),
    a_mediator(id="m9", name="向晓", organisation="org-370103"),
]
NEW = {
    "kind": "township",
    "name": "济南市历下区姚家街道调解组织（虚构）",
    "phone": "000-0000370102 转801",
    "address": "济南市历下区虚构路5号",
    "divisions": ["370102013"],
}
PERSON = an_id_number()


@pytest.fixture
def staff(database, tmp_path):
    fill(database, [BODY, OTHER_BODY, CITY], STAFF)
    return Staff(database, tmp_path)


def problem(response, status, code):
    assert (response.status_code, response.json.get("code")) == (status, code), response.json
    return response.json


def register(asking, **changes):
    return asking("POST", "/v1/organisations", {**NEW, **changes})


def told(database, key):
    events = [from_document(e) for e in database.organisations.find_one({"_id": key})["outbox"]]
    assert [faults(e.name, e.data) for e in events] == [{}] * len(events)
    return events


# --- organisations -------------------------------------------------------------------------------


def test_a_registered_organisation_is_told_to_the_directory_and_gets_cases(staff, database):
    response = register(staff.platform(), id="org-yaojia")
    assert response.status_code == 201
    assert response.headers["Location"] == "/v1/organisations/org-yaojia"
    assert response.headers["ETag"] == '"1"'
    assert response.json["divisions"] == [
        {"code": "370102013", "name": "山东省济南市历下区姚家街道"}
    ]
    assert (response.json["capacity"], response.json["open_cases"]) == (0, 0)

    (event,) = told(database, "org-yaojia")
    assert (event.name, event.subject) == ("organisation.registered", "org-yaojia")
    assert event.division == "370102013"
    assert event.data == {**NEW, "id": "org-yaojia", "categories": [], "active": True}

    apply(a_runner(database), a_submitted_event(next(serials())))
    assert database.cases.find_one({})["organisation"]["id"] == "org-yaojia"


def test_without_an_id_an_organisation_is_given_one(staff):
    first, second = (register(staff.platform()).json["id"] for _ in range(2))
    assert first != second
    assert staff.platform().get(f"/v1/organisations/{first}").json["name"] == NEW["name"]


def test_an_id_is_taken_once(staff, database):
    assert faults_of(register(staff.platform(), id="org-370102")) == [("/id", "already_exists")]
    assert database.organisations.find_one({"_id": "org-370102"})["name"] == BODY.name


@pytest.mark.parametrize(
    "changes,expected",
    [
        ({"kind": "court"}, ("/kind", "unknown_value")),
        ({"name": " "}, ("/name", "required")),
        ({"phone": "call me"}, ("/phone", "bad_format")),
        ({"divisions": []}, ("/divisions", "required")),
        ({"divisions": ["370102", "370199"]}, ("/divisions/1", "unknown_division")),
        ({"divisions": ["济南"]}, ("/divisions/0", "unknown_division")),
        ({"divisions": [370102]}, ("/divisions/0", "wrong_type")),
        ({"categories": ["pay_injury_compensation", "x"]}, ("/categories/1", "unknown_value")),
        ({"active": "yes"}, ("/active", "wrong_type")),
        ({"capacity": 5}, ("/capacity", "unknown_field")),
        ({"id": "a/b"}, ("/id", "bad_format")),
        ({"id": "x" * 65}, ("/id", "bad_format")),
    ],
)
def test_faults_of_an_organisation_are_told_at_their_place(staff, database, changes, expected):
    assert faults_of(register(staff.platform(), **changes)) == [expected]
    assert database.organisations.count_documents({}) == 3


def test_divisions_come_in_the_form_that_cases_are_matched_with(staff):
    response = register(staff.platform(), divisions=["37", "3701", "370100", "370102013000"])
    assert [d["code"] for d in response.json["divisions"]] == ["370000", "370100", "370102013"]


def test_a_change_is_told_with_the_whole_entry_and_counts_the_version(staff, database):
    path = "/v1/organisations/org-370102"
    change = {"divisions": ["370103", "370102"], "categories": ["contract", "contract"]}
    response = staff.platform()("PATCH", path, change, version=1)
    assert (response.status_code, response.json["version"]) == (200, 2)
    event = told(database, "org-370102")[-1]
    assert (event.name, event.sequence) == ("organisation.changed", 2)
    assert event.division == "370103"
    assert event.data == {
        "id": "org-370102",
        "name": BODY.name,
        "kind": "county",
        "divisions": ["370103", "370102"],
        "categories": ["contract"],
        "phone": BODY.phone,
        "address": ADDRESS,
        "active": True,
    }


def test_a_change_to_what_is_there_already_is_told_to_nobody(staff, database):
    path = "/v1/organisations/org-370102"
    response = staff.platform()("PATCH", path, {"phone": BODY.phone, "active": True}, version=1)
    assert (response.status_code, response.json["version"]) == (200, 1)
    assert len(told(database, "org-370102")) == 1


def test_an_organisations_administrator_changes_its_phone_and_address_only(staff, database):
    own = "/v1/organisations/org-370102"
    change = {"phone": "12333", "address": "济南市历下区虚构路9号"}
    asking = staff.administrator()
    assert asking("PATCH", own, change, version=1).json["phone"] == "12333"
    for beyond in ({"name": "别名"}, {"active": False}, {"phone": "12333", "divisions": ["37"]}):
        problem(asking("PATCH", own, beyond, version=2), 403, "forbidden")
    other = "/v1/organisations/org-370103"
    problem(asking("PATCH", other, change, version=1), 404, "not_found")
    problem(asking.get(other), 404, "not_found")
    problem(register(asking), 403, "forbidden")
    assert database.organisations.find_one({"_id": "org-370102"})["version"] == 2


@pytest.mark.parametrize(
    "change,expected",
    [
        ({"name": None}, ("/name", "required")),
        ({"address": "  "}, ("/address", "required")),
        ({"divisions": []}, ("/divisions", "required")),
        ({"divisions": ["99"]}, ("/divisions/0", "unknown_division")),
        ({"id": "org-2"}, ("/id", "unknown_field")),
    ],
)
def test_a_change_clears_nothing_by_mistake(staff, change, expected):
    response = staff.platform()("PATCH", "/v1/organisations/org-370102", change, version=1)
    assert faults_of(response) == [expected]


def test_a_prefix_of_case_numbers_is_one_organisations_alone(staff, database):
    asking, taken = staff.platform(), [("/case_number_prefix", "already_exists")]
    first = register(asking, id="org-1", case_number_prefix="济历姚劳调", offers_choice=True).json
    assert (first["case_number_prefix"], first["offers_choice"]) == ("济历姚劳调", True)
    assert faults_of(register(asking, id="org-2", case_number_prefix="济历姚劳调")) == taken
    assert register(asking, id="org-2").json["case_number_prefix"] is None
    assert register(asking, id="org-3").json["offers_choice"] is False
    change = {"case_number_prefix": "济历姚劳调"}
    refused = asking("PATCH", "/v1/organisations/org-2", change, version=1)
    assert faults_of(refused) == taken
    change = {"case_number_prefix": "姚家劳调", "offers_choice": True}
    changed = asking("PATCH", "/v1/organisations/org-2", change, version=1).json
    assert {name: changed[name] for name in change} == change
    latin = register(asking, case_number_prefix="Jinan-1")
    assert faults_of(latin) == [("/case_number_prefix", "bad_format")]


@pytest.mark.parametrize("path", ["organisations/org-370102", "mediators/m1"])
def test_changes_need_the_version_seen(staff, path):
    asking = staff.platform()
    change = {"name": "新名称"}
    problem(asking("PATCH", f"/v1/{path}", change), 428, "version_required")
    refused = problem(asking("PATCH", f"/v1/{path}", change, version=7), 412, "version_conflict")
    assert refused["current_version"] == 1
    assert asking("PATCH", f"/v1/{path}", change, version=1).status_code == 200


def test_organisations_are_listed_with_their_loads(staff, database):
    apply(a_runner(database), a_submitted_event(next(serials())))
    items = staff.platform().get("/v1/organisations/managed").json["items"]
    assert [o["id"] for o in items] == ["org-370100", "org-370102", "org-370103"]
    assert [(o["capacity"], o["open_cases"], o["mediators"]) for o in items] == [
        (0, 0, 0),
        (30, 1, 2),
        (10, 0, 1),
    ]


def test_organisations_that_serve_a_place_are_found_at_every_level(staff):
    def serving(asking, division):
        found = asking.get("/v1/organisations/managed", division=division).json["items"]
        return [o["id"] for o in found]

    assert serving(staff.platform(), "370102013") == ["org-370100", "org-370102"]
    assert serving(staff.platform(), "370000") == []
    assert serving(staff.administrator(), "370102") == ["org-370102"]
    assert serving(staff.administrator(), "370103") == []
    response = staff.platform().get("/v1/organisations/managed", division="999999")
    assert faults_of(response) == [("/division", "unknown_division")]


def test_the_directory_is_paged(staff, database, tmp_path):
    asking = Staff(database, tmp_path, page_size=2).platform()
    for path, expected in (
        ("/v1/organisations/managed", ["org-370100", "org-370102", "org-370103"]),
        ("/v1/mediators", ["m1", "m2", "m3", "m9"]),
    ):
        first = asking.get(path).json
        second = asking.get(path, after=first["next"]).json
        assert [entry["id"] for entry in first["items"] + second["items"]] == expected
        assert second["next"] is None


# --- mediators -----------------------------------------------------------------------------------


def a_person(**changes):
    return {"id": "m5", "name": "路遥", "capacity": 15, "organisation": "org-370102"} | changes


def test_a_new_mediator_takes_cases(staff, database):
    database.mediators.update_many({}, {"$set": {"active": False}})
    asking = staff.administrator()
    body = a_person(
        rota={"kind": "stationed", "weekdays": [5, 1, 1]},
        specialisms=["women_workers", "contract"],
        languages=["zh", "en"],
        divisions=["370102"],
    )
    response = asking("POST", "/v1/mediators", body)
    assert response.status_code == 201
    assert response.headers["Location"] == "/v1/mediators/m5"
    assert response.json == {
        "id": "m5",
        "version": 1,
        "organisation": "org-370102",
        "name": "路遥",
        "capacity": 15,
        "open_cases": 0,
        "rota": {"kind": "stationed", "weekdays": [1, 5]},
        "divisions": [{"code": "370102", "name": "山东省济南市历下区"}],
        "specialisms": ["contract", "women_workers"],
        "languages": ["en", "zh"],
        "active": True,
        "conflict_count": 0,
        "last_assigned_at": None,
        "leave": [],
    }
    apply(a_runner(database), a_submitted_event(next(serials())))
    assert asking.get("/v1/mediators/m5").json["open_cases"] == 1


def test_a_mediator_is_on_call_and_speaks_mandarin_unless_stated(staff):
    body = a_person()
    del body["organisation"]  # an organisation's administrator need not say
    made = staff.administrator()("POST", "/v1/mediators", body).json
    assert made["organisation"] == "org-370102"
    assert (made["rota"], made["languages"]) == ({"kind": "on_call", "weekdays": []}, ["zh"])


@pytest.mark.parametrize(
    "changes,expected",
    [
        ({"name": None}, ("/name", "required")),
        ({"capacity": 501}, ("/capacity", "out_of_range")),
        ({"capacity": -1}, ("/capacity", "out_of_range")),
        ({"organisation": "org-370103"}, ("/organisation", "unknown_value")),
        ({"organisation": "org-none"}, ("/organisation", "unknown_value")),
        ({"specialisms": ["magic"]}, ("/specialisms/0", "unknown_value")),
        ({"languages": ["tlh"]}, ("/languages/0", "unknown_value")),
        ({"divisions": ["370199"]}, ("/divisions/0", "unknown_division")),
        ({"rota": {"kind": "stationed"}}, ("/rota/weekdays", "required")),
        ({"rota": {"kind": "on_call", "weekdays": [1]}}, ("/rota/weekdays", "not_applicable")),
        ({"rota": {"kind": "stationed", "weekdays": [8]}}, ("/rota/weekdays/0", "out_of_range")),
        ({"rota": {"kind": "never"}}, ("/rota/kind", "unknown_value")),
        ({"conflicts": ["short?"]}, ("/conflicts/0", "bad_format")),
        ({"open": []}, ("/open", "unknown_field")),
        ({"id": "m9"}, ("/id", "already_exists")),
    ],
)
def test_faults_of_a_mediator_are_told_at_their_place(staff, database, changes, expected):
    response = staff.administrator()("POST", "/v1/mediators", a_person(**changes))
    assert faults_of(response) == [expected]
    assert database.mediators.count_documents({}) == 4


def test_conflicts_of_interest_are_kept_as_keyed_hashes_and_never_shown(staff, database):
    asking = staff.administrator()
    company = a_uscc()
    typed = f"{PERSON[:6]} {PERSON[6:14]}-{PERSON[14:].lower()}"
    made = asking("POST", "/v1/mediators", a_person(conflicts=[typed, company]))
    assert (made.status_code, made.json["conflict_count"]) == (201, 2)
    stored = database.mediators.find_one({"_id": "m5"})
    expected = {identity_hash(staff.hasher, PERSON), identity_hash(staff.hasher, company)}
    assert set(stored["conflicts"]) == expected
    for secret in (PERSON, company, *stored["conflicts"]):
        assert secret not in made.text
        assert secret not in asking.get("/v1/mediators").text
    assert PERSON not in str(stored)

    refused = asking("POST", "/v1/mediators", a_person(conflicts=[PERSON, "身份证"]))
    assert PERSON not in refused.text


def test_a_new_conflict_joins_those_known_and_only_a_named_one_ends(staff, database):
    asking, path = staff.administrator(), "/v1/mediators/m1"
    relative, employer = an_id_number(seed=7), a_uscc(seed=7)
    joined = asking("PATCH", path, {"conflicts": [PERSON, relative]}, version=1)
    assert (joined.json["conflict_count"], joined.json["version"]) == (2, 2)
    again = asking("PATCH", path, {"conflicts": [PERSON, employer]}, version=2)
    assert again.json["conflict_count"] == 3
    unchanged = asking("PATCH", path, {"conflicts": []}, version=3)
    assert (unchanged.json["conflict_count"], unchanged.json["version"]) == (3, 3)
    ended = asking("PATCH", path, {"ended_conflicts": [relative]}, version=3)
    assert ended.json["conflict_count"] == 2
    assert set(database.mediators.find_one({"_id": "m1"})["conflicts"]) == {
        identity_hash(staff.hasher, PERSON),
        identity_hash(staff.hasher, employer),
    }


def test_a_stated_conflict_keeps_a_case_from_the_mediator(staff, database):
    asking = staff.administrator()
    database.mediators.update_many({"_id": {"$ne": "m2"}}, {"$set": {"active": False}})
    asking("PATCH", "/v1/mediators/m2", {"conflicts": [PERSON]}, version=1)
    parties = [identity_hash(staff.hasher, PERSON)]
    apply(a_runner(database), a_submitted_event(next(serials()), party_hashes=parties))
    assert database.cases.find_one({})["status"] == "organisation_assigned"


def test_a_change_of_a_mediator_changes_what_its_organisation_can_take(staff):
    asking = staff.administrator()

    def capacity():
        return asking.get("/v1/organisations/org-370102").json["capacity"]

    assert capacity() == 30
    changed = asking("PATCH", "/v1/mediators/m1", {"capacity": 15, "name": "安 禾"}, version=1)
    assert (changed.json["capacity"], changed.headers["ETag"]) == (15, '"2"')
    assert capacity() == 35
    asking("PATCH", "/v1/mediators/m2", {"active": False}, version=1)
    assert capacity() == 15
    asking("POST", "/v1/mediators", a_person())
    assert capacity() == 30


def test_other_organisations_mediators_do_not_exist(staff):
    asking = staff.administrator()
    assert [m["id"] for m in asking.get("/v1/mediators").json["items"]] == ["m1", "m2", "m3"]
    problem(asking.get("/v1/mediators", organisation="org-370103"), 404, "not_found")
    problem(asking.get("/v1/mediators/m9"), 404, "not_found")
    problem(asking("PATCH", "/v1/mediators/m9", {"capacity": 1}, version=1), 404, "not_found")
    problem(asking("PUT", "/v1/rota/m9", {"kind": "on_call"}, version=1), 404, "not_found")
    problem(asking.get("/v1/rota", organisation="org-370103"), 404, "not_found")
    of_all = staff.platform().get("/v1/mediators", organisation="org-370103").json["items"]
    assert [m["id"] for m in of_all] == ["m9"]


def test_of_many_changes_at_once_one_wins(staff, database):
    asking = staff.administrator()
    results = []

    def change(capacity):
        body = {"capacity": capacity}
        results.append(asking("PATCH", "/v1/mediators/m1", body, version=1).status_code)

    threads = [threading.Thread(target=change, args=(100 + n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [200, 412, 412, 412, 412, 412]
    assert database.mediators.find_one({"_id": "m1"})["version"] == 2


def test_a_change_does_not_touch_the_places_taken_meanwhile(staff, database):
    asking = staff.administrator()
    version = asking.get("/v1/mediators/m2").json["version"]
    apply(a_runner(database), *(a_submitted_event(n) for n in islice(serials(), 4)))
    before = database.mediators.find_one({"_id": "m2"})["open"]
    assert before
    assert asking("PATCH", "/v1/mediators/m2", {"capacity": 3}, version=version).status_code == 200
    assert database.mediators.find_one({"_id": "m2"})["open"] == before


@pytest.mark.parametrize("role", ["mediator", "applicant", "partner", "auditor"])
@pytest.mark.parametrize("path", ["organisations/managed", "mediators", "rota"])
def test_the_directory_is_administrators_business(staff, role, path):
    problem(staff.anyone(role).get(f"/v1/{path}"), 403, "forbidden")
    problem(staff.nobody().get(f"/v1/{path}"), 401, "unauthorised")
    problem(staff.administrator(organisation=None).get(f"/v1/{path}"), 403, "forbidden")


# --- rota ----------------------------------------------------------------------------------------


def test_the_rota_of_a_day_tells_who_is_on_duty_and_when_the_others_are(staff):
    rota = staff.administrator().get("/v1/rota", on="2026-11-17").json  # a Tuesday
    assert (rota["organisation"], rota["on"]) == ("org-370102", "2026-11-17")
    shown = [(m["mediator"]["id"], m["on_duty"], m["next_on_duty"]) for m in rota["items"]]
    assert shown == [("m1", False, "2026-11-18"), ("m2", True, "2026-11-17")]


def test_a_mediators_rota_is_set_whole(staff, database):
    asking = staff.administrator()
    entry = {"kind": "stationed", "weekdays": [2, 4, 2]}
    problem(asking("PUT", "/v1/rota/m1", entry), 428, "version_required")
    changed = asking("PUT", "/v1/rota/m1", entry, version=1)
    assert changed.json["rota"] == {"kind": "stationed", "weekdays": [2, 4]}
    assert changed.json["version"] == 2
    problem(asking("PUT", "/v1/rota/m1", entry, version=1), 412, "version_conflict")
    assert asking("PUT", "/v1/rota/m1", entry, version=2).json["version"] == 2
    assert asking("PUT", "/v1/rota/m1", {"kind": "on_call"}, version=2).json["rota"] == {
        "kind": "on_call",
        "weekdays": [],
    }


def test_faults_of_a_rota_are_told_at_their_place(staff):
    asking = staff.administrator()
    for body, expected in (
        ({"kind": "stationed", "weekdays": []}, ("/weekdays", "required")),
        ({"kind": "on_call", "weekdays": [1]}, ("/weekdays", "not_applicable")),
        ({"kind": "stationed", "weekdays": ["monday"]}, ("/weekdays/0", "wrong_type")),
        ({"weekdays": [1]}, ("/kind", "required")),
    ):
        assert faults_of(asking("PUT", "/v1/rota/m1", body, version=1)) == [expected]
    assert faults_of(staff.platform().get("/v1/rota")) == [("/organisation", "required")]
    assert faults_of(asking.get("/v1/rota", on="someday")) == [("/on", "not_a_date")]


def test_every_operation_is_in_the_openapi_document(staff):
    paths = staff.nobody().get("/routing/openapi.json").json["paths"]
    described = {(method, path) for path, methods in paths.items() for method in methods}
    assert described >= {
        ("post", "/v1/organisations"),
        ("patch", "/v1/organisations/{organisation}"),
        ("post", "/v1/mediators"),
        ("patch", "/v1/mediators/{mediator}"),
        ("get", "/v1/rota"),
        ("put", "/v1/rota/{mediator}"),
    }
    body = paths["/v1/rota/{mediator}"]["put"]["requestBody"]["content"]
    assert list(body) == ["application/json"]
