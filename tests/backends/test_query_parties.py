"""Who is let in to a case over HTTP, what each side sees, and the history of it all."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pymongo
from pymongo import monitoring

from services.query.handlers import HANDLERS
from services.query.progress.paging import Place
from services.query.progress.verifying import verify
from services.query.store import ReadModels
from shared.sealing import Hasher, phone_last4_hash
from tests.builders.applications import an_id_number
from tests.builders.histories import (
    A_LIFE,
    HANDED,
    NUMBER,
    OF_APPLICATION,
    REOPENED,
    Told,
    a_history,
)
from tests.builders.parties import (
    APPLICANT_ID,
    BEFORE_CONSENT,
    CODE,
    CONSENT_SOUGHT,
    FIRST_CODE,
    RESPONDENT_ID,
    SECOND_CODE,
    learn,
    submitted,
)
from tests.web import Web, problem


def ask(web: Web, path: str = "", *, code: str = "", token: Any = None, address: str = "") -> Any:
    headers = {**(token or {}), **({"X-Query-Code": code} if code else {})}
    more = {"address": address} if address else {}
    return web.call("GET", f"/v1/progress/{NUMBER}{path}", headers=headers, **more)


def look_up(web: Web, **factor: str) -> Any:
    return web.call("POST", "/v1/progress/lookups", {"serial_number": NUMBER, **factor})


# --- respondents -----------------------------------------------------------------------------


def test_a_respondents_code_lets_in_from_the_moment_its_consent_is_sought(query: Web) -> None:
    learn(query, CONSENT_SOUGHT)
    first = ask(query, code=FIRST_CODE).get_json()
    assert (first["masked"], first["party"]) == (False, "respondent")
    assert [question["kind"] for question in first["questions"]] == ["consent"]
    assert look_up(query, query_code=SECOND_CODE).get_json()["party"] == "respondent"
    assert ask(query, code=CODE).get_json()["party"] == "applicant"


def test_before_that_it_is_refused_and_counted_exactly_as_a_wrong_code(query: Web) -> None:
    learn(query, BEFORE_CONSENT)
    early = problem(ask(query, code=FIRST_CODE), 403, "query_code_wrong")
    wrong = problem(ask(query, code="ABCDEFGH"), 403, "query_code_wrong")
    assert {k: v for k, v in early.items() if k != "instance"} == {
        k: v for k, v in wrong.items() if k != "instance"
    }
    for _ in range(3):
        problem(ask(query, code=SECOND_CODE), 403, "query_code_wrong")
    problem(ask(query, code=CODE), 429, "too_many_attempts")


def test_a_respondent_who_is_logged_in_sees_the_case_once_it_is_told_of_it(query: Web) -> None:
    token = query.token("respondent", id_number=RESPONDENT_ID)
    learn(query, BEFORE_CONSENT)
    assert ask(query, token=token).get_json()["masked"] is True
    assert query.call("GET", "/v1/my/cases", headers=token).get_json()["items"] == []
    learn(query, CONSENT_SOUGHT)
    assert ask(query, token=token).get_json()["party"] == "respondent"
    (item,) = query.call("GET", "/v1/my/cases", headers=token).get_json()["items"]
    assert (item["serial_number"], item["party"]) == (NUMBER, "respondent")
    assert [question["id"] for question in item["questions"]] == ["q1"]


class Searches(monitoring.CommandListener):
    """The searches a client sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            kept = ("find", "filter", "sort", "limit", "projection")
            self.sent.append({name: event.command[name] for name in kept})

    def succeeded(self, _: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, _: monitoring.CommandFailedEvent) -> None: ...


