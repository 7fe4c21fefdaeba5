"""One Idempotency-Key, one application: whoever repeats it, at once or later, in any process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from tests.builders.applications import an_application
from tests.web import Web, problem


def post(web: Web, body: Any, key: str = "key-1", **headers: str) -> TestResponse:
    return web.call("POST", "/v1/applications", body, headers={"Idempotency-Key": key, **headers})


def test_the_same_key_and_body_give_the_same_bytes_again(intake: Web) -> None:
    first = post(intake, an_application())
    later = intake.beside()
    again = [post(intake, an_application()), post(later, an_application())]
    assert first.status_code == 201
    for response in again:
        assert (response.status_code, response.data) == (201, first.data)
        assert response.headers["Location"] == first.headers["Location"]
    assert intake.count() == {"applications": 1}


def test_the_answer_is_the_same_after_the_application_went_on(intake: Web) -> None:
    first = post(intake, an_application())
    number, code = first.get_json()["serial_number"], first.get_json()["query_code"]
    post(intake, an_application(), key="other")  # a duplicate of the first, which was told of none
    path = f"/v1/applications/{number}"
    holder = {"X-Query-Code": code}
    declared = {"attachments": [{"file_name": "a.pdf", "kind": "other", "size_bytes": 9}]}
    assert intake.call("POST", f"{path}/supplements", declared, headers=holder).status_code == 201
    assert intake.call("POST", f"{path}/withdrawal", headers=holder).status_code == 200
    assert post(intake, an_application()).data == first.data


def test_a_repetition_in_another_language_is_the_same_application(intake: Web) -> None:
    zh = post(intake, an_application()).get_json()
    en = post(intake, an_application(), **{"Accept-Language": "en"}).get_json()
    assert en["next_steps"] != zh["next_steps"]
    assert {**en, "next_steps": None} == {**zh, "next_steps": None}


def test_the_same_key_with_another_body_is_refused(intake: Web) -> None:
    post(intake, an_application())
    problem(post(intake, an_application(seed=2)), 422, "idempotency_key_reused")
    assert intake.count() == {"applications": 1}


def test_a_refused_form_does_not_use_its_key_up(intake: Web) -> None:
    assert post(intake, an_application({"/claims": []})).status_code == 422
    assert post(intake, an_application()).status_code == 201


def test_keys_of_different_people_are_different_keys(intake: Web) -> None:
    one, two = (intake.token("partner", subject=name, channel="web") for name in ("bank", "portal"))
    answers = [post(intake, an_application(), **who).get_json() for who in (one, two, {}, one)]
    numbers = [answer["serial_number"] for answer in answers]
    assert len(set(numbers)) == 3
    assert numbers[0] == numbers[3]


@pytest.mark.parametrize(
    "key", ["", " ", "with space", "k" * 256, "tab\there", "schlüssel", "键", "\x7f"]
)
def test_a_key_that_is_none_is_refused(intake: Web, key: str) -> None:
    # what a server hands on are bytes read as Latin-1
    sent = key.encode().decode("latin-1")
    problem(post(intake, an_application(), key=sent), 422, "idempotency_key_invalid")
    assert intake.count() == {}


def test_the_longest_key_is_good(intake: Web) -> None:
    assert post(intake, an_application(), key="~" * 255).status_code == 201


def test_many_at_once_in_two_processes_store_one_application(intake: Web) -> None:
    processes = (intake, intake.beside())
    together = threading.Barrier(16)

    def attempt(number: int) -> TestResponse:
        together.wait(20)
        return post(processes[number % 2], an_application())

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(attempt, range(16)))

    assert intake.count() == {"applications": 1}
    (stored,) = intake.database.applications.find()
    assert len(stored["outbox"]) == 1
    accepted = {r.data for r in responses if r.status_code == 201}
    assert len(accepted) == 1
    assert orjson.loads(accepted.pop())["serial_number"] == stored["_id"]
    for response in responses:
        if response.status_code != 201:
            problem(response, 409, "idempotency_key_in_progress")
            assert response.headers["Retry-After"] == "1"
    assert post(intake, an_application()).data in {r.data for r in responses}


def test_different_keys_at_once_store_one_application_each(intake: Web) -> None:
    with ThreadPoolExecutor(16) as pool:
        responses = list(
            pool.map(lambda n: post(intake, an_application(seed=n), key=f"key-{n}"), range(40))
        )
    assert {r.status_code for r in responses} == {201}
    assert len({r.get_json()["serial_number"] for r in responses}) == 40
    assert intake.count() == {"applications": 40}


def test_the_key_is_kept_as_a_hash_only(intake: Web) -> None:
    post(intake, an_application(), key="order-of-zhao-tiezhu")
    assert b"zhao-tiezhu" not in intake.dump()
