"""Work lists and counts: what each role finds by which filters, in order, by index alone."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from services.routing import listing
from services.routing.store import Cases
from services.routing.work_list import WAITING, Position, Scope, search
from shared.civil_time import today
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.divisions import is_within
from tests.builders.case_load import COUNTIES, TODAY, many_cases
from tests.builders.routing import Staff, faults_of

COUNT = 900
SCOPES = {
    "platform": Scope({}),
    "one_province": Scope({}, ("370000",)),
    "three_places": Scope({}, ("110000", "370100", "440103")),
    "organisation": Scope({"organisation.id": "org-370102-1"}),
    "mediator": Scope({"mediator.id": "med-org-370102-1-2"}),
}
CHOICES = {
    "status": ["mediating", "closed", "unassigned", "mediator_assigned", "withdrawn"],
    "organisation": ["org-370102-0", "org-370102-1", "org-110101-0"],
    "mediator": ["med-org-370102-1-2", "med-org-370103-0-1"],
    "due_before": ["2026-10-20", "2026-11-18", "2027-01-01"],
    "category": list(CATEGORIES),
    "flag": list(FLAGS)[:6],
    "division": ["370000", "370100", "370102", "110000", "440103"],
    "waiting": list(WAITING),
    "sort": ["received", "deadline"],
}


@pytest.fixture(scope="module")
def loaded(mongo):
    """Cases under the indexes of production, and the same as plain values."""
    database = mongo["test_work_list"]
    mongo.drop_database(database.name)
    cases = Cases(database)
    cases.ensure_indexes()
    documents = list(many_cases(COUNT))
    cases.collection.insert_many(documents)
    yield cases.collection, documents
    mongo.drop_database(database.name)


def holds(case, scope, stated):
    """Whether a case is to be found: the rules of the list in plain words."""
    body, person = (case[n] and case[n]["id"] for n in ("organisation", "mediator"))
    own = {"organisation.id": body, "mediator.id": person}
    by_day = stated.get("sort") == "deadline" or "due_before" in stated
    overdue = stated.get("waiting") == "overdue"
    day = case["next_due_on"]
    return all(
        (
            all(own[field] == value for field, value in scope.wanted.items()),
            scope.places is None or any(is_within(case["division_code"], p) for p in scope.places),
            stated.get("organisation") in {None, body},
            stated.get("mediator") in {None, person},
            stated.get("category") in {None, case["category"]},
            stated.get("status") in {None, case["status"]},
            stated.get("case_number") in {None, case["case_number"]},
            "flag" not in stated or stated["flag"] in case["flags"],
            "division" not in stated or is_within(case["division_code"], stated["division"]),
            "waiting" not in stated or case["status"] in WAITING[stated["waiting"]],
            day is not None or not (by_day or overdue),
            "due_before" not in stated or (day or "9") < stated["due_before"],
            not overdue or (day or "9") < TODAY.isoformat(),
        )
    )


def expected(documents, scope, stated, order):
    found = [case for case in documents if holds(case, scope, stated)]
    return [case["_id"] for case in sorted(found, key=lambda case: (case[order], case["_id"]))]


def read_all(collection, searched, size):
    """Every case page by page."""
    position, numbers = None, []
    while True:
        page = listing.page(collection, searched, position, size)
        numbers += [case["_id"] for case in page]
        if len(page) < size:
            return numbers
        position = Position(page[-1][searched.order], page[-1]["_id"])


def some_filters(count):
    """Filters of every kind alone, and combinations of two to four."""
    random = Random(7)
    yield {}
    for name, values in CHOICES.items():
        yield {name: values[0]}
    for _ in range(count):
        names = random.sample(list(CHOICES), random.randrange(2, 5))
        stated = {name: random.choice(CHOICES[name]) for name in names}
        if "due_before" in stated or stated.get("waiting") == "overdue":
            stated.pop("sort", None)
        yield stated


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_any_filters_find_exactly_what_they_say_in_order_and_once(loaded, scope):
    collection, documents = loaded
    found_any = 0
    for stated in some_filters(30):
        searched = search(scope, stated, TODAY)
        numbers = read_all(collection, searched, 7 if len(stated) > 1 else 40)
        assert numbers == expected(documents, scope, stated, searched.order), stated
        found_any += bool(numbers)
        assert listing.count(collection, searched, 10_000) == len(numbers), stated
    assert found_any > 5


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_every_list_is_read_in_order_from_an_index_and_sorts_nothing(loaded, scope):
    collection, documents = loaded
    for stated in (*some_filters(20), {"case_number": documents[0]["case_number"]}):
        searched = search(scope, stated, TODAY)
        later = Position(documents[9]["received_at"], documents[9]["_id"])
        later = later if searched.order == "received_at" else Position("2026-10-12", later.number)
        for position in (None, later):
            for query in (each for group in searched.queries(position) for each in group):
                found = collection.find(query).hint(list(searched.index)).limit(51)
                if sorting := searched.sorting(query):
                    found = found.sort(sorting)
                explained = found.explain()
                plan = str(explained["queryPlanner"]["winningPlan"])
                assert "COLLSCAN" not in plan, stated
                assert "'SORT'" not in plan, stated


def test_a_page_of_a_filter_that_leads_its_index_reads_what_it_shows(loaded):
    collection, _ = loaded
    for stated in (
        {},
        {"status": "closed"},
        {"category": "personnel"},
        {"flag": "priority"},
        {"flag": "priority", "division": "370000", "category": "contract"},
        {"division": "370000", "waiting": "overdue"},
        {"waiting": "unopened"},
        {"due_before": "2026-11-18"},
        {"organisation": "org-370102-0", "sort": "deadline"},
    ):
        searched = search(SCOPES["platform"], stated, TODAY)
        ((query,),) = searched.queries(None)
        found = collection.find(query).hint(list(searched.index)).limit(20)
        done = found.sort([(searched.order, 1), ("_id", 1)]).explain()["executionStats"]
        assert 0 < done["nReturned"] == done["totalDocsExamined"] <= 20, stated


def test_pages_neither_repeat_nor_lose_cases_while_others_change(mongo, database):
    cases = Cases(database)
    cases.ensure_indexes()
    documents = list(many_cases(400, seed=3))
    cases.collection.insert_many(documents)
    random, newcomers = Random(5), many_cases(400, seed=4)
    for order in ("received", "deadline"):
        before = {d["_id"]: d for d in cases.collection.find()}
        searched = search(Scope({}), {"sort": order}, TODAY)
        position, seen, touched = None, [], set()
        while page := listing.page(cases.collection, searched, position, 17):
            seen += [case["_id"] for case in page]
            position = Position(page[-1][searched.order], page[-1]["_id"])
            for number in random.sample(sorted(before), 5):
                touched.add(number)
                changed = {"status": random.choice(list(STATUSES)), "next_due_on": "2026-11-01"}
                cases.collection.update_one({"_id": number}, {"$set": changed})
            cases.collection.insert_one(next(newcomers))
        assert len(seen) == len(set(seen)) or order == "deadline"
        untouched = [n for n in before if n not in touched and before[n][searched.order]]
        assert [seen.count(number) for number in untouched] == [1] * len(untouched)


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture
def staff(database, tmp_path):
    Cases(database).ensure_indexes()
    database.cases.insert_many(list(many_cases(300)))
    return Staff(database, tmp_path, page_size=40)


def everything(asking, **filters):
    """All serial numbers of a list, over its pages."""
    numbers, after = [], {}
    while True:
        page = asking.get("/v1/cases", **filters, **after).json
        numbers += [line["serial_number"] for line in page["items"]]
        if page["next"] is None:
            return numbers
        after = {"after": page["next"]}


def test_each_role_lists_and_counts_its_own(staff, database):
    documents = list(database.cases.find())

    def numbers(condition):
        return {d["_id"] for d in documents if condition(d)}

    body, person = "org-370102-1", "med-org-370102-1-2"
    of_jinan = numbers(lambda d: d["division_code"].startswith("3701"))
    askers = {
        staff.platform(): numbers(lambda _: True),
        staff.anyone("auditor"): numbers(lambda _: True),
        staff.anyone("platform_admin", divisions=("370100",)): of_jinan,
        staff.administrator(body): numbers(lambda d: (d["organisation"] or {}).get("id") == body),
        staff.mediator(person): numbers(lambda d: (d["mediator"] or {}).get("id") == person),
    }
    for asking, own in askers.items():
        found = everything(asking)
        assert len(found) == len(set(found))
        assert set(found) == own
        counted = asking.get("/v1/cases/counts").json
        assert sum(counted["statuses"].values()) == len(own)
        nobody = [d for d in documents if d["_id"] in own and d["mediator"] is None]
        assert counted["unassigned"] == len(nobody)
    outside = staff.anyone("platform_admin", divisions=("370100",))
    assert everything(outside, division="110000") == []
    assert set(everything(outside, division="370000")) == of_jinan


def test_counts_tell_what_waits_and_what_falls_due(staff, database):
    database.cases.delete_many({})
    day_now = today()
    for number, (status, days) in enumerate(
        [("mediating", -1), ("mediating", 0), ("mediator_assigned", 0), ("mediator_assigned", 40)]
    ):
        case = next(iter(many_cases(1, seed=number + 50)))
        day = (day_now + timedelta(days=days)).isoformat()
        database.cases.insert_one(case | {"status": status, "next_due_on": day})
    counted = staff.platform().get("/v1/cases/counts").json
    assert counted["at_most"] == listing.AT_MOST
    kinds = ("unassigned", "unopened", "overdue", "due_today", "due_this_week")
    assert [counted[kind] for kind in kinds] == [0, 2, 1, 2, 2]
    assert counted["statuses"]["mediating"] == 2
    narrowed = staff.platform().get("/v1/cases/counts", organisation="org-elsewhere").json
    assert sum(narrowed["statuses"].values()) == 0


def test_more_than_the_bound_is_counted_as_the_bound(database):
    Cases(database).ensure_indexes()
    database.cases.insert_many(list(many_cases(300)))
    for scope in SCOPES.values():
        for stated in ({"status": "closed"}, {"waiting": "overdue"}, {}):
            searched = search(scope, stated, TODAY)
            assert listing.count(database.cases, searched, 3) == min(
                3, listing.count(database.cases, searched, 10_000)
            )


def test_a_case_is_found_by_its_number(staff, database):
    case = database.cases.find_one()
    assert everything(staff.platform(), case_number=case["case_number"]) == [case["_id"]]
    assert everything(staff.platform(), case_number="济历劳人调〔2026〕第0号") == []


def test_a_page_is_as_long_as_asked(staff):
    page = staff.platform().get("/v1/cases", size="3").json
    assert len(page["items"]) == 3
    assert page["next"]


@pytest.mark.parametrize(
    "filters,expected",
    [
        ({"sort": "received", "due_before": "2026-11-18"}, ("/sort", "not_applicable")),
        ({"sort": "received", "waiting": "overdue"}, ("/sort", "not_applicable")),
        ({"waiting": "forgotten"}, ("/waiting", "unknown_value")),
        ({"size": "201"}, ("/size", "out_of_range")),
        ({"size": "0"}, ("/size", "out_of_range")),
        ({"division": "99"}, ("/division", "unknown_division")),
    ],
)
def test_faults_of_filters_are_told_at_their_place(staff, filters, expected):
    assert faults_of(staff.platform().get("/v1/cases", **filters)) == [expected]


def test_a_cursor_of_another_order_is_no_page(staff):
    after = staff.platform().get("/v1/cases", size="3").json["next"]
    asked = staff.platform().get("/v1/cases", sort="deadline", after=after)
    assert faults_of(asked) == [("/after", "unknown_value")]


def test_ended_cases_have_no_place_among_the_deadlines(staff, database):
    listed = everything(staff.platform(), sort="deadline")
    assert set(listed) == {d["_id"] for d in database.cases.find({"status": {"$nin": list(ENDED)}})}
    days = {d["_id"]: d["next_due_on"] for d in database.cases.find()}
    assert [days[n] for n in listed] == sorted(days[n] for n in listed)
    assert len(COUNTIES) == len({d["division_code"] for d in database.cases.find()})
