"""The invented directory: the same for everybody, everywhere staffed, clearly made up."""

from __future__ import annotations

import itertools

import pytest

from services.routing.assigning import assign
from services.routing.directory import Mediator, Organisation, Snapshot
from services.routing.languages import LANGUAGES
from services.routing.reference import generate
from shared.contracts.vocabulary import CATEGORIES, ORGANISATION_KINDS
from shared.divisions import children, find
from tests.builders.cases import WEDNESDAY_MORNING, a_case

SOME = 400


@pytest.fixture(scope="module")
def entries():
    return list(generate(7))


@pytest.fixture(scope="module")
def organisations(entries):
    return {e.document["_id"]: e.document for e in entries if e.collection == "organisations"}


@pytest.fixture(scope="module")
def mediators(entries):
    return [e.document for e in entries if e.collection == "mediators"]


@pytest.fixture(scope="module")
def snapshot(organisations, mediators):
    return Snapshot.of(
        [Organisation.from_document(o) for o in organisations.values()],
        [Mediator.from_document(m) for m in mediators],
    )


def test_a_seed_always_gives_the_same_and_another_seed_something_else(entries):
    assert list(itertools.islice(generate(7), SOME)) == entries[:SOME]
    assert list(itertools.islice(generate(8), SOME)) != entries[:SOME]


def test_every_province_city_and_county_of_the_mainland_has_its_centre(organisations):
    wanted = [p for p in children(None) if not p.code.startswith(("81", "82"))]
    for division in wanted:
        wanted.extend(d for d in children(division.code) if d.level != "township")
    assert len(wanted) == 31 + 333 + 2845
    for division in wanted:
        centre = organisations[f"org-{division.code}"]
        assert centre["kind"] == division.level
        assert centre["divisions"] == [division.code]


def test_every_city_a_third_of_counties_and_some_townships_have_more(organisations):
    stations = [o["division_code"] for o in organisations.values() if o["_id"].endswith("-w")]
    levels = [find(code).level for code in stations]
    assert levels.count("city") == 333
    assert levels.count("county") == pytest.approx(2845 / 3, rel=0.1)
    townships = [
        o for o in organisations.values() if o["kind"] in ("township", "peoples_mediation")
    ]
    assert len(townships) == pytest.approx(38723 / 20, rel=0.1)


def test_every_body_is_staffed_and_somebody_is_on_call(organisations, mediators):
    staff = {}
    for mediator in mediators:
        staff.setdefault(mediator["organisation"], []).append(mediator)
    assert staff.keys() == organisations.keys()
    for key, people in staff.items():
        assert organisations[key]["capacity"] == sum(m["capacity"] for m in people)
        assert any(m["rota"]["kind"] == "on_call" for m in people)
        if organisations[key]["kind"] == "county":
            assert 3 <= len(people) <= 8
    assert len({m["_id"] for m in mediators}) == len(mediators)


def test_every_body_begins_its_case_numbers_in_its_own_way(organisations):
    prefixes = {o["case_number_prefix"] for o in organisations.values()}
    assert len(prefixes) == len(organisations)
    assert organisations["org-370102"]["case_number_prefix"] == "济历劳人调"
    assert max(map(len, prefixes)) <= 8


def test_the_directory_is_clearly_invented(organisations, mediators):
    assert all(o["name"].endswith("（演示）") for o in organisations.values())
    assert all(o["phone"].startswith("000-") for o in organisations.values())
    assert len({o["phone"] for o in organisations.values()}) == len(organisations)
    assert all(2 <= len(m["name"]) <= 3 for m in mediators)


def test_all_values_come_from_the_closed_lists(organisations, mediators):
    specialisms = {*CATEGORIES, "women_workers", "psychological_support"}
    assert {o["kind"] for o in organisations.values()} <= set(ORGANISATION_KINDS)
    assert {s for m in mediators for s in m["specialisms"]} == specialisms
    assert {spoken for m in mediators for spoken in m["languages"]} <= set(LANGUAGES)
    assert all("zh" in m["languages"] for m in mediators)


@pytest.mark.parametrize(
    "division, flags, body",
    [
        ("370102", [], ("org-370102",)),
        ("110105", [], ("org-110105",)),
        ("659001", [], ("org-659001",)),
        ("441900", [], ("org-441900",)),
        ("441900", ["women_workers"], ("org-441900-w",)),
        ("540102", ["women_workers"], ("org-540102-w", "org-540100-w")),
        ("810000", [], None),
    ],
)
def test_a_case_anywhere_on_the_mainland_finds_its_body(snapshot, division, flags, body):
    assignment = assign(a_case(division=division, flags=flags), snapshot, WEDNESDAY_MORNING)
    if body is None:
        assert assignment.organisation is None
        return
    assert assignment.organisation.id in body
    assert assignment.mediator is not None


def test_names_of_bodies_read_as_they_do_on_the_door(organisations):
    names = [
        organisations[f"org-{code}"]["name"] for code in ("370000", "370102", "110105", "659001")
    ]
    assert names == [
        "山东省劳动人事争议调解中心（演示）",
        "济南市历下区劳动人事争议调解中心（演示）",
        "北京市朝阳区劳动人事争议调解中心（演示）",
        "石河子市劳动人事争议调解中心（演示）",
    ]