def test_my_cases_are_found_by_index_on_either_side(query: Web) -> None:
    learn(query, CONSENT_SOUGHT)
    searches, url = Searches(), query.settings.mongo_url
    with pymongo.MongoClient[dict[str, Any]](url, event_listeners=[searches]) as client:
        models = ReadModels(client[query.database.name])
        for after in (None, Place(datetime.now(UTC), NUMBER)):
            assert models.of_party("x", after, 10) == []
    assert len(searches.sent) == 2
    for search in searches.sent:
        plan = str(query.database.command("explain", search)["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in plan
        assert "COLLSCAN" not in plan
        assert "'SORT'" not in plan


def test_phones_that_were_changed_let_in_and_the_old_ones_no_more(query: Web) -> None:
    learn(query, HANDED)
    assert look_up(query, phone_last4="0011").status_code == 200
    hasher = Hasher.parse(query.settings.hashing_key)
    renewed = phone_last4_hash(hasher, NUMBER, "13900000022")
    changed: Told = (
        "application.contact_changed",
        {"contacts": "sealed", "phone_last4_hashes": [renewed]},
    )
    learn(query, HANDED, [changed])
    assert look_up(query, phone_last4="0022").status_code == 200
    problem(look_up(query, phone_last4="0011"), 403, "query_code_wrong")


def test_every_status_of_a_life_is_answered_as_documented_to_every_side(query: Web) -> None:
    life = (*A_LIFE, *REOPENED)
    for length in range(0, len(life) + 1, 3):
        query.database.progress.drop()
        learn(query, life[:length], OF_APPLICATION)
        ways: list[dict[str, Any]] = [{}, {"code": CODE}]
        if length >= len(CONSENT_SOUGHT):
            ways += [{"code": FIRST_CODE}, {"code": SECOND_CODE}]
        for way in ways:
            assert ask(query, **way).status_code == 200
            if way:
                assert ask(query, "/history", **way).status_code == 200


# --- history ---------------------------------------------------------------------------------


def test_a_party_and_an_auditor_get_a_history_that_holds(query: Web) -> None:
    events = learn(query, A_LIFE, OF_APPLICATION)
    auditor = query.token("auditor")
    for way in ({"code": CODE}, {"code": FIRST_CODE}, {"token": auditor}):
        response = ask(query, "/history", **way)  # type: ignore[arg-type]
        found = verify(response.get_data(), events[0].hash)
        assert found.holds, found.lines
        told = response.get_json()
        assert [e["id"] for chain in told["chains"].values() for e in chain] == [
            *(e.id for e in events if e.name.startswith("application.")),
            *(e.id for e in events if e.name.startswith("case.")),
        ]


def test_a_respondents_history_shows_hashes_and_no_data(query: Web) -> None:
    learn(query, A_LIFE, OF_APPLICATION)
    theirs = ask(query, "/history", code=FIRST_CODE)
    assert b"arbitration_limitation" not in theirs.get_data()
    assert all(e["data"] is None for chain in theirs.get_json()["chains"].values() for e in chain)
    assert b"arbitration_limitation" in ask(query, "/history", code=CODE).get_data()


def test_a_history_is_for_those_entitled(query: Web) -> None:
    learn(query, BEFORE_CONSENT)
    problem(ask(query, "/history"), 401, "unauthorised")
    problem(ask(query, "/history", code="ABCDEFGH"), 403, "query_code_wrong")
    problem(ask(query, "/history", code=FIRST_CODE), 403, "query_code_wrong")
    stranger = query.token("applicant", id_number=an_id_number(seed=5))
    problem(ask(query, "/history", token=stranger), 401, "unauthorised")
    respondent = query.token("respondent", id_number=RESPONDENT_ID)
    problem(ask(query, "/history", token=respondent), 401, "unauthorised")
    problem(ask(query, "/history", token=query.token("mediator")), 403, "forbidden")
    own = query.token("applicant", id_number=APPLICANT_ID)
    assert ask(query, "/history", token=own).status_code == 200
    unknown = query.call("GET", "/v1/progress/2614626885086469/history", headers=own)
    assert unknown.status_code in {404, 422}


def test_an_event_that_was_tampered_with_on_the_way_is_logged_and_shown(
    query: Web, logged: io.StringIO
) -> None:
    events = a_history(HANDED, (), submission=submitted(query))
    forged = replace(events[2], data={**events[2].data, "reasons": ["bribe"]})
    query.runner(HANDLERS).apply([e.to_json() for e in (*events[:2], forged)])
    assert '"history_mismatch"' in logged.getvalue() or "history_mismatch" in logged.getvalue()
    history = ask(query, "/history", code=CODE)
    told = history.get_json()
    assert told["verified"] is False
    assert [event["verified"] for event in told["chains"]["case"]] == [True, False]
    assert not verify(history.get_data()).holds


def test_a_history_survives_the_journey_through_the_database_to_the_byte(query: Web) -> None:
    """Numbers, nulls and characters hash the same after BSON and JSON as before."""
    odd = {"amount": 20020.0, "count": 3, "none": None, "text": "劳动“争议” \u2028é", "deep": [{"z": 1, "a": 0.1}]}  # fmt: skip
    steps: list[Told] = [(name, {**facts, "odd": odd}) for name, facts in HANDED]
    learn(query, steps)
    response = ask(query, "/history", code=CODE)
    assert verify(response.get_data()).holds
    assert verify(orjson.dumps(orjson.loads(response.get_data()))).holds
