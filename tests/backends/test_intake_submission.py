"""Submitting an application over HTTP, with everything stored in a real MongoDB."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from shared import serial
from tests.builders import applications as builders
from tests.builders.applications import an_application
from tests.web import AWAY, Web, problem

EVERYBODY = {
    "a worker": builders.an_application,
    "an employer": builders.an_employers_application,
    "twelve workers": builders.a_collective_application,
    "a woman in lactation": builders.a_woman_in_lactation,
    "a foreign teacher": builders.a_foreign_teacher,
    "a rider": builders.a_riders_application,
    "an agent": lambda: builders.with_agent(an_application()),
}


def submit(web: Web, body: Any, **headers: str) -> dict[str, Any]:
    response = web.call("POST", "/v1/applications", body, headers=headers)
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


@pytest.mark.parametrize("who", EVERYBODY)
def test_whoever_applies_gets_the_whole_answer_of_the_contract(intake: Web, who: str) -> None:
    body = EVERYBODY[who]()
    response = intake.call("POST", "/v1/applications", body)
    answer = response.get_json()

    assert response.status_code == 201
    assert response.content_type == "application/json"
    number = answer["serial_number"]
    assert serial.is_valid(number)
    assert (
        answer["serial_number_display"]
        == f"{number[:4]} {number[4:8]} {number[8:12]} {number[12:]}"
    )
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", answer["query_code"])
    assert answer["status"] == "submitted"
    received = datetime.fromisoformat(answer["received_at"])
    assert answer["received_at"].endswith("Z")
    assert abs(datetime.now(UTC) - received) < timedelta(minutes=1)
    assert answer["division"] == {"code": "370102013", "name": "山东省济南市历下区姚家街道"}
    assert all(isinstance(flag, str) for flag in answer["flags"])
    for deadline in answer["deadlines"]:
        assert deadline["name"]
        date.fromisoformat(deadline["due_on"])
    assert all(isinstance(step, str) and step for step in answer["next_steps"])
    upload = f"http://localhost:8000/v1/applications/{number}/attachments/0"
    assert answer["attachments"] == [
        {
            "index": 0,
            "file_name": body["attachments"][0]["file_name"],
            "state": "awaited",
            "upload_url": upload,
        }
    ]
    assert answer["links"] == {
        "progress": f"http://localhost:8000/v1/progress/{number}",
        "page": f"http://localhost:8000/progress/{number}",
        "receipt": f"http://localhost:8000/v1/applications/{number}/receipt",
    }
    assert response.headers["Location"] == answer["links"]["progress"]
    assert response.headers["Cache-Control"] == "no-store"
    assert intake.count() == {"applications": 1}


def test_the_answer_speaks_the_language_asked_for(intake: Web) -> None:
    zh = submit(intake, an_application())
    en = submit(intake, an_application(seed=2), **{"Accept-Language": "en-GB, zh;q=0.5"})
    assert "请保存流水号" in zh["next_steps"][0]
    assert "Save the serial number" in en["next_steps"][0]


@pytest.mark.parametrize(
    "language, word", [("", "必填"), ("zh-TW", "必填"), ("fr, *;q=0.1", "必填"), ("en", "required")]
)
def test_a_faulty_form_is_refused_with_all_its_faults_at_once(
    intake: Web, language: str, word: str
) -> None:
    body = an_application(
        {
            "/claims": [],
            "/applicant/id_number": "370102198506150010",
            "/submit_division/county_code": "999999",
            "/consents/truthfulness": False,
            "/attachments/0/size_bytes": 60 * 1024 * 1024,
            "/shoe_size": 43,
        }
    )
    response = intake.call("POST", "/v1/applications", body, headers={"Accept-Language": language})
    refusal = problem(response, 422, "validation_failed")
    codes = {error["pointer"]: error["code"] for error in refusal["errors"]}
    assert codes == {
        "/claims": "required",
        "/applicant/id_number": "id_checksum",
        "/submit_division/county_code": "unknown_division",
        "/consents/truthfulness": "consent_required",
        "/attachments/0/size_bytes": "attachment_too_large",
        "/shoe_size": "unknown_field",
    }
    claims = next(e for e in refusal["errors"] if e["pointer"] == "/claims")
    english = word == "required"
    assert claims["message"].isascii() == english
    assert refusal["title"].isascii() == english
    assert response.headers["Content-Language"] == ("en" if english else "zh-CN")
    assert intake.count() == {}


def test_a_submission_leaves_its_event_in_the_same_document(intake: Web) -> None:
    answer = submit(intake, an_application())
    (stored,) = intake.database.applications.find()
    (event,) = stored["outbox"]
    assert event["type"] == "cn.tiaojie.application.submitted.v1"
    assert event["subject"] == stored["_id"] == answer["serial_number"]
    assert event["sequence"] == "1"
    assert event["data"]["query_code_hash"] == stored["query_code_hash"]
    assert "pending" in stored


def test_the_request_is_followed_from_its_header_to_the_event(intake: Web) -> None:
    headers = {
        "X-Request-Id": "front-end-0001",
        "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    response = intake.call("POST", "/v1/applications", an_application(), headers=headers)
    (stored,) = intake.database.applications.find()
    event = stored["outbox"][0]
    assert response.headers["X-Request-Id"] == event["correlationid"] == "front-end-0001"
    assert event["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert "b7ad6b7169203331" not in event["traceparent"]


def test_a_serial_number_that_is_taken_is_drawn_again(
    intake: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = submit(intake, an_application())["serial_number"]
    drawn = iter([taken, taken])
    genuine = serial.draw
    monkeypatch.setattr(serial, "draw", lambda year: next(drawn, None) or genuine(year))
    answer = submit(intake, an_application(seed=2))
    assert answer["serial_number"] != taken
    assert next(drawn, None) is None
    assert intake.count() == {"applications": 2}


def test_serial_numbers_that_stay_taken_end_in_a_refusal_and_store_nothing(
    intake: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = submit(intake, an_application())["serial_number"]
    monkeypatch.setattr(serial, "draw", lambda _: taken)
    response = intake.call("POST", "/v1/applications", an_application(seed=2))
    problem(response, 503, "unavailable")
    assert intake.count() == {"applications": 1}


# --- the same dispute again ------------------------------------------------------------------


def test_a_second_application_of_the_same_dispute_is_told_of_the_first(intake: Web) -> None:
    first = submit(intake, an_application())
    again = submit(intake, an_application({"/claims/0/amount_cny": 5}))
    other = submit(intake, an_application({"/dispute/cause": "未签订劳动合同"}))
    stranger = submit(intake, an_application(seed=2))

    assert first["possible_duplicates"] == []
    assert again["possible_duplicates"] == [
        {"serial_number": first["serial_number"], "received_at": first["received_at"]}
    ]
    assert other["possible_duplicates"] == stranger["possible_duplicates"] == []


def test_a_withdrawn_application_is_no_duplicate(intake: Web) -> None:
    first = submit(intake, an_application())
    intake.call(
        "POST",
        f"/v1/applications/{first['serial_number']}/withdrawal",
        headers={"X-Query-Code": first["query_code"]},
    )
    assert submit(intake, an_application())["possible_duplicates"] == []


def test_of_requests_at_the_same_moment_each_is_told_of_those_before_it(intake: Web) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: submit(intake, an_application()), range(12)))
    told = [{d["serial_number"] for d in a["possible_duplicates"]} for a in answers]
    assert sorted(map(len, told)) == [0, 1, 2, *[3] * 9]
    assert set().union(*told) <= {a["serial_number"] for a in answers}
    for answer, others in zip(answers, told, strict=True):
        assert answer["serial_number"] not in others


# --- how much one address may send -----------------------------------------------------------


@pytest.fixture
def strict(intake: Web) -> Web:
    return intake.beside(submissions_per_address=3)


def test_an_address_that_submits_too_much_is_refused_until_its_window_ends(strict: Web) -> None:
    for seed in range(3):
        submit(strict, an_application(seed=seed))
    response = strict.call("POST", "/v1/applications", an_application(seed=9))
    refusal = problem(response, 429, "too_many_attempts")
    assert 0 < int(response.headers["Retry-After"]) == refusal["retry_after"] <= 900
    problem(strict.call("POST", "/v1/drafts", {"a": 1}), 429, "too_many_attempts")
    assert strict.count()["applications"] == 3
    assert strict.count().get("drafts", 0) == 0

    elsewhere = strict.call("POST", "/v1/applications", an_application(), address="203.0.113.8")
    assert elsewhere.status_code == 201


def test_a_caller_with_a_token_is_not_counted(strict: Web) -> None:
    partner = strict.token("partner", channel="web")
    for seed in range(5):
        submit(strict, an_application(seed=seed), **partner)


def test_behind_a_gateway_the_address_is_the_one_the_gateway_saw(strict: Web) -> None:
    behind = strict.beside(trusted_proxies=1)

    def from_client(claimed: str, seen: str, seed: int) -> int:
        forwarded = {"X-Forwarded-For": f"{claimed}, {seen}"}
        body = an_application(seed=seed)
        return behind.call("POST", "/v1/applications", body, headers=forwarded).status_code

    statuses = [from_client(f"10.0.0.{n}", "198.51.100.1", n) for n in range(4)]
    assert statuses == [201, 201, 201, 429]
    assert from_client("10.0.0.1", "198.51.100.2", 5) == 201


def test_refused_forms_and_repeated_answers_do_not_count(strict: Web) -> None:
    for _ in range(5):
        assert strict.call("POST", "/v1/applications", {}).status_code == 422
        submit(strict, an_application(), **{"Idempotency-Key": "same"})
    assert strict.count()["applications"] == 1


def test_without_the_setting_nobody_is_refused(intake: Web) -> None:
    for _ in range(6):
        assert intake.call("POST", "/v1/drafts", {"a": 1}).status_code == 201


# --- when the database is away or full -------------------------------------------------------


def test_without_a_database_nothing_is_promised_and_the_process_stays_alive(intake: Web) -> None:
    away = intake.beside(mongo_url=AWAY, backend_timeout_seconds=0.3)
    answers = [
        away.call("POST", "/v1/applications", an_application()),
        away.call("POST", "/v1/drafts", {"a": 1}),
        away.call("GET", "/v1/drafts/some-draft"),
        away.call(
            "GET", "/v1/applications/2634626885086477/receipt", headers={"X-Query-Code": "X"}
        ),
    ]
    for response in answers:
        problem(response, 503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
    ready = away.call("GET", "/intake/readyz")
    assert (ready.status_code, ready.get_json()["checks"]) == (503, {"mongodb": False})
    assert away.call("GET", "/intake/healthz").status_code == 200
    assert intake.call("GET", "/readyz").status_code == 200


def test_a_full_outbox_refuses_new_applications_and_loses_none(intake: Web) -> None:
    small = intake.beside(outbox_limit=2)
    submit(intake, an_application())
    submit(intake, an_application())
    response = small.call("POST", "/v1/applications", an_application())
    problem(response, 503, "full")
    assert int(response.headers["Retry-After"]) > 0
    assert intake.count()["applications"] == 2


def test_one_rejected_body_says_the_same_however_it_is_written(intake: Web) -> None:
    body = an_application({"/applicant/phone": "12"})
    plain = intake.call("POST", "/v1/applications", body)
    spaced = intake.app.test_client().post(
        "/v1/applications",
        data=orjson.dumps(body, option=orjson.OPT_INDENT_2),
        content_type="application/json; charset=utf-8",
    )
    assert plain.get_json()["errors"] == spaced.get_json()["errors"]
