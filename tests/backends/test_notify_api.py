"""notify on a real MongoDB: messages planned once whatever happens, shown masked to staff only."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.notify.handlers import Planning, handlers
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import Templates
from shared.contracts.envelope import Event
from shared.runner import Runner
from shared.sealing import Keyring
from shared.serial import new_serial
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS, MEDIATOR, ORGANISATION, QUERY_CODE, SERIAL
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
    staff = StaffContacts(web.database, keyring)
    return web.runner(handlers(Planning(Templates(web.settings.public_url), keyring, staff)))


def a_submission(web: Web, number: str = SERIAL) -> Event:
    contacts = orjson.dumps({"persons": PERSONS, "query_code": QUERY_CODE})
    keyring = Keyring.parse(web.settings.contact_keys)
    return submitted(serial=number, contacts=keyring.seal(contacts, f"contacts:{number}"))


def of_case(name: str, sequence: int = 1, **changes: Any) -> Event:
    event = an_event(name, serial=SERIAL, sequence=sequence)
    return replace(event, data={**CASE_FACTS[name], **changes})


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
    assert {(m["party"], m["channel"], m["status"]) for m in notify.database.messages.find()} == {
        ("applicant", "sms", "planned"),
        ("applicant", "email", "standby"),
        ("agent", "sms", "planned"),
    }


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


def test_a_step_of_which_nobody_is_told_writes_nothing_of_people(notify: Web) -> None:
    def kept() -> Any:
        counted = {**notify.count(), "partner_events": 0}
        return counted, notify.database.recipients.find_one()

    apply(notify, a_submission(notify), of_case("case.mediator_assigned", 2))
    before = kept()
    apply(notify, of_case("case.examination_begun", 3), of_case("case.session_answered", 4))
    assert kept() == before


def test_telling_of_a_step_leaves_the_aggregate_as_it_is(notify: Web) -> None:
    apply(notify, a_submission(notify), of_case("case.mediator_assigned", 2))
    before = notify.database.recipients.find_one()
    apply(notify, of_case("case.numbered", 6), of_case("case.numbered", 6))
    assert notify.database.recipients.find_one() == before
    assert ("case.numbered", "applicant", "sms") in planned(notify)


def test_the_respondent_is_told_once_its_consent_is_sought_whatever_overtakes_it(
    notify: Web,
) -> None:
    apply(notify, of_case("case.withdrawn", 9), a_submission(notify))
    apply(notify, of_case("case.mediator_assigned", 2), of_case("case.consent_sought", 5))
    told = {(event, channel) for event, party, channel in planned(notify) if party == "respondent"}
    assert told == {("case.consent_sought", "email"), ("case.withdrawn", "email")}


def test_a_one_time_code_leaves_no_trace_but_its_message(notify: Web) -> None:
    keyring = Keyring.parse(notify.settings.contact_keys)
    plain = orjson.dumps({"phone": "+8613800000061", "code": "493817", "language": "zh"})
    event = an_event(
        "phone.code_requested",
        serial="v-1",
        contacts=keyring.seal(plain, "phone:v-1"),
        expires_at="2026-11-20T03:10:00Z",
    )
    before = notify.count()
    apply(notify, event, event)
    apply(notify, event)
    assert notify.count() == {**before, "messages": 1}
    (item,) = listed(notify)
    assert (item["serial_number"], item["to"]) == (None, "138****0061")
    assert "493817" not in str(item)
    assert b"493817" not in notify.dump()
    assert b"13800000061" not in notify.dump()


# --- where staff are told --------------------------------------------------------------------

OWN = ORGANISATION["id"]
CONTACT = {"phone": "13900000021", "email": "desk@example.com", "language": "en"}


def registered(web: Web, audience: str) -> Any:
    path = f"/v1/staff-contacts/{audience}"
    body = {"contacts": [CONTACT]}
    return web.call("PUT", path, body, headers=web.token("organisation_admin", organisation=OWN))


def test_an_organisation_registers_itself_and_its_mediators_and_they_are_told(notify: Web) -> None:
    for audience in (f"organisation:{OWN}", f"mediator:{MEDIATOR['id']}"):
        response = registered(notify, audience)
        assert response.status_code == 200, response.get_data(as_text=True)
        (shown,) = response.get_json()["contacts"]
        assert shown == {
            "phone": "139****0021", "email": "d***@example.com", "chat": None, "language": "en",
        }  # fmt: skip
    apply(notify, a_submission(notify), of_case("case.mediator_assigned", 2))
    apply(notify, of_case("case.deadline_missed", 5))
    staff = [m for m in planned(notify) if m[1] in ("mediator", "organisation", "platform")]
    assert staff == [
        ("case.deadline_missed", "organisation", "email"),
        ("case.deadline_missed", "organisation", "sms"),
        ("case.mediator_assigned", "mediator", "email"),
        ("case.mediator_assigned", "mediator", "sms"),
    ]
    stored = notify.dump()
    assert b"13900000021" not in stored
    assert b"desk@example.com" not in stored


def test_a_mediator_registered_by_another_organisation_hears_nothing_of_this_one(
    notify: Web,
) -> None:
    stranger = notify.token("organisation_admin", organisation="org-stranger")
    path = f"/v1/staff-contacts/mediator:{MEDIATOR['id']}"
    assert notify.call("PUT", path, {"contacts": [CONTACT]}, headers=stranger).status_code == 200
    apply(notify, a_submission(notify), of_case("case.mediator_assigned", 2))
    assert "mediator" not in {party for _, party, _ in planned(notify)}
    own = notify.token("organisation_admin", organisation=OWN)
    problem(notify.call("GET", path, headers=own), 404, "not_found")


def test_the_platform_administrator_registers_anybody_and_hears_of_what_nobody_has(
    notify: Web,
) -> None:
    headers = notify.token("platform_admin")
    path = "/v1/staff-contacts/"
    body = {"contacts": [CONTACT, {"phone": "13900000022"}]}
    assert notify.call("PUT", f"{path}platform", body, headers=headers).status_code == 200
    mediator = f"{path}mediator:{MEDIATOR['id']}"
    missing = problem(notify.call("PUT", mediator, body, headers=headers), 422, "validation_failed")
    assert missing["errors"][0]["pointer"] == "/organisation"
    named = notify.call("PUT", f"{mediator}?organisation={OWN}", body, headers=headers)
    assert named.get_json()["organisation"] == OWN
    apply(notify, a_submission(notify), of_case("case.unassigned", 2), of_case("warning.raised"))
    found = {(m[0], m[1]) for m in planned(notify) if m[1] == "platform"}
    assert found == {("case.unassigned", "platform"), ("warning.raised", "platform")}


def test_what_is_not_ones_own_does_not_exist(notify: Web) -> None:
    headers = notify.token("organisation_admin", organisation=OWN)
    body = {"contacts": [CONTACT]}
    for audience in ("platform", "organisation:org-other", "mediator:m?organisation=org-other",
                     "nonsense", "mediator:", "organisation:a%20b"):  # fmt: skip
        for method in ("GET", "PUT", "DELETE"):
            content = body if method == "PUT" else None
            path = f"/v1/staff-contacts/{audience}"
            problem(notify.call(method, path, content, headers=headers), 404, "not_found")
    problem(notify.call("GET", "/v1/staff-contacts/platform"), 401, "unauthorised")
    for role in ("mediator", "applicant", "agent", "respondent", "partner", "auditor"):
        refused = notify.call("GET", "/v1/staff-contacts/platform", headers=notify.token(role))
        problem(refused, 403, "forbidden")


@pytest.mark.parametrize(
    "contact, pointer",
    [
        ({"phone": "139****0021"}, "/contacts/0/phone"),
        ({"phone": "0531-88881234"}, "/contacts/0/phone"),
        ({"email": "d***@example.com"}, "/contacts/0/email"),
        ({"email": "nowhere"}, "/contacts/0/email"),
        ({"language": "zh"}, "/contacts/0/phone"),
        ({"phone": "13900000021", "name": "x"}, "/contacts/0/name"),
    ],
)
def test_an_address_that_cannot_be_or_is_only_a_mask_is_refused_at_its_field(
    notify: Web, contact: dict[str, str], pointer: str
) -> None:
    registered(notify, f"organisation:{OWN}")
    headers = notify.token("organisation_admin", organisation=OWN)
    path = f"/v1/staff-contacts/organisation:{OWN}"
    refused = notify.call("PUT", path, {"contacts": [contact]}, headers=headers)
    assert problem(refused, 422, "validation_failed")["errors"][0]["pointer"] == pointer
    shown = notify.call("GET", path, headers=headers).get_json()["contacts"]
    assert shown[0]["phone"] == "139****0021", "the real one is still there"


def test_contacts_are_taken_away(notify: Web) -> None:
    registered(notify, f"organisation:{OWN}")
    headers = notify.token("organisation_admin", organisation=OWN)
    path = f"/v1/staff-contacts/organisation:{OWN}"
    assert notify.call("DELETE", path, headers=headers).status_code == 204
    problem(notify.call("DELETE", path, headers=headers), 404, "not_found")
    problem(notify.call("GET", path, headers=headers), 404, "not_found")


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
    assert {item["status"] for item in items} == {"planned", "standby"}
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
