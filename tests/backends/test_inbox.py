"""The inbox: each side of a case reads what is for it, and nobody else reads anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.notify.handlers import Planning, handlers
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import Templates
from shared.contracts.envelope import Event
from shared.sealing import Hasher, Keyring, identity_hash
from shared.serial import new_serial
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import ANSWER_CODE, CASE_FACTS, QUERY_CODE, SERIAL
from tests.web import Web, problem

PATH = f"/v1/inbox/{SERIAL}"
ID_NUMBER, EMPLOYERS, STRANGERS = "11010519900307002X", "110105199003070038", "110105199003070046"
APPLICANT = {"party": "applicant", "index": 0, "name": "赵铁柱", "phone": "+8613800000011",
             "email": "tiezhu@example.com", "language": "zh", "notify": True}  # fmt: skip
AGENT = {**APPLICANT, "party": "agent", "phone": "+8613800000031", "email": None, "language": "en"}
RESPONDENT = {**APPLICANT, "party": "respondent", "phone": "+8653100000001", "email": None,
              "code": ANSWER_CODE}  # fmt: skip
OTHER = {**RESPONDENT, "index": 1, "email": "other@example.com", "code": "C4NT8WQY"}


def apply(web: Web, *events: Event) -> None:
    keyring = Keyring.parse(web.settings.contact_keys)
    staff = StaffContacts(web.database, keyring)
    planning = Planning(Templates(web.settings.public_url), keyring, staff)
    web.runner(handlers(planning)).apply([event.to_json() for event in events])
    assert not web.database.set_aside.count_documents({})


def a_submission(web: Web, *persons: dict[str, Any], **changes: Any) -> Event:
    plain = orjson.dumps({"persons": persons, "query_code": QUERY_CODE})
    sealed = Keyring.parse(web.settings.contact_keys).seal(plain, f"contacts:{SERIAL}")
    hasher = Hasher.parse(web.settings.hashing_key)
    places = [
        {"party": p["party"], "index": p["index"], "kind": "person", "may_settle": True}
        for p in persons
    ]
    return submitted(
        serial=SERIAL,
        contacts=sealed,
        parties=places,
        holder_hashes=[identity_hash(hasher, ID_NUMBER)],
        respondent_hashes=[identity_hash(hasher, EMPLOYERS), "hash-of-the-other"],
        **changes,
    )


def of_case(name: str, sequence: int, **changes: Any) -> Event:
    event = an_event(name, serial=SERIAL, sequence=sequence)
    return replace(event, data={**CASE_FACTS[name], **changes})


@pytest.fixture
def case(notify: Web) -> Web:
    """An application with an agent and two respondents, whose consent was sought."""
    apply(
        notify,
        a_submission(notify, APPLICANT, AGENT, RESPONDENT, OTHER),
        of_case("case.mediator_assigned", 2),
        of_case("case.consent_sought", 3),
    )
    return notify


def code(value: str) -> dict[str, str]:
    return {"X-Query-Code": value}


def inbox(web: Web, headers: dict[str, str], question: str = "") -> dict[str, Any]:
    response = web.call("GET", f"{PATH}{question}", headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    return body


def told(shown: dict[str, Any]) -> list[str]:
    return [item["event_name"] for item in shown["items"]]


# --- what is in it ---------------------------------------------------------------------------


def test_the_applicant_reads_each_thing_once_in_full_words_the_newest_first(case: Web) -> None:
    shown = inbox(case, code("k7rm-2pxa"))
    assert told(shown) == ["case.consent_sought", "case.mediator_assigned", "application.submitted"]
    assert (shown["party"], shown["index"], shown["unread"]) == ("applicant", 0, 3)
    newest = shown["items"][0]
    assert (newest["channel"], newest["language"], newest["unread"]) == ("email", "zh", True)
    assert newest["subject"]
    assert newest["text"].startswith("您好")
    assert "K7RM-2PXA" in shown["items"][-1]["text"]


def test_a_respondent_that_nothing_reaches_finds_what_is_meant_for_it_and_no_more(
    case: Web,
) -> None:
    shown = inbox(case, code(ANSWER_CODE))
    assert told(shown) == ["case.consent_sought"]
    assert (shown["party"], shown["index"]) == ("respondent", 0)
    assert (shown["items"][0]["channel"], shown["items"][0]["status"]) == ("inbox", "delivered")
    assert "B4NT-8WQY" in shown["items"][0]["text"]
    for others in ("K7RM", "C4NT"):
        assert others not in str(shown)
    other = inbox(case, code("C4NT8WQY"))
    assert (other["index"], other["items"][0]["channel"]) == (1, "email")
    assert "B4NT" not in str(other)


def test_a_token_opens_the_inbox_of_whom_it_speaks_for(case: Web) -> None:
    mine = inbox(case, case.token("applicant", id_number=ID_NUMBER))
    assert (mine["party"], len(mine["items"])) == ("applicant", 3)
    employer = inbox(case, case.token("respondent", id_number=EMPLOYERS))
    assert (employer["party"], told(employer)) == ("respondent", ["case.consent_sought"])
    stranger = case.token("applicant", id_number=STRANGERS)
    problem(case.call("GET", PATH, headers=stranger), 401, "unauthorised")
    assert inbox(case, {**stranger, **code(QUERY_CODE)})["party"] == "applicant"


def test_what_became_untrue_before_anybody_was_told_is_left_out(case: Web) -> None:
    case.database.messages.update_many(
        {"event_name": "case.mediator_assigned"},
        {"$set": {"status": "cancelled", "last_error": "superseded"}},
    )
    assert "case.mediator_assigned" not in told(inbox(case, code(QUERY_CODE)))
    case.database.messages.update_many(
        {"event_name": "application.submitted", "channel": "email"},
        {"$set": {"status": "cancelled", "last_error": "not_needed"}},
    )
    assert "application.submitted" in told(inbox(case, code(QUERY_CODE)))


def test_a_message_that_cannot_be_opened_hides_no_other(case: Web) -> None:
    case.database.messages.update_many(
        {"event_name": "case.mediator_assigned"}, {"$set": {"body_sealed": b"x"}}
    )
    shown = inbox(case, code(QUERY_CODE))
    assert [item["text"] == "" for item in shown["items"]] == [False, True, False]


def test_pages_follow_each_other_without_gap_or_repetition(case: Web) -> None:
    seen, question = [], "?size=1"
    while True:
        page = inbox(case, code(QUERY_CODE), question)
        seen += told(page)
        assert page["unread"] == 3
        if page["next"] is None:
            break
        question = f"?size=1&before={page['next']}"
    assert seen == told(inbox(case, code(QUERY_CODE)))
    wrong = case.call("GET", f"{PATH}?before=nonsense", headers=code(QUERY_CODE))
    assert problem(wrong, 422, "validation_failed")["errors"][0]["pointer"] == "/before"


# --- what was read ---------------------------------------------------------------------------


def read_up_to(web: Web, moment: str, headers: dict[str, str]) -> Any:
    return web.call("POST", f"{PATH}/read", {"up_to": moment}, headers=headers)


def test_what_was_read_stays_read_and_what_comes_later_is_unread(case: Web) -> None:
    newest = inbox(case, code(QUERY_CODE))["items"][0]["at"]
    assert read_up_to(case, newest, code(QUERY_CODE)).get_json()["unread"] == 0
    assert read_up_to(case, "2020-01-01T00:00:00Z", code(QUERY_CODE)).get_json()["unread"] == 0
    assert inbox(case, code(ANSWER_CODE))["unread"] == 1, "each side reads for itself"
    apply(case, of_case("case.withdrawn", 4))
    shown = inbox(case, code(QUERY_CODE))
    assert [item["unread"] for item in shown["items"]] == [True, False, False, False]


def test_what_is_still_to_come_cannot_be_read(case: Web) -> None:
    read_up_to(case, "2999-01-01T00:00:00Z", code(QUERY_CODE))
    apply(case, of_case("case.withdrawn", 4))
    assert inbox(case, code(QUERY_CODE))["unread"] == 1


def test_up_to_when_must_be_said(case: Web) -> None:
    missing = case.call("POST", f"{PATH}/read", {}, headers=code(QUERY_CODE))
    assert problem(missing, 422, "validation_failed")["errors"][0]["pointer"] == "/up_to"


# --- who is let in ---------------------------------------------------------------------------


def test_nobody_is_let_in_without_a_code_or_with_another(case: Web) -> None:
    for method, path in (("GET", PATH), ("POST", f"{PATH}/read")):
        body = {"up_to": "2026-01-01T00:00:00Z"} if method == "POST" else None
        problem(case.call(method, path, body), 401, "unauthorised")
        wrong = case.call(method, path, body, headers=code("AAAA-BBBB"))
        problem(wrong, 403, "query_code_wrong")
        unknown = path.replace(SERIAL, new_serial(2026, "000000000001"))
        problem(case.call(method, unknown, body, headers=code(QUERY_CODE)), 404, "not_found")
        mistyped = path.replace(SERIAL, "2634626885086478")
        problem(case.call(method, mistyped, body, headers=code(QUERY_CODE)), 422, "serial_checksum")


def test_before_it_is_asked_a_respondents_code_is_wrong_and_its_token_a_strangers(
    notify: Web,
) -> None:
    apply(notify, a_submission(notify, APPLICANT, RESPONDENT), of_case("case.mediator_assigned", 2))
    problem(notify.call("GET", PATH, headers=code(ANSWER_CODE)), 403, "query_code_wrong")
    employer = notify.token("respondent", id_number=EMPLOYERS)
    problem(notify.call("GET", PATH, headers=employer), 401, "unauthorised")


def test_a_code_does_not_open_it_for_ever(notify: Web) -> None:
    over = a_submission(notify, APPLICANT, query_code_expires_at="2026-01-01T00:00:00Z")
    apply(notify, over)
    problem(notify.call("GET", PATH, headers=code(QUERY_CODE)), 403, "query_code_wrong")
    assert inbox(notify, notify.token("applicant", id_number=ID_NUMBER))["items"]


def test_guessing_is_throttled_and_locks_out_neither_others_nor_a_token(case: Web) -> None:
    for _ in range(5):
        wrong = case.call("GET", PATH, headers=code("AAAA-BBBB"))
        problem(wrong, 403, "query_code_wrong")
    right = case.call("GET", PATH, headers=code(QUERY_CODE))
    assert problem(right, 429, "too_many_attempts")["retry_after"] > 0
    elsewhere = case.call("GET", PATH, headers=code(QUERY_CODE), address="198.51.100.99")
    assert elsewhere.status_code == 200
    assert inbox(case, case.token("applicant", id_number=ID_NUMBER))["items"]


def test_staff_and_partners_have_no_business_in_it(case: Web) -> None:
    for role in ("mediator", "organisation_admin", "platform_admin", "auditor", "partner"):
        problem(case.call("GET", PATH, headers=case.token(role)), 403, "forbidden")
