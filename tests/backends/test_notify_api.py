"""notify on a real MongoDB: messages planned once whatever happens, shown masked to staff only."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from services.notify.handlers import Planning, handlers
from services.notify.templates import Templates
from shared.contracts.envelope import Event
from shared.runner import Runner
from shared.sealing import Keyring
from shared.serial import new_serial
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS, QUERY_CODE, SERIAL
from tests.web import Web, problem

PERSONS = [
    {"party": "applicant", "index": 0, "name": "赵铁柱", "phone": "+8613800000011",
     "email": "tiezhu@example.com", "language": "zh", "notify": True},
    {"party": "agent", "index": 0, "name": "百里屠苏", "phone": "+8613800000031", "email": None,
     "language": "en", "notify": True},
    {"party": "respondent", "index": 0, "name": "济南某某公司", "phone": "+8653100000001",
     "email": "boss@example.com", "language": "zh", "notify": True},
]  # fmt: skip


def a_runner(web: Web) -> Runner:
    keyring = Keyring.parse(web.settings.contact_keys)
    return web.runner(handlers(Planning(Templates(web.settings.public_url), keyring)))


def a_submission(web: Web, number: str = SERIAL) -> Event:
    contacts = orjson.dumps({"persons": PERSONS, "query_code": QUERY_CODE})
    keyring = Keyring.parse(web.settings.contact_keys)
    return submitted(serial=number, contacts=keyring.seal(contacts, f"contacts:{number}"))


def of_case(name: str, sequence: int = 1) -> Event:
    return an_event(name, serial=SERIAL, sequence=sequence, **CASE_FACTS[name])


def apply(web: Web, *events: Event) -> None:
    a_runner(web).apply([event.to_json() for event in events])
    assert not web.database.set_aside.count_documents({})


def planned(web: Web) -> list[tuple[str, str, str]]:
    found = web.database.messages.find()
    return sorted((m["event_name"], m["party"], m["channel"]) for m in found)


AT_SUBMISSION = [
    ("application.submitted", "agent", "sms"),
    ("application.submitted", "applicant", "email"),
    ("application.submitted", "applicant", "sms"),
]
AT_ASSIGNMENT = [("case.mediator_assigned", party, channel) for _, party, channel in AT_SUBMISSION]


def test_applicant_and_agent_are_told_and_the_employer_is_not(notify: Web) -> None:
    apply(notify, a_submission(notify))
    assert planned(notify) == AT_SUBMISSION
    assert {m["status"] for m in notify.database.messages.find()} == {"planned"}


def test_an_event_before_the_contact_data_waits_for_it(notify: Web) -> None:
    apply(notify, of_case("case.mediator_assigned"))
    assert planned(notify) == []
    apply(notify, a_submission(notify))
    assert planned(notify) == sorted(AT_SUBMISSION + AT_ASSIGNMENT)
    (recipients,) = notify.database.recipients.find()
    assert recipients["waiting"] == []


def test_what_is_told_does_not_depend_on_the_order_or_the_batch(notify: Web) -> None:
    events = [
        a_submission(notify),
        of_case("case.mediator_assigned", 2),
        of_case("case.withdrawn", 3),
    ]
    apply(notify, *events)
    together = planned(notify)
    for seed in range(4):
        notify.database.messages.delete_many({})
        notify.database.recipients.delete_many({})
        shuffled = random.Random(seed).sample(events, 3)
        for event in shuffled:
            apply(notify, event)
        assert planned(notify) == together


def test_three_deliveries_to_two_processes_at_once_plan_each_message_once(notify: Web) -> None:
    events = [
        a_submission(notify),
        of_case("case.mediator_assigned", 2),
        of_case("case.withdrawn", 3),
    ]
    bodies = [event.to_json() for event in events]
    runners = [a_runner(notify), a_runner(notify)]
    together = threading.Barrier(6)

    def deliver(number: int) -> None:
        mine = random.Random(number).sample(bodies, 3)
        together.wait(20)
        for body in mine:
            runners[number % 2].apply([body])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, range(6)))
    for kept in notify.database.set_aside.find():  # whoever lost every race comes back later
        assert runners[0].apply_again(bytes(kept["body"]))

    withdrawn = [("case.withdrawn", party, channel) for _, party, channel in AT_SUBMISSION]
    assert planned(notify) == sorted(AT_SUBMISSION + AT_ASSIGNMENT + withdrawn)


def test_the_database_holds_nobodys_name_number_or_words(notify: Web) -> None:
    apply(notify, of_case("case.mediator_assigned"), a_submission(notify))
    stored = notify.dump()
    secrets = ["赵铁柱", "13800000011", "13800000031", "tiezhu@example.com", "K7RM", QUERY_CODE]
    assert [s for s in secrets if s.encode() in stored] == []
    assert b"138****0011" in stored


# --- what staff may see ----------------------------------------------------------------------


def test_messages_are_for_the_platform_administrator_alone(notify: Web) -> None:
    problem(notify.call("GET", "/v1/messages"), 401, "unauthorised")
    for role in ("applicant", "agent", "respondent", "mediator", "organisation_admin", "partner"):
        problem(notify.call("GET", "/v1/messages", headers=notify.token(role)), 403, "forbidden")


def listed(web: Web, question: str = "") -> list[dict[str, Any]]:
    response = web.call("GET", f"/v1/messages{question}", headers=web.token("platform_admin"))
    assert response.status_code == 200, response.get_data(as_text=True)
    return list(response.get_json()["items"])


def test_a_message_is_shown_masked_with_its_result(notify: Web) -> None:
    apply(notify, a_submission(notify))
    items = listed(notify, f"?serial={SERIAL}")
    assert {item["to"] for item in items} == {"138****0011", "138****0031", "t***@example.com"}
    assert {item["status"] for item in items} == {"planned"}
    assert all(item["created_at"] for item in items)
    for secret in ("13800000011", "tiezhu", "赵铁柱", "body_sealed", "to_masked"):
        assert secret not in str(items)


@pytest.mark.parametrize("typed", ["2634 6268 8508 6477", "２６３４６２６８８５０８６４７７"])
def test_messages_are_those_of_the_case_asked_for(notify: Web, typed: str) -> None:
    apply(notify, a_submission(notify), a_submission(notify, new_serial(2026, "000000000001")))
    assert {item["serial_number"] for item in listed(notify, f"?serial={typed}")} == {SERIAL}
    assert len(listed(notify)) == 6
    assert len(listed(notify, "?serial=")) == 6


def test_a_question_that_cannot_be_is_refused(notify: Web) -> None:
    headers = notify.token("platform_admin")
    wrong = notify.call("GET", "/v1/messages?serial=1", headers=headers)
    problem(wrong, 422, "serial_checksum")
    unknown = notify.call("GET", "/v1/messages?phone=1", headers=headers)
    problem(unknown, 422, "validation_failed")


def test_no_more_than_a_page_is_shown_and_the_newest_first(notify: Web) -> None:
    apply(notify, *(a_submission(notify, f"{number:016d}") for number in range(40)))
    apply(notify, a_submission(notify))
    items = listed(notify)
    assert len(items) == 100
    assert {item["serial_number"] for item in items[:3]} == {SERIAL}


def test_outside_development_the_words_are_not_shown(notify: Web) -> None:
    apply(notify, a_submission(notify))
    assert "development_text" in listed(notify)[0]
    assert all("K7RM" not in str(item) for item in listed(notify))


def test_without_a_database_notify_says_so(notify: Web) -> None:
    away = notify.beside(
        mongo_url="mongodb://127.0.0.1:1/?replicaSet=rs0", backend_timeout_seconds=0.3
    )
    response = away.call("GET", "/v1/messages", headers=notify.token("platform_admin"))
    problem(response, 503, "unavailable")
    assert away.call("GET", "/notify/readyz").status_code == 503
    assert away.call("GET", "/notify/healthz").status_code == 200
