"""Guidance and calculators over HTTP: public, in the caller's language, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.policies.importing import import_statutes
from services.query.policies.sources import statutes_path
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from tests.web import Web, problem, running

ENGLISH = {"Accept-Language": "en"}
SERVICE = {"started_on": "2020-03-01", "ended_on": "2026-08-31", "monthly_wage": "8000.50"}


@pytest.fixture(scope="module")
def query(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One service for all: nothing that is asked here changes it."""
    with running("query", mongo_url, tmp_path_factory.mktemp("guidance")) as web:
        yield web


def ask(web: Web, language: str = "zh", **asked: str) -> Any:
    headers = {"Accept-Language": language}
    return web.call("GET", f"/v1/guidance?{urlencode(asked)}", headers=headers)


def calculate(web: Web, calculator: str, body: Any, **headers: str) -> Any:
    return web.call("POST", f"/v1/guidance/calculations/{calculator}", body, headers=headers)


def test_an_unpaid_worker_is_told_what_to_do_by_when_and_what_it_comes_to(query: Web) -> None:
    response = ask(
        query,
        category="pay_injury_compensation", flags="migrant_worker_wages,legal_aid_without_means_test",
        division="370102", received_on="2026-11-20", known_on="2026/3/5",
    )  # fmt: skip
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert response.headers["Vary"] == "Accept-Language"
    told = response.get_json()
    due = {clock["name"]: clock["due_on"] for clock in told["clocks"]}
    assert due["acceptance_decision"] == "2026-11-25"
    assert due["arbitration_limitation"] == "2027-03-05"
    assert due["mediation_end"] is None
    assert told["links"]["organisations"] == "/v1/organisations?division=370102"
    assert query.call("GET", told["links"]["organisations"]).status_code == 200
    assert query.call("GET", told["links"]["calculators"]).status_code == 200
    linked = {claim["calculator"] for claim in told["claims"]} - {None}
    assert "/v1/guidance/calculations/unpaid_wages" in linked
    assert "12333" in told["disclaimer"]


def test_every_category_with_every_flag_is_answered_in_both_languages(query: Web) -> None:
    of_workers = set(FLAGS) - {"employer_applicant", "over_age_worker"}
    for category, flags in product(CATEGORIES, (of_workers, FLAGS)):
        told = ask(query, "en", category=category, flags=",".join(flags)).get_json()
        assert told["category_text"] == CATEGORIES[category].en
        assert all(each["text"].isascii() for each in told["steps"])
        assert ask(query, category=category).get_json()["steps"]


def test_every_link_to_a_statute_that_is_held_leads_to_its_article(query: Web) -> None:
    import_statutes(query.database, statutes_path())
    links: dict[str, dict[str, Any]] = {}
    of_workers = set(FLAGS) - {"employer_applicant", "over_age_worker"}
    for category, flags in product(CATEGORIES, (of_workers, FLAGS)):
        told = ask(query, category=category, flags=",".join(flags)).get_json()
        for part in ("steps", "clocks", "evidence", "claims", "places"):
            links |= {each["source"]["url"]: each["source"] for each in told[part]}
    links.pop(None, None)  # type: ignore[call-overload]
    followed = {url: query.call("GET", url) for url in links}
    found = {url: answer for url, answer in followed.items() if answer.status_code == 200}
    assert len(found) > 50
    for url, answer in found.items():
        article = answer.get_json()
        assert article["number"] == links[url]["article"]
        assert article["policy"]["title"].endswith(links[url]["title"])
    missing = {links[url]["title"] for url in followed if url not in found}
    assert missing.isdisjoint(
        {"劳动法", "劳动合同法", "劳动争议调解仲裁法", "民事诉讼法", "法律援助法"}
    )


@pytest.mark.parametrize(
    "asked, pointer, code",
    [
        ({}, "/category", "required"),
        ({"category": "theft"}, "/category", "unknown_value"),
        ({"category": "contract", "flags": "collective,odd"}, "/flags", "unknown_value"),
        ({"category": "contract", "flags": "x" * 1001}, "/flags", "too_long"),
        ({"category": "contract", "division": "999999"}, "/division", "unknown_division"),
        ({"category": "contract", "known_on": "2026-02-30"}, "/known_on", "not_a_date"),
        ({"category": "contract", "known_on": "1930-01-01"}, "/known_on", "out_of_range"),
        ({"category": "contract", "received_on": "9999-12-31"}, "/received_on", "out_of_range"),
        ({"category": "contract", "serial_number": "2634626885086477"}, "/serial_number", "unknown_field"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_at_its_place(
    query: Web, asked: dict[str, str], pointer: str, code: str
) -> None:
    refused = problem(ask(query, **asked), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]


def test_flags_may_be_empty_or_repeated(query: Web) -> None:
    told = ask(query, category="contract", flags=" agent,, agent ,").get_json()
    assert told["flags"] == ["agent"]
    assert ask(query, category="contract", flags="").get_json()["flags"] == []


def test_the_calculators_are_listed_with_what_each_asks_for(query: Web) -> None:
    items = query.call("GET", "/v1/guidance/calculations", headers=ENGLISH).get_json()["items"]
    assert [item["name"] for item in items] == list(CALCULATORS)
    wage = next(i for i in items[0]["inputs"] if i["name"] == "monthly_wage")
    assert (wage["unit"], wage["least"], wage["most"]) == ("CNY/month", "1", "1000000")
    assert wage["source"]["label"] == "Regulations on the Labour Contract Law, art. 27"


def test_a_claim_is_worked_out_in_words_and_nothing_of_it_is_kept(query: Web) -> None:
    before = query.dump()
    response = calculate(query, "economic_compensation", SERVICE, **ENGLISH)
    assert response.status_code == 200
    answer = response.get_json()
    assert (answer["amount"], answer["unit"]) == ("56003.50", "CNY")
    assert "7 × 8000.50 = 56003.50" in answer["steps"][1]["text"]
    assert answer["disclaimer"]
    assert query.dump() == before


@pytest.mark.parametrize(
    "changed, pointer, code",
    [
        ({"ended_on": "2020-02-01"}, "/ended_on", "before_start"),
        ({"monthly_wage": -1}, "/monthly_wage", "out_of_range"),
        ({"monthly_wage": "8000.555"}, "/monthly_wage", "too_precise"),
        ({"id_number": "370102198001011234"}, "/id_number", "unknown_field"),
    ],
)
def test_inputs_that_cannot_be_are_refused_at_their_place(
    query: Web, changed: dict[str, Any], pointer: str, code: str
) -> None:
    response = calculate(query, "economic_compensation", SERVICE | changed)
    refused = problem(response, 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]
    assert "1234" not in response.get_data(as_text=True)


def test_unknown_calculators_and_bodies_that_are_none_are_refused(query: Web) -> None:
    problem(calculate(query, "lottery", SERVICE), 404, "not_found")
    path = "/v1/guidance/calculations/unpaid_wages"
    sent = {"method": "POST", "content_type": "application/json"}
    problem(query.app.test_client().open(path, data=b"{", **sent), 400, "malformed_json")
    problem(calculate(query, "unpaid_wages", b"owed=1"), 415, "unsupported_media_type")
    problem(calculate(query, "unpaid_wages", []), 422, "validation_failed")
