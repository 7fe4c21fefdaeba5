"""query over HTTP on a real MongoDB: progress, the directory, policies."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.query.handlers import HANDLERS
from services.query.policies.importing import import_files
from shared.contracts.envelope import Event, from_document
from shared.contracts.lifecycle import STATUSES
from shared.sealing import Hasher, QueryCodes, identity_hash, phone_last4_hash
from shared.serial import new_serial
from tests.builders.applications import an_id_number
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS
from tests.web import Web, problem

NUMBER = "2634626885086477"
CODE = "K7RM2PXA"
AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ACCEPTANCE = {"name": "acceptance_decision", "due_on": "2026-11-25", "provisional": False}


def a_submission(web: Web, number: str = NUMBER, **changes: Any) -> Event:
    hasher = Hasher.parse(web.settings.hashing_key)
    return submitted(
        serial=number,
        query_code_hash=QueryCodes(hasher).hash(number, CODE),
        phone_last4_hashes=[phone_last4_hash(hasher, number, "13800000011")],
        holder_hashes=[identity_hash(hasher, an_id_number())],
        **changes,
    )


def of_case(name: str, sequence: int, number: str = NUMBER, **changes: Any) -> Event:
    facts = {**CASE_FACTS[name], **changes}
    return an_event(
        name, serial=number, sequence=sequence, at=AT + timedelta(hours=sequence), **facts
    )


def learn(web: Web, *events: Event) -> None:
    web.runner(HANDLERS).apply([event.to_json() for event in events])
    assert not web.database.set_aside.count_documents({})


def a_life(web: Web) -> list[Event]:
    """Everything that is told of one application and its case."""
    return [
        a_submission(web),
        of_case("case.organisation_assigned", 1),
        of_case("case.mediator_assigned", 2, deadlines=[ACCEPTANCE]),
        of_case("application.supplemented", 2, supplement_count=1, attachment_count=3),
        of_case("application.evidence_received", 3, index=0, awaited=2),
    ]


def look_up(web: Web, **asked: Any) -> Any:
    return web.call("POST", "/v1/progress/lookups", {"serial_number": NUMBER, **asked})


def progress(web: Web, number: str = NUMBER, *, code: str | None = None, **more: Any) -> Any:
    headers = {**more.pop("token", {}), **({"X-Query-Code": code} if code else {})}
    headers |= more.pop("headers", {})
    return web.call("GET", f"/v1/progress/{number}", headers=headers, **more)


# --- progress --------------------------------------------------------------------------------


def test_the_serial_number_alone_shows_coarse_progress_only(query: Web) -> None:
    learn(query, *a_life(query))
    response = progress(query)
    assert response.status_code == 200
    assert response.get_json() == {
        "serial_number": NUMBER,
        "status": "mediator_assigned",
        "status_text": STATUSES["mediator_assigned"].zh,
        "updated_at": "2026-11-20T05:00:00Z",
        "division": {"code": "370102", "name": "山东省济南市历下区"},
        "masked": True,
        "timeline": [
            {"status": status, "at": f"2026-11-20T0{hour}:00:00Z", "text": STATUSES[status].zh}
            for hour, status in enumerate(
                ("submitted", "organisation_assigned", "mediator_assigned"), start=3
            )
        ],
        "next": {"text": "调解员开始初审。", "by": None},
    }


@pytest.mark.parametrize("how", ["header", "code", "code_typed_freely", "phone", "token"])
def test_a_second_factor_or_a_login_shows_the_rest(query: Web, how: str) -> None:
    learn(query, *a_life(query))
    ways: dict[str, Any] = {
        "header": lambda: progress(query, code="K7RM-2PXA"),
        "code": lambda: look_up(query, query_code=CODE),
        "code_typed_freely": lambda: look_up(query, query_code=" k7rm－2pxa "),
        "phone": lambda: look_up(query, phone_last4="００１１"),
        "token": lambda: progress(query, token=query.token("applicant", id_number=an_id_number())),
    }
    shown = ways[how]().get_json()
    assert shown["masked"] is False
    assert shown["organisation"] == CASE_FACTS["case.mediator_assigned"]["organisation"]
    assert shown["mediator"] == CASE_FACTS["case.mediator_assigned"]["mediator"]
    (clock,) = shown["deadlines"]
    assert (clock["name"], clock["due_on"]) == ("acceptance_decision", "2026-11-25")
    assert shown["evidence_awaited"] == 2
    assert len(shown["next_steps"]) >= 2
    assert shown["documents"][0]["url"].endswith(f"/v1/applications/{NUMBER}/receipt")


def test_progress_speaks_the_language_asked_for(query: Web) -> None:
    learn(query, *a_life(query))
    english = progress(query, code=CODE, headers={"Accept-Language": "en"}).get_json()
    assert english["status_text"].isascii()
    assert all(step["text"].isascii() for step in english["timeline"])
    assert all(step.isascii() for step in english["next_steps"])


@pytest.mark.parametrize(
    "asked, status, code",
    [
        ({"query_code": "ABCD-EFGH"}, 403, "query_code_wrong"),
        ({"phone_last4": "9999"}, 403, "query_code_wrong"),
        ({"query_code": "ABCD-EFGH", "phone_last4": "0011"}, 403, "query_code_wrong"),
        ({"serial_number": "2634626885086478", "query_code": CODE}, 422, "serial_checksum"),
    ],
)
def test_a_wrong_factor_shows_nothing(
    query: Web, asked: dict[str, str], status: int, code: str
) -> None:
    learn(query, *a_life(query))
    problem(look_up(query, **asked), status, code)


def test_an_expired_code_shows_nothing_and_the_phone_still_does(query: Web) -> None:
    learn(query, a_submission(query, query_code_expires_at="2026-11-20T03:00:01Z"))
    problem(progress(query, code=CODE), 403, "query_code_wrong")
    assert look_up(query, phone_last4="0011").status_code == 200


def test_a_stranger_with_a_token_sees_what_everybody_sees(query: Web) -> None:
    learn(query, *a_life(query))
    stranger = query.token("applicant", id_number=an_id_number(seed=9))
    assert progress(query, token=stranger).get_json()["masked"] is True
    problem(progress(query, token=query.token("mediator")), 403, "forbidden")


def test_an_unknown_number_is_not_found_and_a_mistyped_one_is_said_to_be(query: Web) -> None:
    problem(progress(query), 404, "not_found")
    problem(look_up(query, query_code=CODE), 404, "not_found")
    problem(progress(query, "2634626885086478"), 422, "serial_checksum")


def test_a_case_that_is_heard_of_before_its_application_is_not_known_yet(query: Web) -> None:
    life = a_life(query)
    learn(query, *life[1:])
    problem(progress(query), 404, "not_found")
    learn(query, life[0])
    assert progress(query).get_json()["status"] == "mediator_assigned"


def test_events_in_any_order_and_any_number_of_times_tell_the_same(query: Web) -> None:
    orders = list(itertools.permutations(range(5)))
    numbers = [f"order-{n}" for n in range(len(orders))]
    life = a_life(query)
    told = []
    for number, order in zip(numbers, orders, strict=True):
        told += [from_document({**life[i].to_document(), "subject": number}) for i in order]
    learn(query, *told)
    learn(query, *reversed(told))
    hidden = {"_id": 0, "history": 0, "submitted_hash": 0}  # the subject is part of each hash
    stored = list(query.database.progress.find({}, hidden))
    assert len(stored) == len(orders)
    assert all(each == stored[0] for each in stored)


def test_the_missing_evidence_is_counted_through_supplements(query: Web) -> None:
    learn(query, a_submission(query))
    assert progress(query, code=CODE).get_json()["evidence_awaited"] is None
    learn(query, of_case("application.evidence_received", 2, index=0, awaited=0))
    assert progress(query, code=CODE).get_json()["evidence_awaited"] == 0
    learn(query, of_case("application.supplemented", 3, supplement_count=1, attachment_count=3))
    assert progress(query, code=CODE).get_json()["evidence_awaited"] == 2
    learn(query, of_case("application.evidence_received", 4, index=0, awaited=2))
    learn(query, of_case("application.evidence_received", 5, index=2, awaited=1))
    assert progress(query, code=CODE).get_json()["evidence_awaited"] == 1


def test_a_withdrawal_is_final_whatever_crosses_it(query: Web) -> None:
    learn(query, *a_life(query), of_case("application.withdrawn", 4))
    learn(query, of_case("case.withdrawn", 3))
    shown = progress(query).get_json()
    assert shown["status"] == "withdrawn"
    assert [step["status"] for step in shown["timeline"]].count("withdrawn") == 1


# --- guessing --------------------------------------------------------------------------------


def test_five_wrong_digits_lock_the_digits_and_leave_the_code(query: Web) -> None:
    learn(query, *a_life(query))
    for attempt in range(5):
        body = {"serial_number": NUMBER, "phone_last4": f"900{attempt}"}
        response = query.call("POST", "/v1/progress/lookups", body, address=f"198.51.100.{attempt}")
        problem(response, 403, "query_code_wrong")
    response = look_up(query, phone_last4="0011")
    problem(response, 429, "too_many_attempts")
    assert 0 < int(response.headers["Retry-After"]) <= 900
    assert progress(query, code=CODE).get_json()["masked"] is False
    # what everybody may see stays, and so does the way of who is logged in
    assert progress(query).get_json()["masked"] is True
    token = query.token("applicant", id_number=an_id_number())
    assert progress(query, token=token).get_json()["masked"] is False


def test_an_address_that_tries_many_unknown_numbers_learns_of_no_known_one(query: Web) -> None:
    learn(query, *a_life(query))
    unknown = new_serial(2026, "000000000001")
    for _ in range(60):
        problem(progress(query, unknown), 404, "not_found")
    problem(progress(query, unknown), 429, "too_many_attempts")
    problem(progress(query), 429, "too_many_attempts")
    assert progress(query, address="192.0.2.1").status_code == 200
    token = query.token("applicant", id_number=an_id_number())
    assert progress(query, token=token).status_code == 200


# --- my cases --------------------------------------------------------------------------------


def test_a_person_sees_all_own_cases_newest_first_without_typing_anything(query: Web) -> None:
    first, second = new_serial(2026, "000000000001"), NUMBER
    learn(
        query,
        a_submission(query, first, received_at="2026-01-02T03:00:00Z"),
        a_submission(query, second),
        submitted(serial=new_serial(2026, "000000000002")),
        of_case("case.mediator_assigned", 1, new_serial(2026, "000000000003")),
    )
    token = query.token("applicant", id_number=an_id_number())
    items = query.call("GET", "/v1/my/cases", headers=token).get_json()["items"]
    assert [item["serial_number"] for item in items] == [second, first]
    assert not any(item["masked"] for item in items)


def test_my_cases_need_a_login_with_an_identity(query: Web) -> None:
    problem(query.call("GET", "/v1/my/cases"), 401, "unauthorised")
    problem(query.call("GET", "/v1/my/cases", headers=query.token("mediator")), 403, "forbidden")
    unnamed = query.token("applicant")
    problem(query.call("GET", "/v1/my/cases", headers=unnamed), 403, "forbidden")
    other = query.token("agent", id_number=an_id_number(seed=5))
    assert query.call("GET", "/v1/my/cases", headers=other).get_json()["items"] == []


# --- directory -------------------------------------------------------------------------------


def test_divisions_are_listed_level_by_level_and_may_be_kept_for_an_hour(query: Web) -> None:
    provinces = query.call("GET", "/v1/divisions")
    assert provinces.headers.getlist("Cache-Control") == ["public, max-age=3600"]
    items = provinces.get_json()["items"]
    assert {"code": "370000", "name": "山东省", "short_name": "山东省", "level": "province", "parent": None} in items  # fmt: skip
    cities = query.call("GET", "/v1/divisions?parent=370000").get_json()["items"]
    assert "370100" in {city["code"] for city in cities}
    townships = query.call("GET", "/v1/divisions?parent=370102").get_json()["items"]
    assert {t["level"] for t in townships} == {"township"}


def an_organisation(key: str, *divisions: str, sequence: int = 1, **changes: Any) -> Event:
    entry = {
        "id": key, "name": f"{key}调解中心（虚构）", "kind": "county", "phone": "0531-00000001",
        "divisions": list(divisions), "categories": [], "address": "虚构路1号", "capacity": 10,
        "active": True, **changes,
    }  # fmt: skip
    event = an_event("organisation.registered", serial=key, sequence=sequence)
    return replace(event, data=entry)


def test_organisations_come_nearest_first_and_closed_ones_not_at_all(query: Web) -> None:
    learn(
        query,
        an_organisation("a-province", "370000"),
        an_organisation("b-city", "370100"),
        an_organisation("c-county", "370102"),
        an_organisation("d-township", "370102013"),
        an_organisation("e-both", "370000", "370102013"),
        an_organisation("f-elsewhere", "370103"),
        an_organisation("g-closed", "370102", active=False),
    )

    def serving(division: str) -> list[str]:
        found = query.call("GET", f"/v1/organisations?division={division}").get_json()["items"]
        return [item["id"] for item in found]

    assert serving("370102013") == ["d-township", "e-both", "c-county", "b-city", "a-province"]
    assert serving("370102") == ["c-county", "b-city", "a-province", "e-both"]
    assert serving("110000") == []


def test_the_nearest_organisation_is_there_among_a_thousand(query: Web) -> None:
    many = [an_organisation(f"a{n:04d}", "370000") for n in range(150)]
    learn(query, *many, an_organisation("z-nearest", "370102013"))
    found = query.call("GET", "/v1/organisations?division=370102013").get_json()["items"]
    assert len(found) == 100
    assert found[0]["id"] == "z-nearest"


def test_the_newest_entry_of_an_organisation_counts_in_any_order(query: Web) -> None:
    learn(query, an_organisation("o", "370102", sequence=2, name="新名（虚构）"))
    learn(query, an_organisation("o", "370102", sequence=1, name="旧名（虚构）"))
    (item,) = query.call("GET", "/v1/organisations?division=370102").get_json()["items"]
    assert item["name"] == "新名（虚构）"


# --- policies --------------------------------------------------------------------------------

LAW = """\
# 虚构省劳动争议处理办法

