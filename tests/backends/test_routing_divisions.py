"""A platform administrator whose token names divisions works in those and no others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.cases import a_mediator, an_organisation
from tests.builders.routing import ADDRESS, Staff, a_runner, a_submitted_event, apply, fill, serials

HERE = an_organisation()
NEXT_DOOR = an_organisation(id="org-370103", name="市中区调解中心（虚构）", divisions=("370103",))
FAR = an_organisation(id="org-510104", name="锦江区调解中心（虚构）", divisions=("510104",))
STAFF = [
    a_mediator(id="m1"),
    a_mediator(id="m2", organisation="org-370103"),
    a_mediator(id="m3", organisation="org-510104"),
]
NEW = {
    "kind": "county",
    "name": "历下区第二调解中心（虚构）",
    "phone": "000-0000370102",
    "address": ADDRESS,
    "divisions": ["370102"],
}
NUMBER = next(serials())


@pytest.fixture
def staff(database: Any, tmp_path: Any) -> Staff:
    fill(database, [HERE, NEXT_DOOR, FAR], STAFF)
    apply(a_runner(database), a_submitted_event(NUMBER))
    return Staff(database, tmp_path)


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.json
    return [item["id"] for item in response.json["items"]]


@pytest.mark.parametrize(
    "divisions, seen",
    [
        ((), ["org-370102", "org-370103", "org-510104"]),
        (("37",), ["org-370102", "org-370103"]),
        (("370000", "510100"), ["org-370102", "org-370103", "org-510104"]),
        (("370103",), ["org-370103"]),
        (("44",), []),
    ],
)
def test_the_organisations_of_ones_divisions_are_all_there_are(staff, divisions, seen):
    asking = staff.platform(*divisions)
    assert ids(asking.get("/v1/organisations/managed")) == seen
    for organisation in (HERE, NEXT_DOOR, FAR):
        status = 200 if organisation.id in seen else 404
        assert asking.get(f"/v1/organisations/{organisation.id}").status_code == status
    for mediator in STAFF:
        status = 200 if mediator.organisation in seen else 404
        assert asking.get(f"/v1/mediators/{mediator.id}").status_code == status


def test_mediators_are_listed_of_an_organisation_within_reach(staff):
    asking = staff.platform("37")
    assert ids(asking.get("/v1/mediators", organisation="org-370103")) == ["m2"]
    assert asking.get("/v1/mediators", organisation="org-510104").status_code == 404
    assert asking.get("/v1/mediators").status_code == 422  # of which of its organisations
    assert ids(staff.platform().get("/v1/mediators")) == ["m1", "m2", "m3"]


def test_an_organisation_is_not_founded_or_moved_beyond_ones_divisions(staff):
    asking = staff.platform("37")
    assert asking("POST", "/v1/organisations", NEW).status_code == 201
    beyond = {**NEW, "divisions": ["370102", "510104"]}
    assert asking("POST", "/v1/organisations", beyond).status_code == 403
    path = "/v1/organisations/org-370103"
    moved = asking("PATCH", path, {"divisions": ["510104"]}, version=1)
    assert (moved.status_code, moved.json["code"]) == (403, "forbidden")
    assert asking("PATCH", path, {"divisions": ["370104"]}, version=1).status_code == 200


def test_cases_of_other_divisions_do_not_exist(staff):
    assert staff.platform("37").get(f"/v1/cases/{NUMBER}").status_code == 200
    assert staff.platform("51").get(f"/v1/cases/{NUMBER}").status_code == 404
    assert staff.platform("51").get("/v1/cases").json["items"] == []
    assert len(staff.platform("370102013").get("/v1/cases").json["items"]) == 1
