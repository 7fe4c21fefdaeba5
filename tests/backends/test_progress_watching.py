"""A case followed over HTTP on a real MongoDB: as a stream, as a calendar file, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from icalendar import Calendar

from services.query.handlers import HANDLERS
from services.query.progress import api
from shared.contracts.envelope import Event, from_document
from shared.sealing import new_key
from shared.serial import new_serial
from tests.builders.applications import an_application, an_id_number, with_agent
from tests.builders.histories import A_LIFE, HANDED, NUMBER
from tests.builders.parties import (
    APPLICANT_ID,
    BEFORE_CONSENT,
    CODE,
    CONSENT_SOUGHT,
    FIRST_CODE,
    LAST4,
    learn,
    submitted,
)
from tests.web import Web, problem, running

STREAM, CALENDAR = f"/v1/progress/{NUMBER}/stream", f"/v1/progress/{NUMBER}/calendar.ics"


def look_up(web: Web, **factor: str) -> Any:
    return web.call("POST", "/v1/progress/lookups", {"serial_number": NUMBER, **factor}).get_json()


def path_of(url: str) -> str:
    return url.removeprefix("http://localhost:8000")


# --- streams -----------------------------------------------------------------------------------


@contextmanager
def following(web: Web, path: str = STREAM, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """What the stream sends, chunk by chunk, as fields."""
    response = web.call("GET", path, headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    try:
        yield (
            dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line)
            for chunk in response.iter_encoded()
        )
    finally:
        response.close()


def state(stream: Iterator[dict[str, str]]) -> dict[str, Any]:
    """The next state sent, with the id of its event."""
    sent = next(fields for fields in stream if "data" in fields)
    return {**orjson.loads(sent["data"]), "id": sent["id"]}


def test_a_stream_sends_the_state_now_and_each_change_as_it_comes(query: Web) -> None:
    learn(query, HANDED[:1])
    with following(query) as stream:
        first = state(stream)
        assert (first["status"], first["masked"]) == ("organisation_assigned", True)
        learn(query, HANDED)
        second = state(stream)
        assert second["status"] == "mediator_assigned"
    learn(query, BEFORE_CONSENT)
    with following(query, **{"Last-Event-ID": second["id"]}) as stream:
        assert state(stream)["status"] == "under_examination"


def test_a_reader_that_comes_back_is_not_sent_what_it_has(query: Web) -> None:
    learn(query, HANDED[:1])
    with following(query) as stream:
        known = state(stream)["id"]
    short = query.beside(progress_stream_seconds=0.1)
    with following(short, **{"Last-Event-ID": known}) as stream:
        assert [set(fields) for fields in stream] == [{"retry"}, {"retry"}]


def test_a_serial_number_alone_is_sent_nothing_that_needs_a_factor(query: Web) -> None:
    learn(query, HANDED)
    seen = query.call("GET", f"/v1/progress/{NUMBER}").get_json()
    with following(query) as stream:
        sent = state(stream)
        assert {k: v for k, v in sent.items() if k != "id"} == seen


@pytest.mark.parametrize("way", ["code", "token", "ticket"])
def test_a_party_is_sent_what_it_may_see(query: Web, way: str) -> None:
    learn(query, CONSENT_SOUGHT)
    path, headers = STREAM, {}
    if way == "code":
        headers = {"X-Query-Code": CODE}
    elif way == "token":
        headers = query.token("applicant", id_number=APPLICANT_ID)
    else:
        path = path_of(look_up(query, phone_last4=LAST4)["stream_url"])
    with following(query, path, **headers) as stream:
        sent = state(stream)
        assert (sent["party"], sent["masked"]) == ("applicant", False)
        assert sent["mediator"]


def test_a_respondents_ticket_shows_its_own_side(query: Web) -> None:
    learn(query, CONSENT_SOUGHT)
    with following(query, path_of(look_up(query, query_code=FIRST_CODE)["stream_url"])) as stream:
        assert state(stream)["party"] == "respondent"


def test_whoever_is_not_let_in_is_told_before_a_stream_begins(query: Web) -> None:
    learn(query, HANDED)
    problem(query.call("GET", STREAM, headers={"X-Query-Code": "ABCDEFGH"}), 403, "query_code_wrong")  # fmt: skip
    problem(query.call("GET", f"{STREAM}?ticket=a0.9999999999.AAAA"), 403, "query_code_wrong")
    problem(query.call("GET", f"/v1/progress/{new_serial(2026, '1' * 12)}/stream"), 404, "not_found")  # fmt: skip
    problem(query.call("GET", f"{STREAM}?tickets=a"), 422, "validation_failed")
    problem(
        query.call("GET", f"{STREAM}?ticket=a0.1.A&from=singlemessage"), 403, "query_code_wrong"
    )


def test_a_wrong_ticket_locks_nobody_out(query: Web) -> None:
    learn(query, HANDED)
    for _ in range(8):
        problem(query.call("GET", f"{STREAM}?ticket=a0.1.A"), 403, "query_code_wrong")
    assert look_up(query, query_code=CODE)["masked"] is False


def test_the_addresses_of_one_ipv6_network_are_one_asker(query: Web) -> None:
    learn(query, HANDED)
    small = query.beside(progress_streams=8, progress_streams_of_address=1)
    first = small.call("GET", STREAM, address="2001:db8:0:1::1")
    assert first.status_code == 200
    problem(small.call("GET", STREAM, address="2001:db8:0:1::2"), 503, "feed_busy")
    beside = small.call("GET", STREAM, address="2001:db8:0:2::1")
    assert beside.status_code == 200
    first.close()
    beside.close()


def test_streams_are_bounded_and_a_place_is_given_back(query: Web) -> None:
    learn(query, HANDED)
    small = query.beside(progress_streams=2, progress_streams_of_address=1)
    with following(small) as stream:
        state(stream)
        full = small.call("GET", STREAM)
        problem(full, 503, "feed_busy")
        assert int(full.headers["Retry-After"]) > 0
        elsewhere = small.call("GET", STREAM, address="198.51.100.1")
        assert elsewhere.status_code == 200
        problem(small.call("GET", STREAM, address="198.51.100.2"), 503, "feed_busy")
        elsewhere.close()
    with following(small) as stream:
        assert state(stream)["status"] == "mediator_assigned"


# --- calendar files ----------------------------------------------------------------------------


def test_the_dates_of_a_case_are_a_calendar_file_for_its_parties(query: Web) -> None:
    learn(query, A_LIFE[:-2])
    by_code = query.call("GET", CALENDAR, headers={"X-Query-Code": CODE})
    url = path_of(look_up(query, query_code=CODE)["stream_url"]).replace("/stream?", "/calendar.ics?")  # fmt: skip
    for response in (by_code, query.call("GET", url)):
        assert response.mimetype == "text/calendar"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{NUMBER}.ics"'
        entries = Calendar.from_ical(response.get_data(as_text=True)).walk("VEVENT")
        assert {str(e["uid"]) for e in entries} >= {f"{NUMBER}-s1@tiaojie", f"{NUMBER}-acceptance_decision@tiaojie"}  # fmt: skip


def test_a_serial_number_alone_gives_no_calendar(query: Web) -> None:
    learn(query, HANDED)
    problem(query.call("GET", CALENDAR), 401, "unauthorised")
    problem(query.call("GET", CALENDAR, headers={"X-Query-Code": FIRST_CODE}), 403, "query_code_wrong")  # fmt: skip


# --- one's own cases ---------------------------------------------------------------------------


def test_an_agent_sees_the_cases_it_is_agent_of_from_submission_on(
    mongo_url: str, tmp_path: Path
) -> None:
    key = new_key()
    body = with_agent(an_application())
    with (
        running("intake", mongo_url, tmp_path, hashing_key=key) as intake,
        running("query", mongo_url, tmp_path, hashing_key=key) as query,
    ):
        number = intake.call("POST", "/v1/applications", body).get_json()["serial_number"]
        intake.call("POST", "/v1/applications", an_application(seed=2))
        for stored in intake.database.applications.find():
            told = [from_document(entry) for entry in stored["outbox"]]
            query.runner(HANDLERS).apply([event.to_json() for event in told])
        agent = query.token("agent", id_number=body["agent"]["id_number"])
        (own,) = query.call("GET", "/v1/my/cases", headers=agent).get_json()["items"]
        assert (own["serial_number"], own["party"], own["masked"]) == (number, "applicant", False)
        assert query.call("GET", f"/v1/progress/{number}", headers=agent).get_json() == own | {
            "stream_url": query.call("GET", f"/v1/progress/{number}", headers=agent).get_json()["stream_url"]
        }  # fmt: skip
        stranger = query.token("agent", id_number=an_id_number(seed=77))
        assert query.call("GET", "/v1/my/cases", headers=stranger).get_json()["items"] == []


def numbered(web: Web, count: int) -> list[str]:
    """Cases of one person, several received in the same moment; newest first."""
    numbers = [new_serial(2026, f"{n:012d}") for n in range(count)]
    received = [f"2026-11-{20 + n // 3}T08:00:00+00:00" for n in range(count)]
    events: list[Event] = [
        submitted(web, number, received_at=at) for number, at in zip(numbers, received, strict=True)
    ]
    web.runner(HANDLERS).apply([event.to_json() for event in events])
    order = sorted(zip(received, numbers, strict=True), reverse=True)
    return [number for _, number in order]


def test_more_cases_than_a_page_holds_are_read_page_by_page(
    query: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MY_CASES_AT_ONCE", 3)
    expected = numbered(query, 8)
    token = query.token("applicant", id_number=APPLICANT_ID)
    read: list[str] = []
    path = "/v1/my/cases"
    while path:
        page = query.call("GET", path, headers=token).get_json()
        assert len(page["items"]) <= 3
        read += [item["serial_number"] for item in page["items"]]
        path = f"/v1/my/cases?after={page['next']}" if page["next"] else ""
    assert read == expected
    wrong = query.call("GET", "/v1/my/cases?after=nowhere", headers=token)
    problem(wrong, 422, "validation_failed")


# --- guidance ----------------------------------------------------------------------------------


def test_the_guidance_of_a_case_has_its_clocks_and_what_its_side_may_know(query: Web) -> None:
    learn(query, CONSENT_SOUGHT)
    applicant, respondent = (look_up(query, query_code=code) for code in (CODE, FIRST_CODE))
    told = query.call("GET", path_of(applicant["guidance_url"])).get_json()
    assert told["flags"] == applicant["flags"]
    dates = {clock["name"]: clock["due_on"] for clock in told["clocks"]}
    assert applicant["timeline"][0]["at"].startswith("2026-11-20")
    assert dates["right_to_arbitrate"] == "2026-12-07"  # the fifteenth day is a Saturday
    assert set(respondent["flags"]) < set(applicant["flags"])
    other = query.call("GET", path_of(respondent["guidance_url"])).get_json()
    assert other["flags"] == [*respondent["flags"], "employer_applicant"]


@pytest.mark.parametrize("by_employer", [True, False])
def test_the_guidance_of_either_side_is_that_of_the_worker_or_of_the_employer_it_is(
    query: Web, by_employer: bool
) -> None:
    flags = ["employer_applicant"] if by_employer else []
    learn(query, CONSENT_SOUGHT, submission=submitted(query, flags=flags))
    for code, is_worker in ((CODE, not by_employer), (FIRST_CODE, by_employer)):
        url = path_of(look_up(query, query_code=code)["guidance_url"])
        claims = {claim["id"] for claim in query.call("GET", url).get_json()["claims"]}
        assert ("economic_compensation" in claims) == is_worker
        assert ("employer_pay_claims" in claims) != is_worker