2020年5月1日虚构省人民政府公布 自2020年6月1日起施行

<!-- INFO END -->

## 第一章 总则

第一条 为了处理虚构的争议，制定本办法。

第二条 用人单位解除劳动合同的，应当支付虚构的经济补偿。
"""


@pytest.fixture
def lawful(query: Web, tmp_path: Path) -> Web:
    folder = tmp_path / "地方政府规章"
    folder.mkdir()
    (folder / "虚构省劳动争议处理办法(2020-05-01).md").write_text(LAW, "utf-8")
    report = import_files(query.database, [tmp_path])
    assert (len(report.added), list(report.faults)) == (1, [])
    return query


def test_an_imported_policy_is_found_read_and_linked_to_its_article(lawful: Web) -> None:
    found = lawful.call("GET", "/v1/policies?q=经济补偿").get_json()
    assert found["total"] == 1
    (item,) = found["items"]
    assert item["title"] == "虚构省劳动争议处理办法"
    assert "<mark>" in item["snippet"]
    assert lawful.call("GET", item["url"]).status_code == 200
    policy = lawful.call("GET", f"/v1/policies/{item['id']}").get_json()
    assert policy["title"] == item["title"]
    article = lawful.call("GET", f"/v1/policies/{item['id']}/articles/2").get_json()
    assert "经济补偿" in str(article)
    problem(lawful.call("GET", f"/v1/policies/{item['id']}/articles/99"), 404, "not_found")
    suggestions = lawful.call("GET", "/v1/policies/suggest?q=虚构").get_json()
    assert "虚构省劳动争议处理办法" in str(suggestions)


def test_policies_are_filtered_and_explained_in_both_languages(lawful: Web) -> None:
    for question, total in (("kind=law", 0), ("in_force=true", 1), ("in_force=false", 0), ("", 1)):
        found = lawful.call("GET", f"/v1/policies?{question}").get_json()
        assert found["total"] == total, question
    english = lawful.call("GET", "/v1/policies?q=补偿", headers={"Accept-Language": "en"})
    assert "For reference only" in english.get_data(as_text=True)


def test_a_search_tells_how_it_was_read_and_how_its_answer_is_spread(lawful: Web) -> None:
    found = lawful.call("GET", "/v1/policies?q=jingji buchang&sort=date&facets=true").get_json()
    assert (found["total"], found["understood_as"]) == (1, "经济补偿")
    assert found["facets"]["kind"] == [
        {"value": "local_rule", "text": "地方政府规章", "count": 1}
    ]  # fmt: skip
    assert found["facets"]["status"][0]["value"] == "in_force"
    assert lawful.call("GET", "/v1/policies?q=补偿").get_json()["facets"] is None
    for days, total in (("as_of=2020-05-31", 0), ("as_of=2020-06-01", 1), ("effective_to=2020-05-31", 0)):  # fmt: skip
        assert lawful.call("GET", f"/v1/policies?q=补偿&{days}").get_json()["total"] == total, days


def test_articles_like_one_are_shown_beside_it(lawful: Web) -> None:
    (item,) = lawful.call("GET", "/v1/policies?q=经济补偿").get_json()["items"]
    related = lawful.call("GET", f"{item['url']}/related").get_json()
    assert all(other["url"] != item["url"] for other in related["items"])
    away = lawful.call("GET", f"/v1/policies/{item['id']}/articles/99/related")
    problem(away, 404, "not_found")


def test_without_any_policy_a_search_finds_nothing(query: Web) -> None:
    assert query.call("GET", "/v1/policies?q=补偿").get_json()["total"] == 0


# --- documents about itself ------------------------------------------------------------------


def test_events_and_operations_are_described_where_the_contract_says(query: Web) -> None:
    assert query.call("GET", "/asyncapi.json").get_json()["asyncapi"].startswith("3.")
    assert query.call("GET", "/query/openapi.json").get_json()["openapi"] == "3.1.0"
    assert query.call("GET", "/query/docs/").status_code == 200


def test_without_a_database_query_says_so(query: Web) -> None:
    away = query.beside(
        mongo_url="mongodb://127.0.0.1:1/?replicaSet=rs0", backend_timeout_seconds=0.3
    )
    for response in (progress(away), look_up(away, query_code=CODE), away.call("GET", "/v1/organisations?division=370102")):  # fmt: skip
        problem(response, 503, "unavailable")
    assert away.call("GET", "/query/readyz").status_code == 503
    assert away.call("GET", "/query/healthz").status_code == 200
